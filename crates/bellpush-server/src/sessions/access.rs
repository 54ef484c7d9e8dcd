//! Which session a request belongs to.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bellpush_core::ids::AppId;
use bellpush_store::{App, SecretHash, Session, Store};
use moka::sync::Cache;

use crate::{
    clock::now,
    config::ServerConfig,
    http::{headers, problem::Problem},
    tokens::SessionToken,
};

/// Sessions kept in memory; others are read from the store.
const CACHED: u64 = 20_000;
/// How long a session is believed before the store is asked again, and so by how much a token may
/// outlive its time.
const CACHE_TIME: Duration = Duration::from_secs(30);

/// The sessions of all widgets. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    pub(super) store: Store,
    pub(super) config: Arc<ServerConfig>,
    cache: Cache<SecretHash, Arc<Session>>,
}

impl Sessions {
    /// The sessions of a store.
    pub(crate) fn new(store: Store, config: Arc<ServerConfig>) -> Self {
        let cache = Cache::builder().max_capacity(CACHED).time_to_live(CACHE_TIME).build();
        Self { store, config, cache }
    }

    /// The session of a request's bearer token.
    ///
    /// # Errors
    /// 401 without a valid token.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Session>, Problem> {
        let token = headers::bearer(headers).and_then(SessionToken::parse);
        let token = token.ok_or_else(|| {
            Problem::session_expired("send the session token as Authorization: Bearer st_…")
        })?;
        self.of_token(&token).await
    }

    /// The session of a token, which must be valid still, for an origin that is allowed still.
    ///
    /// # Errors
    /// 401 for any other token.
    pub(crate) async fn of_token(&self, token: &SessionToken) -> Result<Arc<Session>, Problem> {
        let hash = token.hash();
        if let Some(session) = self.cache.get(&hash) {
            return Ok(session);
        }
        let session = self.store.session_by_token(&hash, now()).await?.ok_or_else(|| {
            Problem::session_expired("the session token is unknown or has expired")
        })?;
        self.check_origin(&session).await?;
        let session = Arc::new(session);
        self.cache.insert(hash, Arc::clone(&session));
        Ok(session)
    }

    /// Refuses the sessions of an origin that was taken off the list.
    async fn check_origin(&self, session: &Session) -> Result<(), Problem> {
        let Some(origin) = &session.origin else { return Ok(()) };
        let app = self.app(session.app_id).await?;
        if app.settings.allows(origin) || (session.preview && *origin == self.config.own_origin) {
            return Ok(());
        }
        Err(Problem::session_expired(format!("{origin} is not an allowed origin any more")))
    }

    /// The app that a session is of.
    ///
    /// # Errors
    /// 401 when the app was deleted.
    pub(crate) async fn app(&self, id: AppId) -> Result<App, Problem> {
        let app = self.store.app(id).await?;
        app.ok_or_else(|| Problem::session_expired("the app was deleted"))
    }

    /// Asks the store again for each session, because an app's origins have changed.
    pub(crate) fn forget_all(&self) {
        self.cache.invalidate_all();
    }
}
