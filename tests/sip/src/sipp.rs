//! SIPp as the far side, with a scenario that fails when it is not followed.

use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bellpush_test_support::ports::{free_port, free_ports};
use tokio::process::{Child, Command};

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What scenarios have in common, by what they write for it.
const SNIPPETS: [(&str, &str); 4] = [
    // Of the request that is answered.
    (
        "[headers]",
        "[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n[last_Record-Route:]",
    ),
    // The same in the first response, which begins the dialog.
    (
        "[headers_with_tag]",
        "[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]SIPpTag01[call_number]\n[last_Call-ID:]\n\
         [last_CSeq:]\n[last_Record-Route:]",
    ),
    // Of a request of its own; `$from` and `$to` are those of the INVITE.
    (
        "[own_headers]",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
         From: [$to];tag=[pid]SIPpTag01[call_number]\nTo: [$from]\n[last_Call-ID:]\n\
         Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>\nMax-Forwards: 70",
    ),
    (
        "[sdp]",
        "v=0\no=sipp 1 1 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n\
         m=audio [media_port] RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n\
         a=fmtp:101 0-15",
    ),
];

/// A SIPp that follows one scenario, mostly once.
pub struct Sipp {
    process: Child,
    scenario: String,
    folder: tempfile::TempDir,
    /// Where it listens, on loopback.
    pub port: u16,
}

/// How SIPp is started.
#[derive(Debug, Clone, Copy)]
pub struct Scenario<'a> {
    /// A file of the folder `scenarios`.
    pub name: &'a str,
    /// Texts that are replaced in it.
    pub replacements: &'a [(&'a str, &'a str)],
    /// `u1` is UDP, `t1` is TCP.
    pub transport: &'a str,
    /// An address of loopback.
    pub ip: IpAddr,
    /// How often it is followed.
    pub calls: usize,
}

impl<'a> Scenario<'a> {
    /// A scenario as it is written, on UDP and IPv4.
    #[must_use]
    pub fn new(name: &'a str) -> Self {
        Self { name, replacements: &[], transport: "u1", ip: Ipv4Addr::LOCALHOST.into(), calls: 1 }
    }
}

impl Sipp {
    /// Starts SIPp with a scenario of this folder, on UDP.
    ///
    /// # Errors
    /// SIPp can't be started, or does not open its port.
    pub async fn start(scenario: &str) -> anyhow::Result<Self> {
        Self::run(Scenario::new(scenario)).await
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
        Self::run(Scenario { replacements, transport, ..Scenario::new(scenario) }).await
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
        Self::run(Scenario { calls, replacements, transport, ..Scenario::new(scenario) }).await
    }

    /// Starts SIPp.
    ///
    /// # Errors
    /// It can't be started, or does not open its port.
    pub async fn run(scenario: Scenario<'_>) -> anyhow::Result<Self> {
        let Scenario { name, replacements, transport, ip, calls } = scenario;
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.xml"));
        let mut text = std::fs::read_to_string(file)?;
        for (placeholder, replacement) in SNIPPETS.iter().chain(replacements) {
            text = text.replace(placeholder, replacement);
        }
        std::fs::write(folder.path().join("scenario.xml"), text)?;
        let process = Command::new("sipp")
            .args(["-sf", "scenario.xml", "-t", transport])
            // All RTP goes back to where it came from.
            .arg("-rtp_echo")
            .args(["-i", &ip.to_string(), "-p", &port.to_string(), "-m", &calls.to_string()])
            .arg("-nostdin")
            .args(["-mp", &free_ports(2)?.to_string()])
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
        let mut sipp = Self { process, scenario: name.to_owned(), folder, port };
        let start = Instant::now();
        while !is_in_use(ip, port) {
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

fn is_in_use(ip: IpAddr, port: u16) -> bool {
    UdpSocket::bind((ip, port)).is_err() || std::net::TcpListener::bind((ip, port)).is_err()
}
