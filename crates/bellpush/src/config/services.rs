//! Other servers that this one makes use of.

use anyhow::{anyhow, bail};
use bellpush_server::{MailConfig, MailConfigError, NodeUrl, TurnConfig};
use secrecy::SecretString;

/// Where servers may be that are not there yet.
pub(super) fn node_urls(urls: &[String]) -> anyhow::Result<Vec<NodeUrl>> {
    let parsed =
        urls.iter().map(|url| url.parse().map_err(|error| anyhow!("--node-urls: {error}")));
    parsed.collect()
}

/// The TURN server, if one is named.
pub(super) fn turn(urls: Vec<String>, secret: String) -> anyhow::Result<Option<TurnConfig>> {
    for url in &urls {
        let host = url.strip_prefix("turn:").or_else(|| url.strip_prefix("turns:"));
        if !host.is_some_and(|host| {
            host.starts_with(|first: char| first.is_alphanumeric() || first == '[')
        }) {
            bail!("--turn-urls: {url:?} is not like turn:turn.example:3478?transport=udp");
        }
    }
    match (urls.is_empty(), secret.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(TurnConfig { urls, secret: SecretString::from(secret) })),
        (false, true) => bail!("--turn-secret: write the secret that the TURN server has, too"),
        (true, false) => bail!("--turn-urls: write where the TURN server is, too"),
    }
}

/// The SMTP server, if one is named.
pub(super) fn mail(url: String, from: String) -> anyhow::Result<Option<MailConfig>> {
    match (url.is_empty(), from.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => bail!("--smtp-url: write which server sends mail, too"),
        (false, true) => bail!("--mail-from: write the address that mail comes from, too"),
        (false, false) => {
            let config = MailConfig { url: url.into(), from };
            config.check().map_err(|error| match error {
                MailConfigError::Url => anyhow!("--smtp-url: {error}"),
                MailConfigError::From => anyhow!("--mail-from: {error}"),
            })?;
            Ok(Some(config))
        }
    }
}
