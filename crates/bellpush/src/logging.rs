//! Structured logs on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts logging as configured.
///
/// # Errors
/// When the filter can't be understood.
pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    // The libraries below log what concerns their own developers.
    let quiet = "sqlx=warn,sea_orm=warn,dimpl=warn,is=warn,hyper=warn";
    // Last, so that no level of the operator's can undo it: the SIP stack logs whole messages, with
    // what visitors typed and with answers to challenges.
    let silent = "rsipstack=off";
    let filter = EnvFilter::try_new(format!("{quiet},{},{silent}", config.log_level))
        .with_context(|| {
            format!(
                "--log-level: {:?} is not like info or info,bellpush_call=debug",
                config.log_level
            )
        })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}
