//! The heads of messages, as the stack below can read them.
//!
//! It takes a head that is UTF-8 alone, as RFC 3261 section 25.1 wants it, and loses all that stands
//! behind another byte; and it takes a message without a length to have no body.

use std::borrow::Cow;

const END: &[u8] = b"\r\n\r\n";

/// A message whose head is UTF-8. A line that is not is taken to be Latin-1, where each byte is a
/// character: phone systems write names and phrases so. The lines beside it stay as they are.
pub(super) fn in_utf_8(message: &[u8]) -> Cow<'_, [u8]> {
    let (head, rest) = message.split_at(head_length(message).unwrap_or(message.len()));
    if std::str::from_utf8(head).is_ok() {
        return Cow::Borrowed(message);
    }
    let mut read = Vec::with_capacity(message.len() + 64);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        match std::str::from_utf8(line) {
            Ok(line) => read.extend_from_slice(line.as_bytes()),
            Err(_) => {
                let line: String = line.iter().copied().map(char::from).collect();
                read.extend_from_slice(line.as_bytes());
            }
        }
    }
    read.extend_from_slice(rest);
    Cow::Owned(read)
}

/// A message that came as a datagram, with the length of its body in its head: where none is told that
/// can be read, the body reaches to the end of the datagram (RFC 3261 section 18.3).
fn with_length(datagram: &[u8]) -> Cow<'_, [u8]> {
    let Some(length) = head_length(datagram) else { return Cow::Borrowed(datagram) };
    let (head, rest) = datagram.split_at(length);
    // The last one counts, as it does below.
    if fields(head).filter_map(content_length).last().is_some_and(|length| length.is_some()) {
        return Cow::Borrowed(datagram);
    }
    let body = rest.len() - END.len();
    let mut whole = Vec::with_capacity(datagram.len() + 32);
    // A line break of its own would end the head, once what stands before it is gone.
    let stays = |field: &&[u8]| {
        content_length(field).is_none() && !field.starts_with(b"\r") && !field.starts_with(b"\n")
    };
    for field in fields(head).filter(stays) {
        whole.extend_from_slice(field);
    }
    // The last one has no line break: that is where the rest begins.
    if !whole.ends_with(b"\n") {
        whole.extend_from_slice(b"\r\n");
    }
    whole.extend_from_slice(format!("Content-Length: {body}").as_bytes());
    whole.extend_from_slice(rest);
    Cow::Owned(whole)
}

/// Both, of a message that came as a datagram.
pub(super) fn of_datagram(datagram: &[u8]) -> Cow<'_, [u8]> {
    let read = match in_utf_8(datagram) {
        Cow::Borrowed(datagram) => return with_length(datagram),
        Cow::Owned(read) => read,
    };
    let whole = match with_length(&read) {
        Cow::Borrowed(_) => None,
        Cow::Owned(whole) => Some(whole),
    };
    Cow::Owned(whole.unwrap_or(read))
}

/// Whether a datagram ends before its body does: then it is an error, and nothing of it counts (RFC 3261
/// section 18.3).
pub(super) fn is_cut(datagram: &[u8]) -> bool {
    let Some(length) = head_length(datagram) else { return false };
    let (head, rest) = datagram.split_at(length);
    let body = fields(head).filter_map(content_length).last().flatten();
    body.is_some_and(|body| body > rest.len() - END.len())
}

/// Where the head of a message ends: before the line break of its last line. `None` when that has not
/// come.
pub(super) fn head_length(message: &[u8]) -> Option<usize> {
    message.windows(END.len()).position(|window| window == END)
}

/// The start line and the header fields of a head, each with the lines that it goes on in (RFC 3261
/// section 7.3.1).
pub(super) fn fields(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let mut from = 0;
        let end = loop {
            let Some(at) = rest[from..].iter().position(|byte| *byte == b'\n') else {
                break rest.len();
            };
            from += at + 1;
            if !rest.get(from).is_some_and(|byte| b" \t".contains(byte)) {
                break from;
            }
        };
        let (field, next) = rest.split_at(end);
        rest = next;
        (!field.is_empty()).then_some(field)
    })
}

/// What a header field says of the length of the body: `None` when it is another field, and `Some(None)`
/// when it can't be read.
pub(super) fn content_length(field: &[u8]) -> Option<Option<usize>> {
    let colon = field.iter().position(|byte| *byte == b':')?;
    let name = field[..colon].trim_ascii();
    if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
        return None;
    }
    let text = std::str::from_utf8(field[colon + 1..].trim_ascii()).ok();
    Some(text.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rsipstack::sip::SipMessage;

    use super::*;

    const HEAD: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\
        From: \"J\u{f6}rg\" <sip:y@h>;tag=1\r\nTo: <sip:x@h>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE";

    fn read(message: &[u8]) -> (String, Vec<u8>) {
        match SipMessage::try_from(message) {
            Ok(SipMessage::Response(response)) => (response.headers.to_string(), response.body),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_line_that_is_no_utf_8_is_read_as_latin_1() {
        let message =
            [HEAD.as_bytes(), b"\r\nServer: B\xFCro\r\nl: 3\r\n\r\n\xFF\xFE\xFC"].concat();
        let (headers, body) = read(&in_utf_8(&message));
        assert!(headers.contains("\"J\u{f6}rg\"") && headers.contains("B\u{fc}ro"), "{headers}");
        assert_eq!(body, b"\xFF\xFE\xFC");
        let phrase = [b"SIP/2.0 486 f\xFCr Sie".as_slice(), &HEAD.as_bytes()[14..], END].concat();
        assert!(in_utf_8(&phrase).starts_with("SIP/2.0 486 f\u{fc}r Sie\r\n".as_bytes()));
    }

    #[test]
    fn a_body_without_a_length_reaches_to_the_end_of_the_datagram() {
        for length in ["", "\r\nContent-Length: x", "\r\nl :\r\n\t ,", "\r\nl: 9\r\nl: -1"] {
            let message = format!("{HEAD}{length}\r\nServer: x\r\n\r\nbody");
            let whole = with_length(message.as_bytes());
            let (headers, body) = read(&whole);
            assert_eq!(body, b"body", "{length:?}");
            assert!(headers.contains("Server: x\r\n"), "{headers}");
            let last = format!("{HEAD}{length}\r\n\r\nbody");
            assert_eq!(read(&with_length(last.as_bytes())).1, b"body", "{length:?}");
        }
        for length in ["\r\nContent-Length: 2", "\r\nl:\r\n 2", "\r\nL : x\r\nl: 2 "] {
            let message = format!("{HEAD}{length}\r\n\r\nbody");
            assert!(matches!(with_length(message.as_bytes()), Cow::Borrowed(_)), "{length:?}");
        }
    }

    #[test]
    fn a_datagram_that_ends_before_its_body_is_cut() {
        for (length, is_cut_off) in
            [("\r\nl: 5", true), ("\r\nl: 4", false), ("\r\nl: 3", false), ("", false)]
        {
            let message = format!("{HEAD}{length}\r\n\r\nbody");
            assert_eq!(is_cut(&of_datagram(message.as_bytes())), is_cut_off, "{length:?}");
        }
        assert!(!is_cut(b"\r\n\r\n") && !is_cut(HEAD.as_bytes()));
    }

    proptest! {
        #[test]
        fn any_bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let head = |message: &[u8]| head_length(message).map(|end| message[..end].to_vec());
            let message = [b"A: b\r\nl".as_slice(), &bytes].concat();
            for message in [&bytes, &message] {
                let read = in_utf_8(message);
                if let Some(head) = head(&read) {
                    prop_assert!(std::str::from_utf8(&head).is_ok());
                    prop_assert_eq!(fields(&head).collect::<Vec<_>>().concat(), head);
                }
                prop_assert_eq!(&*in_utf_8(&read), &*read);
                let whole = with_length(&read);
                let _ = is_cut(&whole);
                prop_assert_eq!(&*with_length(&whole), &*whole);
            }
        }
    }
}
