//! Beginning a session, and giving it further tokens.

use bellpush_core::{context::Context, events::EventTime, routing::RouteRequest};
use bellpush_store::{App, NewSession, Session};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::Sessions;
use crate::{
    clock::{later, now},
    hours::opening_status::{self, OpeningStatusView},
    http::problem::Problem,
    sessions::turn::IceServer,
    tokens::{SessionToken, ToldToken},
};

/// A session with its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionCreated {
    /// Sent as `Authorization: Bearer …`.
    #[schema(value_type = String)]
    token: ToldToken,
    /// Until when; refresh it before.
    #[schema(value_type = String, format = DateTime)]
    expires_at: EventTime,
    /// The server's clock, to correct the browser's by.
    #[schema(value_type = String, format = DateTime)]
    server_time: EventTime,
    /// The session's context, which every event of the session carries.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    context: Context,
    /// Whether it is a preview.
    preview: bool,
    /// Whether its calls are taken now, and when that changes.
    hours: OpeningStatusView,
    /// Servers that help media around a firewall, with credentials for this session's calls.
    ice_servers: Vec<IceServer>,
}

impl Sessions {
    /// Begins a session, with its first token.
    ///
    /// # Errors
    /// 422 for a profile that the app does not have, 404 when the app is gone.
    pub(crate) async fn begin(
        &self,
        app: &App,
        new: NewSession,
    ) -> Result<SessionCreated, Problem> {
        let asked = RouteRequest {
            destination_id: new.destination_id,
            routing_key: new.routing_key.as_deref(),
        };
        let hours = opening_status::of(&self.store, app, asked).await?;
        let token = SessionToken::random();
        let expires_at = self.token_end();
        let session = self.store.create_session(new, &token.hash(), expires_at).await?;
        let session = session.ok_or_else(|| Problem::not_found("there is no such app"))?;
        Ok(self.created(&session, &token, expires_at, hours))
    }

    /// Gives a session one more token.
    ///
    /// # Errors
    /// 401 when session or app are gone, and for the preview of an API key, which ends with its token.
    pub(crate) async fn renew(&self, session: &Session) -> Result<SessionCreated, Problem> {
        if is_of_key(session) {
            return Err(ended_with_its_token());
        }
        self.renew_until(session, self.token_end()).await
    }

    /// Until when the token is valid that whoever takes up a call of this session is given by
    /// [`Sessions::renew_until`]. To be asked before the call is touched. The preview of an API key does not
    /// get longer by that.
    ///
    /// # Errors
    /// 401 for the preview of an API key that has ended.
    pub(crate) async fn end_with_call(&self, session: &Session) -> Result<EventTime, Problem> {
        if !is_of_key(session) {
            return Ok(self.token_end());
        }
        let end = self.store.session_end(session.id).await?;
        end.filter(|end| *end > now()).ok_or_else(ended_with_its_token)
    }

    /// Gives a session one more token, which is valid until then.
    ///
    /// # Errors
    /// 401 when session or app are gone.
    pub(crate) async fn renew_until(
        &self,
        session: &Session,
        expires_at: EventTime,
    ) -> Result<SessionCreated, Problem> {
        let app = self.app(session.app_id).await?;
        let hours =
            opening_status::of(&self.store, &app, opening_status::route_request(session)).await?;
        let token = SessionToken::random();
        if !self.store.add_session_token(session.id, &token.hash(), expires_at).await? {
            return Err(Problem::session_expired("the session is gone"));
        }
        Ok(self.created(session, &token, expires_at, hours))
    }

    fn token_end(&self) -> EventTime {
        later(now(), self.config.session_lifetime)
    }

    fn created(
        &self,
        session: &Session,
        token: &SessionToken,
        expires_at: EventTime,
        hours: OpeningStatusView,
    ) -> SessionCreated {
        // A call may be placed until the token's end, and a TURN server asks for them again and again.
        let until = later(expires_at, self.config.max_call_duration);
        let ice_servers =
            self.config.turn.iter().map(|turn| turn.for_session(session.id, until)).collect();
        SessionCreated {
            token: token.reveal().into(),
            expires_at,
            server_time: now(),
            context: session.context.clone(),
            preview: session.preview,
            hours,
            ice_servers,
        }
    }
}

/// Whether a session is a preview that was begun with an API key.
fn is_of_key(session: &Session) -> bool {
    session.preview && session.sign_in_id.is_none()
}

fn ended_with_its_token() -> Problem {
    let detail = "a preview that was begun with an API key ends with its token; begin another";
    Problem::session_expired(detail)
}
