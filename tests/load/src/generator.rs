//! The load generator: widgets that submit events, each over a connection of its own with one
//! request under way.

use std::{cell::Cell, fmt::Write as _, rc::Rc, time::Duration};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::{JoinSet, spawn_local},
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

use crate::{
    clock::{Latency, now_us},
    http::Messages,
};

/// What every event carries, before the microsecond of its submission.
pub(crate) const SENT: &str = r#""sentUs":"#;
/// The name of every event.
pub(crate) const EVENT: &str = "load_tick";
/// How long a widget rests when the server says that it is overloaded.
const REST: Duration = Duration::from_millis(5);

/// What load to make.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The hosts and ports of the servers, which the connections are spread over
    #[arg(long = "server", value_delimiter = ',', required = true)]
    pub(crate) servers: Vec<String>,
    /// Session tokens: one connection for each
    #[arg(long, value_delimiter = ',')]
    pub(crate) tokens: Vec<String>,
    /// Events in one request: 1 to 20
    #[arg(long)]
    pub(crate) batch: usize,
    /// For how long
    #[arg(long, default_value_t = 3600)]
    pub(crate) seconds: u64,
    /// Events in all, at most
    #[arg(long, default_value_t = u64::MAX)]
    pub(crate) events: u64,
    /// Events a second; as many as are answered when left out
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Where the sink tells how many deliveries have come
    #[arg(long, requires = "outstanding")]
    pub(crate) count: Option<String>,
    /// Deliveries that may be on their way before the next event is submitted
    #[arg(long)]
    pub(crate) outstanding: Option<u64>,
    /// Deliveries of each event
    #[arg(long, default_value_t = 1)]
    pub(crate) fan_out: u64,
}

/// What the server bore: the generator's one line of output.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Events answered with 2xx.
    pub(crate) accepted: u64,
    /// Requests that the server had no room for; they were sent again.
    pub(crate) overloaded: u64,
    pub(crate) seconds: f64,
    /// From a request to its answer.
    pub(crate) request: Latency,
}

struct Shared {
    options: Options,
    end: Instant,
    submitted: Cell<u64>,
    accepted: Cell<u64>,
    overloaded: Cell<u64>,
    delivered: Cell<u64>,
    more_delivered: Notify,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let shared = Rc::new(Shared {
        end: began + Duration::from_secs(options.seconds),
        submitted: Cell::new(0),
        accepted: Cell::new(0),
        overloaded: Cell::new(0),
        delivered: Cell::new(0),
        more_delivered: Notify::new(),
        options,
    });
    if let Some(address) = &shared.options.count {
        let stream = TcpStream::connect(address).await?;
        spawn_local(follow_count(stream, Rc::clone(&shared)));
    }
    let mut widgets = JoinSet::new();
    let tokens = shared.options.tokens.clone();
    for (place, token) in tokens.into_iter().enumerate() {
        widgets.spawn_local(widget(Rc::clone(&shared), token, place, began));
    }
    let mut latencies = Vec::new();
    while let Some(one) = widgets.join_next().await {
        latencies.extend(one??);
    }
    let load = Load {
        accepted: shared.accepted.get(),
        overloaded: shared.overloaded.get(),
        seconds: began.elapsed().as_secs_f64(),
        request: Latency::of(latencies),
    };
    println!("{}", serde_json::to_string(&load)?);
    Ok(())
}

/// Submits until the time is up or everything is submitted. Returns how long each request took, in
/// microseconds.
async fn widget(
    shared: Rc<Shared>,
    token: String,
    place: usize,
    began: Instant,
) -> anyhow::Result<Vec<u32>> {
    let options = &shared.options;
    let server = &options.servers[place % options.servers.len()];
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut answers = Messages::new();
    let (mut request, mut body) = (String::new(), String::new());
    let mut latencies = Vec::new();
    // The widgets take turns, evenly.
    let between = options.rate.map(|rate| options.batch as f64 / rate);
    let mut turn = place as f64;
    loop {
        let mut sent_us = now_us();
        if let Some(between) = between {
            let due = began + Duration::from_secs_f64(turn * between);
            turn += options.tokens.len() as f64;
            // An event whose time came while the last answer was awaited has waited since then.
            sent_us -= u64::try_from(due.elapsed().as_micros()).unwrap_or(0);
            if due >= shared.end {
                return Ok(latencies);
            }
            if due > Instant::now() {
                sleep_until(due).await;
                sent_us = now_us();
            }
        }
        if !shared.may_submit().await {
            return Ok(latencies);
        }
        if between.is_none() {
            sent_us = now_us();
        }
        write_body(&mut body, options.batch, sent_us)?;
        request.clear();
        write!(
            request,
            "POST /v1/widget/events HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            server,
            body.len(),
        )?;
        let began = Instant::now();
        while !send(&mut stream, &mut answers, &request).await? {
            shared.overloaded.set(shared.overloaded.get() + 1);
            sleep(REST).await;
        }
        latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        shared.accepted.set(shared.accepted.get() + options.batch as u64);
    }
}

/// Whether the server took the request; `false` when it has no room at present.
async fn send(
    stream: &mut TcpStream,
    answers: &mut Messages,
    request: &str,
) -> anyhow::Result<bool> {
    stream.write_all(request.as_bytes()).await?;
    let answer = answers.next(stream).await?.context("the server closed the connection")?;
    match answer.line.get(9..12) {
        Some(b"200") => Ok(true),
        Some(b"503") => Ok(false),
        _ => bail!(
            "{}: {}",
            String::from_utf8_lossy(answer.line),
            String::from_utf8_lossy(answer.body)
        ),
    }
}

fn write_body(body: &mut String, batch: usize, sent_us: u64) -> anyhow::Result<()> {
    body.clear();
    body.push_str(r#"{"events":["#);
    let timestamp = Timestamp::now();
    for tick in 0..batch {
        let (id, comma) = (Uuid::now_v7(), if tick > 0 { "," } else { "" });
        write!(
            body,
            r#"{comma}{{"id":"{id}","event":{{"name":"{EVENT}","data":{{"tick":{tick},{SENT}{sent_us},"context":{{"orderId":"A-12345"}}}},"timestamp":"{timestamp:.3}"}}}}"#
        )?;
    }
    body.push_str("]}");
    Ok(())
}

impl Shared {
    /// Waits until a batch may be submitted, and counts it; `false` when there is to be no more.
    async fn may_submit(&self) -> bool {
        let batch = self.options.batch as u64;
        loop {
            if Instant::now() >= self.end || self.submitted.get() >= self.options.events {
                return false;
            }
            let on_their_way =
                (self.submitted.get() * self.options.fan_out).saturating_sub(self.delivered.get());
            if self.options.outstanding.is_none_or(|allowed| on_their_way < allowed) {
                self.submitted.set(self.submitted.get() + batch);
                return true;
            }
            tokio::select! {
                () = self.more_delivered.notified() => {}
                () = sleep_until(self.end) => {}
            }
        }
    }
}

/// Keeps the number of deliveries since the start.
async fn follow_count(mut stream: TcpStream, shared: Rc<Shared>) {
    let Ok(before) = stream.read_u64().await else { return };
    while let Ok(total) = stream.read_u64().await {
        shared.delivered.set(total - before);
        shared.more_delivered.notify_waiters();
    }
}
