//! What came of a request: its status, or why there is none, and the words for the delivery log.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use bellpush_core::delivery::{FailureClass, exchange::Timing};
use http::{
    HeaderMap, StatusCode,
    header::{AGE, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use jiff::Timestamp;

use super::{
    causes::{deepest, find},
    connector::{ConnectError, Phase},
    http2_error::Http2Error,
    tls_failure,
};

/// How much of an answer's body is kept, in bytes.
pub const KEPT_BYTES: usize = 4_096;
/// The head of an answer, at most.
pub(super) const HEAD_BYTES: usize = 64 * 1024;
/// A head of HTTP/2 that is larger has so many bytes at least as it comes: its code (RFC 7541) takes
/// five bits a letter or more.
const LARGE_HEAD: u64 = HEAD_BYTES as u64 * 5 / 8;
/// Clocks that differ by less are no reason to refuse a signature. Standard Webhooks' own libraries
/// refuse them from five minutes on.
const CLOCKS_DIFFER: Duration = Duration::from_secs(120);

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// Why it is a failure; `None` for a 2xx.
    pub failure: Option<FailureClass>,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The beginning of the answer's body, or what went wrong.
    pub detail: String,
    /// Whether the body did not come to its end, so that what it said last may be half of something.
    pub is_cut: bool,
    /// How long the parts of it took.
    pub timing: Timing,
}

/// How the reading of a body ended.
pub(super) enum BodyEnd {
    /// At its end, or at what is kept of it.
    Read,
    /// With the connection, which no one has said to be all of it.
    Closed,
    /// Before its end.
    Broken(String),
    /// The time was over.
    TimedOut,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// `bytes`: as many came back. `unprocessed`: the endpoint has done nothing with the request.
    #[error("no valid answer: {error}")]
    Http1 {
        #[source]
        error: hyper::Error,
        bytes: u64,
        unprocessed: bool,
    },
    #[error("no valid answer: {error}")]
    Http2 {
        #[source]
        error: Http2Error,
        unprocessed: bool,
        /// Of the largest head that came on the connection, as it came.
        head_bytes: u64,
    },
}

impl ExchangeError {
    /// Whether the endpoint has done nothing with the request, so that it may be sent again.
    pub(super) const fn is_unprocessed(&self) -> bool {
        match self {
            Self::Connect(_) => false,
            Self::Http1 { unprocessed, .. } | Self::Http2 { unprocessed, .. } => *unprocessed,
        }
    }
}

impl Outcome {
    /// There was no answer.
    pub(crate) fn none(failure: FailureClass, detail: impl Into<String>) -> Self {
        let detail = snippet(detail.into().as_bytes());
        let headers = HeaderMap::new();
        let (failure, timing) = (Some(failure), Timing::default());
        let (retry_after, is_cut) = (None, false);
        Self { status: None, headers, failure, retry_after, detail, is_cut, timing }
    }

    /// There was no answer in time.
    pub(super) fn none_within(limit: Duration) -> Self {
        let detail = format!("no answer within {} ms", limit.as_millis());
        Self::none(FailureClass::TimedOut, detail)
    }

    /// There was none, because of this error.
    pub(super) fn from_error(error: &ExchangeError) -> Self {
        if let ExchangeError::Connect(ConnectError::Tls { spoke_http: true, .. }) = error {
            return Self::none(FailureClass::Tls, tls_failure::PLAIN_HTTP);
        }
        if let Some(error) = find::<rustls::Error>(error) {
            return Self::none(FailureClass::Tls, tls_failure::sentence(error));
        }
        match error {
            ExchangeError::Connect(ConnectError::Tls { error, .. }) => {
                Self::none(FailureClass::Tls, tls_failure::without_words(error))
            }
            ExchangeError::Connect(error) => Self::none(connect_class(error), error.to_string()),
            ExchangeError::Http1 { error, bytes, .. } => {
                let detail = if error.is_parse_too_large() {
                    too_large(*bytes)
                } else if *bytes == 0 && (error.is_incomplete_message() || error.is_canceled()) {
                    "no valid answer: the endpoint closed the connection instead".to_owned()
                } else {
                    format!("no valid answer: {}", deepest(error))
                };
                Self::none(FailureClass::Protocol, detail)
            }
            ExchangeError::Http2 { error, head_bytes, .. } => {
                let by_library = error.is_reset_by_library();
                let detail = match error.reason() {
                    // The library refuses a stream of its own accord only for the size of its head.
                    Some(h2::Reason::REFUSED_STREAM) if by_library => too_large(HEAD_BYTES as u64),
                    // So it is when a head is larger than the library begins to unpack.
                    Some(h2::Reason::PROTOCOL_ERROR) if by_library && *head_bytes >= LARGE_HEAD => {
                        too_large(HEAD_BYTES as u64)
                    }
                    Some(h2::Reason::PROTOCOL_ERROR) if by_library => {
                        "no valid answer: it breaks the rules of HTTP/2".to_owned()
                    }
                    _ => format!("no valid answer: {error}"),
                };
                Self::none(FailureClass::Protocol, detail)
            }
        }
    }

    /// There was one. A status other than 2xx says all; of a 2xx, the body must come in time too. `is_whole`:
    /// whether that is all of it that came.
    pub(super) fn from_response(
        status: StatusCode,
        headers: HeaderMap,
        (body, is_whole): (&[u8], bool),
        end: BodyEnd,
        now: Timestamp,
    ) -> Self {
        let is_cut = !is_whole || !matches!(end, BodyEnd::Read);
        let (failure, detail) = match end {
            _ if !status.is_success() => {
                let note = status.is_client_error().then(|| clock_note(&headers, now)).flatten();
                (Some(FailureClass::Status), with_note(note, &in_utf_8(&headers, body)))
            }
            BodyEnd::Read | BodyEnd::Closed => (None, snippet(&in_utf_8(&headers, body))),
            BodyEnd::Broken(error) => {
                let detail = format!("the answer's body broke off: {error}");
                (Some(FailureClass::Protocol), snippet(detail.as_bytes()))
            }
            BodyEnd::TimedOut => {
                let detail = "the answer's body did not end in time".to_owned();
                (Some(FailureClass::TimedOut), detail)
            }
        };
        let retry_after = retry_after(&headers, now);
        let (status, timing) = (Some(status.as_u16()), Timing::default());
        Self { status, headers, failure, retry_after, detail, is_cut, timing }
    }
}

fn connect_class(error: &ConnectError) -> FailureClass {
    match error {
        ConnectError::Forbidden(_) | ConnectError::PlainHttp => FailureClass::Forbidden,
        ConnectError::Tls { .. }
        | ConnectError::ServerName(_)
        | ConnectError::TimedOut { phase: Phase::Handshaking, .. } => FailureClass::Tls,
        ConnectError::Http1(_) | ConnectError::Http2(_) => FailureClass::Protocol,
        ConnectError::NoHost
        | ConnectError::Resolve(_)
        | ConnectError::NoAddress
        | ConnectError::Refused(_)
        | ConnectError::TimedOut { .. }
        | ConnectError::Abandoned => FailureClass::Connect,
    }
}

/// What of a head is too much, after so many bytes.
fn too_large(bytes: u64) -> String {
    if bytes < HEAD_BYTES as u64 {
        // The most that the library reads.
        "no valid answer: it has more than 100 headers".to_owned()
    } else {
        format!("no valid answer: its head is larger than {} KiB", HEAD_BYTES / 1024)
    }
}

/// Says so when the endpoint's clock shows another time than ours: many refuse signatures for it.
fn clock_note(headers: &HeaderMap, now: Timestamp) -> Option<String> {
    // What a cache answers is older than its date would say.
    if headers.contains_key(AGE) {
        return None;
    }
    let date = http_date(headers.get(DATE)?.to_str().ok()?)?;
    let ours = now.as_second() - date.as_second();
    if ours.unsigned_abs() < CLOCKS_DIFFER.as_secs() {
        return None;
    }
    let minutes = ours.unsigned_abs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let by = if hours == 0 { format!("{minutes} min") } else { format!("{hours} h {minutes} min") };
    let which = if ours > 0 { "ahead of" } else { "behind" };
    Some(format!(
        "This server's clock is {by} {which} the endpoint's, which may refuse signatures for it."
    ))
}

fn with_note(note: Option<String>, body: &[u8]) -> String {
    let Some(mut text) = note else { return snippet(body) };
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(&snippet(body));
        text.truncate(text.floor_char_boundary(KEPT_BYTES));
    }
    text
}

/// A date of HTTP, in each of its three forms (RFC 9110 section 5.6.7).
fn http_date(text: &str) -> Option<Timestamp> {
    let since =
        httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = http_date(value)?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// A body as UTF-8, that is UTF-16 by its mark or its `charset`, and is there as a whole. One that was cut
/// is left as it is: it would not be seen any more that a secret at its end may have been cut.
fn in_utf_8<'a>(headers: &HeaderMap, body: &'a [u8]) -> Cow<'a, [u8]> {
    if body.len() > KEPT_BYTES {
        return Cow::Borrowed(body);
    }
    let (read, body_of): (fn([u8; 2]) -> u16, _) = match body {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        // What has no NUL is no such text, whatever is said of it.
        _ if !body.contains(&0) => return Cow::Borrowed(body),
        _ => match charset(headers).as_deref() {
            Some("utf-16le") => (u16::from_le_bytes, body),
            Some("utf-16" | "utf-16be") => (u16::from_be_bytes, body),
            _ => return Cow::Borrowed(body),
        },
    };
    let units: Vec<u16> = body_of.as_chunks().0.iter().copied().map(read).collect();
    Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
}

/// What encoding a text is said to have, in small letters.
fn charset(headers: &HeaderMap) -> Option<String> {
    let parameters = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(value.trim().trim_matches('"').to_ascii_lowercase())
}

/// Keeps the text of what an endpoint said: at most 4 KiB, without control characters.
fn snippet(bytes: &[u8]) -> String {
    let kept = bytes.get(..KEPT_BYTES).unwrap_or(bytes);
    let replaced = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    let text = String::from_utf8_lossy(kept).replace("\r\n", "\n");
    let mut text: String = text.chars().map(replaced).collect();
    text.truncate(text.floor_char_boundary(KEPT_BYTES));
    text
}

#[cfg(test)]
mod tests {
    use bellpush_test_fuzz::Seeds;

    use super::*;

    #[test]
    fn a_snippet_keeps_text_and_replaces_what_a_log_cannot_hold() {
        assert_eq!(snippet(b"fine\n\ttext \xc3\xa4"), "fine\n\ttext \u{e4}");
        assert_eq!(snippet(b"one\r\ntwo\r\n"), "one\ntwo\n");
        assert_eq!(snippet(b"a\0b\x1b[31m\r"), "a\u{fffd}b\u{fffd}[31m\u{fffd}");
        for long in [vec![b'x'; 10_000], vec![0xff; 10_000], "\u{e4}".repeat(5_000).into_bytes()] {
            let text = snippet(&long);
            assert!(text.len() <= KEPT_BYTES && text.len() > KEPT_BYTES - 4);
        }
    }

    #[test]
    fn a_body_of_utf_16_is_read_by_its_mark_or_by_what_is_said_of_it() {
        let read = |content_type: &'static str, body: &[u8]| {
            let content_type = http::HeaderValue::from_static(content_type);
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
            snippet(&in_utf_8(&headers, body))
        };
        let units = || "pÄsswört 😀".encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for (content_type, body) in [
            ("text/plain; charset=UTF-16LE", little.clone()),
            ("text/plain;charset=\"utf-16be\"", big.clone()),
            ("text/plain; charset=utf-16", big.clone()),
            ("text/plain", [&[0xff, 0xfe], &*little].concat()),
            ("text/plain; charset=utf-8", [&[0xfe, 0xff], &*big].concat()),
        ] {
            assert_eq!(read(content_type, &body), "pÄsswört 😀", "{content_type}");
        }
        assert_eq!(read("text/plain; charset=utf-16", "plain".as_bytes()), "plain");
        assert_eq!(read("text/plain; charset=utf-16", b"\0a\0"), "a");
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date_in_all_three_forms() {
        let now: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 01 Mar 2026 09:31:00 GMT", Some(60)),
            ("Sun, 01 Mar 2026 09:29:00 GMT", Some(0)),
            ("Sunday, 01-Mar-26 09:32:00 GMT", Some(120)),
            ("Sunday, 01-Mar-26 09:29:00 GMT", Some(0)),
            ("Sun Mar  1 09:33:00 2026", Some(180)),
            ("Sun Mar  1 09:29:00 2026", Some(0)),
            ("Mon Mar 16 09:30:00 2026", Some(15 * 86_400)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            let wait = retry_after(&headers, now);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn a_status_other_than_2xx_is_what_counts_even_when_the_body_breaks() {
        for (status, end, failure) in [
            (200, BodyEnd::Read, None),
            (204, BodyEnd::Read, None),
            (200, BodyEnd::Closed, None),
            (200, BodyEnd::TimedOut, Some(FailureClass::TimedOut)),
            (200, BodyEnd::Broken("x".into()), Some(FailureClass::Protocol)),
            (302, BodyEnd::Read, Some(FailureClass::Status)),
            (410, BodyEnd::TimedOut, Some(FailureClass::Status)),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let headers = HeaderMap::new();
            let outcome =
                Outcome::from_response(status, headers, (b"", true), end, Timestamp::UNIX_EPOCH);
            assert_eq!(outcome.failure, failure, "{status}");
        }
    }

    #[test]
    fn clocks_that_differ_are_a_sentence_where_a_signature_may_be_refused_for_it() {
        let now: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        for (status, date, words) in [
            (401, "Sun, 01 Mar 2026 08:25:00 GMT", "1 h 5 min ahead of the endpoint's"),
            (400, "Sun, 01 Mar 2026 09:42:00 GMT", "12 min behind the endpoint's"),
            (403, "Sunday, 01-Mar-26 09:42:00 GMT", "12 min behind the endpoint's"),
            (401, "Sun, 01 Mar 2026 09:29:00 GMT", ""),
            (401, "soon", ""),
            (200, "Sun, 01 Mar 2026 08:25:00 GMT", ""),
            (500, "Sun, 01 Mar 2026 08:25:00 GMT", ""),
        ] {
            let code = StatusCode::from_u16(status).unwrap();
            let headers = HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
            let body = "x".repeat(KEPT_BYTES + 1);
            let outcome =
                Outcome::from_response(code, headers, (body.as_bytes(), true), BodyEnd::Read, now);
            assert!(outcome.detail.contains(words), "{status} {date}: {}", outcome.detail);
            assert_eq!(outcome.detail.contains("clock"), !words.is_empty(), "{status} {date}");
            assert_eq!(outcome.detail.len(), KEPT_BYTES);
        }
    }

    #[test]
    fn fuzz_retry_after() {
        let seeds =
            ["120", "Sun, 01 Mar 2026 09:31:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "-5"];
        let words = ["99999999999999999999", "Feb", "+2359", "(a comment)"];
        Seeds::new(seeds).words(words).run(5_000, |bytes| {
            let Ok(value) = http::HeaderValue::from_bytes(bytes) else { return };
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
            let now: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
            let wait = retry_after(&headers, now);
            let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
            assert!(wait.is_some() || !is_number);
            assert!(snippet(bytes).len() <= KEPT_BYTES);
        });
    }
}
