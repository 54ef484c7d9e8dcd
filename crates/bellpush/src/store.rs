//! Opens the store as configured, with its master keys.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use bellpush_store::{KeyRing, Store, Target};

use crate::config::{Config, MasterKeys};

/// Where it is noted what was erased, beside whichever database.
pub(crate) fn erasures_file(config: &Config) -> PathBuf {
    config.data_dir.join("erasures.jsonl")
}

/// Makes the data directory, which is needed beside PostgreSQL too: an erasure that can't be noted there would
/// wait for ever, and keep those behind it waiting.
///
/// # Errors
/// It can't be made, or not be written.
pub(crate) fn prepare_data_dir(config: &Config) -> anyhow::Result<()> {
    let dir = &config.data_dir;
    let mut note = OpenOptions::new();
    note.create(true).append(true).mode(0o600);
    make_private_folder(dir).and_then(|()| note.open(erasures_file(config))).map(drop).with_context(
        || {
            format!(
                "--data-dir: {} can't be written, and is to be, with PostgreSQL too",
                dir.display()
            )
        },
    )
}

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
/// Standard output can't be written.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("standard output can't be written")
}
