//! `/v1/apps/{appId}/exports`: calls and events as files.

mod view;

use std::time::Duration;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bellpush_core::{
    access::Resource,
    events::EventTime,
    ids::{AppId, ExportId},
};
use bellpush_store::{AuditAction, Export, ExportFormat, ExportState, Exported, Store};
use futures_util::stream;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::{ExportPage, ExportView, NewExport};
use crate::{
    access::{Access, Caller, Reader},
    api::{
        calls::sip::download,
        paging::PageQuery,
        path::{PathIds, app},
    },
    clock::now,
    exports::{ExportRunner, JSON_END},
    http::{
        body::{JsonBody, QueryParameters},
        client_ip::ClientIp,
        problem::Problem,
    },
    server::Server,
};

/// Exports of one app that may run at once.
const MAX_RUNNING: u32 = 3;
/// How long a file is kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// The routes of exports.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, delete))
        .routes(routes!(file))
}

/// Create an export
///
/// Writes what the filter shows right now into a file, in the background: look at it by its id. The file
/// is kept for a day. An app has at most 3 that are being written.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/exports", operation_id = "createExport", tag = "exports",
    params(("appId" = String, Path)),
    request_body = NewExport,
    responses(
        (status = 202, description = "It is being written", body = ExportView),
        (status = 409, description = "Too many are being written"),
    )
)]
pub(crate) async fn create(
    State(store): State<Store>,
    State(runner): State<ExportRunner>,
    caller: Caller,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(new): JsonBody<NewExport>,
) -> Result<(StatusCode, Json<ExportView>), Problem> {
    app(&store, app_id).await?;
    let (exported, format) = new.into_parts()?;
    caller.must_read(resource(&exported), app_id)?;
    let kept = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
    let expires_at = EventTime::from_millis(now().millis().saturating_add(kept))
        .ok_or_else(|| Problem::internal("the clock is far off"))?;
    let made = store
        .create_export(app_id, exported, format, expires_at, MAX_RUNNING, &caller.actor())
        .await?;
    let made = made.ok_or_else(|| {
        let detail = format!("{MAX_RUNNING} exports of the app are being written; wait for one");
        Problem::conflict(detail)
    })?;
    runner.wake();
    Ok((StatusCode::ACCEPTED, Json(made.into())))
}

/// List exports
///
/// Those whose content is theirs to read.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/exports", operation_id = "listExports", tag = "exports",
    params(("appId" = String, Path), PageQuery),
    responses((status = 200, body = ExportPage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    caller: Caller,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<ExportPage>, Problem> {
    let request = page.request(|text| text.parse().ok())?;
    app(&store, app_id).await?;
    let page = store.exports(app_id, request).await?;
    let items = page.items.into_iter();
    let items = items.filter(|it| caller.may_read(resource(&it.exported), app_id));
    Ok(Json(ExportPage {
        items: items.map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// Read an export
#[utoipa::path(
    get, path = "/v1/apps/{appId}/exports/{exportId}", operation_id = "readExport", tag = "exports",
    params(("appId" = String, Path), ("exportId" = String, Path)),
    responses((status = 200, body = ExportView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    caller: Caller,
    PathIds((app_id, id)): PathIds<(AppId, ExportId)>,
) -> Result<Json<ExportView>, Problem> {
    Ok(Json(find(&store, &caller, app_id, id).await?.into()))
}

/// Delete an export
///
/// With its file; one that is being written is stopped.
#[utoipa::path(
    delete, path = "/v1/apps/{appId}/exports/{exportId}", operation_id = "deleteExport", tag = "exports",
    params(("appId" = String, Path), ("exportId" = String, Path)),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete(
    State(store): State<Store>,
    caller: Caller,
    PathIds((app_id, id)): PathIds<(AppId, ExportId)>,
) -> Result<StatusCode, Problem> {
    find(&store, &caller, app_id, id).await?;
    if store.delete_export(app_id, id, &caller.actor()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(unknown(id))
}

/// Download an export's file
///
/// CSV in which no cell can be a formula, or a JSON array.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/exports/{exportId}/file", operation_id = "downloadExport", tag = "exports",
    params(("appId" = String, Path), ("exportId" = String, Path)),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"), (Vec<serde_json::Value> = "application/json"))),
        (status = 409, description = "It is not complete"),
    )
)]
pub(crate) async fn file(
    State(store): State<Store>,
    State(access): State<Access>,
    caller: Caller,
    ClientIp(address): ClientIp,
    headers: HeaderMap,
    PathIds((app_id, id)): PathIds<(AppId, ExportId)>,
) -> Result<Response, Problem> {
    let export = find(&store, &caller, app_id, id).await?;
    match export.state {
        ExportState::Done => {}
        ExportState::Running => {
            return Err(Problem::conflict("the export is still being written").retry_after(1));
        }
        ExportState::Failed => {
            let why = export.failure.unwrap_or_default();
            return Err(Problem::conflict(format!("the export was given up: {why}")));
        }
    }
    let (kind, ending, end) = match export.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv", ""),
        ExportFormat::Json => ("application/json", "json", JSON_END),
    };
    let action = AuditAction::ExportDownloaded;
    store.note(action, Some(app_id), Some(id.to_string()), &caller.actor()).await?;
    let request = (headers, address, caller);
    let reader = Reader::new(access, request, resource(&export.exported), Some(app_id));
    let parts = stream::unfold((store, reader, 0), move |(store, mut reader, part)| async move {
        if part > export.parts {
            return None;
        }
        let read = if !reader.may_still_read().await {
            Err(std::io::Error::other("the right to read it has ended"))
        } else if part == export.parts {
            Ok(Bytes::from_static(end.as_bytes()))
        } else {
            match store.export_part(id, part).await {
                Ok(Some(body)) => Ok(Bytes::from(body)),
                // Breaking off tells the reader that the file is not whole.
                Ok(None) => Err(std::io::Error::other("the export is gone")),
                Err(error) => Err(std::io::Error::other(error.to_string())),
            }
        };
        Some((read, (store, reader, part + 1)))
    });
    let name = format!("{id}.{ending}");
    Ok(download(Body::from_stream(parts).into_response(), kind, &name))
}

async fn find(
    store: &Store,
    caller: &Caller,
    app_id: AppId,
    id: ExportId,
) -> Result<Export, Problem> {
    let export = store.export(app_id, id).await?.ok_or_else(|| unknown(id))?;
    caller.must_read(resource(&export.exported), app_id)?;
    Ok(export)
}

/// What one must be allowed to read for it.
const fn resource(exported: &Exported) -> Resource {
    match exported {
        Exported::Calls(_) => Resource::Calls,
        Exported::Events(_) => Resource::Events,
    }
}

fn unknown(id: ExportId) -> Problem {
    Problem::not_found(format!("the app has no export {id}"))
}
