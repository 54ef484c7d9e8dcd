//! What befalls servers and their database.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{postgres::execute, server::binary};
use rand::{RngExt as _, rngs::StdRng};

use super::{firewall::Direction, site::Site, story::Story};

/// What happens to a server, or to all.
#[derive(Debug, Clone, Copy)]
pub(super) enum Misfortune {
    /// As by `kill -9`.
    Killed,
    /// As by `SIGSTOP`, for longer than its lease.
    Stopped(Duration),
    /// As by `SIGTERM`.
    ToldToEnd,
    /// All lose the connection by which they hear each other.
    Deaf,
    /// PostgreSQL crashes.
    NoDatabase(Duration),
    /// The pooler crashes.
    NoPooler(Duration),
    /// Nothing comes through between a server and the database, or nothing in one direction.
    CutOff(Direction, Duration),
    /// There is no room on the database's disk.
    FullDisk(Duration),
    /// The database crashes for good, and its standby takes its place.
    Promoted,
    /// This server is told to end, and this version starts in its place.
    Replaced(usize, Version),
    /// This server is killed, and starts again as what it was.
    Crashed(usize),
}

/// One of two versions of the program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Version {
    Old,
    New,
}

impl Misfortune {
    /// Each in its turn, so that none is left out of a short run.
    pub(super) fn draw(story: Story, round: u32, rng: &mut StdRng) -> Self {
        let more_than_the_lease = Duration::from_millis(rng.random_range(3_500..7_000));
        // In a run of more rounds than those that every test run has, as long as it may be.
        let longest = if round < 6 { 8_000 } else { 40_000 };
        let long = Duration::from_millis(rng.random_range(5_000..longest));
        let some_time = Duration::from_millis(rng.random_range(0..8_000));
        match (story, round % 6) {
            (Story::Plain, 0 | 4) | (Story::Pooled, 0) | (Story::CutOff, 4) => Self::Killed,
            (Story::Plain, 1) | (Story::Pooled, 4) => Self::Stopped(long),
            (Story::Plain, 2) | (Story::Pooled, 5) => Self::Deaf,
            (Story::Plain, 3) | (Story::Pooled, 2) => Self::NoDatabase(some_time),
            (Story::Plain, _) | (Story::Pooled, 3) => Self::ToldToEnd,
            (Story::Pooled, _) => Self::NoPooler(some_time),
            (Story::CutOff, 0) => Self::CutOff(Direction::Both, more_than_the_lease),
            (Story::CutOff, 1) => Self::CutOff(Direction::ToDatabase, more_than_the_lease),
            (Story::CutOff, 2) => Self::CutOff(Direction::FromDatabase, more_than_the_lease),
            (Story::CutOff, 3) => Self::FullDisk(some_time),
            (Story::CutOff, _) if round < 6 => Self::Promoted,
            // There was one standby.
            (Story::CutOff, _) => Self::NoDatabase(some_time),
            (Story::Upgraded, 0) => Self::Replaced(0, Version::New),
            // The schema is the new one's by now.
            (Story::Upgraded, 1) => Self::Crashed(1),
            (Story::Upgraded, 2) => Self::Replaced(1, Version::New),
            (Story::Upgraded, 3) => Self::Replaced(2, Version::New),
            (Story::Upgraded, 4) => Self::Replaced(0, Version::Old),
            (Story::Upgraded, _) => Self::Crashed(0),
        }
    }

    /// Whether calls of this server have to go on elsewhere.
    pub(super) fn is_a_server_away(self) -> bool {
        matches!(
            self,
            Self::Killed
                | Self::Stopped(_)
                | Self::ToldToEnd
                | Self::Replaced(..)
                | Self::Crashed(_)
        )
    }

    /// Whether a server has no database meanwhile.
    pub(super) fn is_database_away(self) -> bool {
        matches!(
            self,
            Self::NoDatabase(_)
                | Self::NoPooler(_)
                | Self::CutOff(..)
                | Self::FullDisk(_)
                | Self::Promoted
        )
    }

    /// Lets it happen, and ends it.
    pub(super) async fn befall(
        self,
        site: &mut Site,
        at: usize,
        rng: &mut StdRng,
    ) -> anyhow::Result<()> {
        match self {
            Self::Killed => {
                site.nodes[at].kill_9()?;
                tokio::time::sleep(Duration::from_millis(rng.random_range(0..8_000))).await;
                site.nodes[at].restart().await
            }
            Self::Stopped(time) => {
                let pid = site.nodes[at].pid().context("it does not run")?.to_string();
                let signal = |name: &str| Command::new("kill").args([name, &pid]).status();
                ensure!(signal("-STOP")?.success());
                tokio::time::sleep(time).await;
                ensure!(signal("-CONT")?.success());
                Ok(())
            }
            Self::ToldToEnd => {
                ensure!(site.nodes[at].terminate().await?.success(), "it did not end well");
                site.nodes[at].restart().await
            }
            Self::Deaf => {
                let sql = "
                    SELECT pg_terminate_backend(pid)
                    FROM pg_stat_activity
                    WHERE query LIKE 'LISTEN%'";
                execute(&site.database.url(), sql).await
            }
            Self::NoDatabase(time) => {
                site.database.go_away()?;
                tokio::time::sleep(time).await;
                site.database.come_back()
            }
            Self::NoPooler(time) => {
                let pooler = site.pooler.as_mut().context("there is no pooler")?;
                pooler.go_away()?;
                tokio::time::sleep(time).await;
                pooler.come_back()
            }
            Self::CutOff(direction, time) => {
                let firewall = site.firewall.as_ref().context("there is no firewall")?;
                firewall.cut(at, direction)?;
                tokio::time::sleep(time).await;
                firewall.heal()
            }
            Self::FullDisk(time) => {
                let disk = site.disk.as_ref().context("there is no small disk")?;
                disk.fill()?;
                tokio::time::sleep(time).await;
                disk.delete_ballast()?;
                // Without room for its log it ends, and can't start again by itself.
                if site.database.is_running() { Ok(()) } else { site.database.come_back() }
            }
            Self::Replaced(at, version) => {
                let program = match version {
                    Version::Old => site.old.clone(),
                    Version::New => binary()?,
                };
                let node = &mut site.nodes[at];
                ensure!(node.terminate().await?.success(), "it did not end well");
                node.change_program(&program);
                node.restart().await
            }
            Self::Crashed(at) => {
                site.nodes[at].kill_9()?;
                site.nodes[at].restart().await
            }
            Self::Promoted => {
                let mut standby = site.standby.take().context("there is no standby")?;
                site.database.go_away()?;
                standby.take_the_place_of(&site.database)?;
                site.database = standby;
                Ok(())
            }
        }
    }
}
