//! How deliveries are measured.

use clap::{Args, ValueEnum};

/// How to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where the server keeps its data; PostgreSQL is that of BELLPUSH_TEST_POSTGRES
    #[arg(long, value_enum, default_value = "sqlite")]
    pub(crate) store: StoreKind,
    /// Print the figures as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// For how long each figure is measured
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Events in one request: 1 to 20
    #[arg(long, default_value_t = 20)]
    pub(crate) batch: usize,
    /// Deliveries a second at which latencies are measured [default: half of what is sustained]
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Deliveries that wait when the server is killed
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) backlog: u64,
    /// Only these phases
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Phase>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    Sqlite,
    Postgres,
}

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Phase {
    /// Events accepted and on disk
    Ingest,
    /// Deliveries sustained, to one and to three integrations, and their latency at half of that
    Delivery,
    /// The same over TLS, to one integration
    Tls,
    /// Deliveries of events that come one by one: as many as are sustained, and a few, evenly
    Single,
    /// A healthy endpoint alone, and beside a dead and a slow one
    Neighbours,
    /// Memory with a long backlog, and recovery from a kill
    Backlog,
    /// Ingest with alert rules and without, and what counting for analytics takes; only when asked for
    Watched,
}
