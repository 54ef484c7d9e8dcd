//! Opens the store as configured, with its master keys.

use std::{fs::DirBuilder, io::Write, os::unix::fs::DirBuilderExt, path::Path};

use anyhow::Context;
use bellpush_store::{KeyRing, Store, Target};

use crate::config::{Config, MasterKeys};

/// The master keys; makes their file, with one key, when it is not there.
///
/// # Errors
/// They can't be read.
pub(crate) fn load_keys(config: &Config) -> anyhow::Result<KeyRing> {
    let file = match &config.master_keys {
        MasterKeys::Given(keys) => return KeyRing::from_text(keys).context("--master-keys"),
        MasterKeys::File(file) => file,
    };
    if let Some(folder) = file.parent() {
        make_private_folder(folder)
            .with_context(|| format!("the directory {} can't be made", folder.display()))?;
    }
    Ok(KeyRing::load_or_create(file)?)
}

/// Opens the store.
///
/// # Errors
/// The sentence says why it can't be.
pub(crate) async fn open(config: &Config, keys: KeyRing) -> anyhow::Result<Store> {
    Ok(Store::open(target(config), keys).await?)
}

/// The same, of a database that is there, and whose schema stays as it is.
///
/// # Errors
/// The sentence says why it can't be.
pub(crate) async fn open_as_it_is(config: &Config, keys: KeyRing) -> anyhow::Result<Store> {
    Ok(Store::open_as_it_is(target(config), keys).await?)
}

/// The database that is configured.
pub(crate) fn target(config: &Config) -> Target {
    match &config.database_url {
        Some(url) => Target::Postgres { url: url.clone() },
        None => Target::Sqlite { dir: config.data_dir.clone() },
    }
}

/// The same, past whatever pools connections in front of it.
pub(crate) fn listen_target(config: &Config) -> Target {
    match &config.database_listen_url {
        Some(url) => Target::Postgres { url: url.clone() },
        None => target(config),
    }
}

/// A folder that only this user can look into; left as it is when it is there.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A line for the person at the command line, apart from the log.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("standard output is closed")
}
