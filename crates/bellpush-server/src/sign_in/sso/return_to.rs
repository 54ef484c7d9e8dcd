//! Where somebody wants to go after signing in: only to pages of our own.

use serde::{Deserialize, Serialize};
use url::Url;

/// Characters of an address, at most.
const MAX_CHARS: usize = 2_000;
/// Where people go who want nothing else.
const HOME: &str = "/studio/";

/// A path of Call Studio's, with query and fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// Of what is asked for; anything but a path of Call Studio's leads to its beginning.
    pub(crate) fn of(asked: Option<&str>) -> Self {
        Self(asked.and_then(own_path).unwrap_or_else(|| HOME.to_owned()))
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The path as a browser understands it, if it is one of ours.
fn own_path(asked: &str) -> Option<String> {
    // Browsers read such characters as others than they look like, or leave them out.
    let odd = |char: char| char == '\\' || char.is_control() || char.is_whitespace();
    if asked.len() > MAX_CHARS || asked.contains(odd) {
        return None;
    }
    let base = Url::parse("https://own.invalid/").ok()?;
    let url = base.join(asked).ok()?;
    let is_own = url.origin() == base.origin() && url.username().is_empty();
    let is_studio = url.path() == "/studio" || url.path().starts_with("/studio/");
    (is_own && is_studio).then(|| url[url::Position::BeforePath..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lands_where_one_wanted_to_go_with_query_and_fragment() {
        for path in ["/studio/apps/app_1/calls?reason=busy&after=x#call_2", "/studio", "/studio/"] {
            assert_eq!(ReturnTo::of(Some(path)).as_str(), path);
        }
        assert_eq!(ReturnTo::of(None).as_str(), HOME);
    }

    #[test]
    fn only_paths_of_our_own_are_followed() {
        for asked in [
            "https://evil.example/studio/",
            "//evil.example/studio/",
            "///evil.example/studio/",
            "/\\evil.example/studio/",
            "\\\\evil.example/studio/",
            "/studio/../../v1/sign-out",
            "/studio/../w/app_1",
            "/studiox",
            "javascript:alert(1)",
            "/studio/\r\nSet-Cookie: a=b",
            "\t//evil.example/studio/",
            "https:evil.example/studio/",
            "/w/app_1",
            "",
        ] {
            assert_eq!(ReturnTo::of(Some(asked)).as_str(), HOME, "{asked:?}");
        }
        assert_eq!(ReturnTo::of(Some(&format!("/studio/{}", "x".repeat(3_000)))).as_str(), HOME);
    }
}
