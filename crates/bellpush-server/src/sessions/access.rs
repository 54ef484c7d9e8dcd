//! Which session a request belongs to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, StatusCode};
use bellpush_core::{
    access::{Authority, Permission, Place, Resource},
    ids::{ApiKeyId, AppId, SignInId, WidgetKeyId},
};
use bellpush_store::{App, SecretHash, Session, Store};
use moka::sync::Cache;
use tokio::sync::watch;

use super::maker::Maker;
use crate::{
    clock::now,
    config::ServerConfig,
    http::{client_ip::LimitKey, headers, lookups::FailedLookups, problem::Problem},
    sign_in::idle_since,
    tokens::SessionToken,
};

/// Sessions kept in memory; others are read from the store.
const CACHED: u64 = 20_000;
/// How often it is looked whether who began a preview may do so still, and for how long a key is
/// believed: another server, or the command line, may have ended that.
const LOOK: Duration = Duration::from_secs(3);
/// How long a session is believed before the store is asked again, and so by how much a token may
/// outlive its time.
const CACHE_TIME: Duration = Duration::from_secs(30);

/// The sessions of all widgets. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    pub(super) store: Store,
    pub(super) config: Arc<ServerConfig>,
    lookups: Arc<FailedLookups>,
    /// Those of requests to leave a live call, counted apart: guesses elsewhere keep nobody in a call.
    leaving_lookups: Arc<FailedLookups>,
    /// With the count of changes that it was read after.
    cache: Cache<SecretHash, (u64, Arc<Session>)>,
    /// The keys that were valid a moment ago: many sessions are begun with the same one.
    keys: Cache<Key, u64>,
    /// How often what is kept in memory was forgotten: what was read before may be kept after, and is not believed.
    changes: Arc<AtomicU64>,
    /// Told when the origins of an app, keys, or what their makers may do, may have changed.
    changed: watch::Sender<()>,
}

/// A key that sessions are begun with, and end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Api(ApiKeyId, Right),
    Widget(WidgetKeyId),
}

/// What whoever begins a session has to be permitted, for as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Right {
    pub(super) app_id: AppId,
    /// Whether it is to begin previews.
    pub(super) preview: bool,
}

impl Right {
    fn is_in(self, authority: &Authority) -> bool {
        let resource = if self.preview { Resource::Settings } else { Resource::Sessions };
        authority.allows(Permission::write(resource), Place::App(self.app_id))
    }
}

impl Sessions {
    /// The sessions of a store.
    pub(crate) fn new(
        store: Store,
        config: Arc<ServerConfig>,
        lookups: Arc<FailedLookups>,
    ) -> Self {
        let cache = Cache::builder().max_capacity(CACHED).time_to_live(CACHE_TIME).build();
        let leaving_lookups = FailedLookups::per_minute(config.limits.requests_per_minute);
        Self {
            store,
            config,
            lookups,
            leaving_lookups: Arc::new(leaving_lookups),
            cache,
            keys: Cache::builder().max_capacity(CACHED).time_to_live(LOOK).build(),
            changes: Arc::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Forgets what was counted of addresses that have been quiet. To be called now and then.
    pub(crate) fn forget_idle(&self) {
        self.leaving_lookups.forget_idle();
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

    /// The session of a token, which must be valid still, for an origin that is allowed still.
    ///
    /// # Errors
    /// 401 for any other token, 429 when this address has shown too many unknown ones.
    pub(crate) async fn of_token(
        &self,
        token: &SessionToken,
        LimitKey(address): LimitKey,
    ) -> Result<Arc<Session>, Problem> {
        let changes = self.changes();
        if let Some((_, session)) = self.cache.get(&token.hash()).filter(|it| it.0 == changes) {
            return Ok(session);
        }
        let found = self.lookups.count(address, self.look_up(token)).await?;
        self.admit(token, found, changes).await
    }

    /// The same for a request to leave a live call, which nothing else of its address keeps from that.
    ///
    /// # Errors
    /// 401 for any other token, 429 when this address has shown too many unknown ones for it.
    pub(crate) async fn of_token_leaving(
        &self,
        token: &SessionToken,
        LimitKey(address): LimitKey,
    ) -> Result<Arc<Session>, Problem> {
        let changes = self.changes();
        if let Some((_, session)) = self.cache.get(&token.hash()).filter(|it| it.0 == changes) {
            return Ok(session);
        }
        let found = self.leaving_lookups.count(address, self.look_up(token)).await?;
        self.admit(token, found, changes).await
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    async fn look_up(&self, token: &SessionToken) -> Result<Option<Session>, Problem> {
        Ok(self.store.session_by_token(&token.hash(), now()).await?)
    }

    async fn admit(
        &self,
        token: &SessionToken,
        found: Option<Session>,
        changes: u64,
    ) -> Result<Arc<Session>, Problem> {
        let session = found.ok_or_else(|| {
            Problem::session_expired("the session token is unknown or has expired")
        })?;
        self.check(&session).await?;
        let session = Arc::new(session);
        // Of a preview it is looked each time, as of whoever has begun it.
        if session.sign_in_id.is_none() {
            self.cache.insert(token.hash(), (changes, Arc::clone(&session)));
        }
        Ok(session)
    }

    /// Refuses the sessions of an origin that was taken off the list, those of keys that are gone, those of
    /// people who have signed out, and those of whoever may not begin them any more.
    async fn check(&self, session: &Session) -> Result<(), Problem> {
        self.check_origin(session).await?;
        if let Some(id) = session.widget_key_id {
            self.check_key(Key::Widget(id)).await?;
        }
        let right = Right { app_id: session.app_id, preview: session.preview };
        if let Some(id) = session.api_key_id {
            self.check_key(Key::Api(id, right)).await?;
        }
        match session.sign_in_id {
            Some(id) => self.check_sign_in(id, right).await,
            None => Ok(()),
        }
    }

    /// Refuses what somebody who has signed out, or a key that is gone, would begin; and what they may not
    /// begin any more.
    ///
    /// # Errors
    /// 401.
    pub(super) async fn check_maker(&self, maker: Maker, right: Right) -> Result<(), Problem> {
        match maker {
            Maker::Person(id) => self.check_sign_in(id, right).await,
            Maker::Key(id) => self.check_key(Key::Api(id, right)).await,
        }
    }

    async fn check_sign_in(&self, id: SignInId, right: Right) -> Result<(), Problem> {
        let at = now();
        let found = self.store.accounts().signed_in_by_id(id, at, idle_since(at)).await?;
        if found.is_some_and(|signed_in| right.is_in(&signed_in.authority())) {
            return Ok(());
        }
        Err(Problem::session_expired(
            "whoever has begun this session is not signed in any more, or may not begin it now",
        ))
    }

    async fn check_key(&self, key: Key) -> Result<(), Problem> {
        let changes = self.changes();
        if self.keys.get(&key) == Some(changes) {
            return Ok(());
        }
        let is_valid = match key {
            Key::Api(id, right) => {
                let key = self.store.api_keys().valid(id, now()).await?;
                key.is_some_and(|key| right.is_in(&key.authority()))
            }
            Key::Widget(id) => self.store.has_widget_key(id).await?,
        };
        if !is_valid {
            return Err(Problem::session_expired(
                "the key that began this session is gone, or may not begin it now",
            ));
        }
        self.keys.insert(key, changes);
        Ok(())
    }

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

    /// Asks the store again for each session, because an app's origins, keys, or what their makers may do, have
    /// changed.
    pub(crate) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.keys.invalidate_all();
        self.cache.invalidate_all();
        self.changed.send_replace(());
    }

    /// Waits until the origin of a session is taken off its app's list, or who has begun it is gone or may not
    /// begin it any more.
    pub(crate) async fn withdrawn(&self, session: Arc<Session>) {
        let mut changed = self.changed.subscribe();
        let mut people = self.store.accounts().changes();
        let is_of_person = session.sign_in_id.is_some();
        // What another node changes is seen a while later.
        let every = if is_of_person || session.preview { LOOK } else { CACHE_TIME };
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                Ok(()) = changed.changed() => {}
                Ok(()) = people.changed(), if is_of_person => {}
            }
            match self.check(&session).await {
                Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => return,
                // A store that fails withdraws nothing.
                Ok(()) | Err(_) => {}
            }
        }
    }
}

/// The session token of a request.
///
/// # Errors
/// 401 without one.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<SessionToken, Problem> {
    headers::bearer(headers).and_then(SessionToken::parse).ok_or_else(|| {
        Problem::session_expired("send the session token as Authorization: Bearer st_…")
    })
}
