//! Digests (RFC 3261 section 22, RFC 8760): reading a challenge, and its answer.
//!
//! Here and not in the stack below, which knows SHA-256 by another name than the one on the wire.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::Credentials;

/// What a challenge asks for, as far as it can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    opaque: Option<String>,
    algorithm: Option<Algorithm>,
    has_qop: bool,
    pub(super) is_stale: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

/// The value of the header that answers a challenge to a request. `uses` is how often its nonce has been
/// used, this time included.
pub(super) fn authorization(
    challenge: &Challenge,
    credentials: &Credentials,
    (method, uri): (&str, &str),
    cnonce: &str,
    uses: u32,
) -> String {
    let Challenge { realm, nonce, .. } = challenge;
    let Credentials { username, password } = credentials;
    let algorithm = challenge.algorithm.unwrap_or(Algorithm::Md5);
    let secret = algorithm.hash(&format!("{username}:{realm}:{password}"));
    let what = algorithm.hash(&format!("{method}:{uri}"));
    let (response, qop) = if challenge.has_qop {
        let text = format!("{secret}:{nonce}:{uses:08x}:{cnonce}:auth:{what}");
        (algorithm.hash(&text), format!(", qop=auth, nc={uses:08x}, cnonce=\"{cnonce}\""))
    } else {
        (algorithm.hash(&format!("{secret}:{nonce}:{what}")), String::new())
    };
    let (username, realm, nonce) = (escape(username), escape(realm), escape(nonce));
    let mut value = format!(
        "Digest username=\"{username}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\""
    );
    if let Some(algorithm) = challenge.algorithm {
        value += &format!(", algorithm={}", algorithm.name());
    }
    if let Some(opaque) = &challenge.opaque {
        value += &format!(", opaque=\"{}\"", escape(opaque));
    }
    value + &qop
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Reads a challenge; `None` when it is no digest, or asks for what we don't have.
pub(super) fn parse(value: &str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    // No quoted string has control characters (RFC 3261 section 25.1), and what is repeated in the
    // answer must not end its line.
    let is_control = |c: char| c.is_control() && c != '\t';
    if !scheme.eq_ignore_ascii_case("Digest") || rest.contains(is_control) {
        return None;
    }
    let parameters = parameters(rest);
    let get = |name: &str| {
        parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let algorithm = match get("algorithm") {
        None => None,
        Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
        Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
        Some(_) => return None,
    };
    let has_qop = match get("qop") {
        None => false,
        Some(list) if list.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
        Some(_) => return None,
    };
    Some(Challenge {
        realm: get("realm")?.clone(),
        nonce: get("nonce")?.clone(),
        opaque: get("opaque").cloned(),
        algorithm,
        has_qop,
        is_stale: get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
    })
}

/// Splits `a=b, c="d, e"` into its pairs.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        let name: String = std::iter::from_fn(|| rest.next_if(|c| *c != '=')).collect();
        if rest.next().is_none() {
            return pairs;
        }
        let mut value = String::new();
        if rest.next_if_eq(&'"').is_some() {
            while let Some(c) = rest.next() {
                match c {
                    '"' => break,
                    '\\' => value.extend(rest.next()),
                    c => value.push(c),
                }
            }
        } else {
            value.extend(std::iter::from_fn(|| rest.next_if(|c| *c != ',')));
        }
        pairs.push((name.trim().to_owned(), value.trim().to_owned()));
        // What is left before the next comma belongs to nothing.
        while rest.next().is_some_and(|c| c != ',') {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mufasa() -> Credentials {
        Credentials { username: "Mufasa".into(), password: "Circle of Life".into() }
    }

    fn response_of(authorization: &str) -> String {
        parameters(authorization.strip_prefix("Digest ").unwrap())
            .into_iter()
            .find(|(name, _)| name == "response")
            .unwrap()
            .1
    }

    /// RFC 7616 section 3.9.1 has the same request with both algorithms.
    #[test]
    fn the_examples_of_the_rfc_are_answered_as_there() {
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = parse(&format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            ))
            .unwrap();
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let header =
                authorization(&challenge, &mufasa(), ("GET", "/dir/index.html"), cnonce, 1);
            assert_eq!(response_of(&header), expected);
        }
    }

    #[test]
    fn a_challenge_without_qop_is_answered_in_the_old_way() {
        let challenge = parse(
            r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#,
        )
        .unwrap();
        assert!(!challenge.has_qop);
        let header = authorization(&challenge, &mufasa(), ("INVITE", "sip:b@c"), "x", 1);
        assert!(!header.contains("qop"), "{header}");
    }

    #[test]
    fn what_we_can_not_do_is_not_answered() {
        for value in [
            "Basic realm=\"x\"",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
            "Digest nonce=\"y\"",
            "",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }

    #[test]
    fn a_challenge_that_would_break_the_line_of_its_answer_is_not_answered() {
        for (inside, is_answered) in
            [("b\tc", true), ("b\rc", false), ("b\nc", false), ("b\0c", false)]
        {
            let value = format!("Digest realm=\"x\", nonce=\"y\", opaque=\"{inside}\"");
            assert_eq!(parse(&value).is_some(), is_answered, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_survives(text in any::<String>()) {
            let _ = parse(&format!("Digest {text}"));
            let _ = parse(&text);
        }
    }
}
