//! Calls: WebRTC callers, the server, and a telephone system that answers, all with real packets.
//!
//! Callers and answerer are two threads of this process; they stamp what they send with the time,
//! so that each packet tells how long the server kept it. Receive times are the system's own.

mod answerer;
mod beside;
mod callers;
mod cores;
mod flood;
mod janus;
mod mode;
mod overheard;
mod report;
mod rtpengine;
mod sip;
mod stream;
mod subject;
mod voice;
mod wire;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time,
};

use crate::processes::{cpu_seconds, resident_mb};
use answerer::Answerer;
pub(crate) use beside::Beside;
use callers::Callers;
use cores::Cores;
use flood::FLOODER;
use janus::Janus;
use mode::Mode;
use report::{Direction, Figures, Flooded, Step};
use rtpengine::RtpEngine;
use stream::Beginnings;
use subject::{Bellpush, Subject, Visitor};

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
    /// Keep the server on one core and the load on the others, so that they do not wait for each other
    #[arg(long)]
    one_core: bool,
    /// Measure Janus with its SIP plugin in the same way, too, if it is installed
    #[arg(long)]
    janus: bool,
    /// Measure rtpengine in user space in the same way, too, if it is installed
    #[arg(long)]
    rtpengine: bool,
    /// Measure each step once more while one of its callers sends so many packets a second
    #[arg(long)]
    flood: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which server is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Bellpush,
    Janus,
    RtpEngine,
}

impl Server {
    /// Why it can't be measured, for people.
    fn obstacle(self, mode: Mode) -> Option<&'static str> {
        match self {
            Self::Bellpush => None,
            Self::Janus if mode != Mode::PassThrough => {
                Some("Janus relays, and does nothing else: measure it with --mode pass-through.")
            }
            Self::Janus if !Janus::is_installed() => {
                Some("Janus (package janus) is not installed.")
            }
            Self::RtpEngine if mode == Mode::Demo => {
                Some("rtpengine has no demo: measure it with --mode pass-through or transcode.")
            }
            Self::RtpEngine if !RtpEngine::is_installed() => {
                Some("rtpengine (package rtpengine-daemon) is not installed.")
            }
            Self::Janus | Self::RtpEngine => None,
        }
    }
}

/// Measures the server named by BELLPUSH_BIN, and those after it that were asked for.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let most = options.calls.iter().copied().max().context("name a number of calls")?;
    ensure!(most < usize::from(u16::MAX), "at most 65,534 calls");
    let cores = options.one_core.then(Cores::new).transpose()?;
    let mut servers = vec![Server::Bellpush];
    servers.extend(options.janus.then_some(Server::Janus));
    servers.extend(options.rtpengine.then_some(Server::RtpEngine));
    let mut all = Vec::new();
    for server in servers {
        match server.obstacle(options.mode) {
            Some(obstacle) => eprintln!("Not measured: {obstacle}"),
            None => all.push(measure(options, most, cores.as_ref(), server).await?),
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        all.iter().for_each(|figures| print!("{}", figures.text()));
    }
    Ok(())
}

async fn measure(
    options: &Options,
    most: usize,
    cores: Option<&Cores>,
    server: Server,
) -> anyhow::Result<Figures> {
    let speak = options.mode == Mode::Transcode;
    let began = Beginnings::of(most);
    let net = if server == Server::Janus { janus::NET } else { [127, 10] };
    let callers = Callers::start(net, speak, began.clone())?;
    let answerer = Answerer::start(speak, began)?;
    let subject = match server {
        Server::Bellpush => {
            Subject::Bellpush(Bellpush::start(options.mode, answerer.sip, most).await?)
        }
        Server::Janus => Subject::Janus(Janus::start(answerer.sip).await?),
        Server::RtpEngine => {
            Subject::RtpEngine(RtpEngine::start(answerer.sip, options.mode).await?)
        }
    };
    if let Some(cores) = cores {
        cores.separate(subject.pid())?;
    }
    // A server that has just started, and just learned of a trunk.
    time::sleep(SETTLE).await;
    let idle_memory = resident_mb(subject.pid())?.0;
    let mut bench = Bench {
        subject,
        mode: options.mode,
        seconds: Duration::from_secs(options.seconds),
        at_once: options.at_once,
        flood: options.flood,
        memory_with_one: 0.0,
    };
    bench.first_call(&callers).await?;
    let mut figures = Figures {
        server: bench.subject.name(),
        mode: options.mode.name(),
        idle_memory_mb: idle_memory,
        memory_with_one_mb: bench.memory_with_one,
        steps: Vec::new(),
    };
    let mut up = 1;
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
    drop(bench);
    callers.stop();
    answerer.stop();
    Ok(figures)
}

/// What was seen of calls in a time.
struct Look {
    cores: f64,
    load_cores: f64,
    to_browser: Direction,
    to_telephone: Option<Direction>,
}

/// A server under load.
struct Bench {
    subject: Subject,
    mode: Mode,
    seconds: Duration,
    at_once: usize,
    /// Packets a second of one caller, in a second look.
    flood: Option<u32>,
    /// With the first call up: what is needed once, such as code and caches, is not of a call.
    memory_with_one: f64,
}

impl Bench {
    fn memory(&self) -> anyhow::Result<f64> {
        Ok(resident_mb(self.subject.pid())?.0)
    }

    /// Makes the first call, which stays.
    async fn first_call(&mut self, callers: &Callers) -> anyhow::Result<()> {
        let visitors = self.subject.open(0..1, 1).await?;
        ensure!(self.place(callers, visitors).await? == 0, "the first call failed");
        time::sleep(if self.mode == Mode::Demo { 4 * SETTLE } else { SETTLE }).await;
        self.memory_with_one = self.memory()?;
        Ok(())
    }

    /// Adds calls, and measures all that are up.
    async fn step(
        &self,
        callers: &Callers,
        answerer: &Answerer,
        ends: std::ops::Range<usize>,
    ) -> anyhow::Result<Step> {
        let (added, all) = (ends.len(), ends.end);
        let visitors = self.subject.open(ends, self.at_once).await?;
        let pid = self.subject.pid();
        let cpu = cpu_seconds(pid)?;
        let began = Instant::now();
        let failed = self.place(callers, visitors).await?;
        let took = began.elapsed().as_secs_f64();
        let setup_cpu = cpu_seconds(pid)? - cpu;
        // The demo greets before it echoes.
        time::sleep(if self.mode == Mode::Demo { 4 * SETTLE } else { SETTLE }).await;
        let look = self.look(callers, answerer, None).await?;
        let memory = self.memory()?;
        let flooded = match self.flood {
            Some(packets_per_second) => {
                Some(self.flood(callers, answerer, packets_per_second).await?)
            }
            None => None,
        };
        Ok(Step {
            calls: all - failed,
            failed,
            setups_per_second: (added - failed) as f64 / took,
            cpu_ms_per_setup: setup_cpu * 1_000.0 / added as f64,
            cores: look.cores,
            cpu_us_per_call_second: look.cores * 1e6 / all as f64,
            calls_per_core: all as f64 / look.cores,
            load_cores: look.load_cores,
            memory_kb_per_call: (memory - self.memory_with_one) * 1_024.0 / (all - 1) as f64,
            to_browser: look.to_browser,
            to_telephone: look.to_telephone,
            flooded,
        })
    }

    /// Measures all that are up, but for one.
    async fn look(
        &self,
        callers: &Callers,
        answerer: &Answerer,
        but: Option<usize>,
    ) -> anyhow::Result<Look> {
        let pid = self.subject.pid();
        let _ = callers.orders.send(callers::Order::Begin { but });
        let _ = answerer.orders.send(answerer::Order::Begin { but });
        let (cpu, own_cpu) = (cpu_seconds(pid)?, cpu_seconds(std::process::id())?);
        let began = Instant::now();
        time::sleep(self.seconds).await;
        let seconds = began.elapsed().as_secs_f64();
        let cores = (cpu_seconds(pid)? - cpu) / seconds;
        let load_cores = (cpu_seconds(std::process::id())? - own_cpu) / seconds;
        let to_browser = answer(&callers.orders, callers::Order::Collect).await?;
        let to_telephone = answer(&answerer.orders, answerer::Order::Collect).await?;
        Ok(Look {
            cores,
            load_cores,
            to_browser: Direction::of(to_browser),
            to_telephone: (self.mode != Mode::Demo).then(|| Direction::of(to_telephone)),
        })
    }

    /// Measures all but one that are up, while that one floods the server.
    async fn flood(
        &self,
        callers: &Callers,
        answerer: &Answerer,
        packets_per_second: u32,
    ) -> anyhow::Result<Flooded> {
        let _ = callers.orders.send(callers::Order::Flood(packets_per_second));
        time::sleep(SETTLE).await;
        let look = self.look(callers, answerer, Some(FLOODER)).await?;
        let packets_per_second = answer(&callers.orders, callers::Order::EndFlood).await?;
        let Look { cores, to_browser, to_telephone, .. } = look;
        Ok(Flooded { packets_per_second, cores, to_browser, to_telephone })
    }

    /// Places the calls, and waits until each has heard something. How many did not.
    async fn place(
        &self,
        callers: &Callers,
        visitors: Vec<(usize, Visitor)>,
    ) -> anyhow::Result<usize> {
        let mut placing = JoinSet::new();
        let mut failed = 0;
        for (end, visitor) in visitors {
            if placing.len() == self.at_once {
                failed += usize::from(!placed(placing.join_next().await)?);
            }
            let pending = callers.offerer.offer(end)?;
            placing.spawn(place(visitor, pending, callers.orders.clone()));
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
    visitor: Visitor,
    pending: callers::Pending,
    orders: mpsc::UnboundedSender<callers::Order>,
) -> anyhow::Result<()> {
    let answer = visitor.call(&pending.offer).await?;
    let (heard, wait) = oneshot::channel();
    let caller = pending.accept(&answer, heard)?;
    let _ = orders.send(callers::Order::Add(Box::new(caller)));
    time::timeout(CONNECTED_WITHIN, wait).await.context("nothing was heard")??;
    Ok(())
}

async fn answer<O, T>(
    orders: &mpsc::UnboundedSender<O>,
    order: impl FnOnce(oneshot::Sender<T>) -> O,
) -> anyhow::Result<T> {
    let (reply, answer) = oneshot::channel();
    let _ = orders.send(order(reply));
    answer.await.context("a thread of the load has ended")
}
