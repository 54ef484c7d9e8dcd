//! Which session a request belongs to.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, StatusCode};
use bellpush_core::ids::AppId;
use bellpush_store::{App, SecretHash, Session, Store};
use moka::sync::Cache;
use tokio::sync::watch;

use crate::{
    clock::now,
    config::ServerConfig,
    http::{client_ip::LimitKey, headers, lookups::FailedLookups, problem::Problem},
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
    lookups: Arc<FailedLookups>,
    cache: Cache<SecretHash, Arc<Session>>,
    /// Told when the origins of an app may have changed.
    origins_changed: watch::Sender<()>,
}

impl Sessions {
    /// The sessions of a store.
    pub(crate) fn new(
        store: Store,
        config: Arc<ServerConfig>,
        lookups: Arc<FailedLookups>,
    ) -> Self {
        let cache = Cache::builder().max_capacity(CACHED).time_to_live(CACHE_TIME).build();
        Self { store, config, lookups, cache, origins_changed: watch::Sender::new(()) }
    }

    /// The session of a request's bearer token.
    ///
    /// # Errors
    /// 401 without a valid token, 429 when this address has shown too many unknown ones.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        LimitKey(address): LimitKey,
    ) -> Result<Arc<Session>, Problem> {
        self.of_token(&bearer_token(headers)?, LimitKey(address)).await
    }

    /// The same for a request to leave a live call, which is never limited.
    ///
    /// # Errors
    /// 401 without a valid token.
    pub(crate) async fn authenticate_freely(
        &self,
        headers: &HeaderMap,
    ) -> Result<Arc<Session>, Problem> {
        self.of_token_freely(&bearer_token(headers)?).await
    }

    /// The session of a token, which must be valid still, for an origin that is allowed still.
    ///
    /// # Errors
    /// 401 for any other token, 429 when this address has shown too many unknown ones.
    pub(crate) async fn of_token(
        &self,
        token: &SessionToken,
        LimitKey(address): LimitKey,
    ) -> Result<Arc<Session>, Problem> {
        if let Some(session) = self.cache.get(&token.hash()) {
            return Ok(session);
        }
        let found = self.lookups.count(address, self.look_up(token)).await?;
        self.admit(token, found).await
    }

    /// The same for a request to leave a live call, which is never limited.
    ///
    /// # Errors
    /// 401 for any other token.
    pub(crate) async fn of_token_freely(
        &self,
        token: &SessionToken,
    ) -> Result<Arc<Session>, Problem> {
        if let Some(session) = self.cache.get(&token.hash()) {
            return Ok(session);
        }
        self.admit(token, self.look_up(token).await?).await
    }

    async fn look_up(&self, token: &SessionToken) -> Result<Option<Session>, Problem> {
        Ok(self.store.session_by_token(&token.hash(), now()).await?)
    }

    async fn admit(
        &self,
        token: &SessionToken,
        found: Option<Session>,
    ) -> Result<Arc<Session>, Problem> {
        let session = found.ok_or_else(|| {
            Problem::session_expired("the session token is unknown or has expired")
        })?;
        self.check_origin(&session).await?;
        let session = Arc::new(session);
        self.cache.insert(token.hash(), Arc::clone(&session));
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
        self.origins_changed.send_replace(());
    }

    /// Waits until the origin of a session is taken off its app's list.
    pub(crate) async fn withdrawn(&self, session: Arc<Session>) {
        let mut changed = self.origins_changed.subscribe();
        loop {
            // What another node changes is seen a while later.
            let _ = tokio::time::timeout(CACHE_TIME, changed.changed()).await;
            match self.check_origin(&session).await {
                Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => return,
                // A store that fails withdraws nothing.
                Ok(()) | Err(_) => {}
            }
        }
    }
}

fn bearer_token(headers: &HeaderMap) -> Result<SessionToken, Problem> {
    headers::bearer(headers).and_then(SessionToken::parse).ok_or_else(|| {
        Problem::session_expired("send the session token as Authorization: Bearer st_…")
    })
}
