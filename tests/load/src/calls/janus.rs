//! Janus with its SIP plugin, which does the same job: for comparison.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use bellpush_test_support::api::Api;
use serde_json::{Value, json};
use tokio::time;

use super::wire::Net;

/// Where its callers are: it has no media on the loopback device.
pub(super) const NET: Net = [10, 99];
const DEVICE: &str = "bellload";
/// From its start to its first answer.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// The running server.
pub(super) struct Janus {
    process: Child,
    /// Its configuration, for as long as it runs.
    _folder: tempfile::TempDir,
    _network: Network,
    api: Api,
    callee: String,
}

impl Janus {
    /// Whether there is one on this machine.
    pub(super) fn is_installed() -> bool {
        let mut help = Command::new("janus");
        help.arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    }

    /// Starts one that sends calls to this SIP address. What is not said here is as its package has it.
    pub(super) async fn start(sip: SocketAddr) -> anyhow::Result<Self> {
        let network = Network::new()?;
        let folder = tempfile::tempdir()?;
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let file = |name: &str, text: String| std::fs::write(folder.path().join(name), text);
        // A loop for each core in place of a thread for each call is what its documentation advises
        // for many calls.
        file(
            "janus.jcfg",
            format!(
                "general: {{ event_loops = 2; session_timeout = 0; }}\n\
                 nat: {{ ice_enforce_list = \"{DEVICE}\"; }}\n"
            ),
        )?;
        file(
            "janus.transport.http.jcfg",
            format!("general: {{ http = true; port = {port}; ip = \"127.0.0.1\"; }}\n"),
        )?;
        file(
            "janus.plugin.sip.jcfg",
            "general: { local_ip = \"127.0.0.1\"; rtp_port_range = \"20000-40000\"; }\n".into(),
        )?;
        let process = Command::new("janus")
            .arg("--configs-folder")
            .arg(folder.path())
            .args(["--debug-level", "1", "--log-stdout"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("janus does not start")?;
        let api = Api::new(format!("http://127.0.0.1:{port}"), "none");
        let janus = Self {
            process,
            _folder: folder,
            _network: network,
            api,
            callee: format!("sip:100@{sip}"),
        };
        let began = Instant::now();
        while janus.api.get("/janus/info").await.is_err() {
            if began.elapsed() > READY_WITHIN {
                bail!("janus does not answer");
            }
            time::sleep(Duration::from_millis(50)).await;
        }
        Ok(janus)
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A line of its own for each caller, as for a browser.
    pub(super) fn line(&self) -> Line {
        Line { api: self.api.clone(), callee: self.callee.clone() }
    }
}

impl Drop for Janus {
    fn drop(&mut self) {
        // One that is gone already can't be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A device whose whole network is this machine's own.
struct Network;

impl Network {
    fn new() -> anyhow::Result<Self> {
        let [a, b] = NET;
        let peer = format!("{DEVICE}-peer");
        let network = Self;
        for command in [
            format!("link add {DEVICE} type veth peer name {peer}"),
            format!("addr add {a}.{b}.255.1/32 dev {DEVICE}"),
            format!("link set {DEVICE} up"),
            format!("link set {peer} up"),
            format!("route add local {a}.{b}.0.0/17 dev {DEVICE}"),
        ] {
            let done = Command::new("ip").args(command.split(' ')).status();
            if !done.is_ok_and(|status| status.success()) {
                bail!(
                    "a network for Janus can't be made (ip {command}): that needs root and iproute2"
                );
            }
        }
        Ok(network)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // One that could not be made is not there.
        let delete = ["link", "del", DEVICE];
        let _ = Command::new("ip").args(delete).stderr(Stdio::null()).status();
    }
}

/// A caller's access to the server.
pub(super) struct Line {
    api: Api,
    callee: String,
}

impl Line {
    /// Calls, and returns the answer to the offer.
    pub(super) async fn call(&self, offer: &str) -> anyhow::Result<String> {
        let session = self.id("/janus", json!({ "janus": "create" })).await?;
        let session = format!("/janus/{session}");
        let attach = json!({ "janus": "attach", "plugin": "janus.plugin.sip" });
        let handle = self.id(&session, attach).await?;
        let handle = format!("{session}/{handle}");
        let register = json!({
            "janus": "message",
            "body": { "request": "register", "type": "guest", "username": "sip:load@127.0.0.1" },
        });
        self.ask(&handle, register).await?;
        self.event(&session, "registered").await?;
        let call = json!({
            "janus": "message",
            "body": { "request": "call", "uri": self.callee },
            "jsep": { "type": "offer", "sdp": offer, "trickle": false },
        });
        self.ask(&handle, call).await?;
        let accepted = self.event(&session, "accepted").await?;
        let sdp = accepted["jsep"]["sdp"].as_str().context("the call has no answer")?;
        Ok(sdp.to_owned())
    }

    async fn ask(&self, path: &str, mut request: Value) -> anyhow::Result<Value> {
        request["transaction"] = "load".into();
        let answer: Value = self.api.post(path, &request).await?.expect(200)?.json()?;
        if answer["janus"] == "error" {
            bail!("janus refuses: {}", answer["error"]["reason"]);
        }
        Ok(answer)
    }

    async fn id(&self, path: &str, request: Value) -> anyhow::Result<u64> {
        self.ask(path, request).await?["data"]["id"].as_u64().context("janus gives no id")
    }

    /// Waits for an event of the SIP plugin.
    async fn event(&self, session: &str, name: &str) -> anyhow::Result<Value> {
        loop {
            let path = format!("{session}?maxev=1");
            let answer: Value = self.api.get(&path).await?.expect(200)?.json()?;
            let events = answer.as_array().cloned().unwrap_or_else(|| vec![answer]);
            for event in events {
                let data = &event["plugindata"]["data"];
                if data["result"]["event"] == name {
                    return Ok(event);
                }
                if data.get("error").is_some() || data["result"]["event"] == "hangup" {
                    bail!("janus refuses: {data}");
                }
            }
        }
    }
}
