//! A text in another one that may have escaped it: for URLs, for JSON (once or within a string of
//! another JSON), for HTML, or for two of them, one within the other, each character as it likes.

use super::{
    form::{Form, starts_with},
    layers::{LAYERS, peel},
    references,
    steps::Steps,
};

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

/// Steps of a search that one of its beginnings takes, and a character that may be escaped.
const STEPS_TO_BEGIN: u32 = 2;
const STEPS_OF_ESCAPE: u32 = 8;
/// Steps that it takes to look below an escape for another one.
const STEPS_OF_LAYER: u32 = 16;

/// UTF-16 or UTF-32 that was read as UTF-8 has up to so many characters of nothing beside each.
const MAX_NOTHING: usize = 3;

/// How a text may be written, beside its escapes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Writing {
    /// In capitals or not, as it likes.
    pub(super) any_case: bool,
    /// Over several lines.
    pub(super) in_lines: bool,
}

impl Writing {
    fn strip_prefix(self, text: &str, char: char) -> Option<&str> {
        text.strip_prefix(|other: char| {
            other == char || (self.any_case && other.eq_ignore_ascii_case(&char))
        })
    }

    /// Whether a text may begin where this character is.
    pub(super) fn begins(self, sought: char, with: char) -> bool {
        self.strip_prefix(with.encode_utf8(&mut [0; 4]), sought).is_some() || is_escape(with)
    }

    /// Calls with each place where the next character may be: at the end of the last one, or behind what is
    /// nothing or the end of a line.
    fn each_place(self, text: &str, end: usize, steps: &Steps, each: &mut dyn FnMut(usize)) {
        each(end);
        let is_nothing = |char: &char| matches!(*char, '\0' | char::REPLACEMENT_CHARACTER);
        let nothing = text[end..].chars().take(MAX_NOTHING).take_while(is_nothing);
        let mut place = end;
        for char in nothing {
            place += char.len_utf8();
            each(place);
        }
        if self.in_lines {
            let mut ends = vec![end];
            // CR and LF, or one of them.
            for _ in 0..2 {
                let mut next = Vec::new();
                for end in ends {
                    each_line_end(&text[end..], steps, &mut |bytes| next.push(end + bytes));
                }
                next.iter().for_each(|place| each(*place));
                ends = next;
            }
        }
    }
}

/// Calls with the length of each line end, escaped or not, that a text begins with.
fn each_line_end(text: &str, steps: &Steps, each: &mut dyn FnMut(usize)) {
    for char in ['\r', '\n'] {
        if text.starts_with(char) {
            each(1);
        } else if text.starts_with(is_escape) {
            escaped(char, text, steps, &mut |form| {
                if let Form::Whole { bytes } = form {
                    each(bytes);
                }
            });
        }
    }
}

/// Looks whether `sought` stands in `text` at `start`, a boundary of characters; without steps, it is not
/// found.
pub(super) fn find(
    sought: &str,
    text: &str,
    start: usize,
    writing: Writing,
    steps: &Steps,
) -> Option<Match> {
    if !steps.take(STEPS_TO_BEGIN) {
        return None;
    }
    let mut ends = vec![start];
    let mut is_begun = false;
    for (index, char) in sought.chars().enumerate() {
        let mut next = Vec::new();
        let mut places = Vec::new();
        for end in ends {
            if index == 0 {
                places.push(end);
            } else {
                writing.each_place(text, end, steps, &mut |place| places.push(place));
            }
        }
        for end in places {
            let rest = &text[end..];
            let is_escaped = rest.starts_with(is_escape);
            if !steps.take(if is_escaped { STEPS_OF_ESCAPE } else { 1 }) {
                return None;
            }
            is_begun |= rest.is_empty();
            if let Some(rest) = writing.strip_prefix(rest, char) {
                next.push(text.len() - rest.len());
            }
            // Nearly always nothing can be escaped here.
            if is_escaped {
                escaped(char, rest, steps, &mut |form| match form {
                    Form::Whole { bytes } => next.push(end + bytes),
                    Form::Begun => is_begun = true,
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
    matches!(char, '\\' | '%' | '&' | '+' | char::REPLACEMENT_CHARACTER)
}

/// Finds each way to escape a character that `text` begins with, once or twice.
fn escaped(char: char, text: &str, steps: &Steps, each: &mut dyn FnMut(Form)) {
    escaped_once(char, text, each);
    for layer in LAYERS {
        if let Some(peeled) = peel(layer, text)
            && steps.take(STEPS_OF_LAYER)
        {
            if peeled.text.is_empty() {
                each(Form::Begun);
            }
            escaped_once(char, &peeled.text, &mut |form| {
                if let Some(form) = peeled.before(form) {
                    each(form);
                }
            });
        }
    }
}

/// Only those are made that may be it.
fn escaped_once(char: char, text: &str, each: &mut dyn FnMut(Form)) {
    match text.chars().next() {
        Some('%') => in_url(char, text, each),
        Some('+') if char == ' ' => each(Form::Whole { bytes: 1 }),
        Some('&') => references::find(char, text, each),
        Some('\\') => behind_backslashes(char, text, each),
        // A log can't hold it.
        Some(shown @ char::REPLACEMENT_CHARACTER) if char.is_control() => {
            each(Form::Whole { bytes: shown.len_utf8() });
        }
        _ => {}
    }
}

/// Compares the beginning of a text with an escape.
fn compare(text: &str, escape: &str, each: &mut dyn FnMut(Form)) {
    if starts_with(text, escape) {
        each(Form::Whole { bytes: escape.len() });
    } else if text.len() < escape.len() && starts_with(escape, text) {
        each(Form::Begun);
    }
}

fn in_url(char: char, text: &str, each: &mut dyn FnMut(Form)) {
    for bytes in encodings(char) {
        let percent: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        compare(text, &percent, each);
    }
}

fn behind_backslashes(char: char, text: &str, each: &mut dyn FnMut(Form)) {
    let mut units = [0; 2];
    let units = char.encode_utf16(&mut units);
    for count in 1..=MAX_BACKSLASHES {
        let slashes = "\\".repeat(count);
        let utf_16: String = units.iter().map(|unit| format!("{slashes}u{unit:04x}")).collect();
        compare(text, &utf_16, each);
        // As languages write bytes, and JSON does not.
        for bytes in encodings(char) {
            let bytes: String = bytes.iter().map(|byte| format!("{slashes}x{byte:02x}")).collect();
            compare(text, &bytes, each);
        }
        if let Some(letter) = after_backslash(char) {
            compare(text, &format!("{slashes}{letter}"), each);
        }
    }
}

/// The bytes of a character in UTF-8, and in Latin-1 where they are others.
fn encodings(char: char) -> impl Iterator<Item = Vec<u8>> {
    let utf_8 = char.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
    let latin_1 = u8::try_from(char).ok().filter(|byte| !byte.is_ascii());
    std::iter::once(utf_8).chain(latin_1.map(|byte| vec![byte]))
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

    fn find(sought: &str, text: &str, start: usize) -> Option<Match> {
        super::find(sought, text, start, Writing::default(), &Steps::for_bytes(text.len()))
    }

    #[test]
    fn a_text_is_found_in_any_case_or_over_several_lines_where_it_may_be() {
        fn find(sought: &str, text: &str, any_case: bool, in_lines: bool) -> Option<Match> {
            let steps = Steps::for_bytes(text.len());
            super::find(sought, text, 0, Writing { any_case, in_lines }, &steps)
        }
        let whole = |end| Some(Match::Whole { end });
        assert_eq!(find("6a2f", "6A2f", true, false), whole(4));
        assert_eq!(find("6a2f", "6A2f", false, false), None);
        for end in ["\r\n", "\n", "\r", "\\r\\n", "\\n", "%0d%0A", "&#13;&#10;"] {
            let text = format!("ab{end}cd");
            assert_eq!(find("abcd", &text, false, true), whole(text.len()), "{text}");
            assert_eq!(find("abcd", &text, false, false), None, "{text}");
        }
    }

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
        for (text, sought) in [
            ("a%5C%2Fb", "a/b"),
            ("a%5C/b", "a/b"),
            ("a%5Cu00e4b", "aäb"),
            ("a%5Cud83d%5Cude00b", "a😀b"),
            ("a%26quot%3Bb", "a\"b"),
            ("a%26amp;b", "a&b"),
            ("a%26%2347%3Bb", "a/b"),
            ("a\\u0026quot;b", "a\"b"),
            ("a\\u0026#34;b", "a\"b"),
            ("a\\u0026#x2F;b", "a/b"),
            ("a\\u0026amp;b", "a&b"),
            ("a&#37;2Fb", "a/b"),
            ("a&#92;&#47;b", "a/b"),
            ("a\\\\u002fb", "a/b"),
        ] {
            assert_eq!(find(sought, text, 0), whole(text.len()), "{text}");
            // Its last character is the only one that is written as it is.
            for cut in 2..text.len() - 1 {
                let begun = Some(Match::Begun { bytes: cut });
                assert_eq!(find(sought, &text[..cut], 0), begun, "{text} up to {cut}");
            }
        }
        assert_eq!(find("a\"b", "a&amp;quot;b", 0), whole(12));
        assert_eq!(find("a\"b", "a\\&quot;b", 0), whole(9));
        assert_eq!(find("a/b", "a\\x2Fb", 0), whole(6));
        assert_eq!(find("a\"b", "a\\&qu", 0), Some(Match::Begun { bytes: 5 }));
        assert_eq!(find("ä/b", "&auml;&sol;b", 0), whole(12));
        assert_eq!(find("ä/b", "%E4&#00047b", 0), whole(11));
        assert_eq!(find("äb", "\\xc3\\xa4b", 0), whole(9));
        assert_eq!(find("äb", "\\xe4b", 0), whole(5));
        assert_eq!(find("a/b", "a&so", 0), Some(Match::Begun { bytes: 4 }));
        assert_eq!(find("a/b", "a&#0004", 0), Some(Match::Begun { bytes: 7 }));
        // UTF-16 that was read as UTF-8.
        assert_eq!(find("a/b", "a\0/\0b\0", 0), whole(5));
        assert_eq!(find("a/b", "a\u{fffd}/\u{fffd}", 0), Some(Match::Begun { bytes: 8 }));
        // The semicolon may be one of the text.
        assert_eq!(find("a/;b", "a&#47;b", 0), whole(7));
        assert_eq!(find("a\u{84}b", "a\u{fffd}b", 0), whole(5));
        // A character that is a beginning of its own escapes.
        assert_eq!(find("%41", "%2541", 0), whole(5));
        assert_eq!(find("\\\"", "\\\\\\\"", 0), whole(4));
    }
}
