//! SIP messages without what is secret: answers to challenges, keys of media, pressed keys.

const MASK: &str = "***";

/// A message as it may be kept. What it is not known to hold, it keeps: telephone numbers and names
/// are what it is read for.
pub(crate) fn masked(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let (head, body) = match text.split_once("\r\n\r\n") {
        Some((head, body)) => (head, Some(body)),
        None => (&*text, None),
    };
    let mut out = String::with_capacity(text.len());
    let mut holds_keys = false;
    let mut is_secret = false;
    for (n, line) in head.split("\r\n").enumerate() {
        if n > 0 {
            out.push_str("\r\n");
        }
        // A line that begins with a space goes on with the header before.
        if n > 0 && line.starts_with([' ', '\t']) && is_secret {
            out.push(' ');
            out.push_str(MASK);
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let name = name.trim();
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        is_secret = n > 0 && (is("Authorization") || is("Proxy-Authorization"));
        if n > 0 && (is("Content-Type") || is("c")) {
            let value = value.to_ascii_lowercase();
            holds_keys = ["dtmf", "digits"].iter().any(|kind| value.contains(kind));
        }
        if is_secret {
            out.push_str(&authorization(line));
        } else {
            out.push_str(&without_passwords(line));
        }
    }
    if let Some(body) = body {
        out.push_str("\r\n\r\n");
        if holds_keys && !body.is_empty() {
            out.push_str(MASK);
        } else {
            out.push_str(&description(body));
        }
    }
    out
}

/// `Authorization: Digest username="u", …, response="…"`: who, where and how, without the proof.
fn authorization(line: &str) -> String {
    let Some((name, value)) = line.split_once(':') else { return MASK.to_owned() };
    let value = value.trim();
    let Some((scheme, rest)) = value.split_once(char::is_whitespace) else {
        return format!("{name}: {MASK}");
    };
    if !scheme.eq_ignore_ascii_case("Digest") {
        return format!("{name}: {scheme} {MASK}");
    }
    let kept = ["username", "realm", "uri", "algorithm", "qop", "nc"];
    let parts: Vec<_> = parameters(rest)
        .map(|parameter| {
            let key = parameter.split('=').next().unwrap_or_default().trim();
            if kept.iter().any(|kept| kept.eq_ignore_ascii_case(key)) {
                parameter.trim().to_owned()
            } else {
                format!("{key}=\"{MASK}\"")
            }
        })
        .collect();
    format!("{name}: {scheme} {}", parts.join(", "))
}

/// The parts between commas that stand outside of quotation marks.
fn parameters(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.split(move |char| {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' => return !is_quoted,
            _ => {}
        }
        false
    })
}

/// `sip:user:password@host` (RFC 3261 section 19.1.1 advises against it, which does not prevent it).
fn without_passwords(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut out = String::new();
    let mut rest = line;
    loop {
        let ahead = &lower[line.len() - rest.len()..];
        let after = |scheme: &str| Some(ahead.find(scheme)? + scheme.len());
        let Some(begin) = ["sip:", "sips:"].into_iter().filter_map(after).min() else { break };
        out.push_str(&rest[..begin]);
        rest = &rest[begin..];
        // User and password may hold what ends the host (section 25.1).
        let end = rest.find([' ', '\t', '>', '"']).unwrap_or(rest.len());
        let uri = &rest[..end];
        match uri.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
            Some((user, host)) => {
                out.push_str(user);
                out.push(':');
                out.push_str(MASK);
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(uri),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// SDP without the keys of SRTP and the password of ICE, on all lines that are taken for ones: also after a
/// bare CR, and with blanks before.
fn description(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for line in body.split_inclusive(['\r', '\n']) {
        let text = line.trim_end_matches(['\r', '\n']);
        match secret_from(text) {
            Some(at) => {
                out.push_str(&text[..at]);
                out.push_str(MASK);
            }
            None => out.push_str(text),
        }
        out.push_str(&line[text.len()..]);
    }
    out
}

/// Where on a line of SDP the secret begins, if it has one.
fn secret_from(line: &str) -> Option<usize> {
    let (kind, value) = line.split_once('=')?;
    let begin = line.len() - value.trim_start().len();
    match kind.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}') {
        "k" => Some(begin),
        "a" if line[begin..].starts_with("ice-pwd:") => Some(begin + "ice-pwd:".len()),
        // RFC 4567.
        "a" if line[begin..].starts_with("key-mgmt:") => Some(begin + "key-mgmt:".len()),
        "a" if line[begin..].starts_with("crypto:") => {
            let key = "inline:";
            Some(line.find(key).map_or(begin + "crypto:".len(), |at| at + key.len()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_answer_to_a_challenge_shows_who_answered_and_not_how() {
        let message = "INVITE sip:7@h SIP/2.0\r\nCall-ID: 1\r\n\
            Proxy-Authorization: Digest username=\"ann\", realm=\"a, b\", nonce=\"n0nce\", \
            uri=\"sip:7@h\", response=\"5ecret\", cnonce=\"c0\", qop=auth, nc=00000001\r\n\
            \tresponse2=\"more5ecret\"\r\nauthorization: Basic 5ecret\r\nTo: <sip:7@h>\r\n\r\n";
        let masked = masked(message.as_bytes());
        for kept in
            ["username=\"ann\"", "realm=\"a, b\"", "qop=auth", "nc=00000001", "To: <sip:7@h>"]
        {
            assert!(masked.contains(kept), "{kept}: {masked}");
        }
        for secret in ["5ecret", "n0nce", "c0\""] {
            assert!(!masked.contains(secret), "{secret}: {masked}");
        }
    }

    #[test]
    fn keys_of_media_and_pressed_keys_are_left_out() {
        let sdp = "SIP/2.0 200 OK\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ecretKey|2^20\r\na=ice-pwd:5ecret\r\n\
            a=sendrecv\r\n";
        let masked_sdp = masked(sdp.as_bytes());
        assert!(!masked_sdp.contains("5ecret"), "{masked_sdp}");
        assert!(masked_sdp.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***\r\n"));
        assert!(masked_sdp.ends_with("a=sendrecv\r\n"));
        for kind in
            ["application/dtmf-relay", "APPLICATION/DTMF", "application/vnd.nortelnetworks.digits"]
        {
            let info = format!("INFO sip:7@h SIP/2.0\r\nc: {kind}\r\n\r\nSignal=5\r\nDuration=160");
            assert!(!masked(info.as_bytes()).contains('5'), "{kind}");
        }
    }

    #[test]
    fn keys_are_left_out_on_whatever_is_read_as_a_line() {
        for before in ["\r", " ", "\t ", "\u{feff}", "\n\u{a0}"] {
            for line in [
                "a=crypto:1 X inline:5ecret",
                "a= crypto:1 X 5ecret",
                "a=ice-pwd:5ecret",
                "a=key-mgmt:mikey 5ecret",
            ] {
                let body = format!("v=0\r\n{before}{line}\ra=sendrecv\r\n");
                let masked = description(&body);
                assert!(!masked.contains("5ecret"), "{masked:?}");
                assert!(masked.ends_with("***\ra=sendrecv\r\n"), "{masked:?}");
            }
        }
    }

    #[test]
    fn a_password_in_an_address_is_left_out_and_the_rest_stays() {
        let line = "From: \"A\" <sip:ann:hu5h@h:5060;user=phone>;tag=1, <sips:bob@h>, sip:h:5060";
        let expected =
            "From: \"A\" <sip:ann:***@h:5060;user=phone>;tag=1, <sips:bob@h>, sip:h:5060";
        assert_eq!(without_passwords(line), expected);
        for (line, expected) in [
            ("Contact: <sips:bob:hu5h@h>, <sip:bob@h>", "Contact: <sips:bob:***@h>, <sip:bob@h>"),
            ("SIP:bob:hu5h@h SIP/2.0", "SIP:bob:***@h SIP/2.0"),
            ("To: <sip:b,o;b?:h,u;5?h@h:5060;lr>", "To: <sip:b,o;b?:***@h:5060;lr>"),
        ] {
            assert_eq!(without_passwords(line), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_masked_without_a_panic(bytes: Vec<u8>, text in "[ -~\r\n]{0,200}") {
            masked(&bytes);
            masked(text.as_bytes());
            let message = format!("INVITE sip:a@b SIP/2.0\r\nX: 1\r\n\r\n{text}");
            let kept = masked(message.as_bytes());
            prop_assert!(kept.starts_with("INVITE sip:a@b SIP/2.0\r\nX: 1\r\n\r\n"));
        }
    }
}
