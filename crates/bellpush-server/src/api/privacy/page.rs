//! What is kept of a person, as CSV and as a page to read.

use std::fmt::Write as _;

use bellpush_store::PersonRecords;
use serde_json::{Map, Value};

use crate::exports::csv;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1rem;color-scheme:light dark}table{border-collapse:collapse;width:100%;margin:0 0 1rem}\
    th,td{border:1px solid #8888;padding:.3rem .6rem;text-align:start;vertical-align:top;\
    overflow-wrap:anywhere}th{width:14rem;font-weight:600}";

/// The kinds, with what they are called.
fn kinds(records: &PersonRecords) -> [(&'static str, &[Map<String, Value>]); 5] {
    [
        ("Visits", &records.sessions),
        ("Calls", &records.calls),
        ("Surveys", &records.surveys),
        ("Requests to be called back", &records.callbacks),
        ("Events", &records.events),
    ]
}

/// A row for each value: kind, number of the record, field, value.
pub(super) fn csv(records: &PersonRecords) -> Result<String, csv::Error> {
    let mut rows = vec![["kind", "record", "field", "value"].map(str::to_owned).to_vec()];
    for (kind, all) in kinds(records) {
        for (index, record) in all.iter().enumerate() {
            for (field, value) in flat(record) {
                rows.push(vec![kind.to_owned(), (index + 1).to_string(), field, value]);
            }
        }
    }
    for sent in &records.sent_to {
        let name = sent.name.clone().unwrap_or_else(|| sent.integration_id.to_string());
        rows.push(vec!["Sent to".into(), String::new(), name, sent.events.to_string()]);
    }
    csv::rows(rows)
}

/// A page that stands for itself: without scripts, and with nothing from elsewhere.
pub(super) fn html(app: &str, records: &PersonRecords) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>What {app} keeps of you</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>What {app} keeps of you</h1>\n",
        app = escaped(app),
    );
    // Writing to a string can't fail.
    for (kind, all) in kinds(records) {
        if all.is_empty() {
            continue;
        }
        _ = writeln!(page, "<h2>{kind} ({})</h2>", all.len());
        for record in all {
            page.push_str("<table>\n");
            for (field, value) in flat(record) {
                let (field, value) = (escaped(&field), escaped(&value));
                _ = writeln!(page, "<tr><th scope=\"row\">{field}</th><td>{value}</td></tr>");
            }
            page.push_str("</table>\n");
        }
    }
    if !records.sent_to.is_empty() {
        page.push_str("<h2>Sent to</h2>\n<table>\n");
        for sent in &records.sent_to {
            let name = sent.name.clone().unwrap_or_else(|| sent.integration_id.to_string());
            let name = escaped(&name);
            _ = writeln!(
                page,
                "<tr><th scope=\"row\">{name}</th><td>{} events</td></tr>",
                sent.events
            );
        }
        page.push_str("</table>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// The values of a record, each with its place in it.
fn flat(record: &Map<String, Value>) -> Vec<(String, String)> {
    fn add(place: &str, value: &Value, all: &mut Vec<(String, String)>) {
        let within = |name: &str| {
            if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
        };
        match value {
            Value::Null => {}
            Value::String(text) => all.push((place.to_owned(), text.clone())),
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| add(&within(name), value, all));
            }
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, value)| add(&within(&(index + 1).to_string()), value, all)),
            other => all.push((place.to_owned(), other.to_string())),
        }
    }
    let mut all = Vec::new();
    record.iter().for_each(|(name, value)| add(name, value, &mut all));
    all
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn records() -> PersonRecords {
        let call = json!({ "formValues": { "name": "<script>alert(1)</script>", "sum": "=1+1" }, "n": [1, true] });
        let Value::Object(call) = call else { unreachable!() };
        PersonRecords { calls: vec![call], ..PersonRecords::default() }
    }

    #[test]
    fn nothing_that_somebody_wrote_becomes_markup() {
        let page = html("A & B", &records());
        assert!(!page.contains("<script"), "{page}");
        assert!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("A &amp; B")
        );
        assert!(!page.contains("Surveys"), "what is empty is left out");
    }

    #[test]
    fn every_value_has_a_row_and_none_is_a_formula() {
        let text = csv(&records()).unwrap();
        for row in [
            r#""Calls","1","formValues.sum","'=1+1""#,
            r#""Calls","1","n.1","1""#,
            r#""Calls","1","n.2","true""#,
        ] {
            assert!(text.lines().any(|line| line == row), "{row} in {text}");
        }
    }
}
