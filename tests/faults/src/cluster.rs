//! A PostgreSQL of a test's own, which goes away and comes back, may have a small disk, and a standby
//! that takes its place.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use bellpush_test_support::ports::free_port;
use tempfile::TempDir;

use crate::{is_root, output};

/// Addresses at which it listens beside 127.0.0.1: one for each of some servers, so that one of them can
/// be cut off.
pub const DOORS: [&str; 3] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
/// How a standby calls itself, for its primary to wait for.
const STANDBY: &str = "standby";

/// A cluster in a temporary folder. Dropping it stops it.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    as_root: bool,
}

impl Cluster {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// PostgreSQL's server is not installed, or does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_in(&std::env::temp_dir())
    }

    /// The same in a folder on some disk.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_in(place: &Path) -> anyhow::Result<Self> {
        let cluster = Self::empty(place)?;
        let mut init = cluster.program("initdb");
        init.args(["--username", "bellpush", "--auth", "trust", "--encoding", "UTF8", "--no-sync"]);
        output(init.arg("--pgdata").arg(cluster.data()))?;
        cluster.come_back()?;
        Ok(cluster)
    }

    fn empty(place: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bellpush-cluster-").tempdir_in(place)?;
        let cluster =
            Self { folder, programs: programs()?, port: free_port()?, as_root: is_root()? };
        if cluster.as_root {
            // PostgreSQL refuses to run as root; its package made this user.
            output(Command::new("chown").arg("postgres").arg(cluster.folder.path()))?;
        }
        Ok(cluster)
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at("127.0.0.1")
    }

    /// The same at one of [`DOORS`].
    #[must_use]
    pub fn url_at(&self, address: &str) -> String {
        format!("postgres://bellpush@{address}:{}/postgres", self.port)
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops it as a crash would.
    ///
    /// # Errors
    /// It does not run.
    pub fn go_away(&self) -> anyhow::Result<()> {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode", "immediate", "--wait", "--pgdata"]).arg(self.data());
        output(&mut stop).map(drop)
    }

    /// Whether it runs. Without room for its log it ends by itself.
    #[must_use]
    pub fn is_running(&self) -> bool {
        output(self.program("pg_ctl").args(["status", "--pgdata"]).arg(self.data())).is_ok()
    }

    /// Starts it again, on the same port and data, and waits until it takes connections.
    ///
    /// # Errors
    /// It does not.
    pub fn come_back(&self) -> anyhow::Result<()> {
        let folder = self.folder.path().to_string_lossy();
        let options = format!(
            "-c listen_addresses=127.0.0.1,{} -c port={} -c unix_socket_directories={folder} \
             -c max_connections=200 -c wal_retrieve_retry_interval=200ms",
            DOORS.join(","),
            self.port
        );
        let mut start = self.program("pg_ctl");
        start.args(["start", "--wait", "--log", &format!("{folder}/log"), "--options", &options]);
        start.arg("--pgdata").arg(self.data());
        // The server inherits these: a pipe would stay open as long as it runs.
        let status = start.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        ensure!(status.success(), "PostgreSQL does not start: {:?}", self.log());
        Ok(())
    }

    /// Starts a standby, and lets each commit wait for it from then on.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_standby(&self) -> anyhow::Result<Self> {
        let standby = Self::empty(&std::env::temp_dir())?;
        let from =
            format!("host=127.0.0.1 port={} user=bellpush application_name={STANDBY}", self.port);
        let mut copy = standby.program("pg_basebackup");
        copy.args([
            "--write-recovery-conf",
            "--checkpoint",
            "fast",
            "--no-sync",
            "--dbname",
            &from,
        ]);
        output(copy.arg("--pgdata").arg(standby.data()))?;
        standby.come_back()?;
        self.execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'"))?;
        self.execute("SELECT pg_reload_conf()")?;
        Ok(standby)
    }

    /// Lets a standby take the place of its primary, which has crashed: at its address, with what it was
    /// sent, and without a standby of its own.
    ///
    /// # Errors
    /// It does not.
    pub fn take_the_place_of(&mut self, primary: &Self) -> anyhow::Result<()> {
        let mut stop = self.program("pg_ctl");
        output(stop.args(["stop", "--mode", "fast", "--wait", "--pgdata"]).arg(self.data()))?;
        self.port = primary.port;
        self.come_back()?;
        output(self.program("pg_ctl").args(["promote", "--wait", "--pgdata"]).arg(self.data()))?;
        Ok(())
    }

    /// Executes SQL.
    ///
    /// # Errors
    /// It fails.
    pub fn execute(&self, sql: &str) -> anyhow::Result<()> {
        let mut psql = self.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql]);
        output(psql.arg(self.url())).map(drop)
    }

    fn log(&self) -> std::io::Result<String> {
        std::fs::read_to_string(self.folder.path().join("log"))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if self.as_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The user that it runs as may not be allowed to stand in the workspace.
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A test that failed may have left it stopped.
        let _ = self.go_away();
    }
}

/// Where Debian puts PostgreSQL's programs: the newest version's folder.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let mut folders: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.retain(|folder| folder.join("initdb").exists());
    folders.sort();
    folders.pop().context("PostgreSQL's server is not installed: apt-get install postgresql")
}
