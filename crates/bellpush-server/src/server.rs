//! The server: its parts, joined, and what it does beside answering requests.
//!
//! Handlers name the parts that they need as their state; only routes know the whole.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::FromRef;
use bellpush_call::{Engine, MayEnd, Recorder, ToKeep, ToRecord, Trunks};
use bellpush_delivery::Announcer;
use bellpush_store::{Accounts, Store, StoreError};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Access,
    alerts::AlertWatch,
    calls::{Calls, dialogs, recovery, taking_over::moving},
    clock::{SETTLED_AFTER, SharedClock},
    cluster::{Cluster, web_files::WebFiles},
    config::ServerConfig,
    demo::Demo,
    designs::{DesignPublisher, Designs},
    duties::at_its_time,
    embed::{EmbedChecks, EmbedReports},
    event_log::EventLog,
    exports::ExportRunner,
    http::{
        challenge::Challenges, client_ip::TrustedProxies, limits::Limits, lookups::FailedLookups,
    },
    live::LiveFeed,
    mail::Mail,
    privacy::{ErasureRunner, Memories},
    records::{RecordLimits, Records},
    rehearsals::RehearsalWatch,
    replays::ReplayRunner,
    retention, roll_ups,
    sessions::Sessions,
    sign_in::{Entrance, cookie::Cookies, idle_since, passkeys::Passkeys, sso::Sso},
    trunks::{self, RunningTrunks},
};

/// Idle rate-limit keys and expired tokens are forgotten this often.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// The size of the records of calls is looked after this often.
const SIZE_EVERY: Duration = Duration::from_secs(60);

/// The server's state. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct Server(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    access: Access,
    accounts: Accounts,
    entrance: Entrance,
    sso: Sso,
    mail: Mail,
    designs: Designs,
    design_publisher: DesignPublisher,
    rehearsals: RehearsalWatch,
    config: Arc<ServerConfig>,
    proxies: TrustedProxies,
    limits: Arc<Limits>,
    lookups: Arc<FailedLookups>,
    challenges: Arc<Challenges>,
    sessions: Sessions,
    log: EventLog,
    calls: Arc<Calls>,
    clock: SharedClock,
    trunks: RunningTrunks,
    records: Records,
    exports: ExportRunner,
    embed_checks: EmbedChecks,
    embed_reports: EmbedReports,
    erasures: ErasureRunner,
    replays: ReplayRunner,
    alerts: AlertWatch,
    announcer: Announcer,
    web_files: WebFiles,
    metrics: PrometheusHandle,
    stopped: CancellationToken,
}

/// What is recorded of calls, and for how long it is kept.
#[derive(Debug)]
pub struct Recording {
    /// Takes what is seen; the same that the engine's trunks have.
    pub recorder: Recorder,
    /// What it has taken; `None` where nothing is recorded.
    pub seen: Option<mpsc::Receiver<ToRecord>>,
    /// What is kept.
    pub limits: RecordLimits,
}

/// Handlers take each of these as `State`.
macro_rules! parts {
    ($($part:ident: $type:ty),* $(,)?) => {
        $(impl FromRef<Server> for $type {
            fn from_ref(Server(parts): &Server) -> Self {
                parts.$part.clone()
            }
        })*
    };
}

parts! {
    store: Store,
    access: Access,
    accounts: Accounts,
    entrance: Entrance,
    sso: Sso,
    mail: Mail,
    designs: Designs,
    design_publisher: DesignPublisher,
    rehearsals: RehearsalWatch,
    config: Arc<ServerConfig>,
    proxies: TrustedProxies,
    limits: Arc<Limits>,
    lookups: Arc<FailedLookups>,
    challenges: Arc<Challenges>,
    sessions: Sessions,
    log: EventLog,
    calls: Arc<Calls>,
    trunks: RunningTrunks,
    records: Records,
    exports: ExportRunner,
    embed_checks: EmbedChecks,
    embed_reports: EmbedReports,
    erasures: ErasureRunner,
    replays: ReplayRunner,
    announcer: Announcer,
    web_files: WebFiles,
    metrics: PrometheusHandle,
}

impl FromRef<Server> for LiveFeed {
    fn from_ref(Server(parts): &Server) -> Self {
        parts.log.feed().clone()
    }
}

impl FromRef<Server> for Option<Demo> {
    fn from_ref(Server(parts): &Server) -> Self {
        parts.config.demo.clone()
    }
}

impl Server {
    /// Joins the parts.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "each is a part of its own")]
    pub fn new(
        store: Store,
        engine: Engine,
        trunks: Trunks,
        recording: Recording,
        config: ServerConfig,
        metrics: PrometheusHandle,
        embed_checks: EmbedChecks,
        cluster: Cluster,
    ) -> Self {
        let announcer = cluster.announcer();
        let config = Arc::new(config);
        let lookups = Arc::new(FailedLookups::per_minute(config.limits.requests_per_minute));
        let Recording { recorder, seen, limits: record_limits } = recording;
        let log = EventLog::new(store.clone(), config.tracer.clone(), recorder);
        let sessions = Sessions::new(store.clone(), Arc::clone(&config), Arc::clone(&lookups));
        let trunks = RunningTrunks::new(store.clone(), trunks);
        let designs = Designs::new(store.clone());
        let clock = SharedClock::default();
        let calls = Calls::new(
            designs.clone(),
            log.clone(),
            engine,
            trunks.clone(),
            sessions.clone(),
            Arc::clone(&config),
            cluster,
            clock.clone(),
        );
        let mail = Mail::new(config.mail.as_ref());
        let alerts = AlertWatch::new(
            store.clone(),
            log.clone(),
            trunks.clone(),
            mail.clone(),
            config.own_origin.as_str(),
            clock.clone(),
        );
        let accounts = store.accounts();
        let cookies = Cookies::new(&config.own_origin);
        let limits = Arc::new(Limits::new(config.limits));
        Self(Arc::new(Parts {
            records: Records::new(store.clone(), record_limits, seen),
            exports: ExportRunner::new(store.clone()),
            embed_checks,
            embed_reports: EmbedReports::new(store.clone()),
            erasures: ErasureRunner::new(store.clone(), config.erasures_file.clone()),
            design_publisher: DesignPublisher::new(store.clone()),
            rehearsals: RehearsalWatch::new(store.clone()),
            designs,
            access: Access::new(
                store.api_keys(),
                accounts.clone(),
                cookies.clone(),
                Arc::clone(&lookups),
            ),
            mail,
            alerts,
            sso: Sso::new(store.clone(), cookies.clone(), &config),
            entrance: Entrance::new(
                store.clone(),
                cookies,
                Passkeys::new(&config.own_origin),
                Arc::clone(&limits),
            ),
            accounts,
            proxies: TrustedProxies::from(&*config.trusted_proxies),
            limits,
            lookups,
            challenges: Arc::new(Challenges::new(store.challenge_key())),
            sessions,
            log,
            calls: Arc::new(calls),
            clock,
            trunks,
            replays: ReplayRunner::new(store.clone(), announcer.clone()),
            announcer,
            web_files: WebFiles::new(store.clone(), config.limits.requests_per_minute),
            metrics,
            stopped: CancellationToken::new(),
            config,
            store,
        }))
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.config)
    }

    /// Erases again what a backup has brought back, ends the calls that earlier processes left behind, takes this node's
    /// lease, and has the files of this version's pages at hand for other servers. To be called before the
    /// first request is served.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recover(&self) -> Result<(), StoreError> {
        self.0.erasures.recover().await?;
        recovery::start(&self.0.calls).await?;
        self.0.web_files.publish().await
    }

    /// Runs the trunks as the store has them now.
    ///
    /// # Errors
    /// When the store fails, or a password can't be opened.
    pub async fn load_trunks(&self) -> Result<(), StoreError> {
        self.0.trunks.reload().await
    }

    /// Starts the regular duties. They end when the server is stopped. `open_dialogs` is what
    /// the trunks tell of theirs, and `questions` what they ask before they end one, where other servers
    /// may have taken it over.
    pub fn start_duties(
        &self,
        open_dialogs: mpsc::Receiver<ToKeep>,
        questions: Option<mpsc::Receiver<MayEnd>>,
    ) -> JoinSet<()> {
        let Parts {
            calls,
            trunks,
            log,
            records,
            exports,
            replays,
            alerts,
            stopped,
            erasures,
            sessions,
            announcer,
            design_publisher,
            rehearsals,
            store,
            config,
            clock,
            web_files,
            ..
        } = &*self.0;
        let mut duties = JoinSet::new();
        duties.spawn(recovery::keep(Arc::clone(calls), stopped.clone()));
        let keeper = (store.clone(), calls.node_id, clock.clone());
        duties.spawn(dialogs::keep(keeper, open_dialogs, stopped.clone()));
        if let Some(questions) = questions {
            duties.spawn(moving::answer(Arc::clone(calls), questions, stopped.clone()));
        }
        if store.is_shared() {
            duties.spawn(web_files.clone().keep(stopped.clone()));
            duties.spawn(moving::watch_lease(Arc::clone(calls), stopped.clone()));
        }
        duties.spawn(dialogs::end_left_behind(Arc::clone(calls), stopped.clone()));
        duties.spawn(trunks.clone().keep(stopped.clone()));
        duties.spawn(trunks::outages::watch(store.clone(), trunks.clone(), stopped.clone()));
        duties.spawn(replays.clone().run(stopped.clone()));
        duties.spawn(records.clone().run(stopped.clone()));
        duties.spawn(exports.clone().run(stopped.clone()));
        duties.spawn(alerts.clone().look(stopped.clone()));
        duties.spawn(alerts.clone().log(stopped.clone()));
        duties.spawn(alerts.clone().mail(stopped.clone()));
        let memories = Memories {
            calls: Arc::clone(calls),
            sessions: sessions.clone(),
            feed: log.feed().clone(),
            announcer: announcer.clone(),
        };
        duties.spawn(erasures.clone().run(memories, stopped.clone()));
        duties.spawn(at_its_time(design_publisher.clone(), stopped.clone()));
        duties.spawn(at_its_time(rehearsals.clone(), stopped.clone()));
        duties.spawn(roll_ups::run(store.clone(), stopped.clone()));
        duties.spawn(retention::run(store.clone(), Arc::clone(config), stopped.clone()));
        duties.spawn(log.feed().clone().run(stopped.clone()));
        duties.spawn(self.clone().tidy());
        duties
    }

    /// Takes no new call from now on, and has the visitors of those that go on take them up at other
    /// servers, where there are others. Whoever does not stays.
    pub fn drain(&self) {
        let calls = &self.0.calls;
        calls.drain();
        if calls.has_other_nodes() {
            tokio::spawn(moving::move_away(Arc::clone(calls), self.0.stopped.clone()));
        }
    }

    /// Waits until the server stops: what goes on for ever ends then.
    pub(crate) async fn stopping(&self) {
        self.0.stopped.cancelled().await;
    }

    /// Waits until the end of every live call is on disk, then ends the duties, of which one gives
    /// the node's lease back.
    pub async fn stop(&self, patience: Duration) {
        self.0.calls.finish(patience).await;
        self.0.stopped.cancel();
    }

    /// Small regular duties: forgets idle rate-limit keys and expired tokens, and removes records of calls that
    /// find no room.
    async fn tidy(self) {
        let Parts { store, limits, lookups, sessions, records, web_files, stopped, .. } = &*self.0;
        let began = Instant::now();
        let removes = || store.leads() && (store.is_shared() || began.elapsed() >= SETTLED_AFTER);
        let mut forget = tokio::time::interval(FORGET_EVERY);
        let mut size = tokio::time::interval(SIZE_EVERY);
        loop {
            let (done, what) = tokio::select! {
                () = stopped.cancelled() => return,
                _ = forget.tick() => {
                    limits.forget_idle();
                    lookups.forget_idle();
                    sessions.forget_idle();
                    web_files.forget_idle();
                    if !removes() {
                        continue;
                    }
                    (self.remove_expired().await, "expired session tokens and sign-ins")
                }
                // What is kept for all is one server's work.
                _ = size.tick(), if removes() => {
                    (records.remove_old().await, "records of calls")
                }
            };
            if let Err(error) = done {
                tracing::warn!(%error, "{what} can't be removed");
            }
        }
    }

    async fn remove_expired(&self) -> Result<(), StoreError> {
        let Parts { store, accounts, .. } = &*self.0;
        let now = store.clock().await?;
        store.remove_expired_tokens(now).await?;
        store.remove_expired_challenges(now).await?;
        if store.is_shared() {
            store.remove_past_sign_in_attempts(now).await?;
        }
        accounts.remove_expired_sign_ins(now, idle_since(now)).await?;
        accounts.remove_expired_invitations(now).await?;
        accounts.remove_expired_ceremonies(now).await?;
        Ok(())
    }
}
