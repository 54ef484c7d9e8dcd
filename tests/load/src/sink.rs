//! The webhook receiver: answers with 204, counts, and measures how long each event was on its way.
//!
//! The first part of a URL's path says how it answers: `/now/…` at once, `/slow/…` after five
//! seconds, `/gate/…` after two seconds until the gate is opened, and then at once. The last part is
//! the name that deliveries are counted under.

use std::{cell::RefCell, collections::BTreeMap, path::PathBuf, rc::Rc, sync::Arc, time::Duration};

use clap::Args;
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::spawn_local,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    clock::{Latency, now_us},
    generator::SENT,
    http::Messages,
};

const SLOW: Duration = Duration::from_secs(5);
/// Far below the time-out of deliveries, so that the endpoint is slow and not broken.
const GATE_CLOSED: Duration = Duration::from_secs(2);
/// How often the number of deliveries is told to a load generator.
const TELL_EVERY: Duration = Duration::from_millis(1);
const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// The grain of [`Counted::timeline`].
pub(crate) const GRAIN_US: u64 = 100_000;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where its certificate is written, for the server to trust
    #[arg(long)]
    certificate: PathBuf,
}

/// Where it listens: its first line of output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) http: String,
    pub(crate) https: String,
    pub(crate) count: String,
    pub(crate) control: String,
}

/// What came under one name since it was asked last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) deliveries: u64,
    /// From the submission of the event to the arrival of its delivery.
    pub(crate) latency: Latency,
    /// When the first came, in microseconds since the epoch.
    pub(crate) first_us: u64,
    /// Deliveries in each [`GRAIN_US`] since the first.
    pub(crate) timeline: Vec<u32>,
}

#[derive(Default)]
struct Tally {
    total: u64,
    open: bool,
    names: BTreeMap<String, Name>,
}

#[derive(Default)]
struct Name {
    first_us: u64,
    latencies: Vec<u32>,
    timeline: Vec<u32>,
}

type Shared = Rc<RefCell<Tally>>;

/// Serves until the one connection to its control port is closed. Commands, one a line: `take`
/// answers what was counted since the last one, as a line of JSON; `peek` only how many deliveries
/// that would be; `open` opens the gate.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let tally = Shared::default();
    let [http, https, count, control] = [
        TcpListener::bind("127.0.0.1:0").await?,
        TcpListener::bind("127.0.0.1:0").await?,
        TcpListener::bind("127.0.0.1:0").await?,
        TcpListener::bind("127.0.0.1:0").await?,
    ];
    let acceptor = TlsAcceptor::from(Arc::new(tls(&options.certificate)?));
    let addresses = Addresses {
        http: http.local_addr()?.to_string(),
        https: format!("localhost:{}", https.local_addr()?.port()),
        count: count.local_addr()?.to_string(),
        control: control.local_addr()?.to_string(),
    };
    println!("{}", serde_json::to_string(&addresses)?);
    spawn_local(accept(http, Rc::clone(&tally), serve));
    spawn_local(accept(https, Rc::clone(&tally), async move |stream, tally| {
        serve(acceptor.accept(stream).await?, tally).await
    }));
    spawn_local(accept(count, Rc::clone(&tally), tell_count));
    let (commands, mut answers) = control.accept().await?.0.into_split();
    let mut commands = BufReader::new(commands).lines();
    while let Some(command) = commands.next_line().await? {
        let mut answer = match command.as_str() {
            "take" => serde_json::to_string(&take(&tally))?,
            "peek" => serde_json::to_string(&tally.borrow().since_taken())?,
            "open" => {
                tally.borrow_mut().open = true;
                "null".to_owned()
            }
            other => anyhow::bail!("the sink has no command {other:?}"),
        };
        answer.push('\n');
        answers.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// A certificate of its own for `localhost`, written to the file.
fn tls(file: &PathBuf) -> anyhow::Result<ServerConfig> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(file, own.cert.pem())?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())?)
}

async fn accept(
    listener: TcpListener,
    tally: Shared,
    serve: impl AsyncFn(TcpStream, Shared) -> anyhow::Result<()> + 'static,
) {
    let serve = Rc::new(serve);
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (serve, tally) = (Rc::clone(&serve), Rc::clone(&tally));
        // A connection breaks when the server is killed.
        spawn_local(async move { serve(stream, tally).await });
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    tally: Shared,
) -> anyhow::Result<()> {
    let mut messages = Messages::new();
    while let Some(message) = messages.next(&mut stream).await? {
        let arrived = now_us();
        let path = message.line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let wait = if path.starts_with(b"/slow/") {
            Some(SLOW)
        } else if path.starts_with(b"/gate/") && !tally.borrow().open {
            Some(GATE_CLOSED)
        } else {
            None
        };
        tally.borrow_mut().count(path, sent(message.body), arrived);
        if let Some(wait) = wait {
            sleep(wait).await;
        }
        stream.write_all(ANSWER).await?;
    }
    Ok(())
}

/// When the event of this body was submitted.
fn sent(body: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(body, SENT.as_bytes())? + SENT.len();
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

impl Tally {
    fn since_taken(&self) -> usize {
        self.names.values().map(|name| name.latencies.len()).sum()
    }

    fn count(&mut self, path: &[u8], sent: Option<u64>, arrived: u64) {
        self.total += 1;
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let name = std::str::from_utf8(name).unwrap_or_default();
        if !self.names.contains_key(name) {
            self.names.insert(name.to_owned(), Name::default());
        }
        let Some(counted) = self.names.get_mut(name) else { return };
        if counted.latencies.is_empty() {
            counted.first_us = arrived;
        }
        let micros = arrived.saturating_sub(sent.unwrap_or(arrived));
        counted.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
        let grain = (arrived.saturating_sub(counted.first_us) / GRAIN_US) as usize;
        if counted.timeline.len() <= grain {
            counted.timeline.resize(grain + 1, 0);
        }
        counted.timeline[grain] += 1;
    }
}

fn take(tally: &Shared) -> BTreeMap<String, Counted> {
    let names = std::mem::take(&mut tally.borrow_mut().names);
    let counted = |name: Name| Counted {
        deliveries: name.latencies.len() as u64,
        first_us: name.first_us,
        timeline: name.timeline,
        latency: Latency::of(name.latencies),
    };
    names.into_iter().map(|(name, taken)| (name, counted(taken))).collect()
}

/// Tells the number of all deliveries so far, as eight bytes, whenever it has changed.
async fn tell_count(mut stream: TcpStream, tally: Shared) -> anyhow::Result<()> {
    let mut told = None;
    loop {
        let total = tally.borrow().total;
        if told != Some(total) {
            stream.write_all(&total.to_be_bytes()).await?;
            told = Some(total);
        }
        sleep(TELL_EVERY).await;
    }
}
