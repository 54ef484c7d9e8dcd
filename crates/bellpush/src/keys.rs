//! `bellpush keys`: which master keys there are, a new one, and an old one less.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use bellpush_store::{KeyRing, Store};
use clap::{Args, Subcommand};

use crate::{
    config::{Config, DatabaseOptions, MasterKeys, Options},
    store,
};

/// Where the database and its keys are.
#[derive(Debug, Args)]
pub(crate) struct KeysOptions {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    database: DatabaseOptions,
    /// File with the master keys [default: master.key in the data directory]
    #[arg(long, value_name = "FILE", env = "BELLPUSH_MASTER_KEY_FILE", global = true)]
    master_key_file: Option<PathBuf>,
    /// The master keys themselves, as version:key with commas between them
    #[arg(
        long,
        value_name = "KEYS",
        env = "BELLPUSH_MASTER_KEYS",
        hide_env_values = true,
        global = true
    )]
    master_keys: Option<String>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Show the versions of the master key, and how many secrets each encrypts
    List,
    /// Make a new version of the master key and encrypt every secret with it
    ///
    /// Stopped in the middle, it goes on where it was when it is run again. Older versions stay in
    /// the file: backups need them. No server may be running on the database.
    Rotate,
    /// Take a version out of the file that encrypts nothing any more
    ///
    /// Backups from before the rotation can't be used without it. No server may be running on the database.
    Drop {
        /// Which
        version: u8,
    },
}

/// Runs one of the commands.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) fn run(options: KeysOptions) -> anyhow::Result<()> {
    let KeysOptions { command, database, master_key_file, master_keys } = options;
    let config = Config::load(Options { master_key_file, master_keys, ..database.into() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::List => list(&config).await,
            Command::Rotate => rotate(&config).await,
            Command::Drop { version } => drop_version(&config, version).await,
        }
    })
}

async fn list(config: &Config) -> anyhow::Result<()> {
    let (keys, store) = open(config).await?;
    let records = store.sealed_records().await?;
    store.close().await;
    let known: Vec<u8> = keys.versions().collect();
    let lost = records.keys().filter(|version| !known.contains(version));
    for version in known.iter().chain(lost) {
        let count = records.get(version).copied().unwrap_or_default();
        let note = match version {
            _ if !known.contains(version) => ", which is not at hand",
            _ if *version == keys.current() => ", the current one",
            _ => "",
        };
        store::say(&format!("version {version}{note}: {count} secrets"))?;
    }
    Ok(())
}

async fn rotate(config: &Config) -> anyhow::Result<()> {
    let (mut keys, mut store) = open(config).await?;
    ensure_unused(&store).await?;
    let current = keys.current();
    if store.sealed_records().await?.keys().any(|version| *version != current) {
        store::say(&format!("Some secrets are not encrypted with version {current} yet."))?;
    } else {
        let MasterKeys::File(file) = &config.master_keys else {
            bail!(
                "the master keys are given by --master-keys: add a new one to them, as \
                 {}:KEY with 32 random bytes in base64, and run this again",
                u16::from(current) + 1
            );
        };
        keys = keys.with_new_key()?;
        // On disk before anything is encrypted with it.
        keys.save(file)?;
        store.close().await;
        store = store::open_as_it_is(config, keys.clone()).await?;
    }
    let done = store.seal_anew().await?;
    store.close().await;
    store::say(&format!(
        "{done} secrets were encrypted anew. Version {} is the current one; keep a copy of it apart \
         from the database's backups, and the older ones as long as backups need them.",
        keys.current()
    ))
}

async fn drop_version(config: &Config, version: u8) -> anyhow::Result<()> {
    let (keys, store) = open(config).await?;
    ensure_unused(&store).await?;
    let records = store.sealed_records().await?.get(&version).copied().unwrap_or_default();
    store.close().await;
    ensure!(
        records == 0,
        "version {version} still encrypts {records} secrets; run bellpush keys rotate first"
    );
    let Some(fewer) = keys.without(version) else {
        bail!("version {version} is the current one, or is not there");
    };
    let MasterKeys::File(file) = &config.master_keys else {
        bail!("the master keys are given by --master-keys: take version {version} out there");
    };
    fewer.save(file)?;
    store::say(&format!("Version {version} is not in {} any more.", file.display()))
}

async fn ensure_unused(store: &Store) -> anyhow::Result<()> {
    ensure!(
        !store.is_in_use().await?,
        "a server is running on this database; stop it first (its sign goes away within 20 s)"
    );
    Ok(())
}

async fn open(config: &Config) -> anyhow::Result<(KeyRing, Store)> {
    // Never makes the file: where there is none, it was looked for in the wrong place.
    let keys = match &config.master_keys {
        MasterKeys::File(file) => KeyRing::load(file)?,
        MasterKeys::Given(_) => store::load_keys(config)?,
    };
    let store = store::open_as_it_is(config, keys.clone()).await?;
    Ok((keys, store))
}
