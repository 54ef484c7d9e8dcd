//! `bellpush admin`: what only who has access to the host may do.

use std::time::Duration;

use bellpush_core::access::Email;
use bellpush_server::RecoveryToken;
use bellpush_store::Accounts;
use clap::{Args, Subcommand};

use crate::{
    config::{Config, DatabaseOptions, Options},
    store::{self, say},
};

/// How long a link is valid by which an owner comes back.
const VALID: Duration = Duration::from_secs(3_600);

/// What to do, and where the database is.
#[derive(Debug, Args)]
pub(crate) struct AdminOptions {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    database: DatabaseOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a link by which somebody becomes an owner again who has lost every way in
    ///
    /// Who opens it chooses a new password; codes and passkeys of theirs are gone then. Somebody who
    /// is no member becomes one.
    Recover {
        /// The e-mail address of the owner
        email: String,
        /// The server's own URL, as browsers see it [default: http://localhost:8080]
        #[arg(long, value_name = "URL", env = "BELLPUSH_PUBLIC_URL")]
        public_url: Option<String>,
    },
}

/// Runs one of the commands.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) fn run(options: AdminOptions) -> anyhow::Result<()> {
    let AdminOptions { command: Command::Recover { email, public_url }, database } = options;
    let email: Email = email.parse()?;
    let config = Config::load(Options { public_url, ..database.into() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let accounts = Accounts::open(&store::target(&config)).await?;
        let token = RecoveryToken::random();
        let made = accounts.add_recovery_link(&token.hash(), &email, VALID).await;
        accounts.close().await;
        made?;
        say(&format!("{}/studio/recovery#token={}", config.origin, token.reveal()))
    })
}
