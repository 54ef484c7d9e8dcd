//! Requests of far sides that give themselves no tag (RFC 3261 section 12.1.2).
//!
//! The stack below tells transactions apart by that tag too, though their branches would do (section
//! 17.2.3), and drops a request without one. So one stands in for it, between the socket and the dialog.

use std::borrow::Cow;

use rsipstack::sip::{Header, Request};

use super::message_parts::tag;

const STAND_IN: &str = "none.bellpush";
const PARAMETER: &[u8] = b";tag=none.bellpush";

/// Gives the sender of a request a tag, if it has none.
pub(super) fn give(request: &mut Request) {
    for header in request.headers.iter_mut() {
        if let Header::From(from) = header
            && tag(from.value()).is_none()
        {
            *header = Header::From(format!("{};tag={STAND_IN}", from.value()).into());
        }
    }
}

/// The tag of a request's sender as it was sent.
pub(super) fn as_sent(tag: Option<&str>) -> Option<&str> {
    tag.filter(|tag| *tag != STAND_IN)
}

/// Takes the tag that was given off the answer: what stands in `From` is what was asked with (section 8.2.6.2).
pub(super) fn take_off(message: &[u8]) -> Cow<'_, [u8]> {
    if !message.starts_with(b"SIP/2.0 ") {
        return Cow::Borrowed(message);
    }
    let given = message.windows(PARAMETER.len()).position(|window| window == PARAMETER);
    match given.and_then(|at| message.split_at_checked(at)) {
        Some((before, rest)) => [before, &rest[PARAMETER.len()..]].concat().into(),
        None => Cow::Borrowed(message),
    }
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::{HeadersExt as _, SipMessage};

    use super::*;

    #[test]
    fn a_tag_that_was_given_is_in_no_answer() {
        for (from, is_given) in [("<sip:y@h>", true), ("sip:y@h;tag=1", false)] {
            let text = format!(
                "BYE sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: {from}\r\n\
                 To: <sip:x@h>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
            );
            let Ok(SipMessage::Request(mut request)) = SipMessage::try_from(text.as_bytes()) else {
                panic!("{text}")
            };
            give(&mut request);
            let given = request.from_header().unwrap().value().to_owned();
            assert_eq!(as_sent(tag(&given)).is_none(), is_given, "{given}");
            assert!(tag(&given).is_some());
            let answer = format!("SIP/2.0 200 OK\r\nFrom: {given}\r\n\r\n");
            let sent = format!("SIP/2.0 200 OK\r\nFrom: {from}\r\n\r\n");
            assert_eq!(take_off(answer.as_bytes()), sent.as_bytes());
        }
    }
}
