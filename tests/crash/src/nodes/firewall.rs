//! A firewall between servers and their database, in a network of the test's own.

use std::process::Command;

use anyhow::{Context as _, ensure};
use bellpush_fault_tests::cluster::DOORS;

/// What does not come through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Neither what a server asks nor what the database answers.
    Both,
    /// What a server asks.
    ToDatabase,
    /// What the database answers.
    FromDatabase,
}

/// Each server comes by a door of its own.
#[derive(Debug)]
pub(super) struct Firewall {
    port: u16,
}

impl Firewall {
    pub(super) fn new(port: u16) -> anyhow::Result<Self> {
        nft("add table inet bellpush")?;
        nft("add chain inet bellpush arriving { type filter hook input priority 0; }")?;
        Ok(Self { port })
    }

    /// Drops what is to go through a server's door.
    pub(super) fn cut(&self, server: usize, direction: Direction) -> anyhow::Result<()> {
        let door = DOORS.get(server).context("it has no door")?;
        let rule = "add rule inet bellpush arriving ip";
        if direction != Direction::FromDatabase {
            nft(&format!("{rule} daddr {door} tcp dport {} drop", self.port))?;
        }
        if direction != Direction::ToDatabase {
            nft(&format!("{rule} saddr {door} tcp sport {} drop", self.port))?;
        }
        Ok(())
    }

    pub(super) fn heal(&self) -> anyhow::Result<()> {
        nft("flush chain inet bellpush arriving")
    }
}

fn nft(command: &str) -> anyhow::Result<()> {
    let output = Command::new("nft").arg(command).output().context("there is no nft")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "nft {command}: {said}");
    Ok(())
}
