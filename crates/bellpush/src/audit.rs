//! `bellpush audit`: whether the audit trail is whole.

use anyhow::bail;
use bellpush_store::AuditTrail;
use clap::{Args, Subcommand};

use crate::{
    config::{Config, DatabaseOptions},
    store::{self, say},
};

/// What to do, and where the database is.
#[derive(Debug, Args)]
pub(crate) struct AuditOptions {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    database: DatabaseOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check that no line of the audit trail is missing or was changed, also while the server runs
    Verify,
}

/// Runs the command.
///
/// # Errors
/// The trail is not whole: which line it is, and what is wrong with it.
pub(crate) fn run(options: AuditOptions) -> anyhow::Result<()> {
    let AuditOptions { command: Command::Verify, database } = options;
    let config = Config::load(database.into())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let trail = AuditTrail::open(&store::target(&config)).await?;
        let verified = trail.verify().await;
        trail.close().await;
        match verified? {
            Ok(lines) => say(&format!("The audit trail is whole: {lines} lines.")),
            Err(fault) => bail!("the audit trail is not whole: {fault}"),
        }
    })
}
