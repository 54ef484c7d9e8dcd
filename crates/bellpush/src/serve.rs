//! `bellpush serve`: opens the store, starts the engines, serves HTTP, and stops in order.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use bellpush_call::{Engine, EngineConfig, OpenDialogs, Recorder, Trunks, TrunksConfig};
use bellpush_core::{origin::AllowedOrigin, trace::Tracer};
use bellpush_delivery::{
    AddressPolicy, Announcements, ClientSettings, DeliveryEngine, DeliverySettings, announcements,
};
use bellpush_server::{
    ApiKey, Cluster, Demo, EmbedChecks, RecordLimits, Recording, Server, ServerConfig, TAKING_UP,
};
use bellpush_store::{Actor, NewApiKey, Store};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rustix::process::{Resource, getrlimit, setrlimit};
use secrecy::ExposeSecret;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
    task::{JoinError, JoinHandle},
    time::MissedTickBehavior,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{error, info, warn};

use crate::{
    config::Config,
    delivery::StoreQueue,
    former_run, http,
    notifications::AdminWebhook,
    setup_link,
    store::{self, say},
    traces::Traces,
};

/// Batches of new deliveries that may wait for the delivery engine; beyond that it reads them from
/// the store.
const ANNOUNCED_BATCHES: usize = 1_024;
/// Changes of dialogs that may wait to be kept; beyond that calls wait with theirs.
const DIALOG_CHANGES: usize = 1_024;
/// What may wait to be recorded of calls.
const RECORDED: usize = 8_192;
/// How often it is recorded how both sides of a call are received.
const SAMPLE_EVERY: Duration = Duration::from_secs(3);
/// How often what was measured is counted together: until then, each measurement takes memory.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// How long visitors may take at least to take their calls up at other servers, where there are others.
const MOVE_WITHIN: Duration = Duration::from_secs(8);
/// How long the store may take for the ends of calls when the server stops.
const STORE_STOP: Duration = Duration::from_secs(10);
/// How long telephone systems may take to hear that their calls are over when the server stops.
const TRUNKS_STOP: Duration = Duration::from_secs(3);
/// How long other servers may take to go on with what this one delivered when it stops.
const CLUSTER_STOP: Duration = Duration::from_secs(5);
/// How long attempts under way may take when the server stops.
const DELIVERY_STOP: Duration = Duration::from_secs(10);
/// How long the collector may take for the last spans when the server stops.
const TRACES_STOP: Duration = Duration::from_secs(3);

/// Runs the server until it is told to stop.
///
/// # Errors
/// When a part can't be started; the sentence says which and why.
pub(crate) fn run(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime can't be started")?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let began = Instant::now();
    allow_many_files();
    let mut signals = Signals::new()?;
    let metrics =
        PrometheusBuilder::new().install_recorder().context("metrics can't be collected")?;
    let _upkeep = AbortOnDropHandle::new(tokio::spawn(keep_up(metrics.clone())));
    store::prepare_data_dir(&config)?;
    let store = tokio::select! {
        store = store::open(&config, store::load_keys(&config)?) => store?,
        // It may wait for its database, or bring much data up to date. Nothing else has begun.
        () = signals.next() => return Ok(()),
    };
    let traces = config.otlp_endpoint.as_ref().map(Traces::start).transpose();
    let traces = traces.context("--otlp-endpoint")?.map(Arc::new);
    let tracer = traces.clone().map(|traces| Tracer::new(traces, config.trace_ratio));
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!("--listen: {} can't be used; choose another address or port", config.listen)
    })?;
    let metrics_listener = match config.metrics_listen {
        Some(address) => Some(TcpListener::bind(address).await.with_context(|| {
            format!("--metrics-listen: {address} can't be used; choose another")
        })?),
        None => None,
    };
    let listen = listener.local_addr()?;
    let demo = if config.demo {
        Some(Demo::prepare(&store, own_origins(&config, listen.port())).await?)
    } else {
        None
    };
    let recording = recording(&config);
    let (dialogs, open_dialogs) = OpenDialogs::channel(DIALOG_CHANGES);
    // Other servers may take calls of this one over.
    let (dialogs, questions) = if store.is_shared() {
        let (dialogs, questions) = dialogs.asking(DIALOG_CHANGES);
        (dialogs, Some(questions))
    } else {
        (dialogs, None)
    };
    let trunks = Trunks::start(TrunksConfig {
        advertised: config.sip_address,
        recorder: recording.recorder.clone(),
        dialogs,
        taking_up: TAKING_UP,
        ..TrunksConfig::new(config.sip_listen)
    })
    .await
    .context("--sip-listen")?;
    let engine = EngineConfig {
        public_addresses: config.media_addresses.clone(),
        threads: config.media_threads,
        rtp_ports: config.rtp_ports.clone(),
        rtp_bind: config.rtp_listen,
        rtp_address: config.rtp_address,
        rtp_timeout: config.rtp_timeout,
        max_calls: config.max_calls,
        media_timeout: config.media_timeout,
        sample_every: recording.recorder.is_on().then_some(SAMPLE_EVERY),
        ..EngineConfig::new(config.media_listen)
    };
    let calls = Engine::start(engine, Some(trunks.clone())).context("--media-listen")?;
    // Not before all addresses are this server's: one that can't start takes no key from those that run.
    ensure_admin_key(&store, &config).await?;

    let (announcer, announced) = announcements(ANNOUNCED_BATCHES);
    let client = client_settings(&config);
    let cluster = Cluster::new(
        store.clone(),
        announcer,
        config.node_url.as_ref().map(ToString::to_string),
        store::listen_target(&config),
        config.lease,
    );
    // Kept, and locked, until the process ends.
    let _run = former_run::succeed(&store, &config.data_dir, cluster.node_id()).await?;
    cluster.join().await.context("this server can't be entered into the database")?;
    let server = Server::new(
        store.clone(),
        calls.clone(),
        trunks.clone(),
        recording,
        server_config(&config, tracer.clone(), demo),
        metrics,
        EmbedChecks::new(&client).context("pages can't be read")?,
        cluster.clone(),
    );
    server.recover().await.context("calls of an earlier run can't be ended")?;
    let notified = Arc::new(Notify::new());
    let admins_stop = CancellationToken::new();
    let admins = start_admin_webhook(&config, &client, &store, &notified, &admins_stop)?;
    let queue = StoreQueue { store: store.clone(), notified };
    let deliveries = start_delivery(&config, client, tracer, queue, &cluster, announced)?;
    let written = store.take_new_deliveries().context("deliveries are announced already")?;
    let mut beside = cluster.start(written).await;
    server.load_trunks().await.context("the trunks can't be read")?;
    let mut duties = server.start_duties(open_dialogs, questions);

    info!(
        address = %listen,
        media = %calls.local_addr(),
        public_url = %config.origin,
        store = if config.database_url.is_some() { "postgres" } else { "sqlite" },
        ready_after_ms = began.elapsed().as_millis() as u64,
        "ready"
    );
    if config.demo {
        say_or_warn(&format!("Demo page: {}/demo", config.origin));
    }
    if let Some(link) = setup_link::make(&store.accounts(), &config.origin).await? {
        say_or_warn(&format!("Set up Call Studio: {link}"));
    }

    let http_stop = CancellationToken::new();
    let router = bellpush_server::router(server.clone());
    // Behind a proxy all connections come from its own address.
    let per_address =
        config.trusted_proxies.is_empty().then_some(config.max_connections_per_address);
    let http = tokio::spawn(http::serve(listener, router, per_address, http_stop.clone()));
    let metrics = metrics_listener.map(|listener| {
        let router = bellpush_server::metrics_router(server.clone());
        tokio::spawn(http::serve(listener, router, None, http_stop.clone()))
    });

    loop {
        tokio::select! {
            () = signals.next() => break,
            Some(ended) = duties.join_next() => tell_of(ended),
        }
    }
    info!("stopping");
    server.drain();
    // Where calls can go on elsewhere, they are given the time to.
    let patience = if cluster.has_others() { config.drain.max(MOVE_WITHIN) } else { config.drain };
    tokio::select! {
        _ = async { tokio::join!(calls.shut_down(patience), cluster.drain(CLUSTER_STOP)) } => {}
        () = signals.next() => {
            info!("told to stop a second time: calls are not waited for any more");
            tokio::join!(calls.shut_down(Duration::ZERO), cluster.drain(CLUSTER_STOP));
        }
    }
    say_goodbye(&trunks).await;
    server.stop(STORE_STOP).await;
    http_stop.cancel();
    http.await?;
    if let Some(metrics) = metrics {
        metrics.await?;
    }
    admins_stop.cancel();
    let left = deliveries.shut_down(DELIVERY_STOP).await;
    info!(unfinished = left.unfinished, unrecorded = left.unrecorded, "delivery stopped");
    if let Some(admins) = admins {
        admins.await?;
    }
    while let Some(ended) = duties.join_next().await {
        tell_of(ended);
    }
    if let Err(error) = cluster.leave(CLUSTER_STOP).await {
        warn!(%error, "this server can't be taken out of the database; its lease runs out by itself");
    }
    beside.shutdown().await;
    store.close().await;
    if let Some(traces) = traces {
        traces.stop(TRACES_STOP).await;
    }
    info!("stopped");
    Ok(())
}

/// Raises the soft limit of open files to the hard one: a call to a telephone has two of them, each
/// visitor a connection. The soft one is low for the sake of programs that use `select`, which can't
/// handle more.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        warn!(%error, "the limit of open files can't be raised");
    }
}

/// Lets the trunks tell their far sides that the calls are over; one that does not listen is not
/// waited for for long.
async fn say_goodbye(trunks: &Trunks) {
    let told = async {
        while trunks.load().calls > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(TRUNKS_STOP, told).await.is_err() {
        warn!(calls = trunks.load().calls, "telephone systems were not told that calls are over");
    }
}

/// Makes the configured key the one that the configuration gives now, and sees to it that there is a
/// key at all: one that is made here is shown once.
async fn ensure_admin_key(store: &Store, config: &Config) -> anyhow::Result<()> {
    let given = config.admin_api_key.as_ref().map(|given| ApiKey::parse(given.expose_secret()));
    let given = given.map(|key| key.context("--admin-api-key")).transpose()?;
    let keys = store.api_keys();
    let configured = keys.configure(given.as_ref().map(ApiKey::hash).as_ref()).await?;
    if configured.revoked > 0 {
        info!(keys = configured.revoked, "API keys of an earlier configuration were revoked");
    }
    let now = store.clock().await?;
    let is_good = |key: &bellpush_store::ApiKey| key.expires_at.is_none_or(|end| end > now);
    if !keys.list().await?.iter().any(is_good) {
        let key = ApiKey::random();
        let hash = key.hash();
        let new = NewApiKey::of_installation("admin", &hash);
        // First, as nobody would ever know one that could not be shown.
        if say_or_warn(&format!("Admin API key, shown this once: {}", key.reveal())) {
            keys.create(new, &Actor::HOST).await?;
        }
    }
    Ok(())
}

/// Says a line, and whether it could: a server runs as well without it.
fn say_or_warn(line: &str) -> bool {
    let said = say(line);
    if let Err(error) = &said {
        warn!("a line for who starts the server is lost: {error:#}");
    }
    said.is_ok()
}

/// What is recorded of calls.
fn recording(config: &Config) -> Recording {
    let limits =
        RecordLimits { keep: config.keep_call_records, max_bytes: config.max_call_record_bytes };
    if limits.keep.is_zero() {
        return Recording { recorder: Recorder::off(), seen: None, limits };
    }
    let (recorder, seen) = Recorder::channel(RECORDED);
    Recording { recorder, seen: Some(seen), limits }
}

/// The origins by which a browser on this machine, or the public, reaches the server.
fn own_origins(config: &Config, port: u16) -> Vec<AllowedOrigin> {
    let local = ["localhost", "127.0.0.1"]
        .iter()
        .filter_map(|host| format!("http://{host}:{port}").parse().ok());
    std::iter::once(config.origin.clone()).chain(local).collect()
}

fn server_config(config: &Config, tracer: Option<Tracer>, demo: Option<Demo>) -> ServerConfig {
    ServerConfig {
        own_origin: config.origin.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        limits: config.limits,
        session_lifetime: config.session_lifetime,
        max_calls_per_address: config.max_calls_per_address.get(),
        max_call_duration: config.max_call_duration,
        max_active_integrations: config.max_active_integrations,
        allow_loopback_endpoints: config.allow_loopback_endpoints,
        addresses: addresses(config),
        node_url: config.node_url.as_ref().map(ToString::to_string),
        node_urls: config.node_urls.clone(),
        code_origin: config.code_origin.clone(),
        turn: config.turn.clone(),
        mail: config.mail.clone(),
        keep_statistics: config.keep_statistics,
        keep_notifications: config.keep_notifications,
        erasures_file: store::erasures_file(config),
        tracer,
        metrics_token: config.metrics_token.clone(),
        has_metrics_address: config.metrics_listen.is_some(),
        demo,
    }
}

/// How requests are sent to addresses that people have typed.
fn client_settings(config: &Config) -> ClientSettings {
    ClientSettings { addresses: addresses(config), ..ClientSettings::default() }
}

/// Which addresses may be called beside public ones.
fn addresses(config: &Config) -> AddressPolicy {
    AddressPolicy {
        allow: config.allow_endpoint_networks.clone(),
        allow_loopback: config.allow_loopback_endpoints,
        nat64_prefixes: config.nat64_prefixes.clone(),
    }
}

/// Sends what admins should know, where they have a webhook.
fn start_admin_webhook(
    config: &Config,
    client: &ClientSettings,
    store: &Store,
    notified: &Arc<Notify>,
    stopped: &CancellationToken,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    let Some(url) = config.admin_webhook_url.clone() else { return Ok(None) };
    let webhook = AdminWebhook::new(url, client, store.clone(), Arc::clone(notified))
        .context("notifications can't be sent")?;
    Ok(Some(tokio::spawn(webhook.run(stopped.clone()))))
}

fn start_delivery(
    config: &Config,
    client: ClientSettings,
    tracer: Option<Tracer>,
    queue: StoreQueue,
    cluster: &Cluster,
    announced: Announcements,
) -> anyhow::Result<DeliveryEngine> {
    let settings = DeliverySettings {
        schedule: config.retries.clone(),
        client,
        tracer,
        tenure: cluster.tenure(),
        ..DeliverySettings::default()
    };
    DeliveryEngine::start(Arc::new(queue), announced, settings).context("delivery can't be started")
}

/// Tells of a duty that has ended by itself: what it did is not done until the next start.
fn tell_of(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(%error, "a duty of this server has failed and is not done any more; restart it");
    }
}

/// Has measurements counted together, for whoever asks for them; many servers are never asked.
async fn keep_up(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(METRICS_UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// What tells the server to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they are noticed.
    fn new() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
