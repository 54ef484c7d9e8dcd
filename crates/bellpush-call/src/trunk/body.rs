//! Bodies of messages: finding the SDP.

use std::borrow::Cow;

use rsipstack::sip::{Header, Headers, Response, prelude::HasHeaders as _};

use super::{
    head::fields,
    message_parts::{header, parameter, value},
};

/// Types of bodies that a description of the session is read from.
pub(super) const DESCRIPTIONS: &str = "application/sdp, multipart/mixed";
/// Parts of a multipart body that are looked at, at most.
const MAX_PARTS: usize = 16;
/// How deep one multipart body may be in another.
const MAX_DEPTH: usize = 3;

/// What a request brings with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing, or what may be ignored.
    None,
    /// A description of the session.
    Sdp(String),
    /// What we can't read.
    Unsupported,
}

impl Body {
    /// Reads the body of a request.
    pub(super) fn of(headers: &Headers, body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::None;
        }
        match sdp(headers, body) {
            Some(sdp) => Self::Sdp(sdp),
            // RFC 3261 section 20.11: it says itself that nothing depends on it.
            None if value(headers, "Content-Disposition")
                .and_then(|text| parameter(text, "handling"))
                .is_some_and(|handling| handling.eq_ignore_ascii_case("optional")) =>
            {
                Self::None
            }
            None => Self::Unsupported,
        }
    }
}

/// The headers of a 415: what is read instead (RFC 3261 section 8.2.3).
pub(super) fn accepted(types: &str) -> Vec<Header> {
    vec![header("Accept", types), header("Accept-Encoding", "identity")]
}

/// Whether a body is compressed.
pub(super) fn is_encoded(headers: &Headers) -> bool {
    let encoding = value(headers, "Content-Encoding").or_else(|| value(headers, "e"));
    encoding.is_some_and(is_coding)
}

/// Whether a Content-Encoding names one: not none, and not that there is none.
fn is_coding(encoding: &str) -> bool {
    let encoding = encoding.trim();
    !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
}

/// The SDP of a message: its body, or a part of that (RFC 5621). `None` when there is none.
pub(super) fn sdp(headers: &Headers, body: &[u8]) -> Option<String> {
    if is_encoded(headers) {
        return None;
    }
    let kind = value(headers, "Content-Type").or_else(|| value(headers, "c"))?;
    part_sdp(kind, body, MAX_DEPTH)
}

/// The SDP of a response.
pub(super) fn response_sdp(response: &Response) -> Option<String> {
    sdp(response.headers(), response.body())
}

fn part_sdp(kind: &str, body: &[u8], depth: usize) -> Option<String> {
    let media_type = kind.split(';').next()?.trim();
    if media_type.eq_ignore_ascii_case("application/sdp") {
        return (!body.is_empty()).then(|| text(body));
    }
    let is_multipart =
        media_type.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
    if !is_multipart || depth == 0 {
        return None;
    }
    let boundary = parameter(kind, "boundary")?.trim_matches('"');
    parts(body, boundary).into_iter().find_map(|part| {
        let (head, content) = split_head(part)?;
        let of = |name: &str| {
            fields(head).find_map(|field| {
                let field = String::from_utf8_lossy(field);
                let (key, text) = field.split_once(':')?;
                // It may go on in the next line.
                let is_it = key.trim().eq_ignore_ascii_case(name);
                is_it.then(|| text.trim().replace(['\r', '\n'], ""))
            })
        };
        // RFC 2046 section 6: what is coded in another way is not read.
        let is_plain = of("Content-Transfer-Encoding").is_none_or(|coding| {
            ["7bit", "8bit", "binary"].iter().any(|plain| coding.eq_ignore_ascii_case(plain))
        }) && !of("Content-Encoding").is_some_and(|encoding| is_coding(&encoding));
        part_sdp(&of("Content-Type")?, content, depth - 1).filter(|_| is_plain)
    })
}

/// The parts between the lines of a boundary (RFC 2046 section 5.1). Without the line that closes the
/// last one, that reaches to the end.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let mut starts = Vec::new();
    let mut from = 0;
    let mut is_closed = false;
    while !is_closed
        && starts.len() <= MAX_PARTS
        && let Some(at) = find(&body[from..], mark.as_bytes())
    {
        let at = from + at;
        from = at + mark.len();
        // It begins a line.
        if at == 0 || body[at - 1] == b'\n' {
            starts.push(at);
            is_closed = body[from..].starts_with(b"--");
        }
    }
    if !is_closed && starts.len() <= MAX_PARTS {
        starts.push(body.len());
    }
    let part = |pair: &[usize]| {
        let part = body.get(pair[0] + mark.len()..pair[1])?;
        let line = part.iter().position(|byte| *byte == b'\n')?;
        let part = &part[line + 1..];
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    };
    starts.windows(2).filter_map(part).collect()
}

/// Splits a part into its headers and its content.
fn split_head(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let (at, length) = match (find(part, b"\r\n\r\n"), find(part, b"\n\n")) {
        (Some(at), Some(bare)) if bare < at => (bare, 2),
        (Some(at), _) => (at, 4),
        (None, Some(at)) => (at, 2),
        (None, None) => return None,
    };
    Some((&part[..at], &part[at + length..]))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// SDP is UTF-8 (RFC 8866 section 5), but some write names in Latin-1, where each byte is a
/// character.
fn text(bytes: &[u8]) -> String {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        fields.iter().map(|(name, text)| header(name, *text)).collect::<Vec<_>>().into()
    }

    #[test]
    fn the_sdp_is_found_among_other_parts() {
        let mixed = "multipart/mixed;boundary=\"b 1\"";
        let isup = "--b 1\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x02\r\n";
        let sdp_part = "--b 1\r\nContent-Type: application/sdp\r\n\
            Content-Disposition: session\r\n\r\nv=0\r\ns=-\r\n\r\n";
        let nested = "--b 1\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\
            content-type: APPLICATION/SDP\r\n\r\nv=0\r\n\r\n--in--\r\n\r\n";
        for (body, expected) in [
            (format!("{isup}{sdp_part}--b 1--\r\n"), Some("v=0\r\ns=-\r\n")),
            (format!("preamble\r\n{sdp_part}{isup}--b 1--"), Some("v=0\r\ns=-\r\n")),
            (format!("{nested}--b 1--"), Some("v=0\r\n")),
            (format!("{isup}--b 1--"), None),
            // Nobody says that it is the last one.
            (format!("{isup}{sdp_part}"), Some("v=0\r\ns=-\r\n")),
            // What is behind the end is no part.
            (format!("{isup}--b 1--\r\n{sdp_part}"), None),
            (sdp_part.replace("application", "\r\n application"), Some("v=0\r\ns=-\r\n")),
            (sdp_part.replace("Disposition: session", "Encoding: gzip"), None),
            (sdp_part.replace("Disposition: session", "Encoding: "), Some("v=0\r\ns=-\r\n")),
            ("--b 1".to_owned(), None),
        ] {
            let read = sdp(&headers(&[("Content-Type", mixed)]), body.as_bytes());
            assert_eq!(read.as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn names_in_latin_1_are_read() {
        let read = sdp(&headers(&[("c", "application/sdp")]), b"v=0\r\ns=B\xFCro\r\n");
        assert_eq!(read.as_deref(), Some("v=0\r\ns=B\u{fc}ro\r\n"));
    }

    #[test]
    fn what_can_not_be_read_is_told_from_nothing() {
        for (fields, body, expected) in [
            (vec![], "", Body::None),
            (vec![("Content-Type", "text/plain")], "x", Body::Unsupported),
            (vec![], "x", Body::Unsupported),
            (
                vec![("Content-Type", "application/sdp"), ("Content-Encoding", "gzip")],
                "x",
                Body::Unsupported,
            ),
            (
                vec![
                    ("Content-Type", "text/plain"),
                    ("Content-Disposition", "x;handling=optional"),
                ],
                "x",
                Body::None,
            ),
            (vec![("Content-Type", "application/sdp")], "x", Body::Sdp("x".into())),
            (
                vec![("Content-Type", "application/sdp"), ("Content-Encoding", "")],
                "x",
                Body::Sdp("x".into()),
            ),
        ] {
            assert_eq!(Body::of(&headers(&fields), body.as_bytes()), expected, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = sdp(&headers(&[("Content-Type", "multipart/x;boundary=-")]), &bytes);
            let _ = sdp(&headers(&[("Content-Type", "application/sdp")]), &bytes);
        }
    }
}
