//! What a browser says of itself with each request.

/// Tokens of a `User-Agent`, the more telling ones first: most browsers name others besides.
const BROWSERS: [(&str, &str); 17] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FBAN/", "Facebook"),
    ("Instagram ", "Instagram"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("AppleWebKit/", "WebKit"),
];

/// The family of a browser by its `User-Agent`; `None` of one that is not known.
#[must_use]
pub fn browser_of(user_agent: &str) -> Option<&'static str> {
    BROWSERS.iter().find(|(token, _)| user_agent.contains(token)).map(|(_, name)| *name)
}

/// The language that a browser would like best, by its `Accept-Language`: two letters of ISO 639-1,
/// lower case. `None` where it names none of these first.
#[must_use]
pub fn language_of(accept_language: &str) -> Option<String> {
    let weight = |range: &str| {
        let weight = range.split(';').skip(1).find_map(|part| part.trim().strip_prefix("q="));
        weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok()).unwrap_or(0.0)
    };
    let mut best: Option<(f32, &str)> = None;
    for range in accept_language.split(',').take(32) {
        let weight = weight(range);
        if weight > 0.0 && best.is_none_or(|(so_far, _)| weight > so_far) {
            best = Some((weight, range));
        }
    }
    let tag = best?.1.split(';').next()?.trim();
    let language = tag.split('-').next()?;
    let is_code = language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| language.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_by_what_they_alone_name() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/140.0.0.0 Safari/537.36"), Some("Chrome")),
            (format!("Mozilla/5.0 (X11) {webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"), Some("Edge")),
            (format!("Mozilla/5.0 (X11) {webkit} Chrome/140.0 Safari/537.36 OPR/121.0"), Some("Opera")),
            (format!("Mozilla/5.0 (Linux; Android 14) {webkit} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36"), Some("Samsung Internet")),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(), Some("Firefox")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15".into(), Some("Firefox")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1".into(), Some("Chrome")),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15".into(), Some("Safari")),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148".into(), Some("WebKit")),
            ("curl/8.5.0".into(), None),
            (String::new(), None),
        ] {
            assert_eq!(browser_of(&agent), expected, "{agent}");
        }
    }

    #[test]
    fn the_language_is_the_one_that_is_liked_best() {
        for (header, expected) in [
            ("de-DE,de;q=0.9,en;q=0.8", Some("de")),
            ("en;q=0.5, PT-br", Some("pt")),
            ("fr;q=0.2,ar;q=0.7,he;q=0.7", Some("ar")),
            ("*", None),
            ("fil-PH,en;q=0.5", None),
            ("de;q=0, en;q=0.1", Some("en")),
            ("de;q=x", None),
            ("", None),
            ("12,!!", None),
        ] {
            assert_eq!(language_of(header).as_deref(), expected, "{header}");
        }
    }
}
