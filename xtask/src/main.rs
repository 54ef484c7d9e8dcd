//! `cargo xtask …`: builds, runs and tests everything, and writes the generated files.
#![allow(clippy::print_stdout, reason = "a command-line tool for developers")]

mod bench;
mod fuzz;
mod generate;
mod install;
mod run;
mod shell;
mod shots;
mod test;
mod tidy;
mod upgrade;
mod web;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the web parts and the server, and start it with an empty data directory and a demo app
    Run(run::Options),
    /// Run every test there is, and install what they need
    Test(test::Options),
    /// Replace servers of an earlier version by this one, under load
    Upgrade(upgrade::Options),
    /// Check the rules of the house: no circles of imports, no overlong files
    Tidy,
    /// Build the web parts and the server
    Build(run::BuildOptions),
    /// Write the files that are generated from the code
    Generate(generate::Options),
    /// Look for inputs that break a parser or a state machine, guided by coverage
    Fuzz(fuzz::Options),
    /// Take a picture of every state of the widget
    Shots(shots::Options),
    /// Measure, and print the figures
    Bench(bench::Options),
    /// Build the web parts, and print what the server sends of each beside its budget
    Size(web::SizeOptions),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Upgrade(options) => upgrade::run(&options),
        Command::Tidy => tidy::run(),
        Command::Build(options) => run::build(&options),
        Command::Generate(options) => generate::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Shots(options) => shots::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Size(options) => web::size(&options),
    }
}
