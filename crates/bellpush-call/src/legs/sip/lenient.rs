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
        for (n, word) in value.split_ascii_whitespace().enumerate() {
            if n > 0 {
                lines.push(' ');
            }
            lines.push_str(word);
        }
        lines.push_str("\r\n");
    }
    lines
}
