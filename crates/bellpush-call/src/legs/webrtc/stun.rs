//! Reads from a STUN message whom it is for.
//!
//! Only enough of RFC 8489 for that, and for keeping messages that no browser makes from the parser;
//! ICE itself checks a message's integrity.

const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
/// The class of responses, in the first two bytes (RFC 8489 section 5).
const RESPONSE: u8 = 0x01;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const USERNAME: [u8; 2] = [0x00, 0x06];
const USE_CANDIDATE: [u8; 2] = [0x00, 0x25];
/// RFC 8489 section 6.1: a message fits a datagram that passes every IPv6 network unbroken.
const MAX_BYTES: usize = 1_280;
/// A browser's check has ten.
const MAX_ATTRIBUTES: usize = 32;

/// Which call a STUN message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StunTarget<'a> {
    /// It is a check: the call with this user fragment. A check's user name is "ours:theirs" (RFC
    /// 8445 section 7.2.2).
    Ufrag(&'a str),
    /// It is an answer: the call that has asked the address where it comes from.
    Sender,
}

/// Whether the datagram's first byte is one of STUN (RFC 7983).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
}

/// Whether it is worth parsing: no browser makes longer messages, or such with more attributes. Who
/// knows no password can send them, too, so that a parser's work has to be bounded before.
pub(crate) fn is_within_limits(datagram: &[u8]) -> bool {
    datagram.len() <= MAX_BYTES
        && attributes(datagram)
            .is_some_and(|found| found.take(MAX_ATTRIBUTES + 1).count() <= MAX_ATTRIBUTES)
}

/// The call that a message within the limits is for.
pub(crate) fn target(datagram: &[u8]) -> Option<StunTarget<'_>> {
    if !is_within_limits(datagram) {
        return None;
    }
    let kind = datagram.first_chunk::<2>()?;
    if *kind == BINDING_REQUEST {
        let (_, name) = attributes(datagram)?.find(|(kind, _)| *kind == USERNAME)?;
        let (ours, _) = std::str::from_utf8(name).ok()?.split_once(':')?;
        return Some(StunTarget::Ufrag(ours));
    }
    (kind[0] & RESPONSE != 0).then_some(StunTarget::Sender)
}

/// Whether it is a check that nominates the path it comes by (RFC 8445 section 7.1.2).
pub(crate) fn nominates(datagram: &[u8]) -> bool {
    is_stun(datagram)
        && attributes(datagram)
            .is_some_and(|mut found| found.any(|(kind, _)| kind == USE_CANDIDATE))
}

/// The attributes up to the end, or up to one that is cut off.
fn attributes(datagram: &[u8]) -> Option<impl Iterator<Item = ([u8; 2], &[u8])>> {
    let (header, mut rest) = datagram.split_at_checked(HEADER)?;
    if header[4..8] != MAGIC_COOKIE {
        return None;
    }
    Some(std::iter::from_fn(move || {
        let (&[k0, k1, l0, l1], value) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let found = ([k0, k1], value.get(..length)?);
        rest = value.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(found)
    }))
}

#[cfg(test)]
mod tests {
    use bellpush_test_fuzz::Seeds;

    use super::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = [&BINDING_REQUEST[..], &[0, 0], &MAGIC_COOKIE, &[7; 12]].concat();
        for (kind, value) in attributes {
            message.extend(kind.to_be_bytes());
            message.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            message.extend(*value);
            message.resize(message.len().next_multiple_of(4), 0);
        }
        message
    }

    #[test]
    fn the_first_half_of_the_user_name_is_ours() {
        let message = request(&[(0x8022, b"soft!"), (0x0006, b"ours:theirs"), (0x0024, &[0; 4])]);
        assert!(is_stun(&message));
        assert_eq!(target(&message), Some(StunTarget::Ufrag("ours")));
    }

    #[test]
    fn what_is_no_request_for_us_has_no_user_fragment() {
        assert_eq!(target(&request(&[])), None);
        assert_eq!(target(&request(&[(0x0006, b"nocolon")])), None);
        assert_eq!(target(&request(&[(0x0006, &[0xFF, b':'])])), None);
        let mut response = request(&[(0x0006, b"ours:theirs")]);
        response[0] = 1;
        assert_eq!(target(&response), Some(StunTarget::Sender));
        // An indication.
        response[..2].copy_from_slice(&[0x00, 0x11]);
        assert_eq!(target(&response), None);
        // A length beyond the end.
        let mut cut = request(&[(0x0006, b"ours:theirs")]);
        cut.truncate(30);
        assert_eq!(target(&cut), None);
    }

    #[test]
    fn what_no_browser_sends_is_not_parsed() {
        let name = (0x0006, &b"ours:theirs"[..]);
        let with = |count: usize| {
            let odd: Vec<(u16, &[u8])> = vec![(0x0001, &[]); count];
            request(&[&[name], &odd[..]].concat())
        };
        assert!(is_within_limits(&with(31)) && !is_within_limits(&with(32)));
        assert_eq!(target(&with(32)), None);
        let long = |bytes: usize| request(&[name, (0x8022, &vec![b'x'; bytes])]);
        let fits = 1_280 - HEADER - 16 - 4;
        assert!(is_within_limits(&long(fits)) && !is_within_limits(&long(fits + 1)));
        assert_eq!(target(&long(60_000)), None);
        assert_eq!(target(&with(16_000)), None);
    }

    #[test]
    fn fuzz_names_in_checks() {
        let seeds = [
            request(&[(0x0006, b"ours:theirs")]),
            request(&[(0x8022, b"soft!"), (0x0006, b"a:b"), (0x0024, &[0; 4])]),
            request(&[]),
        ];
        Seeds::new(seeds).words([&USERNAME[..], &MAGIC_COOKIE]).run(5_000, |datagram| {
            if let Some(StunTarget::Ufrag(name)) = target(datagram) {
                let there = datagram.windows(name.len() + 1).any(|part| {
                    part.strip_suffix(b":").is_some_and(|part| part == name.as_bytes())
                });
                assert!(is_stun(datagram) && there && !name.contains(':'));
            }
        });
    }
}
