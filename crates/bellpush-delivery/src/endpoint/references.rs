//! References of HTML to a character: by its number, or by one of its names.

use html5gum::{Token, Tokenizer};

use super::form::Form;

/// Letters and digits of the longest name.
const MAX_NAME: usize = 31;
/// So much at the end of a text may be the beginning of one: what secrets are made of has short names.
const MAX_BEGUN_NAME: usize = 8;
/// What escapes are made of, by its names.
const NAMES: [(&str, char); 9] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bsol", '\\'),
    ("num", '#'),
    ("percnt", '%'),
    ("plus", '+'),
    ("quot", '"'),
    ("semi", ';'),
    ("sol", '/'),
];

/// Finds what refers to a character where `text` begins with an ampersand.
pub(super) fn find(char: char, text: &str, each: &mut dyn FnMut(Form)) {
    let Some(tail) = text.strip_prefix('&') else { return };
    match tail.strip_prefix('#') {
        Some(number) => by_number(char, number, &mut |form| each(form.behind(2))),
        None => by_name(char, tail, &mut |form| each(form.behind(1))),
    }
}

/// What the reference stands for that `text` begins with, where that may be a part of another escape, and
/// its length with its semicolon; `None` in it where the text ends within one.
pub(super) fn first(text: &str) -> Option<Option<(char, usize)>> {
    let tail = text.strip_prefix('&')?;
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '#';
    let length = tail.bytes().take(MAX_NAME).take_while(|byte| is_part(char::from(*byte))).count();
    if length == tail.len() && length <= MAX_BEGUN_NAME {
        return Some(None);
    }
    let named = &tail[..length];
    let char = match named.strip_prefix('#') {
        None => NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(named))?.1,
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some(Some((char, 1 + length + usize::from(tail[length..].starts_with(';')))))
}

/// With any number of zeros before, and with or without a semicolon.
fn by_number(char: char, text: &str, each: &mut dyn FnMut(Form)) {
    let hexadecimal = text.strip_prefix(['x', 'X']);
    let (radix, digits) = hexadecimal.map_or((10, text), |digits| (16, digits));
    let before = text.len() - digits.len();
    let (code, mut value) = (u32::from(char), 0);
    for (at, digit) in digits.chars().enumerate() {
        let Some(digit) = digit.to_digit(radix) else { return };
        value = value * radix + digit;
        if value > code {
            return;
        }
        if value == code {
            whole(before + at + 1, text, each);
        }
    }
    // The text ends in the middle of a number.
    let mut begins = std::iter::successors(Some(code), |code| (*code > 0).then_some(code / radix));
    if begins.any(|code| code == value) {
        each(Form::Begun);
    }
}

fn by_name(char: char, text: &str, each: &mut dyn FnMut(Form)) {
    let name = text.bytes().take(MAX_NAME).take_while(u8::is_ascii_alphanumeric).count();
    if name == text.len() && name <= MAX_BEGUN_NAME {
        each(Form::Begun);
    }
    let named = text.get(..=name).filter(|named| named.ends_with(';')).unwrap_or(&text[..name]);
    if let Some((_, used)) = read(named).filter(|(found, _)| *found == char) {
        whole(used - usize::from(named[..used].ends_with(';')), text, each);
    }
}

/// The reference may end here, or behind the semicolon that follows.
fn whole(end: usize, text: &str, each: &mut dyn FnMut(Form)) {
    each(Form::Whole { bytes: end });
    if text[end..].starts_with(';') {
        each(Form::Whole { bytes: end + 1 });
    }
}

/// What a name stands for, and how much of it is the name: some need no semicolon.
fn read(name: &str) -> Option<(char, usize)> {
    if !name.starts_with(|char: char| char.is_ascii_alphabetic()) {
        return None;
    }
    let reference = format!("&{name}");
    let mut read = Vec::new();
    for token in Tokenizer::new(reference.as_str()) {
        let Ok(token) = token;
        if let Token::String(text) = token {
            read.extend_from_slice(&text);
        }
    }
    let read = String::from_utf8(read).ok()?;
    let char = read.chars().next()?;
    let left = &read[char.len_utf8()..];
    // What is no name is left as it is, with its ampersand.
    (left != name && name.ends_with(left)).then(|| (char, name.len() - left.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a reference to the character ends at the latest; `None` in it where the text ends before.
    fn found(char: char, text: &str) -> Option<Option<usize>> {
        let mut found = None;
        find(char, text, &mut |form| match form {
            Form::Whole { bytes } => found = Some(Some(bytes)),
            Form::Begun => found = found.or(Some(None)),
        });
        found
    }

    #[test]
    fn a_reference_is_found_by_name_and_number_in_each_form() {
        for (char, text, end) in [
            ('ä', "&auml;sswort", 6),
            ('ä', "&aumlsswort", 5),
            ('/', "&sol;", 5),
            ('+', "&plus;1", 6),
            ('=', "&equals;", 8),
            ('#', "&num;", 5),
            ('€', "&euro;", 6),
            ('α', "&alpha;", 7),
            ('∳', "&CounterClockwiseContourIntegral;", 33),
            ('"', "&QUOT;", 6),
            ('/', "&#47;", 5),
            ('/', "&#47", 4),
            ('/', "&#47-", 4),
            ('/', "&#00047;", 8),
            ('/', "&#X2F;", 6),
            ('/', "&#x0002f", 8),
            ('😀', "&#128512;", 9),
        ] {
            assert_eq!(found(char, text), Some(Some(end)), "{char} in {text}");
        }
        for (char, text) in [
            ('ä', "&ouml;"),
            ('ä', "&"),
            ('/', "&#48;"),
            ('/', "&#x47;"),
            ('/', "&#;"),
            ('/', "& sol;"),
            ('/', "sol;"),
            ('&', "&foo;"),
            ('f', "&fjlig;"),
        ] {
            assert!(!matches!(found(char, text), Some(Some(_))), "{char} in {text}");
        }
    }

    #[test]
    fn the_first_reference_of_a_text_is_read_to_its_end() {
        for (text, read) in [
            ("&amp;quot;", Some(Some(('&', 5)))),
            ("&#38;quot;", Some(Some(('&', 5)))),
            ("&#x5C;/ and", Some(Some(('\\', 6)))),
            ("&percnt;2F", Some(Some(('%', 8)))),
            ("&#38quot;", None),
            ("&nothing;", None),
            ("& more", None),
            ("more", None),
            ("&am", Some(None)),
            ("&#3", Some(None)),
        ] {
            assert_eq!(first(text), read, "{text}");
        }
    }

    #[test]
    fn a_reference_that_the_text_ends_in_is_known_as_one() {
        for text in ["&", "&a", "&so", "&#", "&#0", "&#4", "&#x", "&#x2", "&amp"] {
            assert_eq!(found('/', text), Some(None), "{text}");
        }
        for text in ["&#5", "&#x3", "&#470", "&-", "&longword9"] {
            assert!(!matches!(found('/', text), Some(None)), "{text}");
        }
    }
}
