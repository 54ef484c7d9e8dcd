//! What is recorded of a call besides its events: what was said by SIP, how it sounded every few
//! seconds, and what the server saw of it, each with its place in the order of the process.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    call_notice::CallNotice,
    ids::{DestinationId, EventId, NodeId, TrunkId},
    lifecycle::Phase,
    quality::QualitySample,
    trunk::SipFailure,
};

/// One thing that a process saw of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its place in the order of the process: what was seen later has a higher one.
    pub seq: u64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub entry: RecordEntry,
}

/// What there is to be seen of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordEntry {
    /// The call went on to another phase.
    Phase {
        /** Which. */
        phase: Phase,
    },
    /// The far side put the visitor on hold, or took the call up again.
    Hold {
        /** Whether it is held now. */
        held: bool,
    },
    /// The far side let the visitor know something.
    Notice {
        /** What. */
        notice: CallNotice,
    },
    /// Somebody took the call.
    Answered {
        /** The profile. */
        profile_id: DestinationId,
        /** The trunk; `None` for the demo. */
        trunk_id: Option<TrunkId>,
    },
    /// Another server took the call over.
    TakenOver(TakenOver),
    /// A phone system did not take the call.
    Rejected {
        /** What it said. */
        failure: SipFailure,
    },
    /// An event was made durable.
    Event {
        /** Which. */
        id: EventId,
    },
    /// The widget noticed that something does not go well, or goes well again.
    Warning {
        /** Its name. */
        warning: String,
        /** Whether it began or ended. */
        raised: bool,
    },
    /// A SIP message went out or came in.
    Sip(SipMessage),
    /// How one side was received in the last seconds.
    Quality(QualitySample),
}

/// That a call went from one server to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TakenOver {
    /// The server that had it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub from: NodeId,
    /// Its URL, if it lived yet and has one.
    pub from_url: Option<String>,
    /// The server that has it from then on.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub to: NodeId,
    /// Its URL, if it has one.
    pub to_url: Option<String>,
    /// Why.
    pub reason: TakeOverReason,
    /// How long it took from the visitor's request to its answer, in milliseconds.
    pub took_ms: u32,
}

/// Why a call goes on at another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TakeOverReason {
    /// Its own was about to stop.
    Stopping,
    /// Its own was gone.
    Lost,
    /// The visitor could not reach its own, which had not been missed by the others yet.
    Unreachable,
}

impl TakeOverReason {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Lost => "lost",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A SIP message, as it went over the wire, without what is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipMessage {
    /// Whether the server sent it; else it received it.
    pub sent: bool,
    /// How it travelled.
    pub transport: SipCarrier,
    /// The server's address.
    pub local: SocketAddr,
    /// The other one's.
    pub remote: SocketAddr,
    /// The message.
    pub text: String,
}

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SipCarrier {
    /// In datagrams.
    Udp,
    /// By a connection.
    Tcp,
    /// By an encrypted connection.
    Tls,
}

impl SipMessage {
    /// The first line: a request's method and URI, or a response's status and reason.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The status of a response; `None` for a request.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let rest = self.first_line().strip_prefix("SIP/2.0 ")?;
        rest.get(..3)?.parse().ok()
    }

    /// What an arrow for it is called: `INVITE`, `180 Ringing`.
    #[must_use]
    pub fn label(&self) -> &str {
        let line = self.first_line();
        match line.strip_prefix("SIP/2.0 ") {
            Some(status) => status,
            None => line.split(' ').next().unwrap_or_default(),
        }
    }

    /// The value of a header, by its long name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        head.split("\r\n").skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> SipMessage {
        SipMessage {
            sent: true,
            transport: SipCarrier::Udp,
            local: ([192, 0, 2, 1], 5060).into(),
            remote: ([192, 0, 2, 2], 5060).into(),
            text: text.into(),
        }
    }

    #[test]
    fn a_message_says_what_it_is() {
        let request = message("INVITE sip:7@h SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\ncseq: body");
        assert_eq!((request.label(), request.status()), ("INVITE", None));
        assert_eq!(request.header("cseq"), Some("1 INVITE"));
        let response = message("SIP/2.0 183 Session Progress\r\n\r\n");
        assert_eq!((response.label(), response.status()), ("183 Session Progress", Some(183)));
        assert_eq!((message("").label(), message("").header("x")), ("", None));
    }

    #[test]
    fn what_was_recorded_reads_back() {
        let entries = [
            RecordEntry::Phase { phase: Phase::Ringing },
            RecordEntry::Hold { held: true },
            RecordEntry::Sip(message("BYE sip:7@h SIP/2.0\r\n\r\n")),
            RecordEntry::Warning { warning: "network_weak".into(), raised: true },
        ];
        for (seq, entry) in (1..).zip(entries) {
            let recorded = Recorded { seq, at: 5, entry };
            let text = serde_json::to_string(&recorded).unwrap();
            assert_eq!(serde_json::from_str::<Recorded>(&text).unwrap(), recorded, "{text}");
        }
    }
}
