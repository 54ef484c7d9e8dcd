//! Dialogs with phone systems (RFC 3261 section 12), as they are kept beside the calls that they belong
//! to: enough for another process to go on with one whose own died.

use core::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Transport;
use crate::ids::{CallId, DestinationId, TrunkId};

/// How far the numbers of whoever goes on with a dialog are above those that are kept: so many requests
/// may have been sent since. RFC 3261 section 12.2.2 allows such a gap.
pub const CSEQ_GAP: u32 = 10_000;
/// Requests that may be sent before the dialog's number is kept again.
const CSEQ_UNKEPT: u32 = 1_000;
/// The largest number that there may be (RFC 3261 section 8.1.1.5).
const MAX_CSEQ: u32 = (1 << 31) - 1;

/// What a request in a dialog has to say. Neither a key nor a password is part of it, and no name of a
/// caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DialogSnapshot {
    /// The Call-ID.
    pub sip_call_id: String,
    /// Our From value: address and tag.
    pub local: String,
    /// The far side's To value: address and tag, if it has one.
    pub remote: String,
    /// The URI that requests ask for: the far side's Contact.
    pub remote_target: String,
    /// Whether the far side has named no target: requests then ask for what the INVITE asked for, and go
    /// where that went. Not known of what an earlier version has kept.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub goes_by_hop: bool,
    /// Where the message came from that named the target, when that was a datagram.
    pub remote_source: Option<SocketAddr>,
    /// The route set, nearest proxy first.
    pub routes: Vec<String>,
    /// The number of our last request.
    pub cseq: u32,
    /// The number of the far side's last request.
    pub remote_cseq: Option<u32>,
    /// The user part of our Contact.
    pub user: String,
    /// Where the last request was sent to.
    pub hop: Hop,
    /// What our last description of the session was named by.
    pub origin: Option<SdpOrigin>,
    /// The media lines of that description without their `m=`, where there are others beside the audio. Not
    /// known of what an earlier version has kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_lines: Vec<String>,
    /// The session interval in seconds (RFC 4028), while there is one.
    pub session_seconds: Option<u32>,
}

/// What names a description of a session, and says which it is (RFC 8866 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SdpOrigin {
    /// The session.
    pub id: u64,
    /// The description: each that follows has the next number.
    pub version: u64,
    /// The address of whoever made the session: it stays part of its name, wherever media goes to. Not
    /// known of what an earlier version has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// One place that requests were sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// Its address.
    pub address: SocketAddr,
    /// How they went.
    pub transport: Transport,
    /// The name that it was found by, which its certificate has to name.
    pub name: String,
}

/// A dialog that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDialog {
    /// The call.
    pub call_id: CallId,
    /// The profile that took it.
    pub profile_id: DestinationId,
    /// The trunk that it goes by.
    pub trunk_id: TrunkId,
    /// How it stands.
    pub snapshot: DialogSnapshot,
}

/// What becomes of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "most are of open ones")]
pub enum DialogChange {
    /// It stands so from now on.
    Open(OpenDialog),
    /// It is over at both sides: nobody has to end it any more.
    Over {
        /// Its Call-ID.
        sip_call_id: String,
    },
}

impl DialogChange {
    /// Which dialog it is.
    #[must_use]
    pub fn sip_call_id(&self) -> &str {
        match self {
            Self::Open(open) => &open.snapshot.sip_call_id,
            Self::Over { sip_call_id } => sip_call_id,
        }
    }
}

impl SdpOrigin {
    /// That of a description.
    #[must_use]
    pub fn of(sdp: &str) -> Option<Self> {
        let mut words = sdp.lines().find_map(|line| line.strip_prefix("o="))?.split(' ').skip(1);
        let mut number = || words.next()?.parse().ok();
        let (id, version) = (number()?, number()?);
        // After the types of network and of address.
        let address = words.nth(2).and_then(|address| address.trim().parse().ok());
        Some(Self { id, version, address })
    }
}

impl DialogSnapshot {
    /// What is kept of the media lines of a description: nothing, where there is the audio alone. Whoever
    /// describes the session anew needs each of the others in its place (RFC 3264 section 8).
    #[must_use]
    pub fn media_lines_of(sdp: &str) -> Vec<String> {
        let lines: Vec<String> =
            sdp.lines().filter_map(|line| line.strip_prefix("m=")).map(str::to_owned).collect();
        if lines.len() > 1 { lines } else { Vec::new() }
    }

    /// The dialog as another process goes on with it: its requests are numbered above all that were sent.
    #[must_use]
    pub fn taken_over(self) -> Self {
        Self { cseq: self.cseq.saturating_add(CSEQ_GAP).min(MAX_CSEQ), ..self }
    }

    /// Whether it has to be kept in place of what is: it leads elsewhere, or our numbers came far above
    /// the one that is kept.
    #[must_use]
    pub fn differs_from(&self, kept: &Self) -> bool {
        self.remote_target != kept.remote_target
            || self.goes_by_hop != kept.goes_by_hop
            || self.remote_source != kept.remote_source
            || self.routes != kept.routes
            || self.hop != kept.hop
            || self.origin != kept.origin
            || self.media_lines != kept.media_lines
            || self.session_seconds != kept.session_seconds
            || self.cseq.saturating_sub(kept.cseq) >= CSEQ_UNKEPT
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn snapshot(cseq: u32) -> DialogSnapshot {
        DialogSnapshot {
            sip_call_id: "5f0c".into(),
            local: "<sip:493012345@pbx.example>;tag=1".into(),
            remote: "<sip:100@pbx.example>;tag=2".into(),
            remote_target: "sip:100@192.0.2.7:5062".into(),
            goes_by_hop: false,
            remote_source: None,
            routes: vec!["<sip:192.0.2.1;lr>".into()],
            cseq,
            remote_cseq: None,
            user: "493012345".into(),
            hop: Hop {
                address: ([192, 0, 2, 1], 5060).into(),
                transport: Transport::Udp,
                name: "pbx.example".into(),
            },
            origin: Some(SdpOrigin { id: 5, version: 1, address: None }),
            media_lines: Vec::new(),
            session_seconds: None,
        }
    }

    #[test]
    fn a_description_is_named_by_its_second_line() {
        let sdp = "v=0\r\no=- 18446744073709551615 7 IN IP4 192.0.2.1\r\ns=-\r\n";
        let address = Some([192, 0, 2, 1].into());
        assert_eq!(SdpOrigin::of(sdp), Some(SdpOrigin { id: u64::MAX, version: 7, address }));
        let named = SdpOrigin { id: 1, version: 2, address: None };
        assert_eq!(SdpOrigin::of("o=- 1 2 IN IP4 host.example"), Some(named));
        for sdp in ["", "v=0\r\ns=-\r\n", "o=- x 1 IN IP4 h", "o=- 1"] {
            assert_eq!(SdpOrigin::of(sdp), None, "{sdp}");
        }
    }

    #[test]
    fn media_lines_are_kept_where_there_are_several() {
        let sdp = "v=0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n";
        assert_eq!(DialogSnapshot::media_lines_of(sdp), [""; 0]);
        let both = format!("{sdp}m=image 0 udptl t38\r\n");
        let kept = DialogSnapshot::media_lines_of(&both);
        assert_eq!(kept, ["audio 4000 RTP/AVP 8", "image 0 udptl t38"]);
    }

    #[test]
    fn a_dialog_is_kept_again_when_it_leads_elsewhere_and_not_for_each_request() {
        let kept = snapshot(7);
        assert!(!snapshot(7).differs_from(&kept));
        assert!(!DialogSnapshot { remote_cseq: Some(3), ..snapshot(900) }.differs_from(&kept));
        assert!(snapshot(1_007).differs_from(&kept));
        let moved = "sip:100@192.0.2.8".to_owned();
        assert!(DialogSnapshot { remote_target: moved, ..snapshot(7) }.differs_from(&kept));
        assert!(DialogSnapshot { routes: Vec::new(), ..snapshot(7) }.differs_from(&kept));
        let origin = Some(SdpOrigin { id: 5, version: 2, address: None });
        assert!(DialogSnapshot { origin, ..snapshot(7) }.differs_from(&kept));
        let media_lines = vec!["audio 20000 RTP/AVP 8".into(), "image 0 udptl t38".into()];
        assert!(DialogSnapshot { media_lines, ..snapshot(7) }.differs_from(&kept));
        assert!(DialogSnapshot { session_seconds: Some(90), ..snapshot(7) }.differs_from(&kept));
    }

    #[test]
    fn what_an_earlier_version_has_kept_can_be_read() {
        let kept = r#"{"sipCallId":"5f0c","local":"<sip:493012345@pbx.example>;tag=1",
            "remote":"<sip:100@pbx.example>;tag=2","remoteTarget":"sip:100@192.0.2.7:5062",
            "remoteSource":null,"routes":["<sip:192.0.2.1;lr>"],"cseq":7,"remoteCseq":null,
            "user":"493012345",
            "hop":{"address":"192.0.2.1:5060","transport":"udp","name":"pbx.example"},
            "origin":{"id":5,"version":1},"sessionSeconds":null}"#;
        assert_eq!(serde_json::from_str::<DialogSnapshot>(kept).unwrap(), snapshot(7));
        // What an earlier version may have to read has nothing new where that is not needed.
        let written = serde_json::to_string(&snapshot(7)).unwrap();
        assert!(!written.contains("mediaLines"), "{written}");
    }

    proptest! {
        /// Whoever goes on with it numbers its requests above all that may have been sent since the
        /// dialog was kept, and never beyond what SIP allows.
        #[test]
        fn the_next_owner_numbers_above_all_that_was_sent_without_being_kept(
            first in 1..1_000_000_u32,
            sent in 0..3_000_u32,
            owners in 1..5_u32,
        ) {
            let mut kept = snapshot(first);
            for _ in 0..owners {
                let mut now = kept.clone();
                for _ in 0..sent {
                    now.cseq = (now.cseq + 1).min(MAX_CSEQ);
                    if now.differs_from(&kept) {
                        kept = now.clone();
                    }
                }
                let next = kept.clone().taken_over();
                prop_assert!(next.cseq > now.cseq && next.cseq <= MAX_CSEQ);
                prop_assert!(next.differs_from(&kept));
                kept = next;
            }
        }
    }
}
