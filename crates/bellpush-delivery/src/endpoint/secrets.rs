//! Secrets on their way: into URL and headers, and out of what an endpoint says.

use std::{collections::BTreeMap, fmt};

use bellpush_core::integration::{
    EndpointUrl, IntegrationSettings, Piece, SecretName, TextWithSecrets,
};
use http::{HeaderValue, Uri, header::InvalidHeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use url::Url;

use super::error::EndpointError;
use crate::signing::Signer;

/// The values of an integration's secrets.
pub(super) type Secrets = BTreeMap<SecretName, SecretString>;

/// RFC 3986 2.3: all but the unreserved characters. A secret is data, not syntax of the URL.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Many a secret is more than one segment of a path.
const IN_PATH: &AsciiSet = &IN_QUERY.remove(b'/');
/// What is left of a secret at the end of a text that was cut is found from this length on.
const SHORTEST_REST: usize = 4;

/// The URL with its secrets.
pub(super) fn expand_url(
    url: &EndpointUrl,
    secrets: &Secrets,
) -> Result<SecretString, EndpointError> {
    let mut in_query = false;
    let mut text = Zeroizing::new(String::new());
    for piece in url.text().pieces() {
        match piece {
            Piece::Literal(literal) => {
                in_query |= literal.contains('?');
                text.push_str(literal);
            }
            Piece::Secret(name) => {
                let kept = if in_query { IN_QUERY } else { IN_PATH };
                text.extend(utf8_percent_encode(value(name, secrets)?, kept));
            }
        }
    }
    let parsed = Url::parse(&text).map_err(|_| EndpointError::Url)?;
    // The encoding sees to it already; here it is made sure, whatever the parser of URLs does.
    if !url.leads_to(&parsed) || !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(EndpointError::OtherHost);
    }
    let url = SecretString::from(String::from(parsed));
    url.expose_secret().parse::<Uri>().map_err(|_| EndpointError::Url)?;
    Ok(url)
}

/// The text with its secrets.
pub(super) fn expand(
    text: &TextWithSecrets,
    secrets: &Secrets,
) -> Result<SecretString, EndpointError> {
    let mut expanded = Zeroizing::new(String::new());
    for piece in text.pieces() {
        expanded.push_str(match piece {
            Piece::Literal(literal) => literal,
            Piece::Secret(name) => value(name, secrets)?,
        });
    }
    Ok(expanded.as_str().into())
}

fn value<'a>(name: &SecretName, secrets: &'a Secrets) -> Result<&'a str, EndpointError> {
    let found = secrets.get(name).ok_or_else(|| EndpointError::UnknownSecret(name.clone()))?;
    Ok(found.expose_secret())
}

/// A header's value that neither a log nor a compression table may keep.
pub(super) fn sensitive(value: &SecretString) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_bytes(value.expose_secret().as_bytes())?;
    value.set_sensitive(true);
    Ok(value)
}

/// What stands in the place of a secret that requests are signed with.
const SIGNING_SECRET: &str = "[signing secret]";

/// Takes secrets out of a text: an endpoint may say what it was sent, or what it checks it with.
pub(super) struct Redaction {
    /// What secrets may look like, the longest first, each with what stands in its place.
    looks: Vec<(SecretString, String)>,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction({} looks)", self.looks.len())
    }
}

impl Redaction {
    /// Of the secrets that the settings name, and those that the endpoint knows signatures by.
    pub(super) fn new(settings: &IntegrationSettings, secrets: &Secrets, signer: &Signer) -> Self {
        let named = settings.secrets().filter_map(|(name, _)| {
            let value = SecretString::from(value(name, secrets).ok()?);
            Some((value, format!("{{secret.{name}}}")))
        });
        let shared = signer.shared_secrets().map(|secret| (secret, SIGNING_SECRET.to_owned()));
        let mut looks: Vec<(SecretString, String)> = Vec::new();
        for (value, shown) in named.chain(shared) {
            let value = value.expose_secret();
            let as_json = Zeroizing::new(serde_json::to_string(value).unwrap_or_default());
            for look in [
                value.to_owned(),
                utf8_percent_encode(value, IN_PATH).to_string(),
                utf8_percent_encode(value, IN_QUERY).to_string(),
                as_json.trim_matches('"').to_owned(),
            ] {
                let is_known = looks.iter().any(|(known, _)| known.expose_secret() == look);
                if !is_known && !look.is_empty() {
                    looks.push((look.into(), shown.clone()));
                }
            }
        }
        looks.sort_by_key(|(look, _)| std::cmp::Reverse(look.expose_secret().len()));
        Self { looks }
    }

    /// The text without secrets; `limit`: the length in bytes that it may have been cut at.
    pub(super) fn apply(&self, mut text: String, limit: usize) -> String {
        if text.is_empty() {
            return text;
        }
        // A character that did not fit in may be missing, too.
        if text.len() + char::MAX.len_utf8() > limit {
            let rest = |(look, _): &(SecretString, String)| rest_of(look.expose_secret(), &text);
            if let Some(rest) = self.looks.iter().filter_map(rest).max() {
                text.truncate(text.len() - rest);
            }
        }
        for (look, name) in &self.looks {
            if text.contains(look.expose_secret()) {
                text = text.replace(look.expose_secret(), name);
            }
        }
        text.truncate(text.floor_char_boundary(limit));
        text
    }
}

/// How many bytes at the end of the text are the beginning of a secret.
fn rest_of(look: &str, text: &str) -> Option<usize> {
    let lengths = (SHORTEST_REST..look.len()).rev();
    lengths
        .filter(|length| look.is_char_boundary(*length))
        .find(|length| text.as_bytes().ends_with(&look.as_bytes()[..*length]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signing::SigningSecret;

    const HUSH: &str = "hush/\"4c1d\"&x";

    fn signer() -> Signer {
        Signer::new(SigningSecret::generate([0xfb; 32]))
    }

    fn redaction() -> Redaction {
        let mut settings =
            IntegrationSettings::new("n", "https://hooks.example/{secret.a}".parse().unwrap());
        settings.headers.insert("x-key".into(), "{secret.longer}".parse().unwrap());
        let secrets = [("a", HUSH), ("longer", "hush/\"4c1d\"&x and more"), ("unused", "answer")];
        let secrets = secrets.map(|(name, value)| (name.parse().unwrap(), value.into()));
        Redaction::new(&settings, &secrets.into(), &signer())
    }

    #[test]
    fn a_secret_is_taken_out_of_a_text_in_every_look_that_it_was_sent_in() {
        let signing = SigningSecret::generate([0xfb; 32]).reveal();
        let signing = signing.expose_secret();
        for (said, kept) in [
            (format!("you sent {HUSH}, {HUSH}"), "you sent {secret.a}, {secret.a}"),
            ("GET /hush/%224c1d%22%26x".into(), "GET /{secret.a}"),
            ("?hush%2F%224c1d%22%26x".into(), "?{secret.a}"),
            (r#"{"path":"hush/\"4c1d\"&x"}"#.into(), r#"{"path":"{secret.a}"}"#),
            (format!("{HUSH} and more"), "{secret.longer}"),
            (format!("key {signing}"), "key whsec_[signing secret]"),
            (
                signing.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D"),
                "whsec_[signing secret]",
            ),
            ("an answer of its own".into(), "an answer of its own"),
        ] {
            assert_eq!(redaction().apply(said.clone(), 4_096), kept, "{said}");
        }
    }

    #[test]
    fn a_secret_that_was_cut_off_is_taken_out_as_far_as_it_is_there() {
        for cut in SHORTEST_REST..HUSH.len() {
            let said = format!("you sent {}", &HUSH[..cut]);
            let limit = said.len();
            assert_eq!(redaction().apply(said, limit), "you sent ");
        }
        // In a text that was not cut it is no secret.
        assert_eq!(redaction().apply("be hush".into(), 4_096), "be hush");
    }

    proptest! {
        #[test]
        fn no_secret_whatever_is_left_in_a_text(
            value in "[ -~]{8,40}",
            before in "[ -~]{0,20}",
            after in "[ -~]{0,20}",
        ) {
            let url = "https://hooks.example/{secret.a}".parse().unwrap();
            let secrets = BTreeMap::from([("a".parse().unwrap(), value.as_str().into())]);
            let redaction = Redaction::new(&IntegrationSettings::new("n", url), &secrets, &signer());
            for look in [value.clone(), utf8_percent_encode(&value, IN_PATH).to_string()] {
                let text = redaction.apply(format!("{before}{look}{after}"), 4_096);
                prop_assert!(!text.contains(&look), "{}", text);
            }
        }
    }

    #[test]
    fn a_text_does_not_grow_beyond_its_limit() {
        let said = format!("{HUSH}{}", "x".repeat(20));
        let limit = said.len();
        assert!(redaction().apply("x".repeat(limit), limit).len() <= limit);
        assert!(redaction().apply(said, limit).starts_with("{secret.a}x"));
    }

    #[test]
    fn nothing_of_a_secret_is_shown() {
        assert_eq!(format!("{:?}", redaction()), "Redaction(11 looks)");
    }
}
