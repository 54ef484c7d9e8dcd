//! CSV that no spreadsheet takes for more than text (RFC 4180).

pub(crate) use csv::Error;
use csv::{QuoteStyle, Terminator, WriterBuilder};

/// Rows as CSV.
///
/// # Errors
/// Never, as far as is known: memory does not refuse.
pub(crate) fn rows(rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, csv::Error> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| text_of(cell)))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A cell as a text. Spreadsheets calculate what begins with one of these characters, also in their
/// wide forms, and also where a space or a line's end comes before; an apostrophe before it makes it a
/// text for them. Where `;` or a tab parts the cells for them, quotation marks hold together no more than the first
/// one of a line: so that what comes after such a character, or in a line of its own, may be a cell, too.
fn text_of(cell: &str) -> String {
    // No reader agrees with another on what NUL is.
    let cell = cell.replace('\0', "\u{fffd}");
    let mut text = String::with_capacity(cell.len() + 1);
    if cell.starts_with(['\t', '\r', '\n']) {
        text.push('\'');
    }
    for part in cell.split_inclusive([';', '\t', '\r', '\n']) {
        if is_formula(part) {
            text.push('\'');
        }
        text.push_str(part);
    }
    text
}

fn is_formula(part: &str) -> bool {
    let is_unseen = |char: char| {
        let is_of_no_width =
            matches!(char, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fffd}');
        char.is_whitespace() || char.is_control() || is_of_no_width
    };
    let begins = |char: char| {
        matches!(char, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    };
    part.trim_start_matches(is_unseen).starts_with(begins)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        reader.records().map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect()).collect()
    }

    #[test]
    fn no_cell_can_be_a_formula() {
        for cell in [
            "=HYPERLINK(\"http://evil.example\")",
            "+1+1",
            "-2",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =1",
            "\u{ff1d}1",
            "\u{feff}=1",
            "\0=1",
        ] {
            let written = rows([vec![cell.to_owned(), "x".to_owned()]]).unwrap();
            assert!(written.starts_with("\"'"), "{cell:?}: {written}");
        }
        for (cell, shown) in [
            ("x;=1;y", "x;'=1;y"),
            ("x\t +1", "x\t' +1"),
            ("x\r\n-1", "x\r\n'-1"),
            ("\u{200b}@x", "'\u{200b}@x"),
            ("a;b - c", "a;b - c"),
        ] {
            assert_eq!(text_of(cell), shown);
        }
        assert_eq!(rows([vec!["A-1=2".to_owned(), String::new()]]).unwrap(), "\"A-1=2\",\"\"\r\n");
    }

    proptest! {
        #[test]
        fn whatever_a_cell_holds_it_stays_one_cell(cells in proptest::collection::vec(".{0,20}", 1..5)) {
            let read = read(&rows([cells.clone()]).unwrap());
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].len(), cells.len());
            for (read, written) in read[0].iter().zip(&cells) {
                let written = written.replace('\0', "\u{fffd}");
                prop_assert_eq!(read.replace('\'', ""), written.replace('\'', ""));
                prop_assert!(!read.starts_with(['\t', '\r', '\n']));
                prop_assert!(!read.split([';', '\t', '\r', '\n']).any(is_formula), "{read:?}");
            }
        }
    }
}
