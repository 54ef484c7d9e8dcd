//! `bellpush setup-link`: the link by which the first owner is made. Who can print it has access to the
//! host, and that is what it proves.

use anyhow::bail;
use bellpush_core::origin::AllowedOrigin;
use bellpush_server::SetupToken;
use bellpush_store::Accounts;
use clap::Args;

use crate::{
    config::{Config, DatabaseOptions, Options},
    store::{self, say},
};

/// Where the database is, and what the link begins with.
#[derive(Debug, Args)]
pub(crate) struct SetupLinkOptions {
    /// The server's own URL, as browsers see it [default: http://localhost:8080]
    #[arg(long, value_name = "URL", env = "BELLPUSH_PUBLIC_URL")]
    public_url: Option<String>,
    #[command(flatten)]
    database: DatabaseOptions,
}

/// Prints a new link.
///
/// # Errors
/// There is an owner already, or the database can't be used.
pub(crate) fn run(options: SetupLinkOptions) -> anyhow::Result<()> {
    let SetupLinkOptions { public_url, database } = options;
    let config = Config::load(Options { public_url, ..database.into() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let accounts = Accounts::open(&store::target(&config)).await?;
        let link = make(&accounts, &config.origin).await;
        accounts.close().await;
        match link? {
            Some(link) => say(&link),
            None => bail!("there is an owner already; owners invite others in Call Studio"),
        }
    })
}

/// Makes a link; `None` when there is an owner.
///
/// # Errors
/// When the database fails.
pub(crate) async fn make(
    accounts: &Accounts,
    origin: &AllowedOrigin,
) -> anyhow::Result<Option<String>> {
    let token = SetupToken::random();
    let is_made = accounts.add_setup_link(&token.hash()).await?;
    Ok(is_made.then(|| format!("{origin}/studio/setup#token={}", token.reveal())))
}
