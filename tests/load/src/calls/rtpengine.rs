//! rtpengine in user space, driven by its NG protocol as a SIP proxy does: for comparison.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::{net::UdpSocket, time};

use super::mode::Mode;

/// From its start to its first answer, and from any request to its answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// Requests over UDP are repeated; both rtpengine and the telephone system know them by their ids.
const REPEATED_AFTER: Duration = Duration::from_secs(2);

/// The running server.
pub(super) struct RtpEngine {
    process: Child,
    control: SocketAddr,
    sip: SocketAddr,
    transcode: bool,
}

/// A caller's access to the server.
pub(super) struct Line {
    control: SocketAddr,
    sip: SocketAddr,
    transcode: bool,
    end: usize,
}

impl RtpEngine {
    /// Whether there is one on this machine.
    pub(super) fn is_installed() -> bool {
        let mut version = Command::new("rtpengine");
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    }

    /// Starts one whose calls go to this SIP address. What is not said here is as its package has it.
    pub(super) async fn start(sip: SocketAddr, mode: Mode) -> anyhow::Result<Self> {
        let port = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let control = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // Table -1: in user space, as there is no module in the kernel.
        let process = Command::new("rtpengine")
            .args(["--table=-1", "--interface=127.0.0.1", "--foreground", "--log-stderr"])
            .args(["--log-level=3", "--port-min=20000", "--port-max=60000"])
            .arg(format!("--listen-ng={control}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("rtpengine does not start")?;
        let server = Self { process, control, sip, transcode: mode == Mode::Transcode };
        server.line(0).ask("ping", json!({})).await.context("rtpengine does not answer")?;
        Ok(server)
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A line for each caller.
    pub(super) fn line(&self, end: usize) -> Line {
        Line { control: self.control, sip: self.sip, transcode: self.transcode, end }
    }
}

impl Drop for RtpEngine {
    fn drop(&mut self) {
        // One that is gone already can't be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Line {
    /// Calls, and returns the answer to the offer.
    pub(super) async fn call(&self, offer: &str) -> anyhow::Result<String> {
        let call = format!("load-{}", self.end);
        let offer = if self.transcode { opus_alone(offer) } else { offer.to_owned() };
        let codecs = if self.transcode {
            json!({ "mask": ["opus"], "strip": ["telephone-event"], "transcode": ["PCMA"] })
        } else {
            json!({ "strip": ["opus", "telephone-event"] })
        };
        let inner = self
            .ask(
                "offer",
                json!({
                    "call-id": call,
                    "from-tag": "caller",
                    "sdp": offer,
                    "ICE": "remove",
                    "DTLS": "off",
                    "rtcp-mux": ["demux"],
                    "transport-protocol": "RTP/AVP",
                    "codec": codecs,
                }),
            )
            .await?;
        let answer = self.invite(&call, &sdp(&inner)?).await?;
        let outer = self
            .ask(
                "answer",
                json!({
                    "call-id": call,
                    "from-tag": "caller",
                    "to-tag": "load",
                    "sdp": answer,
                    "ICE": "force",
                    "DTLS": "passive",
                    "rtcp-mux": ["accept"],
                    "transport-protocol": "UDP/TLS/RTP/SAVPF",
                }),
            )
            .await?;
        Ok(bundled(&sdp(&outer)?))
    }

    /// Sends a command of the NG protocol, and returns its answer.
    async fn ask(&self, command: &str, mut request: Value) -> anyhow::Result<Value> {
        static COOKIES: AtomicUsize = AtomicUsize::new(0);
        let cookie = COOKIES.fetch_add(1, Ordering::Relaxed);
        request["command"] = command.into();
        let cookie = format!("load{cookie} ");
        let answer = exchange(self.control, format!("{cookie}{request}").as_bytes()).await?;
        let answer = answer.strip_prefix(&cookie).context("an answer to something else")?;
        let answer: Value = serde_json::from_str(answer)?;
        if answer["result"] == "error" {
            bail!("rtpengine refuses: {}", answer["error-reason"]);
        }
        Ok(answer)
    }

    /// Offers the call to the telephone system, and returns the description in its answer.
    async fn invite(&self, call: &str, sdp: &str) -> anyhow::Result<String> {
        let Self { sip, end, .. } = self;
        let invite = format!(
            "INVITE sip:100@{sip} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK{call};rport\r\n\
             From: <sip:load@127.0.0.1>;tag=caller\r\nTo: <sip:100@{sip}>\r\nCall-ID: {call}\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:load@127.0.0.1>\r\nMax-Forwards: 70\r\n\
             X-Bellpush-Context-end: {end}\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        let answer = exchange(*sip, invite.as_bytes()).await?;
        if !answer.starts_with("SIP/2.0 200 ") {
            bail!("the telephone system refuses: {answer}");
        }
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
        Ok(body.to_owned())
    }
}

/// Sends a datagram until one comes back.
async fn exchange(to: SocketAddr, request: &[u8]) -> anyhow::Result<String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let began = Instant::now();
    let mut buffer = vec![0; 65_536];
    while began.elapsed() < ANSWERS_WITHIN {
        socket.send_to(request, to).await?;
        // A port that nobody listens on yet is told as an error of the next receive.
        if let Ok(Ok((length, _))) =
            time::timeout(REPEATED_AFTER, socket.recv_from(&mut buffer)).await
        {
            return Ok(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
    }
    bail!("nothing came back from {to}")
}

fn sdp(answer: &Value) -> anyhow::Result<String> {
    Ok(answer["sdp"].as_str().context("rtpengine gives no description")?.to_owned())
}

/// The answer with the group that the offer asked for, on which the callers insist: rtpengine 10.5
/// does without.
fn bundled(answer: &str) -> String {
    let mid = answer.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or_default();
    answer.replacen("\r\nm=", &format!("\r\na=group:BUNDLE {mid}\r\nm="), 1)
}

/// The offer without G.711, so that the browser's side can only speak Opus.
fn opus_alone(offer: &str) -> String {
    let lines = offer.lines().filter(|line| {
        ![":0 ", ":8 "]
            .iter()
            .any(|pt| line.starts_with("a=") && line.contains(&format!("map{pt}")))
    });
    let lines = lines.map(|line| match line.strip_prefix("m=audio ") {
        None => line.to_owned(),
        Some(audio) => {
            let words = audio.split(' ').filter(|word| !["0", "8"].contains(word));
            format!("m=audio {}", words.collect::<Vec<_>>().join(" "))
        }
    });
    lines.map(|line| line + "\r\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_of_opus_alone_has_nothing_left_of_the_telephones_codecs() {
        let offer = "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 110\r\na=rtpmap:111 opus/48000/2\r\n\
                     a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:110 x/8000\r\n";
        let left = "m=audio 9 UDP/TLS/RTP/SAVPF 111 110\r\na=rtpmap:111 opus/48000/2\r\n\
                    a=rtpmap:110 x/8000\r\n";
        assert_eq!(opus_alone(offer), left);
    }
}
