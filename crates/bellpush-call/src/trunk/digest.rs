//! Digests (RFC 3261 section 22, RFC 8760): reading a challenge, and its answer.
//!
//! Here and not in the stack below, which knows SHA-256 by another name than the one on the wire.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

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
struct Algorithm {
    hash: Hash,
    /// Whether the secret is one of the session, made from the nonces too (`-sess`).
    is_of_session: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
    Sha512Of256,
}

/// What the name of an algorithm ends in whose secret is one of the session.
const OF_SESSION: &str = "-sess";

impl Algorithm {
    const MD5: Self = Self { hash: Hash::Md5, is_of_session: false };

    fn named(name: &str) -> Option<Self> {
        let split = name.split_at_checked(name.len().saturating_sub(OF_SESSION.len()));
        let of_session = split.filter(|(_, end)| end.eq_ignore_ascii_case(OF_SESSION));
        let (name, is_of_session) = of_session.map_or((name, false), |(name, _)| (name, true));
        let mut all = [Hash::Md5, Hash::Sha256, Hash::Sha512Of256].into_iter();
        let hash = all.find(|hash| hash.name().eq_ignore_ascii_case(name))?;
        Some(Self { hash, is_of_session })
    }

    fn name(self) -> String {
        let end = if self.is_of_session { OF_SESSION } else { "" };
        format!("{}{end}", self.hash.name())
    }
}

impl Hash {
    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512Of256 => "SHA-512-256",
        }
    }

    fn of(self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Sha512Of256 => hex(&Sha512_256::digest(text)),
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
    let Algorithm { hash, is_of_session } = challenge.algorithm.unwrap_or(Algorithm::MD5);
    let mut secret = hash.of(&format!("{username}:{realm}:{password}"));
    if is_of_session {
        secret = hash.of(&format!("{secret}:{nonce}:{cnonce}"));
    }
    let what = hash.of(&format!("{method}:{uri}"));
    let (response, qop) = if challenge.has_qop {
        let text = format!("{secret}:{nonce}:{uses:08x}:{cnonce}:auth:{what}");
        (hash.of(&text), format!(", qop=auth, nc={uses:08x}, cnonce=\"{cnonce}\""))
    } else {
        (hash.of(&format!("{secret}:{nonce}:{what}")), String::new())
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
        Some(name) => Some(Algorithm::named(name)?),
    };
    let has_qop = match get("qop") {
        None => false,
        Some(list) if list.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
        Some(_) => return None,
    };
    // Without it there is no place for a nonce of ours, which the secret would be made from.
    if !has_qop && algorithm.is_some_and(|algorithm| algorithm.is_of_session) {
        return None;
    }
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

    /// RFC 7616 section 3.9.1 has the same request with the first two algorithms.
    #[test]
    fn the_examples_of_the_rfc_are_answered_as_there() {
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
            ("SHA-512-256", "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0"),
            ("MD5-sess", "e783283f46242139c486a698fec7211d"),
            ("SHA-256-sess", "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7"),
            (
                "SHA-512-256-sess",
                "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e",
            ),
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
            assert_eq!(response_of(&header), expected, "{algorithm}");
            assert!(header.contains(&format!(", algorithm={algorithm},")), "{header}");
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
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512",
            "Digest realm=\"x\", nonce=\"y\", algorithm=MD5-sess",
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
