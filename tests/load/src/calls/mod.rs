//! Calls: WebRTC callers, the server, and a telephone system that answers, all with real packets.
//!
//! Callers and answerer are two threads of this process; they stamp what they send with the time,
//! so that each packet tells how long the server kept it. Receive times are the system's own.

mod answerer;
mod callers;
mod report;
mod sip;
mod stream;
mod voice;
mod wire;

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    server::{Options as ServerOptions, ServerProcess},
    widget::{Embed, Widget},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time,
};

use crate::processes::{cpu_seconds, resident_mb};
use answerer::Answerer;
use callers::Callers;
use report::{Direction, Figures, Step};
use stream::{Beginnings, Tally};

const ORIGIN: &str = "https://shop.example";
/// For ICE, DTLS and the far side's answer, on a machine that is loaded.
const CONNECTED_WITHIN: Duration = Duration::from_secs(30);
/// A new step of load runs for so long before it is measured.
const SETTLE: Duration = Duration::from_secs(2);

/// What is measured, and with how much.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// What the server does with the audio
    #[arg(long, value_enum, default_value = "pass-through")]
    mode: Mode,
    /// Concurrent calls, step by step
    #[arg(long, value_delimiter = ',', default_value = "100,250,500,750,1000")]
    calls: Vec<usize>,
    /// Seconds that each step is measured for
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Calls that are set up at the same time
    #[arg(long, default_value_t = 32)]
    at_once: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What the server does with the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// The demo: each caller hears its own packets again
    Demo,
    /// G.711 from browser to telephone system and back, as it is
    PassThrough,
    /// Opus on the browser's side, G.711 on the other
    Transcode,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::PassThrough => "pass-through",
            Self::Transcode => "transcode",
        }
    }
}

/// Measures the server named by BELLPUSH_BIN.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let most = options.calls.iter().copied().max().context("name a number of calls")?;
    ensure!(most < usize::from(u16::MAX), "at most 65,534 calls");
    let speak = options.mode == Mode::Transcode;
    let began = Beginnings::of(most);
    let callers = Callers::start(speak, began.clone())?;
    let answerer = Answerer::start(speak, began)?;
    let bench = Bench::start(options, &answerer, most).await?;
    let mut figures =
        Figures { mode: options.mode.name(), idle_memory_mb: bench.memory()?, steps: Vec::new() };
    let mut up = 0;
    for calls in &options.calls {
        if *calls <= up {
            continue;
        }
        let step = bench.step(&callers, &answerer, up..*calls).await?;
        up = *calls;
        let bearable = step.is_bearable();
        figures.steps.push(step);
        if !bearable {
            break;
        }
    }
    print!("{}", if options.json { figures.json()? } else { figures.text() });
    drop(bench);
    callers.stop();
    answerer.stop();
    Ok(())
}

/// The server with an app whose calls go to the answerer.
struct Bench {
    /// Alive for as long as it is measured.
    _server: ServerProcess,
    pid: u32,
    embed: Embed,
    /// The profile that is called; none for the demo.
    destination: Value,
    mode: Mode,
    seconds: Duration,
    at_once: usize,
    idle_memory: f64,
}

impl Bench {
    async fn start(options: &Options, answerer: &Answerer, most: usize) -> anyhow::Result<Self> {
        let most = (most + 1).to_string();
        // The log of each call would be measured too. All callers are at the same address.
        let settings = ServerOptions::sqlite()
            .with("--log-level", "warn")
            .with("--max-calls", &most)
            .with("--max-calls-per-address", &most)
            .with("--rtp-listen", "127.0.0.1")
            .with("--rtp-address", "127.0.0.1");
        let server = ServerProcess::start(settings).await?;
        let api = server.api();
        // So many sessions at once would be asked to prove that they are people.
        let settings = json!({ "name": "Load", "allowedOrigins": [ORIGIN], "challenge": "off" });
        let app = api.create_app(&settings).await?;
        let mut destination = Value::Null;
        if options.mode != Mode::Demo {
            let trunk = json!({
                "name": "Load",
                "domain": Ipv4Addr::LOCALHOST,
                "port": answerer.sip.port(),
                "codecs": ["pcma", "pcmu"],
                "keepAliveSeconds": null,
            });
            let trunk: Value =
                api.post("/v1/trunks", &trunk).await?.expect(201)?.json().context("the trunk")?;
            let policy = if options.mode == Mode::Transcode { "opus" } else { "pass_through" };
            let profile = json!({
                "name": "Load",
                "kind": "sip",
                "trunkId": trunk["id"],
                "to": "100",
                "codecPolicy": policy,
            });
            let path = format!("/v1/apps/{}/destinations", app.id);
            let profile: Value =
                api.post(&path, &profile).await?.expect(201)?.json().context("the profile")?;
            destination = profile["id"].clone();
        }
        let key = api.create_widget_key(&app).await?.key;
        let embed = Embed { server: server.url(), app, key, origin: ORIGIN.into() };
        let pid = server.pid().context("the server is not running")?;
        let mut bench = Self {
            _server: server,
            pid,
            embed,
            destination,
            mode: options.mode,
            seconds: Duration::from_secs(options.seconds),
            at_once: options.at_once,
            idle_memory: 0.0,
        };
        // A server that has just started, and just learned of a trunk.
        time::sleep(SETTLE).await;
        bench.idle_memory = bench.memory()?;
        Ok(bench)
    }

    fn memory(&self) -> anyhow::Result<f64> {
        Ok(resident_mb(self.pid)?.0)
    }

    /// Adds calls, and measures all that are up.
    async fn step(
        &self,
        callers: &Callers,
        answerer: &Answerer,
        ends: std::ops::Range<usize>,
    ) -> anyhow::Result<Step> {
        let (added, all) = (ends.len(), ends.end);
        let widgets = self.open(ends.clone()).await?;
        let cpu = cpu_seconds(self.pid)?;
        let began = Instant::now();
        let failed = self.place(callers, widgets).await?;
        let took = began.elapsed().as_secs_f64();
        let setup_cpu = cpu_seconds(self.pid)? - cpu;
        // The demo greets before it echoes.
        time::sleep(if self.mode == Mode::Demo { 4 * SETTLE } else { SETTLE }).await;
        let _ = callers.orders.send(callers::Order::Begin);
        let _ = answerer.orders.send(answerer::Order::Begin);
        let cpu = cpu_seconds(self.pid)?;
        let own_cpu = cpu_seconds(std::process::id())?;
        let began = Instant::now();
        time::sleep(self.seconds).await;
        let seconds = began.elapsed().as_secs_f64();
        let cpu = (cpu_seconds(self.pid)? - cpu) / seconds;
        let own_cpu = (cpu_seconds(std::process::id())? - own_cpu) / seconds;
        let (to_browser, to_telephone) = (
            collect(&callers.orders, callers::Order::Collect).await?,
            collect(&answerer.orders, answerer::Order::Collect).await?,
        );
        let memory = self.memory()?;
        Ok(Step {
            calls: all - failed,
            failed,
            setups_per_second: (added - failed) as f64 / took,
            cpu_ms_per_setup: setup_cpu * 1_000.0 / added as f64,
            cores: cpu,
            cpu_us_per_call_second: cpu * 1e6 / all as f64,
            calls_per_core: all as f64 / cpu,
            load_cores: own_cpu,
            memory_kb_per_call: (memory - self.idle_memory) * 1_024.0 / all as f64,
            to_browser: Direction::of(to_browser),
            to_telephone: (self.mode != Mode::Demo).then(|| Direction::of(to_telephone)),
        })
    }

    async fn open(&self, ends: std::ops::Range<usize>) -> anyhow::Result<Vec<(usize, Widget)>> {
        let mut opening = JoinSet::new();
        let mut widgets = Vec::new();
        for end in ends {
            if opening.len() == self.at_once {
                widgets.push(opening.join_next().await.context("no widget")???);
            }
            let embed = self.embed.clone();
            // Its context tells the telephone system which of the callers it is.
            let mut request = embed.request(&json!({ "end": end.to_string() }));
            request["destination"] = self.destination.clone();
            opening.spawn(async move {
                let session = embed.ask(&request).await?.expect(201)?.json()?;
                anyhow::Ok((end, Widget::new(&embed.server, session)))
            });
        }
        while let Some(widget) = opening.join_next().await {
            widgets.push(widget??);
        }
        Ok(widgets)
    }

    /// Places the calls, and waits until each has heard something. How many did not.
    async fn place(
        &self,
        callers: &Callers,
        widgets: Vec<(usize, Widget)>,
    ) -> anyhow::Result<usize> {
        let mut placing = JoinSet::new();
        let mut failed = 0;
        for (end, widget) in widgets {
            if placing.len() == self.at_once {
                failed += usize::from(!placed(placing.join_next().await)?);
            }
            let pending = callers.offerer.offer(end)?;
            placing.spawn(place(widget, pending, callers.orders.clone()));
        }
        while !placing.is_empty() {
            failed += usize::from(!placed(placing.join_next().await)?);
        }
        Ok(failed)
    }
}

type Placing = Result<anyhow::Result<()>, tokio::task::JoinError>;

fn placed(result: Option<Placing>) -> anyhow::Result<bool> {
    match result.context("no call")?? {
        Ok(()) => Ok(true),
        Err(error) => {
            eprintln!("a call failed: {error:#}");
            Ok(false)
        }
    }
}

async fn place(
    widget: Widget,
    pending: callers::Pending,
    orders: mpsc::UnboundedSender<callers::Order>,
) -> anyhow::Result<()> {
    let answer = widget.offer(&pending.offer).await?.expect(201)?;
    let (heard, wait) = oneshot::channel();
    let caller = pending.accept(&answer.text(), heard)?;
    let _ = orders.send(callers::Order::Add(Box::new(caller)));
    time::timeout(CONNECTED_WITHIN, wait).await.context("nothing was heard")??;
    Ok(())
}

async fn collect<O>(
    orders: &mpsc::UnboundedSender<O>,
    order: impl FnOnce(oneshot::Sender<Tally>) -> O,
) -> anyhow::Result<Tally> {
    let (reply, tally) = oneshot::channel();
    let _ = orders.send(order(reply));
    tally.await.context("a thread of the load has ended")
}
