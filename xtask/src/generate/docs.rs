//! The tables of `docs/events.md`, between their markers.

use std::fmt::Write;

use anyhow::Context;
use bellpush_core::{
    events::{CATALOGUE, ERROR_CODES},
    lifecycle::TRANSITIONS,
};

use super::file::Generated;
use crate::shell::root;

const PATH: &str = "docs/events.md";

/// The page with its tables brought up to date.
pub(super) fn events() -> anyhow::Result<Generated> {
    let mut page = std::fs::read_to_string(root().join(PATH)).context(PATH)?;
    for (name, table) in
        [("catalogue", catalogue()), ("lifecycle", lifecycle()), ("error-codes", error_codes())]
    {
        page = replace(PATH, &page, name, &table)?;
    }
    Ok(Generated { path: PATH.into(), content: page })
}

/// A page with other text between the markers of this name.
pub(super) fn replace(path: &str, page: &str, name: &str, table: &str) -> anyhow::Result<String> {
    let (begin, end) =
        (format!("<!-- generated:{name} -->"), format!("<!-- /generated:{name} -->"));
    let missing = || format!("{path} has no markers {begin} and {end}");
    let (before, rest) = page.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{table}{end}{after}"))
}

fn catalogue() -> String {
    let mut table =
        String::from("| name | when | fields of `data` besides `context` |\n|---|---|---|\n");
    for (name, when, fields) in CATALOGUE {
        let fields: Vec<_> = fields
            .iter()
            .map(|field| {
                let kind = field.kind.replace('|', "or");
                format!("`{}` ({kind}): {}", field.name, field.meaning)
            })
            .collect();
        let _ = writeln!(table, "| `{name}` | {when} | {} |", fields.join("; "));
    }
    table
}

fn lifecycle() -> String {
    let mut table = String::from("| from | trigger | to | event |\n|---|---|---|---|\n");
    for row in TRANSITIONS {
        let event = row.event.map_or_else(|| "none".into(), |event| format!("`{event}`"));
        let _ = writeln!(table, "| {} | {} | {} | {event} |", row.from, row.trigger, row.to);
    }
    table
}

fn error_codes() -> String {
    let mut table =
        String::from("| code | what people read | cause | remedy |\n|---|---|---|---|\n");
    for facts in ERROR_CODES {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            facts.name, facts.message, facts.cause, facts.remedy
        );
    }
    table
}
