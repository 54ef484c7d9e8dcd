//! `bellpush api-keys`: which keys of the management API there are, a new one, and one less.

use anyhow::{Context, ensure};
use bellpush_core::ids::ApiKeyId;
use bellpush_server::ApiKey;
use bellpush_store::{Actor, ApiKeys, NewApiKey};
use clap::{Args, Subcommand};

use crate::{
    config::{Config, DatabaseOptions},
    store::{self, say},
};

/// Characters of a key's name, at most.
const MAX_NAME_CHARS: usize = 100;

/// Where the database is, and what to do.
#[derive(Debug, Args)]
pub(crate) struct ApiKeysOptions {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    database: DatabaseOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the keys with their names, when each was made, and when it was last used
    List,
    /// Make a key and print it, this once
    Create {
        /// What the key is for, in a few words
        name: String,
    },
    /// Take a key back: from then on no request is taken by it
    Revoke {
        /// Which, by its id as the list shows it
        id: ApiKeyId,
    },
}

/// Runs one of the commands.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) fn run(options: ApiKeysOptions) -> anyhow::Result<()> {
    let ApiKeysOptions { command, database } = options;
    let config = Config::load(database.into())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let keys = ApiKeys::open(&store::target(&config)).await?;
        let done = match command {
            Command::List => list(&keys).await,
            Command::Create { name } => create(&keys, name.trim()).await,
            Command::Revoke { id } => revoke(&keys, id).await,
        };
        keys.close().await;
        done
    })
}

async fn list(keys: &ApiKeys) -> anyhow::Result<()> {
    for key in keys.list().await? {
        let used =
            key.last_used_at.map_or_else(|| "never used".into(), |at| format!("last used {at}"));
        say(&format!("{}  {:?}, made {}, {used}", key.id, key.name, key.created_at))?;
    }
    Ok(())
}

async fn create(keys: &ApiKeys, name: &str) -> anyhow::Result<()> {
    ensure!(
        (1..=MAX_NAME_CHARS).contains(&name.chars().count()),
        "a key's name has 1 to {MAX_NAME_CHARS} characters"
    );
    let key = ApiKey::random();
    let id = keys.create(NewApiKey::of_installation(name, &key.hash()), &Actor::HOST).await?;
    say(&format!("API key {name:?} ({id}), shown this once: {}", key.reveal()))
}

async fn revoke(keys: &ApiKeys, id: ApiKeyId) -> anyhow::Result<()> {
    let key = keys.revoke(id, None, &Actor::HOST).await?;
    let key = key.with_context(|| {
        format!("there is no API key {id}; bellpush api-keys list shows those that there are")
    })?;
    say(&format!("The API key {:?} ({id}) is revoked.", key.name))?;
    if key.configured {
        say("It came by --admin-api-key: change it there too, or it is back at the next start.")?;
    }
    Ok(())
}
