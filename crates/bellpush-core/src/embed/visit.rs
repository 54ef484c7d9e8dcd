//! What real visits report of the pages that embed a widget: where it was shown, and what the page let it
//! have. Nothing of the visitor.

use serde::{Deserialize, Serialize};

use crate::origin::AllowedOrigin;

/// Characters of a path that are kept, at most.
const MAX_PATH_CHARS: usize = 120;
/// Parts of a path that are kept, at most.
const MAX_PARTS: usize = 6;
/// A longer part of a path is more likely a token than a word.
const MAX_PART_CHARS: usize = 40;
/// So many digits are more likely a number of somebody's than a part of a name.
const MAX_DIGITS: usize = 3;
/// What stands for a part that is left out.
const LEFT_OUT: &str = "…";

/// Why browsers showed no widget in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VisitProblem {
    /// The page is none of the app's allowed ones.
    Origin,
    /// The widget key in the page is none of the app.
    WidgetKey,
}

/// What a visit has shown of a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Visit {
    /// The page, as [`visited_page`] writes it.
    pub page: String,
    /// Why the widget was not shown, if it was not.
    pub problem: Option<VisitProblem>,
    /// Whether the page lets the widget have the microphone; `None` where the browser does not tell.
    pub microphone: Option<bool>,
    /// How many pages are around the widget; `None` where the browser does not tell.
    pub frames: Option<u8>,
    /// Whether the loader has brought it in, and not an iframe of the page's own.
    pub loader: Option<bool>,
}

/// A page's address as it may be kept: its origin and path, without what in a path may name somebody, such
/// as a number, an e-mail address or a token.
#[must_use]
pub fn visited_page(origin: &AllowedOrigin, path: Option<&str>) -> String {
    let mut page = origin.as_str().to_owned();
    let Some(path) = path else { return page };
    let end = path.find(['?', '#', ';']).unwrap_or(path.len());
    let path: String =
        path.get(..end).unwrap_or_default().chars().take(4 * MAX_PATH_CHARS).collect();
    let parts = path.split('/').filter(|part| !part.is_empty());
    let mut parts: Vec<_> = parts.map(|part| if is_word(part) { part } else { LEFT_OUT }).collect();
    if parts.len() > MAX_PARTS {
        parts.truncate(MAX_PARTS);
        parts.push(LEFT_OUT);
    }
    let mut room = MAX_PATH_CHARS;
    for part in parts {
        let needed = part.chars().count() + 1;
        if needed > room {
            page.push_str("/…");
            break;
        }
        room -= needed;
        page.push('/');
        page.push_str(part);
    }
    if !page.ends_with(LEFT_OUT) && path.ends_with('/') {
        page.push('/');
    }
    page
}

/// Whether a part of a path is a name that the site gave, as far as that can be seen.
fn is_word(part: &str) -> bool {
    let digits = part.chars().filter(char::is_ascii_digit).count();
    let escaped = part.to_ascii_lowercase().contains("%40");
    part.chars().count() <= MAX_PART_CHARS
        && digits <= MAX_DIGITS
        && !part.contains(['@', '=', '&', '+', ':', '\\'])
        && !part.chars().any(char::is_control)
        && !escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(path: &str) -> String {
        visited_page(&"https://shop.example".parse().unwrap(), Some(path))
    }

    #[test]
    fn pages_are_named_without_what_may_name_a_visitor() {
        for (path, kept) in [
            ("/", "/"),
            ("", ""),
            ("/contact", "/contact"),
            ("/de/hilfe/kontakt/", "/de/hilfe/kontakt/"),
            ("/contact?token=abc", "/contact"),
            ("/contact#me", "/contact"),
            ("/cart;jsessionid=9F", "/cart"),
            ("/orders/48151623/help", "/orders/…/help"),
            ("/user/zoe@example.com", "/user/…"),
            ("/user/zoe%40example.com", "/user/…"),
            ("/a/0192f3c4-5b6a-7c8d-9e0f-a1b2c3d4e5f6/b", "/a/…/b"),
            ("/top-100", "/top-100"),
            ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/…"),
        ] {
            assert_eq!(page(path), format!("https://shop.example{kept}"), "{path}");
        }
        assert_eq!(
            visited_page(&"https://shop.example".parse().unwrap(), None),
            "https://shop.example"
        );
    }

    proptest! {
        #[test]
        fn no_path_makes_a_long_page_or_leaves_many_digits(path in ".{0,400}") {
            let page = page(&path);
            let rest = page.strip_prefix("https://shop.example").unwrap();
            prop_assert!(rest.chars().count() <= MAX_PATH_CHARS + 3);
            let digits = |part: &str| part.chars().filter(char::is_ascii_digit).count();
            prop_assert!(rest.split('/').all(|part| digits(part) <= MAX_DIGITS));
            prop_assert!(!rest.contains(['?', '#', '@']));
        }
    }
}
