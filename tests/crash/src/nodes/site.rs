//! The servers, their database, and what is in between.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use bellpush_fault_tests::{
    clock::WallClock,
    cluster::{Cluster, DOORS},
    disk::SmallDisk,
    pooler::Pooler,
};
use bellpush_test_support::server::{Options, ServerProcess, binary};

use super::{firewall::Firewall, story::Story};

/// How long a server is taken for alive after its last word.
const LEASE: &str = "3";
/// How wrong the servers' clocks are, in seconds.
const CLOCKS: [i64; 3] = [0, 10, -10];
/// Room for a database that is new, and for what some minutes bring.
const DISK_KIB: usize = 512 * 1_024;

/// Names the program of the version before, for [`Story::Upgraded`].
const OLD_PROGRAM: &str = "BELLPUSH_OLD_BIN";

/// All of it. Parts are dropped in this order.
pub(super) struct Site {
    pub(super) nodes: Vec<ServerProcess>,
    pub(super) pooler: Option<Pooler>,
    pub(super) standby: Option<Cluster>,
    pub(super) database: Cluster,
    pub(super) firewall: Option<Firewall>,
    pub(super) disk: Option<SmallDisk>,
    /// The version that the servers have at first.
    pub(super) old: PathBuf,
    /// Servers look at them as long as they run.
    clocks: Vec<WallClock>,
}

impl Site {
    pub(super) async fn start(story: Story) -> anyhow::Result<Self> {
        let disk = (story == Story::CutOff).then(|| SmallDisk::mount(DISK_KIB, 0)).transpose()?;
        let database = match &disk {
            Some(disk) => {
                disk.delete_ballast()?;
                Cluster::start_in(disk.path())?
            }
            None => Cluster::start()?,
        };
        let old = match std::env::var_os(OLD_PROGRAM) {
            Some(old) if story == Story::Upgraded => PathBuf::from(old),
            _ => binary()?,
        };
        let is_cut_off = story == Story::CutOff;
        let mut site = Self {
            nodes: Vec::new(),
            pooler: (story == Story::Pooled).then(|| Pooler::start(&database)).transpose()?,
            standby: is_cut_off.then(|| database.start_standby()).transpose()?,
            firewall: is_cut_off.then(|| Firewall::new(database.port())).transpose()?,
            database,
            disk,
            old,
            clocks: Vec::new(),
        };
        site.start_nodes(story).await?;
        Ok(site)
    }

    async fn start_nodes(&mut self, story: Story) -> anyhow::Result<()> {
        let mut options =
            Options::sqlite().with("--lease-seconds", LEASE).as_node().program(&self.old);
        // All that calls need is on loopback.
        for option in ["--media-addresses", "--rtp-listen", "--rtp-address"] {
            options = options.with(option, "127.0.0.1");
        }
        options = options.with("--sip-listen", "127.0.0.1:0");
        for (door, wrong) in DOORS.iter().zip(CLOCKS) {
            let of_node = match &self.pooler {
                Some(pooler) => options
                    .clone()
                    .with("--database-url", &pooler.url())
                    .with("--database-listen-url", &self.database.url()),
                None => options.clone().with("--database-url", &self.database.url_at(door)),
            };
            let of_node = if story == Story::CutOff && wrong != 0 {
                let clock = WallClock::new()?;
                clock.jump_to(wrong)?;
                let of_node = clock.give(of_node);
                self.clocks.push(clock);
                of_node
            } else {
                of_node
            };
            let mut node = ServerProcess::start(of_node).await?;
            if self.nodes.is_empty() {
                if self.pooler.is_some() {
                    self.do_as_the_log_says(&mut node).await?;
                }
                let key = node.data_dir().join("master.key").to_string_lossy().into_owned();
                options = options.with("--master-key-file", &key);
            }
            self.nodes.push(node);
        }
        Ok(())
    }

    /// A pooler leaves out what a server asks its connections to be set to, and the server's log says how
    /// to have it all the same.
    async fn do_as_the_log_says(&mut self, node: &mut ServerProcess) -> anyhow::Result<()> {
        let advice = |log: &str| {
            let line = log.lines().rev().find(|line| line.contains("ALTER ROLE"))?;
            Some(line[line.find("ALTER ROLE")?..=line.rfind(';')?].to_owned())
        };
        let before = node.log()?;
        let statements =
            advice(&before).context("the log does not say what a pooler leaves out")?;
        self.database.execute(&statements)?;
        node.kill_9()?;
        if let Some(pooler) = &mut self.pooler {
            pooler.go_away()?;
            pooler.come_back()?;
        }
        node.restart().await?;
        let after = node.log()?.split_off(before.len());
        ensure!(advice(&after).is_none(), "it was not enough: {after}");
        Ok(())
    }
}
