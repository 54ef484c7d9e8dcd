//! The form of tags and addresses.

/// Whether a text is an `https:` address without a password in it.
pub(super) fn is_https(text: &str) -> bool {
    text.len() <= 2_000
        && url::Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https"
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
        })
}
