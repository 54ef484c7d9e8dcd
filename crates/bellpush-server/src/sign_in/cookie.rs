//! The cookie by which a browser that is signed in is known. Its value is random, and only a hash of it
//! is kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bellpush_core::origin::AllowedOrigin;
use cookie::{Cookie, SameSite, time::Duration};
use url::{Host, Url};

use super::LIFETIME;
use crate::{
    http::headers,
    tokens::{CeremonyToken, SignInToken},
};

/// The header that gives a browser its cookie, or takes it away.
pub(crate) type SetCookie = [(HeaderName, HeaderValue); 1];

/// How the cookie is written on this server.
#[derive(Debug, Clone)]
pub(crate) struct Cookies {
    name: String,
    secure: bool,
}

impl Cookies {
    /// For a server whose pages have this origin. On this machine alone, without TLS, the cookie can be
    /// neither `Secure` nor `__Host-`; since cookies don't tell ports apart, its name does.
    pub(crate) fn new(own: &AllowedOrigin) -> Self {
        let url = Url::parse(own.as_str()).ok();
        let plain = url.filter(|url| url.scheme() == "http" && is_loopback(url));
        match plain {
            Some(url) => {
                let port = url.port_or_known_default().unwrap_or_default();
                Self { name: format!("bellpush-{port}"), secure: false }
            }
            None => Self { name: "__Host-bellpush".into(), secure: true },
        }
    }

    /// What a browser shows, if it shows anything of the right form.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<SignInToken> {
        SignInToken::parse(&find(headers, &self.name)?)
    }

    /// Whether a browser that comes back from single sign-on is the one that went there with this.
    pub(crate) fn is_away(&self, headers: &HeaderMap, token: &CeremonyToken) -> bool {
        let shown = find(headers, &self.away_name(token));
        shown.is_some_and(|shown| CeremonyToken::parse(&shown).as_ref() == Some(token))
    }

    /// Lets a browser be known again that goes to single sign-on.
    pub(crate) fn set_away(&self, token: &CeremonyToken, time: std::time::Duration) -> SetCookie {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.header(&self.away_name(token), token.reveal(), Duration::seconds(seconds))
    }

    /// Tabs that go there at once have cookies of their own, of a few names, so that nobody makes a browser keep many.
    fn away_name(&self, token: &CeremonyToken) -> String {
        let last = token.reveal().chars().next_back().unwrap_or('0').to_ascii_lowercase();
        format!("{}-away-{last}", self.name)
    }

    /// Gives a browser its token.
    pub(crate) fn set(&self, token: &SignInToken) -> SetCookie {
        let seconds = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
        self.header(&self.name, token.reveal(), Duration::seconds(seconds))
    }

    /// Takes it away.
    pub(crate) fn clear(&self) -> SetCookie {
        self.header(&self.name, "", Duration::ZERO)
    }

    fn header(&self, name: &str, value: &str, max_age: Duration) -> SetCookie {
        let cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(max_age);
        [(header::SET_COOKIE, headers::value(&cookie.to_string()))]
    }
}

/// The value of a cookie.
fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(origin: &str) -> Cookies {
        Cookies::new(&origin.parse().unwrap())
    }

    #[test]
    fn a_cookie_is_for_one_host_alone_and_for_no_script() {
        let token = SignInToken::random();
        let [(_, value)] = cookies("https://calls.example").set(&token);
        let expected = format!(
            "__Host-bellpush={}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000",
            token.reveal()
        );
        assert_eq!(value.to_str().unwrap(), expected);
    }

    #[test]
    fn only_on_this_machine_a_cookie_goes_without_tls() {
        for (origin, name) in [
            ("http://localhost:8080", "bellpush-8080"),
            ("http://127.0.0.1:9", "bellpush-9"),
            ("http://[::1]:9", "bellpush-9"),
            ("https://localhost:8080", "__Host-bellpush"),
        ] {
            let cookies = cookies(origin);
            assert_eq!(
                (&*cookies.name, cookies.secure),
                (name, name.starts_with("__")),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_and_one_without_the_form_is_none() {
        let (cookies, token) = (cookies("https://calls.example"), SignInToken::random());
        let shown = |text: &str| {
            let headers = HeaderMap::from_iter([(header::COOKIE, text.parse().unwrap())]);
            cookies.token(&headers)
        };
        let token_text = token.reveal();
        assert_eq!(shown(&format!("a=b; __Host-bellpush={token_text}; c=d")), Some(token.clone()));
        assert_eq!(shown(&format!("bellpush-8080={token_text}")), None);
        assert_eq!(shown("__Host-bellpush=short"), None);
    }
}
