//! What a text looks like whose bytes were taken for another encoding than they are in.

/// What windows-1252 has where Latin-1 has characters of control, which stay where it has nothing.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// A text that was written in UTF-8 and read in Latin-1 or windows-1252, or the other way round. None of
/// these is left out that shows anything of the text.
pub(super) fn misread(text: &str) -> impl Iterator<Item = String> {
    let is_plain = text.is_ascii();
    let as_other = [char::from, windows_1252].map(|read| text.bytes().map(read).collect());
    let as_utf8 = [latin_1_byte, windows_1252_byte].map(|write| {
        let bytes: Option<Vec<u8>> = text.chars().map(write).collect();
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    });
    let looks = as_other.into_iter().map(Some).chain(as_utf8).flatten();
    let shows = |look: &String| look.contains(|char| char != char::REPLACEMENT_CHARACTER);
    looks.filter(move |look| !is_plain && shows(look))
}

fn windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)));
    special.copied().unwrap_or_else(|| char::from(byte))
}

fn latin_1_byte(char: char) -> Option<u8> {
    u8::try_from(u32::from(char)).ok()
}

fn windows_1252_byte(char: char) -> Option<u8> {
    (0..=u8::MAX).find(|byte| windows_1252(*byte) == char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_misread_each_way_and_plain_ascii_never_is() {
        let looks = |text| misread(text).collect::<Vec<_>>();
        assert_eq!(looks("plain"), [] as [&str; 0]);
        assert_eq!(looks("pä"), ["p\u{c3}\u{a4}", "p\u{c3}\u{a4}", "p\u{fffd}", "p\u{fffd}"]);
        assert_eq!(looks("aÄ"), ["a\u{c3}\u{84}", "a\u{c3}\u{201e}", "a\u{fffd}", "a\u{fffd}"]);
        // What Latin-1 lacks can't have been written in it.
        assert_eq!(looks("1€"), ["1\u{e2}\u{82}\u{ac}", "1\u{e2}\u{201a}\u{ac}", "1\u{fffd}"]);
        assert_eq!(looks("1ł"), ["1\u{c5}\u{82}", "1\u{c5}\u{201a}"]);
        // Nothing of it would be shown.
        assert_eq!(looks("ä"), ["\u{c3}\u{a4}", "\u{c3}\u{a4}"]);
    }
}
