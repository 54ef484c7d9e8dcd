//! `…/calls/{callId}/sip.pcap` and `…/sip.txt`: a call's SIP messages, to be taken elsewhere.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bellpush_core::{
    ids::{AppId, CallId},
    record::Recorded,
};
use bellpush_store::{Actor, AuditAction, Store};

use super::read::find;
use crate::{
    access::ActingAs,
    api::path::PathIds,
    http::{headers::value, problem::Problem},
    records::{Records, capture},
};

const PCAP: &str = "application/vnd.tcpdump.pcap";
const TEXT: &str = "text/plain; charset=utf-8";

/// Export a call's SIP messages as a capture
///
/// A pcap file, as Wireshark reads it. Passwords, keys and pressed keys are masked.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls/{callId}/sip.pcap", operation_id = "exportSipCapture", tag = "calls",
    params(("appId" = String, Path), ("callId" = String, Path)),
    responses(
        (status = 200, description = "The capture", content_type = "application/vnd.tcpdump.pcap", body = Vec<u8>),
    )
)]
pub(crate) async fn pcap(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(records): State<Records>,
    PathIds((app_id, id)): PathIds<(AppId, CallId)>,
) -> Result<Response, Problem> {
    let entries = entries(&store, &records, app_id, id).await?;
    let file = capture::pcap(&entries)
        .map_err(|error| Problem::internal(format!("the capture can't be made: {error}")))?;
    let file = file.ok_or_else(|| nothing_kept(id))?;
    note(&store, app_id, id, &actor).await?;
    Ok(download(file.into_response(), PCAP, &format!("{id}.pcap")))
}

/// Export a call's SIP messages as text
///
/// With their times and addresses. Passwords, keys and pressed keys are masked.
#[utoipa::path(
    get, path = "/v1/apps/{appId}/calls/{callId}/sip.txt", operation_id = "exportSipText", tag = "calls",
    params(("appId" = String, Path), ("callId" = String, Path)),
    responses(
        (status = 200, description = "The messages", content_type = "text/plain", body = String),
    )
)]
pub(crate) async fn text(
    ActingAs(actor): ActingAs,
    State(store): State<Store>,
    State(records): State<Records>,
    PathIds((app_id, id)): PathIds<(AppId, CallId)>,
) -> Result<Response, Problem> {
    let entries = entries(&store, &records, app_id, id).await?;
    let text = capture::text(&entries).ok_or_else(|| nothing_kept(id))?;
    note(&store, app_id, id, &actor).await?;
    Ok(download(text.into_response(), TEXT, &format!("{id}.txt")))
}

async fn entries(
    store: &Store,
    records: &Records,
    app_id: AppId,
    id: CallId,
) -> Result<Vec<Recorded>, Problem> {
    find(store, app_id, id).await?;
    Ok(records.of_call(id).await?.entries)
}

async fn note(store: &Store, app_id: AppId, id: CallId, actor: &Actor) -> Result<(), Problem> {
    Ok(store.note(AuditAction::SipExported, Some(app_id), Some(id.to_string()), actor).await?)
}

fn nothing_kept(id: CallId) -> Problem {
    Problem::not_found(format!("no SIP message of the call {id} is kept"))
}

/// Something to be saved, never to be shown: it holds what far sides have sent.
pub(crate) fn download(mut response: Response, kind: &'static str, name: &str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = format!("attachment; filename=\"{name}\"");
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
