//! What a far side says of a call in SIP besides its progress: its place in a queue, and who is at the
//! other end.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    num::NonZeroU32,
};

use bellpush_core::call_notice::CallNotice;
use rsipstack::sip::{Header, Headers, HeadersExt as _, Response};

use super::{
    dialog::to_tag,
    message_parts::{address, has_token, header, reason_phrase, split_list, value},
};

/// The status of a call that waits in a queue (RFC 3261 section 21.1.4).
const QUEUED: u16 = 182;
/// The longest wait that is passed on, in seconds: a day. Whoever expects a longer one expects nothing.
const MAX_WAIT: u32 = 86_400;

/// Where [`tell_apart`] keeps the number of a reliable response.
const RELIABLE_NUMBER: &str = "X-Reliable-Number";

/// Makes a provisional response another one than that before, if it says something else. The stack takes one
/// for a repetition where status, body and RSeq are the same, and passes it on once; but that of a queue
/// differs in its reason phrase alone, and those of several telephones, each of which counts for itself, in
/// their tags.
pub(super) fn tell_apart(response: &mut Response) {
    if !(101..200).contains(&response.status_code.code()) {
        return;
    }
    let number = response.rseq_value();
    let mut hasher = DefaultHasher::new();
    (to_tag(response), number, reason_phrase(response)).hash(&mut hasher);
    let [a, b, c, d, ..] = hasher.finish().to_be_bytes();
    response.headers.retain(|header| {
        let name = header.name();
        !["RSeq", RELIABLE_NUMBER].iter().any(|ours| name.eq_ignore_ascii_case(ours))
    });
    if let Some(number) = number {
        response.headers.push(header(RELIABLE_NUMBER, number.to_string()));
    }
    let different = u32::from_be_bytes([a, b, c, d]);
    response.headers.push(Header::RSeq(different.to_string().into()));
}

/// The number of a response that was told apart, if it has one: the far side wants to know that we have it
/// (RFC 3262).
pub(super) fn reliable_number(response: &Response) -> Option<u32> {
    let number = value(&response.headers, RELIABLE_NUMBER)?.parse().ok();
    number.filter(|_| has_token(&response.headers, "Require", "100rel"))
}

/// What a provisional response says of a queue. Where in it, and for how long, is in words that no
/// standard fixes: those of RFC 3261's example ("5 calls queued; expected waiting time is 15 minutes") and
/// their like are read, and of others only that there is a queue.
pub(super) fn queued(response: &Response) -> Option<CallNotice> {
    if response.status_code.code() != QUEUED {
        return None;
    }
    let phrase = reason_phrase(response).to_ascii_lowercase();
    let words: Vec<&str> = phrase
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    Some(CallNotice::Queued { position: position(&words), wait_seconds: wait(&words) })
}

/// The number in "5 calls queued", "position 5", "position in queue is 5", "number 5 in the queue".
fn position(words: &[&str]) -> Option<u32> {
    let numbered = |n: usize| words.get(n).and_then(|word| number(word));
    words.iter().enumerate().find_map(|(n, word)| match *word {
        "call" | "calls" | "caller" | "callers" => n.checked_sub(1).and_then(numbered),
        "position" | "number" | "place" => {
            let stop =
                words.iter().skip(n + 1).position(|word| *word == "wait" || *word == "waiting");
            let end = stop.map_or(words.len(), |stop| n + 1 + stop).min(n + 5);
            (n + 1..end).find_map(|at| numbered(at).filter(|_| unit(words.get(at + 1)).is_none()))
        }
        _ => None,
    })
}

/// The seconds in "15 minutes", "90 s", "1 hour 20 min".
fn wait(words: &[&str]) -> Option<u32> {
    let parts: Vec<u32> = words
        .windows(2)
        .filter_map(|pair| number(pair.first()?)?.checked_mul(unit(pair.get(1))?))
        .collect();
    let total = parts.iter().try_fold(0_u32, |total, part| total.checked_add(*part))?;
    (!parts.is_empty()).then_some(total).filter(|seconds| *seconds <= MAX_WAIT)
}

fn number(word: &str) -> Option<u32> {
    word.parse::<NonZeroU32>().ok().map(NonZeroU32::get)
}

/// The seconds of a unit of time.
fn unit(word: Option<&&str>) -> Option<u32> {
    match *word? {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hour" | "hours" => Some(3_600),
        _ => None,
    }
}

/// Who is at the other end of an answered call, as far as the far side names them: by
/// P-Asserted-Identity (RFC 3325), or by Remote-Party-ID, which older systems send in its place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ConnectedParty(Option<String>);

impl ConnectedParty {
    /// The one that the answer to the INVITE names.
    pub(super) fn of(headers: &Headers) -> Self {
        Self(identity(headers))
    }

    /// Takes a re-INVITE or UPDATE in. One that names another than before tells of a transfer: the phone
    /// system has connected somebody else. The first one that is named at all is no change.
    pub(super) fn changed(&mut self, headers: &Headers) -> Option<CallNotice> {
        let named = identity(headers)?;
        let before = self.0.replace(named);
        (before.is_some() && before != self.0).then_some(CallNotice::Transferred)
    }
}

/// The URI of the identity, without what stands around it.
fn identity(headers: &Headers) -> Option<String> {
    let value =
        value(headers, "P-Asserted-Identity").or_else(|| value(headers, "Remote-Party-ID"))?;
    let uri = address(split_list(value).first()?)?.split(';').next()?.trim();
    (!uri.is_empty()).then(|| uri.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsipstack::sip::{Header, SipMessage};

    use super::*;

    fn response(status: u16, phrase: &str) -> Response {
        let text = format!("SIP/2.0 {status} {phrase}\r\nContent-Length: 0\r\n\r\n");
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    fn queue(position: Option<u32>, wait_seconds: Option<u32>) -> Option<CallNotice> {
        Some(CallNotice::Queued { position, wait_seconds })
    }

    #[test]
    fn a_queue_is_read_from_the_words_that_phone_systems_use() {
        for (phrase, expected) in [
            ("5 calls queued; expected waiting time is 15 minutes", queue(Some(5), Some(900))),
            ("Queued", queue(None, None)),
            ("Position 3", queue(Some(3), None)),
            ("Position in queue is 3, wait 90 s", queue(Some(3), Some(90))),
            ("Queued, you are number 12", queue(Some(12), None)),
            ("Wait time 1 hour 20 min", queue(None, Some(4_800))),
            ("Position unknown, wait 5 minutes", queue(None, Some(300))),
            ("0 calls queued", queue(None, None)),
            ("99999999999 calls queued; 99999999 hours", queue(None, None)),
            ("4000000000 hours", queue(None, None)),
        ] {
            assert_eq!(queued(&response(182, phrase)), expected, "{phrase}");
        }
        assert_eq!(queued(&response(180, "5 calls queued")), None);
    }

    proptest! {
        #[test]
        fn no_reason_phrase_is_too_odd(phrase in "[^\r\n]{0,80}") {
            queued(&response(182, &phrase));
        }
    }

    fn named(name: &str, value: &str) -> Headers {
        vec![Header::Other(name.into(), value.into())].into()
    }

    #[test]
    fn another_identity_at_the_other_end_is_a_transfer() {
        let mut party = ConnectedParty::of(&named("P-Asserted-Identity", "<sip:100@pbx.example>"));
        let same = named("p-asserted-identity", "\"Ann\" <SIP:100@pbx.example;user=phone>");
        assert_eq!(party.changed(&same), None);
        assert_eq!(party.changed(&Headers::default()), None);
        let other = named("Remote-Party-ID", "<sip:200@pbx.example>;party=called");
        assert_eq!(party.changed(&other), Some(CallNotice::Transferred));
        assert_eq!(party.changed(&other), None);
    }

    #[test]
    fn who_it_is_stands_in_the_address_and_not_in_the_name_before_it() {
        for (before, after, is_other) in [
            ("\"Desk <1>\" <sip:100@pbx>", "\"Desk <2>\" <sip:100@pbx>", false),
            ("\"Sales <100>\" <sip:200@pbx>", "\"Sales <100>\" <sip:300@pbx>", true),
            ("\"Desk, second\" <sip:100@pbx>, <tel:+1>", "<sip:100@pbx>", false),
        ] {
            let mut party = ConnectedParty::of(&named("P-Asserted-Identity", before));
            let notice = party.changed(&named("P-Asserted-Identity", after));
            assert_eq!(notice.is_some(), is_other, "{before} {after}");
        }
    }

    #[test]
    fn the_first_one_who_is_named_is_no_transfer() {
        let mut party = ConnectedParty::default();
        let first = named("P-Asserted-Identity", "sip:100@pbx.example, tel:+15550100");
        assert_eq!(party.changed(&first), None);
        let other = named("P-Asserted-Identity", "<sip:200@pbx.example>");
        assert_eq!(party.changed(&other), Some(CallNotice::Transferred));
    }
}
