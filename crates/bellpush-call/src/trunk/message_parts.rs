//! Reading and writing the parts of SIP messages that this edge cares for.

use std::{net::SocketAddr, time::Duration};

use rsipstack::sip::{Header, Headers, Response, Uri, headers::make_header, uri::Auth};

use super::ByeCause;
use crate::Digit;

/// Our User-Agent.
pub(super) const USER_AGENT: &str = concat!("Bellpush/", env!("CARGO_PKG_VERSION"));
/// The methods that we take in a dialog.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO";
/// The extensions that we have.
pub(super) const SUPPORTED: &str = "100rel, timer";

/// A header by its name.
pub(super) fn header(name: &str, value: impl Into<String>) -> Header {
    make_header(name, value.into())
}

/// The first value of a header, whether it is written in full or in its compact form.
pub(super) fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name().eq_ignore_ascii_case(name)).map(Header::value)
}

/// Whether one of the comma-separated tokens of a header is this one.
pub(super) fn has_token(headers: &Headers, name: &str, token: &str) -> bool {
    headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case(name))
        .flat_map(|header| header.value().split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// The status of a response with its reason phrase, as it was sent.
pub(super) fn status_line(response: &Response) -> String {
    format!("{} {}", response.status_code.code(), reason_phrase(response))
}

/// The reason phrase of a response, as it was sent.
pub(super) fn reason_phrase(response: &Response) -> &str {
    let standard = || response.status_code.text();
    response
        .wire_reason
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .unwrap_or_else(standard)
}

/// A host and a port as a URI has them.
pub(super) fn host_port(address: SocketAddr) -> String {
    // `SocketAddr` writes the brackets of IPv6.
    address.to_string()
}

/// Reads a URI. The stack escapes the user part when it writes one, but does not take the escapes
/// off when it reads one; and it takes what is behind a semicolon or a question mark in the user part,
/// such as the context of a local number, for parameters of the URI.
pub(super) fn uri(text: &str) -> Option<Uri> {
    let Some((scheme, user, host)) = split_user(text.trim()) else {
        return Uri::try_from(text).ok();
    };
    let mut uri = Uri::try_from(format!("{scheme}:{host}")).ok()?;
    let mut auth = Auth::from(user);
    auth.user = unescape(&auth.user);
    auth.password = auth.password.map(|password| unescape(&password));
    uri.auth = Some(auth);
    Some(uri)
}

/// The scheme of a URI with a user part, that, and all that comes after it. The last `@` before the host is
/// the one that ends it, whatever may be in it that should have been escaped.
fn split_user(text: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let first = rest.find('@')?;
    let end = rest[first..].find([';', '?']).map_or(rest.len(), |at| first + at);
    let at = rest[..end].rfind('@')?;
    Some((scheme, &rest[..at], &rest[at + 1..]))
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut n = 0;
    while n < bytes.len() {
        let escaped = text
            .get(n + 1..n + 3)
            .filter(|_| bytes[n] == b'%')
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.push(escaped.unwrap_or(bytes[n]));
        n += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

/// The URI inside of a From, To, Contact or Record-Route value: `"Name" <uri>;tag=x` or `uri;tag=x`.
pub(super) fn address(value: &str) -> Option<&str> {
    // A display name in quotes may contain brackets.
    let mut rest = value.trim();
    if let Some(quoted) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.find(|c: char| {
            let is_end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            is_end
        })?;
        rest = quoted.get(end + 1..)?;
    }
    match rest.split_once('<') {
        Some((_, inner)) => inner.split_once('>').map(|(uri, _)| uri.trim()),
        None => rest.split(';').next().map(str::trim).filter(|uri| !uri.is_empty()),
    }
}

/// A parameter of a From, To or Contact value, beside its URI.
pub(super) fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    // Where there are brackets, what is behind the first semicolon outside of them is no part of
    // the URI; where there are none, no URI has parameters of its own (RFC 3261 section 20.10).
    split(value, ';').into_iter().skip(1).find_map(|parameter| {
        let (key, text) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then_some(text.trim())
    })
}

/// How long the far side wants to be left alone (RFC 3261 section 20.33), an hour at most.
pub(super) fn retry_after(headers: &Headers) -> Option<Duration> {
    let text = value(headers, "Retry-After")?;
    let seconds = text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(3_600)))
}

/// The tag of a From or To value.
pub(super) fn tag(value: &str) -> Option<&str> {
    parameter(value, "tag")
}

/// Splits a header that may hold several values, leaving commas in quotes and brackets alone.
pub(super) fn split_list(value: &str) -> Vec<&str> {
    split(value, ',')
}

fn split(value: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut bracketed, mut start) = (false, false, 0);
    let mut parts = Vec::new();
    let mut characters = value.char_indices();
    while let Some((n, c)) = characters.next() {
        match c {
            // A quoted pair: whatever comes next is part of the text (RFC 3261 section 25.1).
            '\\' if quoted => drop(characters.next()),
            '"' => quoted = !quoted,
            '<' if !quoted => bracketed = true,
            '>' if !quoted => bracketed = false,
            c if c == separator && !quoted && !bracketed => {
                parts.push(value[start..n].trim());
                start = n + 1;
            }
            _ => {}
        }
    }
    parts.push(value[start..].trim());
    parts
}

/// The cause that a Reason header names (RFC 3326): Q.850's as it is, a SIP status by its meaning.
pub(super) fn bye_cause(headers: &Headers) -> Option<ByeCause> {
    for part in headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case("Reason"))
        .flat_map(|header| split_list(header.value()))
    {
        let mut parameters = part.split(';').map(str::trim);
        let protocol = parameters.next()?;
        let cause = parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("cause"))
            .and_then(|(_, code)| code.trim().parse::<u16>().ok());
        match cause {
            Some(code) if protocol.eq_ignore_ascii_case("Q.850") => {
                return u8::try_from(code).ok().and_then(ByeCause::from_code);
            }
            // RFC 3326 section 2: answered elsewhere, or simply done.
            Some(200) if protocol.eq_ignore_ascii_case("SIP") => return Some(ByeCause::NORMAL),
            _ => {}
        }
    }
    None
}

/// A Reason header.
pub(super) fn reason(cause: ByeCause) -> Header {
    header("Reason", format!("Q.850;cause={}", cause.code()))
}

/// The key of an INFO request: `application/dtmf-relay` (`Signal=5`) or `application/dtmf` (`5`).
pub(super) fn info_digit(content_type: &str, body: &[u8]) -> Option<Digit> {
    let body = std::str::from_utf8(body).ok()?;
    let kind = content_type.split(';').next()?.trim();
    let text = if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value.trim())
        })?
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        body.trim()
    } else {
        return None;
    };
    let mut characters = text.chars();
    let key = characters.next()?.to_ascii_uppercase();
    match characters.as_str() {
        "" => Digit::try_from(key).ok(),
        // Some write the event code of * and # instead.
        rest => match (key, rest) {
            ('1', "0") => Digit::try_from('*').ok(),
            ('1', "1") => Digit::try_from('#').ok(),
            _ => None,
        },
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
    fn an_address_is_found_in_every_form_of_its_header() {
        for (text, uri) in [
            ("<sip:a@b>;tag=1", "sip:a@b"),
            ("\"A <x> \\\" B\" <sip:a@b;lr>", "sip:a@b;lr"),
            ("Ann <sip:a@b>", "sip:a@b"),
            ("sip:a@b;tag=1", "sip:a@b"),
        ] {
            assert_eq!(address(text), Some(uri), "{text}");
        }
        assert_eq!(address("\"unfinished"), None);
        assert_eq!(address("<sip:a@b"), None);
    }

    #[test]
    fn a_tag_is_found_behind_whatever_is_quoted() {
        for name in [r#""a\"b""#, r#""a\\""#, r#""a\\\"b""#, r#""<x>;tag=y""#, r#""a,\";tag=y""#] {
            let value = format!("{name} <sip:a@b;tag=z>;x=\"\\\";tag=w\";tag=1");
            assert_eq!(tag(&value), Some("1"), "{value}");
            assert_eq!(address(&value), Some("sip:a@b;tag=z"), "{value}");
            assert_eq!(split_list(&format!("{value}, {value}")), [&*value, &*value]);
        }
        assert_eq!(tag("\"unfinished\\"), None);
    }

    #[test]
    fn an_escaped_user_is_written_as_it_was_read() {
        for text in [
            "sip:a%20b@c",
            "sip:+49@c:5070;transport=tcp",
            "sip:c",
            "sip:a:b%20c@d",
            "sips:+4930123;phone-context=+49@10.0.0.9:5062;lr?a=b",
            "sip:a?b@[::1]:5060",
        ] {
            assert_eq!(uri(text).unwrap().to_string().to_lowercase(), text);
        }
    }

    #[test]
    fn a_reason_is_read_by_its_protocol() {
        for (text, cause) in [
            ("Q.850;cause=16;text=\"Normal\"", Some(16)),
            ("SIP;cause=200;text=\"x, y\", Q.850 ;cause= 17", Some(16)),
            ("Q.850;cause=17", Some(17)),
            ("Q.850;cause=999", None),
            ("SIP;cause=480", None),
            ("nonsense", None),
        ] {
            let read = bye_cause(&headers(&[("Reason", text)])).map(ByeCause::code);
            assert_eq!(read, cause, "{text}");
        }
    }

    #[test]
    fn keys_come_in_both_kinds_of_info() {
        let relay = "application/dtmf-relay";
        for (kind, body, key) in [
            (relay, "Signal=5\r\nDuration=160\r\n", Some('5')),
            (relay, "signal = #\nduration=100", Some('#')),
            ("application/dtmf", "*", Some('*')),
            ("application/dtmf", "11", Some('#')),
            (relay, "Duration=160", None),
            ("text/plain", "5", None),
            ("application/dtmf", "55", None),
        ] {
            let read = info_digit(kind, body.as_bytes()).map(|digit| digit.to_string());
            assert_eq!(read, key.map(String::from), "{kind} {body}");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>()) {
            let _ = (address(&text), uri(&text), split_list(&text));
            let _ = info_digit("application/dtmf-relay", text.as_bytes());
            let _ = bye_cause(&headers(&[("Reason", &text)]));
        }
    }
}
