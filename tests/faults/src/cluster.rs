//! A PostgreSQL of a test's own, which goes away and comes back.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use bellpush_test_support::ports::free_port;
use tempfile::TempDir;

use crate::{is_root, output};

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
        let folder = tempfile::Builder::new().prefix("bellpush-cluster-").tempdir()?;
        let cluster =
            Self { folder, programs: programs()?, port: free_port()?, as_root: is_root()? };
        if cluster.as_root {
            // PostgreSQL refuses to run as root; its package made this user.
            output(Command::new("chown").arg("postgres").arg(cluster.folder.path()))?;
        }
        let mut init = cluster.program("initdb");
        init.args(["--username", "bellpush", "--auth", "trust", "--encoding", "UTF8", "--no-sync"]);
        output(init.arg("--pgdata").arg(cluster.data()))?;
        cluster.come_back()?;
        Ok(cluster)
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://bellpush@127.0.0.1:{}/postgres", self.port)
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

    /// Starts it again, on the same port and data, and waits until it takes connections.
    ///
    /// # Errors
    /// It does not.
    pub fn come_back(&self) -> anyhow::Result<()> {
        let folder = self.folder.path().to_string_lossy();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={folder}",
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
