//! A dialog as it is kept, and one that is taken up again as it was kept.

use std::sync::{Arc, atomic::Ordering};

use bellpush_core::trunk::{self as kept, DialogSnapshot, Transport};

use super::Dialog;
use crate::trunk::{
    SipTransport,
    message_parts::{address, tag, uri},
    resolver::Hop,
};

impl Dialog {
    /// What is kept of it, without its session; `hop` is where its last request went. `None` when it can't be
    /// named.
    pub(in crate::trunk) fn snapshot(&self, hop: &Hop) -> Option<DialogSnapshot> {
        Some(DialogSnapshot {
            sip_call_id: self.call_id.clone(),
            local: bare(&self.local)?,
            remote: bare(&self.remote)?,
            remote_target: self.remote_target.to_string(),
            goes_by_hop: !self.is_target_named,
            remote_source: self.remote_source,
            routes: self.routes.clone(),
            cseq: self.cseq.load(Ordering::Relaxed),
            remote_cseq: self.remote_cseq,
            user: self.user.clone(),
            hop: hop.into(),
            origin: None,
            media_lines: Vec::new(),
            session_seconds: None,
        })
    }

    /// The dialog that was kept so; `None` when the far side's address can't be read.
    pub(in crate::trunk) fn restore(kept: &DialogSnapshot) -> Option<Self> {
        Some(Self {
            call_id: kept.sip_call_id.clone(),
            local: kept.local.clone(),
            remote: kept.remote.clone(),
            remote_target: uri(&kept.remote_target)?,
            is_target_named: !kept.goes_by_hop,
            remote_source: kept.remote_source,
            routes: kept.routes.clone(),
            cseq: Arc::new(kept.cseq.into()),
            remote_cseq: kept.remote_cseq,
            user: kept.user.clone(),
        })
    }
}

/// An address with its tag alone, if it has one: a name beside it may be what a visitor typed.
fn bare(value: &str) -> Option<String> {
    let tag = tag(value).map_or_else(String::new, |tag| format!(";tag={tag}"));
    Some(format!("<{}>{tag}", address(value)?))
}

impl From<&Hop> for kept::Hop {
    fn from(hop: &Hop) -> Self {
        let Hop { address, transport, name } = hop;
        let transport = match transport {
            SipTransport::Udp => Transport::Udp,
            SipTransport::Tcp => Transport::Tcp,
            SipTransport::Tls => Transport::Tls,
        };
        Self { address: *address, transport, name: name.clone() }
    }
}

impl From<&kept::Hop> for Hop {
    fn from(kept::Hop { address, transport, name }: &kept::Hop) -> Self {
        Self { address: *address, transport: (*transport).into(), name: name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsipstack::{
        sip::{HeadersExt as _, Request, Response, SipMessage},
        transaction::key::{TransactionKey, TransactionRole},
    };

    use super::{super::RequestMatch, *};
    use crate::DisplayName;

    fn hop() -> Hop {
        let address = ([192, 0, 2, 1], 5060).into();
        Hop { address, transport: SipTransport::Tls, name: "pbx.example".into() }
    }

    fn invite(name: &str, cseq: u32) -> Request {
        let text = format!(
            "INVITE sip:100@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: {name}<sip:49@pbx.example>;tag=ours\r\nTo: <sip:100@pbx.example>\r\n\
             Call-ID: 5f0c\r\nCSeq: {cseq} INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn answer(contact: &str, routes: &[String]) -> Response {
        let routes: String =
            routes.iter().map(|route| format!("Record-Route: {route}\r\n")).collect();
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: <sip:49@pbx.example>;tag=ours\r\nTo: \"Desk\" <sip:100@pbx.example>;tag=theirs\r\n\
             Call-ID: 5f0c\r\nCSeq: 1 INVITE\r\nContact: <{contact}>\r\n{routes}\
             Content-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_visitors_name_is_not_kept() {
        let invite = invite("\"Ann <sip:x@y>\" ", 3);
        let dialog = Dialog::from_response(&invite, &answer("sip:a@h", &[]), None, "49").unwrap();
        let kept = serde_json::to_string(&dialog.snapshot(&hop()).unwrap()).unwrap();
        assert!(!kept.contains("Ann") && !kept.contains("Desk"), "{kept}");
        assert!(kept.contains("<sip:49@pbx.example>;tag=ours"), "{kept}");
    }

    /// A request of the far side in the dialog of this INVITE.
    fn bye(invite: &Request, cseq: u32) -> Request {
        let from = invite.from_header().unwrap().value();
        let text = format!(
            "BYE sip:49@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK2\r\n\
             From: \"<x>;tag=z\" <sip:100@pbx.example>;tag=theirs\r\nTo: {from}\r\n\
             Call-ID: 5f0c\r\nCSeq: {cseq} BYE\r\nContent-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    /// The far side's requests are taken, before and after the dialog is taken over.
    fn is_one_dialog_throughout(quoted: &str) {
        let invite = invite(&format!("{quoted} "), 3);
        let answer = answer("sip:a@h", &[]);
        let mut dialog = Dialog::from_response(&invite, &answer, None, "49").unwrap();
        assert_eq!(dialog.match_request(&bye(&invite, 1)), RequestMatch::InOrder, "{quoted}");
        let kept = dialog.snapshot(&hop()).unwrap();
        assert_eq!(kept.local, "<sip:49@pbx.example>;tag=ours", "{quoted}");
        let mut restored = Dialog::restore(&kept).unwrap();
        assert_eq!(restored.match_request(&bye(&invite, 2)), RequestMatch::InOrder, "{quoted}");
    }

    #[test]
    fn parameters_of_a_number_are_part_of_the_user() {
        let contact = "sip:+4930123;phone-context=+49@10.0.0.9:5062";
        let invite = invite("", 3);
        let dialog = Dialog::from_response(&invite, &answer(contact, &[]), None, "49").unwrap();
        let restored = Dialog::restore(&dialog.snapshot(&hop()).unwrap()).unwrap();
        for dialog in [dialog, restored] {
            let next = dialog.next_hop().unwrap();
            assert_eq!(next.host_with_port.to_string(), "10.0.0.9:5062");
            assert_eq!(dialog.remote_target.to_string(), contact);
        }
    }

    #[test]
    fn a_name_with_quotes_and_brackets_does_not_hide_the_tag() {
        for name in [r#"a"b"#, r#"a\"b"#, r"a\", "<x>;tag=y", r#"";tag=y"#] {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            is_one_dialog_throughout(&format!("\"{escaped}\""));
        }
    }

    proptest! {
        /// The stack below reads the address by its own rules, and sends nothing that it can't read.
        #[test]
        fn no_name_keeps_a_request_from_being_sent(name in "\\PC{0,20}|[<>;=:?\\\\\"@sip]{0,12}") {
            if let Ok(name) = DisplayName::try_from(&*name) {
                let invite = invite(&format!("{} ", name.quoted()), 3);
                let key = TransactionKey::from_request(&invite, TransactionRole::Client).unwrap();
                prop_assert!(key.to_string().contains("_ours_"), "{}", key);
            }
        }

        #[test]
        fn no_name_hides_the_tag(name in "\\PC{0,20}|[<>;=\\\\\"@tag]{0,12}") {
            if let Ok(name) = DisplayName::try_from(&*name) {
                is_one_dialog_throughout(&name.quoted());
            }
        }

        /// What is asked in a dialog that was kept is what would have been asked in the dialog itself,
        /// but for its number, which is higher by more than was left unkept.
        #[test]
        fn a_dialog_that_was_kept_asks_the_same_of_the_same(
            user in "[a-z0-9+*#]{1,12}",
            host in "[a-z]{1,8}\\.example",
            port in 1..u16::MAX,
            secure in any::<bool>(),
            is_named in any::<bool>(),
            routes in proptest::collection::vec("<sip:[a-z0-9.]{1,12};lr>", 0..4),
            cseq in 1..100_000_u32,
        ) {
            let user = user.replace('#', "%23");
            let transport = if secure { ";transport=tls" } else { "" };
            let mut answer = answer(&format!("sip:{user}@{host}:{port}{transport}"), &routes);
            answer.headers.0.retain(|header| is_named || header.name() != "Contact");
            let invite = invite("", cseq);
            let dialog = Dialog::from_response(&invite, &answer, None, "49").unwrap();
            let kept = dialog.snapshot(&hop()).unwrap().taken_over();
            let json = serde_json::to_string(&kept).unwrap();
            let kept: DialogSnapshot = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&Hop::from(&kept.hop), &hop());
            let restored = Dialog::restore(&kept).unwrap();
            prop_assert_eq!(restored.next_hop(), dialog.next_hop());
            prop_assert_eq!(&restored.remote_target, &dialog.remote_target);
            prop_assert_eq!(&restored.routes, &dialog.routes);
            prop_assert_eq!(restored.remote_tag(), dialog.remote_tag());
            prop_assert_eq!(tag(&restored.local), Some("ours"));
            prop_assert_eq!(&restored.call_id, invite.call_id_header().unwrap().value());
            prop_assert_eq!(restored.next_cseq(), dialog.next_cseq() + kept::CSEQ_GAP);
        }
    }
}
