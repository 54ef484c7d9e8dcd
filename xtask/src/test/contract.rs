//! The description of the API as a contract: a client in TypeScript compiles from it, and a running
//! server keeps to it.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::{
    run::binary,
    shell::{command, idle_command, output, root, run_beside},
};

const FOLDER: &str = "tests/contract";
/// The server begins within this time.
const BEGIN: Duration = Duration::from_secs(30);
/// Limits that tests would meet, were they not lifted.
const LIFTED: &[&str] = &[
    "--sessions-per-minute",
    "--calls-per-minute",
    "--events-per-minute",
    "--requests-per-minute",
    "--max-calls-per-address",
    "--max-connections-per-address",
];

/// Fetches the packages that [`test`] needs, beside other programs, and compiles a client.
pub(super) fn prepare() -> anyhow::Result<()> {
    let folder = root().join(FOLDER);
    run_beside(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    run_beside(command("npm", &["run", "check"]).current_dir(&folder))?;
    install_environment(&folder)
}

/// Asks a server all that its description allows, and what it forbids, with what other programs leave of
/// the processors.
pub(super) fn test() -> anyhow::Result<()> {
    let folder = root().join(FOLDER);
    let python = environment().join(PYTHON);
    let server = Server::start()?;
    let script = folder.join("check.py");
    run_beside(
        idle_command(&python.to_string_lossy(), &[&script.to_string_lossy(), &server.url()])
            .env("BELLPUSH_ADMIN_API_KEY", &server.api_key)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// An environment of Python, and the program in it.
fn environment() -> PathBuf {
    root().join("target/contract-venv")
}

const PYTHON: &str = "bin/python";

/// Makes the environment with the packages of `requirements.txt`, or renews it if need be.
fn install_environment(folder: &Path) -> anyhow::Result<()> {
    let requirements = folder.join("requirements.txt");
    let wanted = std::fs::read(&requirements)?;
    let environment = environment();
    let mark = environment.join("installed-requirements.txt");
    if std::fs::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let place = environment.to_string_lossy();
    run_beside(&mut command("python3", &["-m", "venv", "--clear", &place]))?;
    let list = requirements.to_string_lossy();
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", &list];
    run_beside(&mut command(&environment.join(PYTHON).to_string_lossy(), &install))?;
    std::fs::write(mark, wanted)?;
    Ok(())
}

/// A server of the test's own: on free ports, with an empty data directory.
struct Server {
    child: Child,
    port: u16,
    api_key: String,
    _data: TempDir,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("bellpush-contract-").tempdir()?;
        let (port, media_port) = (free_port()?, free_port()?);
        let digits = output(&mut command("openssl", &["rand", "-hex", "24"]))?;
        let api_key = format!("bp_{}", digits.trim());
        let program = binary(false);
        let (listen, media) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{media_port}"));
        let folder = data.path().to_string_lossy();
        let log = std::fs::File::create(root().join("target/contract-server.log"))?;
        let child = command(&program.to_string_lossy(), &["serve"])
            .args(["--listen", &listen, "--media-listen", &media, "--data-dir", &folder])
            // Calls without media live on, and deliveries that fail are soon given up.
            .args(["--media-timeout-seconds", "600", "--retry-seconds", "1"])
            .arg("--allow-loopback-endpoints")
            .args(LIFTED.iter().flat_map(|limit| [*limit, "1000000"]))
            .env("BELLPUSH_ADMIN_API_KEY", &api_key)
            .stderr(log)
            .spawn()
            .context("the server can't be started")?;
        let mut server = Self { child, port, api_key, _data: data };
        server.wait()?;
        Ok(server)
    }

    /// Waits until it answers: on a busy machine that takes longer than Python does to begin.
    fn wait(&mut self) -> anyhow::Result<()> {
        let end = Instant::now() + BEGIN;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}): see target/contract-server.log");
            }
            ensure!(Instant::now() < end, "the server does not listen after {BEGIN:?}");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("the server could not be stopped: {error}");
        }
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
