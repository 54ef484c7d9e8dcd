//! `bellpush`: the command line. It reads the configuration, joins the parts and handles signals;
//! what the parts do is in the other crates.

mod admin;
mod api_keys;
mod audit;
mod config;
mod configuration;
mod delivery;
mod former_run;
mod http;
mod keys;
mod logging;
mod notifications;
mod serve;
mod setup_link;
mod store;
mod traces;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Self-hosted click-to-call: a button on your website that rings your phone.
#[derive(Debug, Parser)]
#[command(name = "bellpush", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    ///
    /// Every option can also be given by its environment variable or in a TOML file (--config), where
    /// its name is that of the long option with underscores. The command line wins over the
    /// environment, and the environment over the file.
    Serve(Box<config::Options>),
    /// List, rotate and drop the master keys that secrets are encrypted with.
    Keys(Box<keys::KeysOptions>),
    /// List, create and revoke the keys of the management API, also while the server runs.
    ApiKeys(api_keys::ApiKeysOptions),
    /// Write what is set up on a running server into a file.
    Export(configuration::ExportOptions),
    /// Show what applying a file to a running server would change.
    Diff(configuration::DiffOptions),
    /// Make what is set up on a running server what a file says: all of it, or nothing.
    Apply(configuration::ApplyOptions),
    /// Check the audit trail.
    Audit(audit::AuditOptions),
    /// Give an owner back who has lost every way in.
    Admin(admin::AdminOptions),
    /// Print a link by which the first owner is made, as long as there is none.
    SetupLink(setup_link::SetupLinkOptions),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(options) => config::Config::load(*options).and_then(|config| {
            logging::start(&config)?;
            serve::run(config)
        }),
        Command::Keys(options) => keys::run(*options),
        Command::ApiKeys(options) => api_keys::run(options),
        Command::Admin(options) => admin::run(options),
        Command::Export(options) => configuration::export(options),
        Command::Diff(options) => configuration::diff(options),
        Command::Apply(options) => configuration::apply(options),
        Command::Audit(options) => audit::run(options),
        Command::SetupLink(options) => setup_link::run(options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bellpush: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, leaving out those that are told already.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}
