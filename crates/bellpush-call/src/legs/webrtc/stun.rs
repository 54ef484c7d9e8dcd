//! Reads from a STUN binding request whom it is for.
//!
//! Only enough of RFC 8489 for that; ICE itself checks the message's integrity.

const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const USERNAME: [u8; 2] = [0x00, 0x06];

/// Whether the datagram's first byte is one of STUN (RFC 7983).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
}

/// Our own user fragment in a binding request: its user name is "ours:theirs" (RFC 8445 section
/// 7.2.2).
pub(crate) fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    let username = std::str::from_utf8(attribute(datagram, USERNAME)?).ok()?;
    username.split_once(':').map(|(ours, _)| ours)
}

/// The first attribute of this kind in a binding request.
fn attribute(datagram: &[u8], wanted: [u8; 2]) -> Option<&[u8]> {
    let (header, mut attributes) = datagram.split_at_checked(HEADER)?;
    if header[..2] != BINDING_REQUEST || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    while let Some((&[kind_high, kind_low, length_high, length_low], rest)) =
        attributes.split_first_chunk()
    {
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        if [kind_high, kind_low] == wanted {
            return rest.get(..length);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
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
        assert_eq!(local_ufrag(&message), Some("ours"));
    }

    #[test]
    fn what_is_no_request_for_us_has_no_user_fragment() {
        assert_eq!(local_ufrag(&request(&[])), None);
        assert_eq!(local_ufrag(&request(&[(0x0006, b"nocolon")])), None);
        assert_eq!(local_ufrag(&request(&[(0x0006, &[0xFF, b':'])])), None);
        let mut response = request(&[(0x0006, b"ours:theirs")]);
        response[0] = 1;
        assert_eq!(local_ufrag(&response), None);
        // A length beyond the end.
        let mut cut = request(&[(0x0006, b"ours:theirs")]);
        cut.truncate(30);
        assert_eq!(local_ufrag(&cut), None);
    }

    #[test]
    fn fuzz_names_in_checks() {
        let seeds = [
            request(&[(0x0006, b"ours:theirs")]),
            request(&[(0x8022, b"soft!"), (0x0006, b"a:b"), (0x0024, &[0; 4])]),
            request(&[]),
        ];
        Seeds::new(seeds).words([&USERNAME[..], &MAGIC_COOKIE]).run(5_000, |datagram| {
            if let Some(name) = local_ufrag(datagram) {
                let there = datagram.windows(name.len() + 1).any(|part| {
                    part.strip_suffix(b":").is_some_and(|part| part == name.as_bytes())
                });
                assert!(is_stun(datagram) && there && !name.contains(':'));
            }
        });
    }
}
