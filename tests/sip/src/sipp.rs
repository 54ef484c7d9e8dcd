//! SIPp as the far side, with a scenario that fails when it is not followed.

use std::{
    net::UdpSocket,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A SIPp that follows one scenario, mostly once.
pub struct Sipp {
    process: Child,
    scenario: String,
    folder: tempfile::TempDir,
    /// Where it listens, on loopback.
    pub port: u16,
}

impl Sipp {
    /// Starts SIPp with a scenario of this folder, on UDP.
    ///
    /// # Errors
    /// SIPp can't be started, or does not open its port.
    pub async fn start(scenario: &str) -> anyhow::Result<Self> {
        Self::start_with(scenario, &[], "u1").await
    }

    /// Starts SIPp with a scenario of this folder, in which texts are replaced, and on another
    /// transport (`t1` is TCP).
    ///
    /// # Errors
    /// SIPp can't be started, or does not open its port.
    pub async fn start_with(
        scenario: &str,
        replacements: &[(&str, &str)],
        transport: &str,
    ) -> anyhow::Result<Self> {
        Self::start_for(1, scenario, replacements, transport).await
    }

    /// The same for so many calls, each of which has to follow the scenario.
    ///
    /// # Errors
    /// SIPp can't be started, or does not open its port.
    pub async fn start_for(
        calls: usize,
        scenario: &str,
        replacements: &[(&str, &str)],
        transport: &str,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{scenario}.xml"));
        let mut text = std::fs::read_to_string(file)?;
        for (placeholder, replacement) in replacements {
            text = text.replace(placeholder, replacement);
        }
        std::fs::write(folder.path().join("scenario.xml"), text)?;
        let process = Command::new("sipp")
            .args(["-sf", "scenario.xml", "-t", transport])
            // All RTP goes back to where it came from.
            .arg("-rtp_echo")
            .args(["-i", "127.0.0.1", "-p", &port.to_string(), "-m", &calls.to_string()])
            .arg("-nostdin")
            .args(["-mp", &free_port()?.to_string()])
            .args(["-timeout", &PATIENCE.as_secs().to_string(), "-timeout_error"])
            .args(["-trace_err", "-error_file", "errors.log"])
            .args(["-trace_msg", "-message_file", "messages.log"])
            .current_dir(&folder)
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("SIPp can't be started; install the Debian package sip-tester")?;
        let mut sipp = Self { process, scenario: scenario.to_owned(), folder, port };
        let start = Instant::now();
        while !is_in_use(port) {
            if start.elapsed() > PATIENCE || sipp.process.try_wait()?.is_some() {
                bail!("SIPp does not open its port; {}", sipp.logs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(sipp)
    }

    /// Waits until SIPp has received or sent a message with this text.
    ///
    /// # Errors
    /// It does not.
    pub async fn heard(&self, text: &str) -> anyhow::Result<()> {
        let start = Instant::now();
        while !self.read("messages.log").contains(text) {
            if start.elapsed() > PATIENCE {
                bail!("no {text} in {}", self.logs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// All messages that SIPp has received and sent so far.
    #[must_use]
    pub fn messages(&self) -> String {
        self.read("messages.log")
    }

    /// Waits for the end of the scenario.
    ///
    /// # Errors
    /// The scenario was not followed; the error holds all messages.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        let status = tokio::time::timeout(PATIENCE * 2, self.process.wait()).await??;
        if !status.success() {
            bail!("the scenario {} was not followed ({status}); {}", self.scenario, self.logs());
        }
        Ok(())
    }

    fn logs(&self) -> String {
        format!("errors: {}\nmessages: {}", self.read("errors.log"), self.read("messages.log"))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

/// An even UDP port of loopback that nobody uses, nor its odd neighbour, nor TCP.
///
/// # Errors
/// There is none.
pub fn free_port() -> anyhow::Result<u16> {
    for _ in 0..100 {
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port() & !1;
        let is_free = UdpSocket::bind(("127.0.0.1", port)).is_ok()
            && UdpSocket::bind(("127.0.0.1", port + 1)).is_ok()
            && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if is_free {
            return Ok(port);
        }
    }
    bail!("there is no free port")
}

fn is_in_use(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_err()
        || std::net::TcpListener::bind(("127.0.0.1", port)).is_err()
}
