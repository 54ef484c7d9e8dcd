//! Where the database is, for the commands that need nothing else.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use super::Options;

/// Where the database is.
#[derive(Debug, Args)]
pub(crate) struct DatabaseOptions {
    /// Read options from this TOML file
    #[arg(long, value_name = "FILE", env = "BELLPUSH_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// Directory for the embedded database and the master keys [default: data]
    #[arg(long, value_name = "DIRECTORY", env = "BELLPUSH_DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// The PostgreSQL database, if everything is kept there
    #[arg(
        long,
        value_name = "URL",
        env = "BELLPUSH_DATABASE_URL",
        hide_env_values = true,
        global = true
    )]
    database_url: Option<String>,
}

impl From<DatabaseOptions> for Options {
    fn from(DatabaseOptions { config, data_dir, database_url }: DatabaseOptions) -> Self {
        Self { config, data_dir, database_url, ..Self::default() }
    }
}

/// The URL of a PostgreSQL, or no URL at all; `None` for anything else.
pub(super) fn postgres_url(url: String) -> Option<Option<SecretString>> {
    match url.as_str() {
        "" => Some(None),
        given if given.starts_with("postgres://") || given.starts_with("postgresql://") => {
            Some(Some(url.into()))
        }
        _ => None,
    }
}
