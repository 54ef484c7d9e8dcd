//! Secrets on their way into URL and headers.

use std::collections::BTreeMap;

use bellpush_core::integration::{EndpointUrl, Piece, SecretName, TextWithSecrets};
use http::{HeaderValue, Uri, header::InvalidHeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use url::Url;

use super::error::EndpointError;

/// The values of an integration's secrets.
pub(super) type Secrets = BTreeMap<SecretName, SecretString>;

/// RFC 3986 2.3: all but the unreserved characters. A secret is data, not syntax of the URL.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Many a secret is more than one segment of a path.
const IN_PATH: &AsciiSet = &IN_QUERY.remove(b'/');
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

/// The value of a secret.
pub(super) fn value<'a>(name: &SecretName, secrets: &'a Secrets) -> Result<&'a str, EndpointError> {
    let found = secrets.get(name).ok_or_else(|| EndpointError::UnknownSecret(name.clone()))?;
    Ok(found.expose_secret())
}

/// A header's value that neither a log nor a compression table may keep.
pub(super) fn sensitive(value: &SecretString) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_bytes(value.expose_secret().as_bytes())?;
    value.set_sensitive(true);
    Ok(value)
}
