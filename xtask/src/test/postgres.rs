//! A PostgreSQL server of the tests' own: in a temporary folder, on a free port, stopped at the end.

use std::{net::TcpListener, path::PathBuf, process::Command};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::shell::{command, output};

/// A running server. Dropping it stops it.
pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    as_root: bool,
}

impl Postgres {
    /// Makes a cluster and starts it as `docs/operations.md` advises, with fsync on.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("bellpush-postgres-").tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let as_root = output(&mut command("id", &["-u"]))?.trim() == "0";
        let server = Self { folder, programs: programs()?, port, as_root };
        let path = server.folder.path().to_string_lossy().into_owned();
        if as_root {
            // PostgreSQL refuses to run as root; its package made this user.
            output(&mut command("chown", &["postgres", &path]))?;
        }
        let data = format!("{path}/data");
        let init =
            ["--pgdata", &data, "--username", "bellpush", "--auth", "trust", "--encoding", "UTF8"];
        output(&mut server.program("initdb", &init))?;
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c max_connections=400 \
             -c backend_flush_after=1MB -c unix_socket_directories={path}"
        );
        let log = format!("{path}/log");
        let start = ["start", "--wait", "--pgdata", &data, "--log", &log, "--options", &options];
        server
            .program("pg_ctl", &start)
            .stdout(std::process::Stdio::null())
            .status()
            .ok()
            .filter(std::process::ExitStatus::success)
            .with_context(|| format!("PostgreSQL did not start; see {log}"))?;
        eprintln!("── PostgreSQL listens on port {port}");
        Ok(server)
    }

    /// Where an administrator connects to.
    pub(crate) fn url(&self) -> String {
        format!("postgres://bellpush@127.0.0.1:{}/postgres", self.port)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let program = self.programs.join(name).to_string_lossy().into_owned();
        let mut command = if self.as_root {
            let mut command = command("runuser", &["-u", "postgres", "--", &program]);
            command.args(arguments);
            command
        } else {
            command(&program, arguments)
        };
        // The user that it runs as may not be allowed to stand in the workspace.
        command.current_dir("/");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data").to_string_lossy().into_owned();
        let stop = ["stop", "--mode", "immediate", "--pgdata", &data];
        if let Err(error) = output(&mut self.program("pg_ctl", &stop)) {
            eprintln!("PostgreSQL could not be stopped: {error:#}");
        }
    }
}

/// Where Debian puts PostgreSQL's programs: the newest version's folder.
fn programs() -> anyhow::Result<PathBuf> {
    let versions =
        std::fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let mut folders: Vec<PathBuf> =
        versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.retain(|folder| folder.join("initdb").exists());
    folders.sort();
    match folders.pop() {
        Some(folder) => Ok(folder),
        None => bail!("PostgreSQL's server is not installed: apt-get install postgresql"),
    }
}
