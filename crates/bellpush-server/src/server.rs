//! What all handlers share: the store, the call engine, settings, limits and caches.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::http::HeaderMap;
use bellpush_call::{Engine, Trunks};
use bellpush_core::{
    events::EventTime,
    ids::{AppId, NodeId},
    origin::AllowedOrigin,
    trace::Tracer,
    trace_context::TraceParent,
};
use bellpush_delivery::Announcer;
use bellpush_store::{Append, AppendError, Appended, SecretHash, Session, Store, StoreError};
use ipnet::IpNet;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use moka::sync::Cache;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    calls::{LiveCalls, places::Places},
    demo::Demo,
    http::{
        assets::WidgetManifest,
        client_ip::{client_ip, limit_key},
        headers,
        limits::{LimitSettings, Limits},
        problem::Problem,
    },
    tokens::{ApiKey, SessionToken, WidgetKey},
    trunks::RunningTrunks,
    turn::TurnConfig,
    widget::challenge::Challenges,
};

/// Sessions kept in memory; others are read from the store.
const CACHED_SESSIONS: u64 = 20_000;
/// How long a session is believed before the store is asked again, and so by how much a token may
/// outlive its time.
const SESSION_CACHE_TIME: Duration = Duration::from_secs(30);
/// Idle rate-limit keys and expired tokens are forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// What has been kept for its time is removed this often.
const REMOVE_EVERY: Duration = Duration::from_secs(3_600);

/// How the server is set up.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The server's own origin, as browsers see it: previews may be embedded by it alone.
    pub own_origin: AllowedOrigin,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Rate limits.
    pub limits: LimitSettings,
    /// How long a session token is valid.
    pub session_lifetime: Duration,
    /// Live calls from one address, at most.
    pub max_calls_per_address: u32,
    /// After this time a call is ended by the far side.
    pub max_call_duration: Duration,
    /// Active integrations of one app, at most.
    pub max_active_integrations: u8,
    /// Whether endpoints on loopback addresses are accepted.
    pub allow_loopback_endpoints: bool,
    /// The URL that browsers reach this very node by, without a slash at the end; `None` where one
    /// node has the server's own URL for itself.
    pub node_url: Option<String>,
    /// The TURN server that visitors may use.
    pub turn: Option<TurnConfig>,
    /// For how long statistics of deliveries are kept.
    pub keep_statistics: Duration,
    /// For how long notifications are kept.
    pub keep_notifications: Duration,
    /// What makes the spans of events, where they are traced.
    pub tracer: Option<Tracer>,
    /// The demo page's app, when there is one.
    pub demo: Option<Demo>,
}

/// The server's state.
#[derive(Debug)]
pub struct Server {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) trunks: RunningTrunks,
    pub(crate) config: ServerConfig,
    pub(crate) node_id: NodeId,
    pub(crate) limits: Limits,
    pub(crate) live_calls: LiveCalls,
    pub(crate) places: Places,
    pub(crate) challenges: Challenges,
    pub(crate) manifest: Option<WidgetManifest>,
    pub(crate) metrics: PrometheusHandle,
    /// Told what is new to deliver, and asked how it goes.
    pub(crate) announcer: Announcer,
    /// Told when a replay was made.
    pub(crate) replay_made: Notify,
    pub(crate) draining: CancellationToken,
    pub(crate) stopped: CancellationToken,
    /// One task a live call.
    pub(crate) tasks: TaskTracker,
    sessions: Cache<SecretHash, Arc<Session>>,
}

impl Server {
    /// Joins the parts.
    #[must_use]
    pub fn new(
        store: Store,
        engine: Engine,
        trunks: Trunks,
        config: ServerConfig,
        metrics: PrometheusHandle,
        announcer: Announcer,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            engine,
            trunks: RunningTrunks::new(trunks),
            node_id: NodeId::from_uuid(Uuid::now_v7()),
            limits: Limits::new(config.limits),
            live_calls: LiveCalls::default(),
            places: Places::default(),
            challenges: Challenges::default(),
            manifest: WidgetManifest::load(),
            metrics,
            announcer,
            replay_made: Notify::new(),
            draining: CancellationToken::new(),
            stopped: CancellationToken::new(),
            tasks: TaskTracker::new(),
            sessions: Cache::builder()
                .max_capacity(CACHED_SESSIONS)
                .time_to_live(SESSION_CACHE_TIME)
                .build(),
            config,
        })
    }

    /// Takes no new call from now on.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Waits until the end of every live call is on disk, then gives the node's lease back. Ends that
    /// the store does not take within the time are left to recovery, at the next start.
    pub async fn stop(&self, patience: Duration) {
        self.drain();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::error!(calls = self.tasks.len(), "the ends of these calls are not stored");
        }
        self.stopped.cancel();
    }

    /// Small regular duties: forgets idle rate-limit keys and expired tokens, and removes what has
    /// been kept for its time.
    pub async fn tidy(self: Arc<Self>) {
        let mut forget = tokio::time::interval(FORGET_EVERY);
        let mut remove = tokio::time::interval(REMOVE_EVERY);
        loop {
            let (done, what) = tokio::select! {
                () = self.stopped.cancelled() => return,
                _ = forget.tick() => {
                    self.limits.forget_idle();
                    let removed = self.store.remove_expired_tokens(self.now()).await;
                    (removed.map(drop), "expired session tokens")
                }
                _ = remove.tick() => (self.remove_old().await, "old statistics and notifications"),
            };
            if let Err(error) = done {
                tracing::warn!(%error, "{what} can't be removed");
            }
        }
    }

    async fn remove_old(&self) -> Result<(), StoreError> {
        let now = self.now();
        let before = |kept: Duration| {
            let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
            EventTime::from_millis(now.millis().saturating_sub(kept))
        };
        if let Some(before) = before(self.config.keep_statistics) {
            self.store.remove_statistics(before).await?;
        }
        if let Some(before) = before(self.config.keep_notifications) {
            self.store.remove_notifications(before).await?;
        }
        Ok(())
    }

    /// The server's clock.
    pub(crate) fn now(&self) -> EventTime {
        EventTime::new(Timestamp::now())
    }

    /// Appends events to the log (see [`Store::append`]), and traces those that are new.
    pub(crate) async fn append(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        let began = self.config.tracer.as_ref().map(|tracer| (tracer, Timestamp::now()));
        let appended = self.store.append(appends).await?;
        if let Some((tracer, began)) = began {
            let ended = Timestamp::now();
            for new in appended.iter().filter(|appended| !appended.is_repeated()) {
                tracer.ingested(new.event(), began, ended);
            }
        }
        Ok(appended)
    }

    /// The span that a request names, where events are traced. One that is not valid is passed over,
    /// as W3C Trace Context says.
    pub(crate) fn trace_parent(&self, headers: &HeaderMap) -> Option<TraceParent> {
        self.config.tracer.as_ref()?;
        let mut given = headers.get_all("traceparent").iter();
        let (first, other) = (given.next()?, given.next());
        other.is_none().then(|| first.to_str().ok()?.parse().ok()).flatten()
    }

    /// What rate limits count a request by.
    pub(crate) fn limit_key(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        limit_key(client_ip(peer, headers, &self.config.trusted_proxies))
    }

    /// The session of a request's bearer token.
    pub(crate) async fn authenticate_session(
        &self,
        headers: &HeaderMap,
    ) -> Result<Arc<Session>, Problem> {
        let token = headers::bearer(headers).and_then(SessionToken::parse);
        let token = token.ok_or_else(|| {
            Problem::session_expired("send the session token as Authorization: Bearer st_…")
        })?;
        self.session(&token).await
    }

    /// The session of a token, which must be valid still, for an origin that is allowed still.
    pub(crate) async fn session(&self, token: &SessionToken) -> Result<Arc<Session>, Problem> {
        let hash = token.hash();
        if let Some(session) = self.sessions.get(&hash) {
            return Ok(session);
        }
        let session = self.store.session_by_token(&hash, self.now()).await?.ok_or_else(|| {
            Problem::session_expired("the session token is unknown or has expired")
        })?;
        self.check_origin(&session).await?;
        let session = Arc::new(session);
        self.sessions.insert(hash, Arc::clone(&session));
        Ok(session)
    }

    /// Refuses the sessions of an origin that was taken off the list.
    async fn check_origin(&self, session: &Session) -> Result<(), Problem> {
        let Some(origin) = &session.origin else { return Ok(()) };
        let app = self.store.app(session.app_id).await?;
        let app = app.ok_or_else(|| Problem::session_expired("the app was deleted"))?;
        if app.settings.allows(origin) || (session.preview && *origin == self.config.own_origin) {
            return Ok(());
        }
        Err(Problem::session_expired(format!("{origin} is not an allowed origin any more")))
    }

    /// Forgets cached sessions, because an app's origins have changed.
    pub(crate) fn forget_sessions(&self) {
        self.sessions.invalidate_all();
    }

    /// Checks a widget key of an app.
    pub(crate) async fn check_widget_key(&self, app_id: AppId, key: &str) -> Result<(), Problem> {
        let invalid = || {
            Problem::widget_key_invalid(
                "the widget key is missing or not one of this app; check the key parameter",
            )
        };
        let key = WidgetKey::parse(key).ok_or_else(invalid)?;
        match self.store.widget_key(key.reveal()).await? {
            Some(found) if found.app_id == app_id => Ok(()),
            _ => Err(invalid()),
        }
    }

    /// Checks the API key of a request.
    pub(crate) async fn authenticate_api(
        &self,
        headers: &HeaderMap,
    ) -> Result<bellpush_store::ApiKey, Problem> {
        let invalid =
            || Problem::api_key_invalid("send a valid API key as Authorization: Bearer bp_…");
        let key = headers::bearer(headers).and_then(ApiKey::parse).ok_or_else(invalid)?;
        self.store.api_key_by_hash(&key.hash()).await?.ok_or_else(invalid)
    }
}
