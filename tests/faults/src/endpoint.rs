//! A webhook endpoint on bare TCP, which misbehaves as it is told.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A request that was read to its end.
#[derive(Debug, Clone)]
pub struct Request {
    /// The connection it came on, from 0.
    pub connection: usize,
    /// Its headers, by their names in small letters.
    pub headers: HashMap<String, String>,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// Whether it was answered with 200, in time as far as can be seen from here.
    pub accepted: bool,
}

impl Request {
    /// The event's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").map_or("", String::as_str)
    }

    /// Which attempt at the delivery it is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        let number = self.headers.get("bellpush-attempt").and_then(|text| text.parse().ok());
        number.unwrap_or(0)
    }
}

/// What is done about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// Answers 200 at once.
    Accept,
    /// Answers with this status at once.
    Status(u16),
    /// Reads it and never answers.
    Hang,
    /// Resets the connection.
    Reset,
    /// Answers 200, byte by byte, each after this pause.
    Drip(Duration),
    /// Answers the head of a 200 at once, its body byte by byte, each after this pause.
    DripBody(Duration),
    /// Answers with this status and a body of this length.
    Flood(u16, usize),
    /// Sends these bytes and closes the connection.
    Say(&'static [u8]),
}

/// What is done about a connection before its next request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// The request is read and answered.
    Read,
    /// The connection is reset at once.
    Reset,
    /// The connection is closed when the first bytes of the request are there.
    CutOff,
}

type Manners = Box<dyn Fn(&Request) -> Conduct + Send + Sync>;
type Door = Box<dyn Fn(usize, usize) -> Welcome + Send + Sync>;

struct Shared {
    requests: Mutex<Vec<Request>>,
    manners: Manners,
    door: Door,
}

/// A running endpoint. Dropping it closes it.
pub struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// An endpoint that reads every request and then does what `manners` says.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(
        manners: impl Fn(&Request) -> Conduct + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        Self::with_door(|_, _| Welcome::Read, manners).await
    }

    /// The same; `door` is asked before each request, with the number of the connection and of the
    /// request on it, both from 0.
    ///
    /// # Errors
    /// No port is free.
    pub async fn with_door(
        door: impl Fn(usize, usize) -> Welcome + Send + Sync + 'static,
        manners: impl Fn(&Request) -> Conduct + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (manners, door) = (Box::new(manners), Box::new(door));
        let shared = Arc::new(Shared { requests: Mutex::default(), manners, door });
        let task = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, task })
    }

    /// The URL for an integration.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/bellpush", self.address)
    }

    /// All requests that were read so far, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // How a connection ends is what the server's delivery log is asked about.
        connections.spawn(async move { talk(stream, number, &shared).await });
        number += 1;
    }
}

async fn talk(mut stream: TcpStream, connection: usize, shared: &Shared) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut unread = Vec::new();
    for number in 0.. {
        match (shared.door)(connection, number) {
            Welcome::Read => {}
            Welcome::Reset => return Ok(stream.set_zero_linger()?),
            Welcome::CutOff => {
                stream.read_exact(&mut [0; 10]).await?;
                return Ok(());
            }
        }
        let Some(request) = read_request(&mut stream, &mut unread, connection).await? else {
            break;
        };
        let conduct = (shared.manners)(&request);
        let place = {
            let mut requests = shared.requests();
            requests.push(request);
            requests.len() - 1
        };
        if answer(&mut stream, conduct).await? {
            shared.requests()[place].accepted = true;
        }
    }
    Ok(())
}

/// Misbehaves, or not. Returns whether a 200 was sent.
async fn answer(stream: &mut TcpStream, conduct: Conduct) -> anyhow::Result<bool> {
    const YES: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const YES_HEAD: usize = YES.len() - 2;
    match conduct {
        Conduct::Accept => stream.write_all(YES).await?,
        Conduct::Status(status) => {
            let answer = format!("HTTP/1.1 {status} Sorry\r\ncontent-length: 5\r\n\r\nsorry");
            stream.write_all(answer.as_bytes()).await?;
            return Ok(false);
        }
        Conduct::Hang => {
            // Until the other side has had enough.
            stream.read_buf(&mut Vec::new()).await?;
            bail!("not answered");
        }
        Conduct::Reset => {
            stream.set_zero_linger()?;
            bail!("reset");
        }
        Conduct::Drip(pause) => drip(stream, YES, pause).await?,
        Conduct::DripBody(pause) => {
            stream.write_all(&YES[..YES_HEAD]).await?;
            drip(stream, &YES[YES_HEAD..], pause).await?;
        }
        Conduct::Flood(status, bytes) => {
            let head = format!("HTTP/1.1 {status} Listen\r\ncontent-length: {bytes}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            // Whoever has read enough may close the connection.
            let _ = stream.write_all(&vec![b'x'; bytes]).await;
            return Ok(status == 200);
        }
        Conduct::Say(bytes) => {
            stream.write_all(bytes).await?;
            bail!("that was all");
        }
    }
    Ok(true)
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> anyhow::Result<()> {
    for byte in bytes {
        tokio::time::sleep(pause).await;
        stream.write_all(&[*byte]).await?;
    }
    Ok(())
}

/// Reads a request with a `Content-Length`; `None` at the end of the connection.
async fn read_request(
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    connection: usize,
) -> anyhow::Result<Option<Request>> {
    let head_end = loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(unread.drain(..head_end).collect())?;
    let headers: HashMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").context("a request without a length")?.parse()?;
    while unread.len() < length {
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
    let body = unread.drain(..length).collect();
    Ok(Some(Request { connection, headers, body, accepted: false }))
}
