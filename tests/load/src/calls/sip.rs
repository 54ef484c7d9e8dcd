//! As much of SIP as a peer needs that answers everything with 200.

use std::{fmt::Write as _, net::SocketAddr};

/// A request, as far as an answer needs it.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) call_id: &'a str,
    /// Whole lines of what is sent back as it came.
    echoed: Vec<&'a str>,
    to: &'a str,
    body: &'a str,
    /// The caller, whose session said so in its context.
    pub(super) caller: Option<usize>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let (method, _) = lines.next()?.split_once(' ')?;
        let mut request =
            Self { method, call_id: "", echoed: Vec::new(), to: "", body, caller: None };
        for line in lines {
            let (name, value) = line.split_once(':')?;
            match name.trim().to_ascii_lowercase().as_str() {
                "via" | "v" | "from" | "f" | "cseq" | "record-route" => request.echoed.push(line),
                "x-bellpush-context-end" => request.caller = value.trim().parse().ok(),
                "to" | "t" => request.to = value.trim(),
                "call-id" | "i" => {
                    request.call_id = value.trim();
                    request.echoed.push(line);
                }
                _ => {}
            }
        }
        // A response has no method.
        (!method.starts_with("SIP/")).then_some(request)
    }

    /// Where sound is sent to, and the payload type of the first codec of G.711 in the offer.
    pub(super) fn media(&self) -> Option<(SocketAddr, u8)> {
        let line = |prefix: &str| self.body.lines().find_map(|line| line.strip_prefix(prefix));
        let ip = line("c=IN IP4 ")?.trim().parse().ok()?;
        let mut audio = line("m=audio ")?.split_whitespace();
        let port = audio.next()?.parse().ok()?;
        let codec = audio.filter_map(|word| word.parse().ok()).find(|pt| matches!(pt, 0 | 8))?;
        Some((SocketAddr::new(ip, port), codec))
    }
}

/// The answer 200.
pub(super) fn ok(request: &Request<'_>, contact: SocketAddr, sdp: &str) -> String {
    let mut answer = String::from("SIP/2.0 200 OK\r\n");
    for line in &request.echoed {
        // Writing to a String does not fail.
        let _ = write!(answer, "{line}\r\n");
    }
    let tag = if request.to.contains(";tag=") { "" } else { ";tag=load" };
    let _ = write!(answer, "To: {}{tag}\r\nContact: <sip:load@{contact}>\r\n", request.to);
    if !sdp.is_empty() {
        answer.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(answer, "Content-Length: {}\r\n\r\n{sdp}", sdp.len());
    answer
}
