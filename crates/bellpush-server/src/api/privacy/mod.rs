//! `/v1/apps/{appId}/people` and `/erasures`: what is kept of one person, found, handed out and erased.

mod page;
mod view;

use std::collections::BTreeSet;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bellpush_core::{
    app::Retention,
    ids::{AppId, ErasureId, SessionId},
};
use bellpush_store::{AuditAction, MAX_SESSIONS, PersonKey, Store};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use self::view::{
    ErasurePage, ErasureView, ForecastList, PersonExport, PersonFormat, PersonQuery, PersonView,
};
use crate::{
    access::ActingAs,
    api::{
        calls::sip::download,
        paging::PageQuery,
        path::{PathIds, app},
    },
    clock::now,
    http::{
        body::{JsonBody, QueryParameters},
        problem::Problem,
    },
    privacy::ErasureRunner,
    server::Server,
};

/// The routes of privacy.
pub(super) fn routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(export))
        .routes(routes!(list, erase))
        .routes(routes!(read))
        .routes(routes!(retention))
}

/// Read what is deleted next
///
/// Of each kind that the app's `retention` does not keep for good: when the oldest has been kept for its time, and how
/// much goes within a day from then. What is due is deleted within the hour. Where much is kept on PostgreSQL, it goes
/// with all that is as old, and the time is that at which this goes.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/retention", operation_id = "readRetention", tag = "privacy",
    params(("appId" = String, Path)),
    responses((status = 200, body = ForecastList))
)]
pub(crate) async fn retention(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
) -> Result<Json<ForecastList>, Problem> {
    let app = app(&store, app_id).await?;
    let apps = store.apps().await?;
    let longest = Retention::longest(apps.iter().map(|app| &app.settings.retention));
    let waiting = store.waiting(&longest, now()).await?;
    let retention = &app.settings.retention;
    let found = store.retention_forecast(app_id, retention, &waiting, now()).await?;
    Ok(Json(ForecastList { items: found.into_iter().map(Into::into).collect() }))
}

/// Find what is kept of a person
///
/// By a value of the context, or by what they wrote into a form. All that hangs on their sessions is counted, and the
/// endpoints are named that their data was sent to.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/people/search", operation_id = "findPerson", tag = "privacy",
    params(("appId" = String, Path)),
    request_body = PersonQuery,
    responses(
        (status = 200, body = PersonView),
        (status = 409, description = "Too many sessions have the value: it is no person's"),
    )
)]
pub(crate) async fn find(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(query): JsonBody<PersonQuery>,
) -> Result<Json<PersonView>, Problem> {
    app(&store, app_id).await?;
    let (_, sessions) = sessions_of(&store, app_id, query).await?;
    Ok(Json(store.footprint(app_id, &sessions).await?.into()))
}

/// Export what is kept of a person
///
/// As a file to hand out: JSON, CSV that no spreadsheet calculates, or a page to read.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/people/export", operation_id = "exportPerson", tag = "privacy",
    params(("appId" = String, Path)),
    request_body = PersonExport,
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv"), (String = "text/html"),
            (std::collections::HashMap<String, serde_json::Value> = "application/json"),
        )),
        (status = 409, description = "Too many sessions have the value: it is no person's"),
    )
)]
pub(crate) async fn export(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(export): JsonBody<PersonExport>,
) -> Result<Response, Problem> {
    let app = app(&store, app_id).await?;
    let format = export.format();
    let (_, sessions) = sessions_of(&store, app_id, export.query()).await?;
    let records = store.person_records(app_id, &sessions).await?;
    let failed = |_| Problem::internal("the export can't be written");
    let (text, kind, name) = match format {
        PersonFormat::Json => {
            let text = serde_json::to_string_pretty(&records).map_err(failed)?;
            (text, "application/json", "person.json")
        }
        PersonFormat::Csv => (
            page::csv(&records).map_err(|_| Problem::internal("the export can't be written"))?,
            "text/csv; charset=utf-8",
            "person.csv",
        ),
        PersonFormat::Html => {
            (page::html(&app.settings.name, &records), "text/html; charset=utf-8", "person.html")
        }
    };
    store.note(AuditAction::PersonExported, Some(app_id), Some(app_id.to_string()), &actor).await?;
    Ok(download(Body::from(text).into_response(), kind, name))
}

/// Erase what is kept of a person
///
/// Calls of theirs that are under way are ended, and their sessions at once. The rest goes in the background: look at
/// it by its id. It can't be undone, and a replay or a restored backup does not bring it back.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/erasures", operation_id = "erasePerson", tag = "privacy",
    params(("appId" = String, Path)),
    request_body = PersonQuery,
    responses(
        (status = 202, description = "It is being erased", body = ErasureView),
        (status = 404, description = "Nothing is kept of such a person"),
        (status = 409, description = "Too many sessions have the value: it is no person's"),
    )
)]
pub(crate) async fn erase(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(runner): State<ErasureRunner>,
    PathIds(app_id): PathIds<AppId>,
    JsonBody(query): JsonBody<PersonQuery>,
) -> Result<(StatusCode, Json<ErasureView>), Problem> {
    app(&store, app_id).await?;
    let (key, sessions) = sessions_of(&store, app_id, query).await?;
    if sessions.is_empty() {
        return Err(Problem::not_found("nothing is kept of somebody with this value"));
    }
    let sent_to = store.footprint(app_id, &sessions).await?.sent_to;
    let id = ErasureId::from_uuid(Uuid::now_v7());
    let begun = store.begin_erasure((app_id, id), &sessions, &key, sent_to, &actor).await?;
    runner.wake();
    let begun = begun.ok_or_else(|| crate::api::unknown_app(app_id))?;
    Ok((StatusCode::ACCEPTED, Json(begun.into())))
}

/// List erasures
#[utoipa::path(
    get, path = "/v1/apps/{appId}/erasures", operation_id = "listErasures", tag = "privacy",
    params(("appId" = String, Path), PageQuery),
    responses((status = 200, body = ErasurePage))
)]
pub(crate) async fn list(
    State(store): State<Store>,
    PathIds(app_id): PathIds<AppId>,
    QueryParameters(page): QueryParameters<PageQuery>,
) -> Result<Json<ErasurePage>, Problem> {
    app(&store, app_id).await?;
    let request = page.request(|text| text.parse().ok())?;
    let page = store.erasures(app_id, request).await?;
    Ok(Json(ErasurePage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next.map(|id| id.to_string()),
    }))
}

/// Read an erasure
///
/// How far it has come, what went, and which endpoints had been sent it.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/erasures/{erasureId}", operation_id = "readErasure", tag = "privacy",
    params(("appId" = String, Path), ("erasureId" = String, Path)),
    responses((status = 200, body = ErasureView))
)]
pub(crate) async fn read(
    State(store): State<Store>,
    PathIds((app_id, id)): PathIds<(AppId, ErasureId)>,
) -> Result<Json<ErasureView>, Problem> {
    app(&store, app_id).await?;
    let found = store.erasure(app_id, id).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no erasure {id}")))?;
    Ok(Json(found.into()))
}

async fn sessions_of(
    store: &Store,
    app_id: AppId,
    query: PersonQuery,
) -> Result<(PersonKey, BTreeSet<SessionId>), Problem> {
    let key = query.key()?;
    let sessions = store.sessions_of_person(app_id, &key).await?.ok_or_else(|| {
        Problem::conflict(format!(
            "more than {MAX_SESSIONS} sessions have this value: it is no person's; take another one"
        ))
        .at("/value")
    })?;
    Ok((key, sessions))
}
