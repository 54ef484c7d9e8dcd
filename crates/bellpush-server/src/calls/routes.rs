//! From what a session asks for to the profiles that its call is offered to.

use bellpush_call::{FarSide, Route};
use bellpush_core::{
    events::EventTime,
    ids::AppId,
    routing::{self, CallFacts, Hop, Openness, Profiles, Refusal, RouteRequest},
};
use bellpush_store::{App, Session};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Server, http::problem::Problem, trunks};

/// Whether calls are taken, and when that changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpennessView {
    /// Whether they are taken now.
    open: bool,
    /// When that changes, in turn: the changes of the coming eight days, up to 14, and in any case
    /// the next opening within a year.
    #[schema(value_type = Vec<String>)]
    changes: Vec<EventTime>,
}

impl From<Openness> for OpennessView {
    fn from(Openness { open, changes }: Openness) -> Self {
        Self { open, changes: changes.into_iter().map(EventTime::new).collect() }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownProfile => Self::invalid(refusal.to_string()).at("/destination"),
            Refusal::Closed { next_opening } => {
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

/// What a session asks for.
pub(crate) fn asked(session: &Session) -> RouteRequest<'_> {
    RouteRequest {
        destination_id: session.destination_id,
        routing_key: session.routing_key.as_deref(),
    }
}

impl Server {
    /// All profiles of an app.
    pub(crate) async fn profiles(&self, app: &App) -> Result<Profiles, Problem> {
        let profiles = self.store.profiles(app.id).await?;
        let default = profiles.iter().find(|profile| profile.is_default);
        let default = default.ok_or_else(|| Problem::not_found("the app is gone"))?.id;
        let by_id = profiles.into_iter().map(|profile| (profile.id, profile.settings)).collect();
        Ok(Profiles { by_id, default, app_hours: app.settings.hours.clone() })
    }

    /// Whether calls of a session like this are taken.
    ///
    /// # Errors
    /// The app has no such profile.
    pub(crate) async fn openness(
        &self,
        app: &App,
        asked: RouteRequest<'_>,
    ) -> Result<OpennessView, Problem> {
        let profiles = self.profiles(app).await?;
        Ok(profiles.openness(asked, self.now().timestamp())?.into())
    }

    /// The app of a session.
    pub(crate) async fn app_of(&self, app_id: AppId) -> Result<App, Problem> {
        let app = self.store.app(app_id).await?;
        app.ok_or_else(|| Problem::session_expired("the app was deleted"))
    }
}

/// A hop as the call engine takes it.
pub(super) fn route(
    server: &Server,
    facts: &CallFacts<'_>,
    hop: &Hop<'_>,
) -> Result<Route, Problem> {
    let gone = || Problem::internal("a profile refers to a trunk that is not there");
    let far_side = match hop.far_side().ok_or_else(gone)? {
        routing::FarSide::Demo => FarSide::Demo,
        routing::FarSide::Sip { trunk_id, to } => {
            let target = trunks::target(&server.trunks, facts, hop, trunk_id, &to);
            FarSide::Sip(Box::new(target.ok_or_else(gone)?))
        }
    };
    let limit = server.config.max_call_duration;
    Ok(Route {
        destination_id: hop.profile_id,
        far_side,
        ring_timeout: hop.ring_timeout(),
        max_duration: hop.max_duration().map_or(limit, |own| own.min(limit)),
    })
}
