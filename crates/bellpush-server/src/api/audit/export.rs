//! The audit trail as a file: all lines that a filter lets through, newest first.

use std::io;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bellpush_core::delivery::Seq;
use bellpush_store::{AuditFilter, PageRequest, Store};
use futures_util::stream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{AuditQuery, view::AuditView};
use crate::{
    access::Caller,
    http::{body::QueryParameters, problem::Problem},
};

/// Lines that are read at once.
const STEP: u32 = 500;
const COLUMNS: [&str; 11] = [
    "seq",
    "at",
    "action",
    "actorKind",
    "actorId",
    "actorName",
    "address",
    "appId",
    "subjectId",
    "subjectName",
    "changes",
];

/// How the file is written.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    /// One line of JSON for each line.
    #[default]
    Json,
    /// A table for spreadsheets: no cell is a formula.
    Csv,
}

/// How the file is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// `json` (a line for each line, the default) or `csv`.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// Export the audit trail
///
/// All lines that the filter lets through, newest first.
#[utoipa::path(
    get, path = "/v1/audit/export", operation_id = "exportAudit", tag = "audit",
    params(AuditQuery, ExportQuery),
    responses((status = 200, description = "The file", content((String = "application/x-ndjson"), (String = "text/csv"))))
)]
pub(crate) async fn export(
    caller: Caller,
    State(store): State<Store>,
    QueryParameters(query): QueryParameters<AuditQuery>,
    QueryParameters(ExportQuery { format }): QueryParameters<ExportQuery>,
) -> Result<Response, Problem> {
    let filter = AuditFilter { apps: Some(caller.apps().clone()), ..query.try_into()? };
    let format = format.unwrap_or_default();
    let (kind, name) = match format {
        ExportFormat::Json => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let pages = stream::try_unfold(Some(None), move |place: Option<Option<Seq>>| {
        let (store, filter) = (store.clone(), filter.clone());
        async move {
            let Some(after) = place else { return Ok(None) };
            let page = store.audit(&filter, PageRequest { after, limit: STEP }).await;
            let page = page.map_err(io::Error::other)?;
            let lines: Vec<_> = page.items.into_iter().map(AuditView::from).collect();
            let bytes = match format {
                ExportFormat::Json => json_lines(&lines).map_err(io::Error::other)?,
                ExportFormat::Csv => csv_rows(&lines, after.is_none()).map_err(io::Error::other)?,
            };
            Ok::<_, io::Error>(Some((bytes, page.next.map(Some))))
        }
    });
    Ok((headers, Body::from_stream(pages)).into_response())
}

fn json_lines(lines: &[AuditView]) -> Result<Bytes, serde_json::Error> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    Ok(text.into())
}

fn csv_rows(lines: &[AuditView], is_first: bool) -> Result<Bytes, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    if is_first {
        table.write_record(COLUMNS)?;
    }
    for line in lines {
        table.write_record(line.cells().map(|cell| no_formula(&cell)))?;
    }
    table.into_inner().map(Bytes::from).map_err(|error| error.into_error().into())
}

/// Spreadsheets take a text that begins so for a formula. With an apostrophe before it, it is a text.
fn no_formula(cell: &str) -> String {
    let is_risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_risky { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+49 30 1234", "-1", "@x", "\t=1", "\r=1"] {
            assert_eq!(no_formula(cell), format!("'{cell}"));
        }
        for cell in ["", "Ada", "a=b", "2026-01-01T00:00:00.000Z", "{\"a\":1}"] {
            assert_eq!(no_formula(cell), cell);
        }
    }
}
