//! What it takes to go on with a call of another server: it is found out before the call is claimed.

use std::collections::BTreeMap;

use bellpush_call::Route;
use bellpush_core::{
    events::{EventName, EventTime},
    routing::{AnsweredBy, CallFacts, RouteRequest, SipDialog},
    trace_context::TraceParent,
    trunk::OpenDialog,
};
use bellpush_store::{Call, EventFilter, PageRequest, Session};
use serde_json::Value;

use crate::{
    calls::{live::Before, routes, state::Calls, stream::Content},
    hours::opening_status,
    http::problem::Problem,
};

/// The first event, trace and routes of a call, read before it is claimed.
pub(super) struct Prepared {
    /// Its first event, for its stream here.
    pub(super) started: Content,
    pub(super) place: Option<TraceParent>,
    routes: Vec<Route>,
    /// The Call-ID of the dialog that the routes are of, if it has one.
    by: Option<String>,
}

impl Prepared {
    /// That of a call as it is now.
    ///
    /// # Errors
    /// The call can't go on here.
    pub(super) async fn of(calls: &Calls, owner: &Session, call: &Call) -> Result<Self, Problem> {
        let dialog = calls.store.dialog_of_call(call.id, call.node_id).await?;
        let by = dialog.as_ref().map(|(open, _)| open.snapshot.sip_call_id.clone());
        Ok(Self {
            started: started(calls, call).await?,
            place: calls.log.place_of_call(call.id).await?,
            routes: routes_of(calls, owner, call, dialog).await?,
            by,
        })
    }

    /// Where it goes, by the dialog that has come with it.
    ///
    /// # Errors
    /// It was answered just now, and can't go on here.
    pub(super) async fn routes_by(
        self,
        calls: &Calls,
        owner: &Session,
        call: &Call,
        dialog: Option<(OpenDialog, EventTime)>,
    ) -> Result<Vec<Route>, Problem> {
        match dialog {
            Some((open, _)) if self.by.as_ref() == Some(&open.snapshot.sip_call_id) => {
                Ok(routes::by_dialog(self.routes, open.snapshot))
            }
            None if self.by.is_none() => Ok(self.routes),
            dialog => routes_of(calls, owner, call, dialog).await,
        }
    }
}

/// The call's first event.
async fn started(calls: &Calls, call: &Call) -> Result<Content, Problem> {
    let filter = EventFilter {
        call_id: Some(call.id),
        name: Some(EventName::CallStarted.as_str().to_owned()),
        ..EventFilter::default()
    };
    let events = calls.store.events(call.app_id, &filter, PageRequest::first(1)).await?;
    let recorded =
        events.items.first().ok_or_else(|| Problem::internal("a call has no call_started"))?;
    let event = serde_json::from_str(&recorded.envelope)
        .map_err(|_| Problem::internal("an event in the store can't be read"))?;
    Ok(Content::Event { id: recorded.id, event })
}

/// What has become of it where it was.
pub(super) fn before(call: &Call, dialog: Option<&(OpenDialog, EventTime)>) -> Before {
    let Some((open, answered_at)) = dialog else { return Before::default() };
    let dialog = SipDialog { trunk_id: open.trunk_id, call_id: open.snapshot.sip_call_id.clone() };
    let answered_by = AnsweredBy { profile_id: open.profile_id, dialog: Some(dialog) };
    Before {
        connected_at: Some((*answered_at).max(call.started_at)),
        answered_by: Some(Box::new(answered_by)),
    }
}

/// By its dialog, if it has one; else where it would go now.
async fn routes_of(
    calls: &Calls,
    owner: &Session,
    call: &Call,
    dialog: Option<(OpenDialog, EventTime)>,
) -> Result<Vec<Route>, Problem> {
    let app = calls.sessions.app(call.app_id).await?;
    let profiles = opening_status::profiles(&calls.store, &app).await?;
    if let Some((open, _)) = dialog {
        return Ok(vec![routes::of_dialog(calls, &profiles, open).await?]);
    }
    let asked = RouteRequest {
        destination_id: call.destination_id,
        routing_key: call.routing_key.as_deref(),
    };
    // By the hours of when it was placed: they may have ended since.
    let hops = profiles.route(asked, call.started_at.timestamp())?;
    let form: BTreeMap<String, String> = call
        .form_values
        .iter()
        .flatten()
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some((name.clone(), text.clone())),
            _ => None,
        })
        .collect();
    let facts = CallFacts {
        call_id: call.id,
        app_id: call.app_id,
        context: &owner.context,
        routing_key: call.routing_key.as_deref(),
        form: &form,
        consent: call.consent.as_ref().map(|consent| consent.hash.as_str()),
    };
    let mut routes = routes::of_hops(calls, &facts, &hops).await?;
    routes::rehearse(calls, owner, &mut routes).await?;
    Ok(routes)
}
