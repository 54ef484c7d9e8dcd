//! The audit trail as a file: all lines that a filter lets through, newest first.

use std::io;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bellpush_core::{access::Resource, delivery::Seq};
use bellpush_store::{AuditAction, AuditFilter, PageRequest, Store};
use futures_util::stream;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{AuditQuery, view::AuditView};
use crate::{
    access::{Access, Caller, Reader},
    exports::csv,
    http::{body::QueryParameters, client_ip::ClientIp, problem::Problem},
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
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    State(access): State<Access>,
    State(store): State<Store>,
    QueryParameters(query): QueryParameters<AuditQuery>,
    QueryParameters(ExportQuery { format }): QueryParameters<ExportQuery>,
) -> Result<Response, Problem> {
    let filter: AuditFilter = query.try_into()?;
    store.note(AuditAction::AuditExported, None, None, &caller.actor()).await?;
    let reader = Reader::new(access, (headers, address, caller), Resource::Audit, None);
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
    let begin = (reader, Some(None));
    let pages = stream::try_unfold(begin, move |(mut reader, place): (Reader, _)| {
        let (store, filter) = (store.clone(), filter.clone());
        async move {
            let Some(after): Option<Option<Seq>> = place else { return Ok(None) };
            // Breaking off tells the reader that the file is not whole.
            if !reader.may_still_read().await {
                return Err(io::Error::other("the right to read it has ended"));
            }
            // What they may look into, too, is as it is now.
            let filter = AuditFilter { apps: Some(reader.caller().apps().clone()), ..filter };
            let page = store.audit(&filter, PageRequest { after, limit: STEP }).await;
            let page = page.map_err(io::Error::other)?;
            let lines: Vec<_> = page.items.into_iter().map(AuditView::from).collect();
            let bytes = match format {
                ExportFormat::Json => json_lines(&lines).map_err(io::Error::other)?,
                ExportFormat::Csv => csv_rows(&lines, after.is_none()).map_err(io::Error::other)?,
            };
            Ok::<_, io::Error>(Some((bytes, (reader, page.next.map(Some)))))
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
    let names = is_first.then(|| COLUMNS.map(ToOwned::to_owned).to_vec());
    let rows = lines.iter().map(|line| line.cells().to_vec());
    csv::rows(names.into_iter().chain(rows)).map(Bytes::from)
}
