//! SDP fragments (RFC 8840) of WHIP's `PATCH` (RFC 9725 section 4.3): trickled candidates and ICE
//! restarts.
//!
//! The call engine takes whole offers. A restart changes an offer's ICE credentials and nothing
//! else, so that the offer of before with other credentials is the one that the browser means.

/// Characters of a user fragment and of a password (RFC 8839 section 5.4).
const UFRAG_CHARS: std::ops::RangeInclusive<usize> = 4..=256;
const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 22..=256;

const UFRAG: &str = "a=ice-ufrag:";
const PASSWORD: &str = "a=ice-pwd:";

/// The credentials of a fragment. Its candidates are of no interest to an ICE-lite server: it
/// learns where the browser is from the browser's own checks.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fragment {
    ufrag: String,
    password: String,
}

impl Fragment {
    /// Reads a fragment; `None` when it has not one pair of ICE credentials.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let one = |name: &str, chars: std::ops::RangeInclusive<usize>| {
            let mut values = text.lines().filter_map(|line| line.trim_end().strip_prefix(name));
            let plain = |value: &&str| {
                chars.contains(&value.len())
                    && value
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
            };
            let value = values.next().filter(plain).map(str::to_owned);
            // The same again, once a media section, is the same.
            let same = values.all(|other| value.as_deref() == Some(other));
            value.filter(|_| same)
        };
        Some(Self { ufrag: one(UFRAG, UFRAG_CHARS)?, password: one(PASSWORD, PASSWORD_CHARS)? })
    }

    /// Whether the offer has these very credentials, so that the fragment only trickles candidates.
    pub(super) fn is_of(&self, offer: &str) -> bool {
        ufrag_of(offer) == Some(&self.ufrag)
    }

    /// The offer with these credentials, and without the candidates of before.
    pub(super) fn restart(&self, offer: &str) -> String {
        let lines = offer.lines().filter_map(|line| {
            if line.starts_with(UFRAG) {
                Some(format!("{UFRAG}{}\r\n", self.ufrag))
            } else if line.starts_with(PASSWORD) {
                Some(format!("{PASSWORD}{}\r\n", self.password))
            } else if line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates") {
                None
            } else {
                Some(format!("{}\r\n", line.trim_end()))
            }
        });
        lines.collect()
    }
}

/// The ICE user fragment of a description.
pub(super) fn ufrag_of(description: &str) -> Option<&str> {
    description.lines().find_map(|line| line.trim_end().strip_prefix(UFRAG))
}

/// The fragment of an answer: what it says of ICE.
pub(super) fn of_answer(answer: &str) -> String {
    const KEPT: [&str; 7] =
        ["a=ice-lite", "a=ice-options", "m=", "a=mid:", UFRAG, PASSWORD, "a=candidate:"];
    let kept = |line: &&str| KEPT.iter().any(|start| line.starts_with(start));
    let mut fragment: String =
        answer.lines().filter(kept).map(|line| format!("{}\r\n", line.trim_end())).collect();
    fragment.push_str("a=end-of-candidates\r\n");
    fragment
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=group:BUNDLE 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:old1\r\n\
        a=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
        a=fingerprint:sha-256 AA\r\n";
    const NEW: &str = "a=ice-options:trickle ice2\r\na=group:BUNDLE 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=ice-ufrag:new1\r\n\
        a=ice-pwd:ABCDEFGHIJKLMNOPQRSTUV\r\na=candidate:2 1 udp 1 192.0.2.2 9 typ host\r\n";

    #[test]
    fn a_restart_is_the_offer_of_before_with_other_credentials() {
        let fragment = Fragment::parse(NEW).unwrap();
        assert!(!fragment.is_of(OFFER));
        let offer = fragment.restart(OFFER);
        let expected = OFFER
            .replace("old1", "new1")
            .replace("0123456789012345678901", "ABCDEFGHIJKLMNOPQRSTUV")
            .replace("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", "");
        assert_eq!(offer, expected);
        assert!(fragment.is_of(&offer));
    }

    #[test]
    fn the_fragment_of_an_answer_is_what_it_says_of_ice() {
        let answer = OFFER.replacen("a=group", "a=ice-lite\r\na=group", 1);
        assert_eq!(
            of_answer(&answer),
            "a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:old1\r\n\
             a=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
             a=end-of-candidates\r\n"
        );
    }

    #[test]
    fn a_fragment_without_plain_credentials_is_refused() {
        for text in [
            String::new(),
            NEW.replace("a=ice-pwd", "a=ice-password"),
            NEW.replace("new1", "new"),
            NEW.replace("new1", "new 1"),
            format!("{NEW}a=ice-ufrag:other\r\n"),
            NEW.replace("ABCDEFGHIJKLMNOPQRSTUV", "short"),
        ] {
            assert!(Fragment::parse(&text).is_none(), "{text}");
        }
        assert!(Fragment::parse(&format!("{NEW}{NEW}")).is_some(), "once a media section");
    }
}
