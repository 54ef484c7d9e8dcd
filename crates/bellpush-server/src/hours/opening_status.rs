//! Which profiles an app has, and whether calls of a session are taken.

use bellpush_core::{
    events::EventTime,
    routing::{OpeningStatus, Profiles, RouteError, RouteRequest},
};
use bellpush_store::{App, Session, Store};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{clock::now, http::problem::Problem};

/// Whether calls are taken, and when that changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpeningStatusView {
    /// Whether they are taken now.
    open: bool,
    /// When that changes, in turn: the changes of the coming eight days, up to 14, and in any case
    /// the next opening within a year.
    #[schema(value_type = Vec<String>)]
    changes: Vec<EventTime>,
}

impl From<OpeningStatus> for OpeningStatusView {
    fn from(OpeningStatus { open, changes }: OpeningStatus) -> Self {
        Self { open, changes: changes.into_iter().map(EventTime::new).collect() }
    }
}

impl From<RouteError> for Problem {
    fn from(refusal: RouteError) -> Self {
        match refusal {
            RouteError::UnknownProfile => Self::invalid(refusal.to_string()).at("/destination"),
            RouteError::Closed { next_opening } => {
                let at = next_opening.map(EventTime::new);
                let detail = match at {
                    Some(at) => format!("it is outside business hours; they begin at {at}"),
                    None => "it is closed".into(),
                };
                Self::closed(detail).opening(at)
            }
        }
    }
}

/// What is routed by, for a session.
pub(crate) fn route_request(session: &Session) -> RouteRequest<'_> {
    RouteRequest {
        destination_id: session.destination_id,
        routing_key: session.routing_key.as_deref(),
    }
}

/// All profiles of an app.
///
/// # Errors
/// 404 when the app is gone.
pub(crate) async fn profiles(store: &Store, app: &App) -> Result<Profiles, Problem> {
    let profiles = store.profiles(app.id).await?;
    let default = profiles.iter().find(|profile| profile.is_default);
    let default = default.ok_or_else(|| Problem::not_found("the app is gone"))?.id;
    let by_id = profiles.into_iter().map(|profile| (profile.id, profile.settings)).collect();
    Ok(Profiles { by_id, default, app_hours: app.settings.hours.clone() })
}

/// Whether calls of a session like this are taken.
///
/// # Errors
/// 422 when the app has no such profile.
pub(crate) async fn of(
    store: &Store,
    app: &App,
    request: RouteRequest<'_>,
) -> Result<OpeningStatusView, Problem> {
    let profiles = profiles(store, app).await?;
    Ok(profiles.opening_status(request, now().timestamp())?.into())
}
