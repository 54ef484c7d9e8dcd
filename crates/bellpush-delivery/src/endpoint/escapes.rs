//! A text in another one that may have escaped it: for URLs, for JSON (once or within a string of
//! another JSON), for HTML, or for two of them, one within the other, each character as it likes.

/// What was found of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// All of it.
    Whole {
        /// Where it ends.
        end: usize,
    },
    /// Its beginning, at the end of the text that was searched.
    Begun {
        /// How many bytes of what was searched that are.
        bytes: usize,
    },
}

/// JSON within a string of JSON has up to so many backslashes before a character.
const MAX_BACKSLASHES: usize = 3;

/// Looks whether `sought` stands in `text` at `start`, a boundary of characters.
pub(super) fn find(sought: &str, text: &str, start: usize) -> Option<Match> {
    let mut ends = vec![start];
    let mut is_begun = false;
    for char in sought.chars() {
        let mut next = Vec::new();
        for end in ends {
            let rest = &text[end..];
            is_begun |= rest.is_empty();
            if let Some(rest) = rest.strip_prefix(char) {
                next.push(text.len() - rest.len());
            }
            // Nearly always nothing can be escaped here.
            if rest.starts_with(is_escape) {
                escapes(char, |escape| {
                    if starts_with(rest, escape) {
                        next.push(end + escape.len());
                    } else if rest.len() < escape.len() && starts_with(escape, rest) {
                        is_begun = true;
                    }
                });
            }
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return is_begun.then_some(Match::Begun { bytes: text.len() - start });
        }
        ends = next;
    }
    ends.last().map(|end| Match::Whole { end: *end })
}

/// Whether an escape begins with the character.
pub(super) const fn is_escape(char: char) -> bool {
    matches!(char, '\\' | '%' | '&' | '+')
}

/// In escapes, capitals make no difference.
fn starts_with(text: &str, beginning: &str) -> bool {
    let begun = text.as_bytes().get(..beginning.len());
    begun.is_some_and(|begun| begun.eq_ignore_ascii_case(beginning.as_bytes()))
}

/// Every way to escape a character.
fn escapes(char: char, mut each: impl FnMut(&str)) {
    let mut bytes = [0; 4];
    let percent: String =
        char.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02x}")).collect();
    each(&percent);
    // A URL within a URL.
    each(&percent.replace('%', "%25"));
    if char == ' ' {
        each("+");
    }
    let code = u32::from(char);
    let references = [
        format!("#{code}"),
        format!("#{code:03}"),
        format!("#x{code:x}"),
        format!("#x{code:02x}"),
        format!("#x{code:04x}"),
    ];
    let references = references.iter().map(String::as_str).chain(entity(char));
    for reference in references {
        each(&format!("&{reference};"));
        // HTML within HTML.
        each(&format!("&amp;{reference};"));
    }
    let mut units = [0; 2];
    let units = char.encode_utf16(&mut units);
    for count in 1..=MAX_BACKSLASHES {
        let slashes = "\\".repeat(count);
        each(&units.iter().map(|unit| format!("{slashes}u{unit:04x}")).collect::<String>());
        // As languages write bytes, and JSON does not.
        if char.is_ascii() {
            each(&format!("{slashes}x{code:02x}"));
        }
        if let Some(letter) = after_backslash(char) {
            each(&format!("{slashes}{letter}"));
            // JSON within HTML.
            if let Some(entity) = entity(letter) {
                each(&format!("{slashes}&{entity};"));
            }
        }
    }
}

/// What HTML calls a character.
const fn entity(char: char) -> Option<&'static str> {
    match char {
        '&' => Some("amp"),
        '<' => Some("lt"),
        '>' => Some("gt"),
        '"' => Some("quot"),
        '\'' => Some("apos"),
        _ => None,
    }
}

const fn after_backslash(char: char) -> Option<char> {
    match char {
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '"' | '\'' | '/' | '\\' => Some(char),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whole_or_as_far_as_it_is_there() {
        let whole = |end| Some(Match::Whole { end });
        assert_eq!(find("a/b", "xa/b", 1), whole(4));
        assert_eq!(find("a/b", "a%2Fb", 0), whole(5));
        assert_eq!(find("a/b", "a%2", 0), Some(Match::Begun { bytes: 3 }));
        assert_eq!(find("a/b", "a\\u00", 0), Some(Match::Begun { bytes: 5 }));
        assert_eq!(find("a/b", "a-b", 0), None);
        assert_eq!(find("a/b", "a%2G", 0), None);
        assert_eq!(find("ë😀", "\\u00EB\\ud83d\\ude00", 0), whole(18));
        assert_eq!(find("ë", "%C3%ab", 0), whole(6));
        // One within the other.
        assert_eq!(find("a/b", "a%252Fb", 0), whole(7));
        assert_eq!(find("a\"b", "a&amp;quot;b", 0), whole(12));
        assert_eq!(find("a\"b", "a\\&quot;b", 0), whole(9));
        assert_eq!(find("a/b", "a\\x2Fb", 0), whole(6));
        assert_eq!(find("a\"b", "a\\&qu", 0), Some(Match::Begun { bytes: 5 }));
        // A character that is a beginning of its own escapes.
        assert_eq!(find("%41", "%2541", 0), whole(5));
        assert_eq!(find("\\\"", "\\\\\\\"", 0), whole(4));
    }
}
