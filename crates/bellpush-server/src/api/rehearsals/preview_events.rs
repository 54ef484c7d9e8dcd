//! `…/rehearsals/{rehearsalId}/events`: events of a preview that nobody has to look at.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use bellpush_core::{
    events::{Event, EventName, is_free_name, sample},
    ids::{AppId, RehearsalId, SessionId},
    rehearsal::Target,
};
use bellpush_store::{Append, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::find;
use crate::{
    api::{integrations::lookup, path::PathIds},
    clock::now,
    event_log::{EventLog, new_event_id},
    http::{body::JsonBody, limits::Limits, problem::Problem},
};

/// Events of one request, at most: as many failures in a row as open a breaker, and as many again.
const MAX_EVENTS: u8 = 20;

/// How many events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewEvents {
    /// How many: 1 to 20.
    #[schema(minimum = 1, maximum = 20, default = 1)]
    #[serde(default = "one")]
    count: u8,
}

const fn one() -> u8 {
    1
}

/// What was put into the event log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewEventsSent {
    /// The name of the events.
    event: String,
    /// How many.
    count: u8,
}

/// Send preview events
///
/// Puts sample events of a preview into the event log, of a name that the integration gets: they are
/// delivered as those of any preview. While the rehearsal of an integration runs; at most 20 requests a
/// minute.
#[utoipa::path(
    post, path = "/v1/apps/{appId}/rehearsals/{rehearsalId}/events", operation_id = "sendPreviewEvents", tag = "rehearsals",
    params(("appId" = String, Path), ("rehearsalId" = String, Path)),
    request_body = PreviewEvents,
    responses(
        (status = 202, description = "They are in the event log", body = PreviewEventsSent),
        (status = 409, description = "It is over, it is of a profile, or a sample is possible of no event that the integration gets"),
    )
)]
pub(crate) async fn send(
    State(store): State<Store>,
    State(log): State<EventLog>,
    State(limits): State<Arc<Limits>>,
    PathIds((app_id, id)): PathIds<(AppId, RehearsalId)>,
    JsonBody(PreviewEvents { count }): JsonBody<PreviewEvents>,
) -> Result<(StatusCode, Json<PreviewEventsSent>), Problem> {
    if !(1..=MAX_EVENTS).contains(&count) {
        let message = format!("send 1 to {MAX_EVENTS} events");
        return Err(Problem::invalid(message).at("/count"));
    }
    let rehearsal = find(&store, app_id, id).await?;
    let Target::Integration(integration_id) = rehearsal.target else {
        return Err(Problem::conflict("it is of a profile: make a call in a preview"));
    };
    if rehearsal.end(now()).is_some() {
        return Err(Problem::conflict("the rehearsal is over; begin another one"));
    }
    let integration = lookup::find(&store, app_id, integration_id).await?;
    let name =
        integration.settings.events.iter().find(|name| stands_alone(name)).ok_or_else(|| {
            Problem::conflict(
                "the integration gets events of calls alone: make a call in a preview, or select \
             widget_loaded or a custom event",
            )
        })?;
    limits.test(integration_id)?;
    let events = (0..count).map(|_| Append::Event(preview_event(app_id, name)));
    log.append(events.collect()).await?;
    Ok((StatusCode::ACCEPTED, Json(PreviewEventsSent { event: name.clone(), count })))
}

/// Whether such an event may be in the log without a call, and says nothing about one.
fn stands_alone(name: &str) -> bool {
    match name.parse::<EventName>() {
        Ok(name) => matches!(name, EventName::WidgetLoaded | EventName::CustomButtonClicked),
        Err(_) => is_free_name(name),
    }
}

fn preview_event(app_id: AppId, name: &str) -> Event {
    let mut envelope = sample(name, now());
    envelope.data.insert("isPreview".into(), true.into());
    Event {
        id: new_event_id(),
        app_id,
        session_id: SessionId::OF_APP,
        call_id: None,
        preview: true,
        trace_parent: None,
        envelope,
    }
}
