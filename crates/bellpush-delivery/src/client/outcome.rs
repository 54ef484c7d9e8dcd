//! What came of a request: its status, or why there is none, and the words for the delivery log.

use std::{error::Error, io, time::Duration};

use bellpush_core::delivery::FailureClass;
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::rfc2822};

use super::connector::ConnectError;

/// How much of an answer's body is kept, in bytes.
pub const KEPT_BYTES: usize = 4_096;

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
}

/// How the reading of a body ended.
pub(super) enum BodyEnd {
    /// At its end, or at what is kept of it.
    Read,
    /// Before its end.
    Broken(String),
    /// The time was over.
    TimedOut,
}

impl Outcome {
    /// There was no answer.
    pub(crate) fn none(failure: FailureClass, detail: impl Into<String>) -> Self {
        let detail = snippet(detail.into().as_bytes());
        let headers = HeaderMap::new();
        Self { status: None, headers, failure: Some(failure), retry_after: None, detail }
    }

    /// There was no answer in time.
    pub(super) fn none_within(limit: Duration) -> Self {
        let detail = format!("no answer within {} ms", limit.as_millis());
        Self::none(FailureClass::TimedOut, detail)
    }

    /// There was none, because of this error.
    pub(super) fn from_error(error: &(dyn Error + 'static)) -> Self {
        if let Some(error) = find::<ConnectError>(error) {
            let class = match error {
                ConnectError::Forbidden(_) | ConnectError::PlainHttp => FailureClass::Forbidden,
                _ => FailureClass::Connect,
            };
            return Self::none(class, error.to_string());
        }
        if let Some(error) = find::<rustls::Error>(error) {
            return Self::none(FailureClass::Tls, format!("TLS failed: {error}"));
        }
        let connecting = find::<hyper_util::client::legacy::Error>(error)
            .is_some_and(hyper_util::client::legacy::Error::is_connect);
        if connecting {
            return Self::none(FailureClass::Connect, format!("no connection: {}", deepest(error)));
        }
        Self::none(FailureClass::Protocol, format!("no valid answer: {}", deepest(error)))
    }

    /// There was one. A status other than 2xx says all; of a 2xx, the body must come in time too.
    pub(super) fn from_response(
        status: StatusCode,
        headers: HeaderMap,
        body: &[u8],
        end: BodyEnd,
        now: Timestamp,
    ) -> Self {
        let (failure, detail) = match end {
            _ if !status.is_success() => (Some(FailureClass::Status), snippet(body)),
            BodyEnd::Read => (None, snippet(body)),
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
        Self { status: Some(status.as_u16()), headers, failure, retry_after, detail }
    }
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// Keeps the text of what an endpoint said: at most 4 KiB, without control characters.
fn snippet(bytes: &[u8]) -> String {
    let kept = bytes.get(..KEPT_BYTES).unwrap_or(bytes);
    let replaced = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    let mut text: String = String::from_utf8_lossy(kept).chars().map(replaced).collect();
    text.truncate(text.floor_char_boundary(KEPT_BYTES));
    text
}

/// The first error of this type among an error and its causes, those inside an `io::Error` too.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref::<E>())
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        // An `io::Error` skips the error that it wraps: its `source` is that one's source.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use bellpush_test_fuzz::Seeds;

    use super::*;

    #[test]
    fn a_snippet_keeps_text_and_replaces_what_a_log_cannot_hold() {
        assert_eq!(snippet(b"fine\n\ttext \xc3\xa4"), "fine\n\ttext \u{e4}");
        assert_eq!(snippet(b"a\0b\x1b[31m\r"), "a\u{fffd}b\u{fffd}[31m\u{fffd}");
        for long in [vec![b'x'; 10_000], vec![0xff; 10_000], "\u{e4}".repeat(5_000).into_bytes()] {
            let text = snippet(&long);
            assert!(text.len() <= KEPT_BYTES && text.len() > KEPT_BYTES - 4);
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let now: Timestamp = "2026-03-01T09:30:00Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 01 Mar 2026 09:31:00 GMT", Some(60)),
            ("Sun, 01 Mar 2026 09:29:00 GMT", Some(0)),
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
            (200, BodyEnd::TimedOut, Some(FailureClass::TimedOut)),
            (200, BodyEnd::Broken("x".into()), Some(FailureClass::Protocol)),
            (302, BodyEnd::Read, Some(FailureClass::Status)),
            (410, BodyEnd::TimedOut, Some(FailureClass::Status)),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let headers = HeaderMap::new();
            let outcome = Outcome::from_response(status, headers, b"", end, Timestamp::UNIX_EPOCH);
            assert_eq!(outcome.failure, failure, "{status}");
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
