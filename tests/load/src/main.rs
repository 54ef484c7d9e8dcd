//! Load for a real server, and what it bears: durable ingest, deliveries to a webhook sink, a long
//! backlog, and a kill; and calls.
//!
//! Server, load generator, sink and database are processes of their own on one machine, so that the
//! figures are those of the whole, and the CPU time is told apart by process.
#![allow(clippy::print_stdout, reason = "printing figures is all it does")]

mod bench;
mod calls;
mod clock;
mod cluster;
mod generator;
mod http;
mod measure;
mod options;
mod phases;
mod processes;
mod records;
mod report;
mod single;
mod sink;
mod site;
mod studio;
mod watched;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures the server named by BELLPUSH_BIN
    Delivery(options::Options),
    /// Measures calls through the server named by BELLPUSH_BIN
    Calls(calls::Options),
    /// Measures what Call Studio waits for, with many calls in the store
    Studio(studio::Options),
    /// Measures what keeping the records of calls costs those who wait for events
    Records(records::Options),
    /// Measures several servers on one PostgreSQL, and how soon others take over from one that dies
    Cluster(cluster::Options),
    /// The webhook receiver, as a process of its own
    #[command(hide = true)]
    Sink(sink::Options),
    /// The load generator, as a process of its own
    #[command(hide = true)]
    Generate(generator::Options),
}

fn main() -> anyhow::Result<()> {
    // One thread for each process is enough for the load, and leaves the most to the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        match Cli::parse().command {
            Command::Delivery(options) => bench::run(&options).await,
            Command::Calls(options) => calls::run(&options).await,
            Command::Studio(options) => studio::run(&options).await,
            Command::Records(options) => records::run(&options).await,
            Command::Cluster(options) => cluster::run(&options).await,
            Command::Sink(options) => sink::run(options).await,
            Command::Generate(options) => generator::run(options).await,
        }
    })
}
