//! What of a far side's session description is read: one odd line that says nothing of the audio is no
//! reason to refuse a call.

/// The lines that matter here, each with single blanks, in the form that the parser below takes: version,
/// connection, media and attributes. Of two connections for the whole session the first counts.
///
/// A byte order mark and bytes of padding go, and a bare CR ends a line as any other line end does.
pub(super) fn readable(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').trim_end_matches('\0');
    let mut lines = String::with_capacity(text.len());
    let (mut has_connection, mut is_session) = (false, true);
    for line in text.split(['\r', '\n']) {
        let Some((kind, value)) = line.trim().split_once('=') else { continue };
        match kind {
            "c" if is_session && has_connection => continue,
            "c" => has_connection |= is_session,
            "m" => is_session = false,
            "v" | "a" => {}
            _ => continue,
        }
        lines.push_str(kind);
        lines.push('=');
        match value.split_once(':').filter(|_| kind == "a") {
            // An attribute's name and its value, which no blank stands between.
            Some((name, value)) => {
                push_words(&mut lines, name);
                lines.push(':');
                push_words(&mut lines, value);
            }
            None => push_words(&mut lines, value),
        }
        lines.push_str("\r\n");
    }
    lines
}

/// Writes the words of a text with single blanks between them.
fn push_words(line: &mut String, text: &str) {
    for (n, word) in text.split_ascii_whitespace().enumerate() {
        if n > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
}
