//! The wire to PostgreSQL, which breaks as it is told.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use url::Url;

/// How a statement that commits looks on the wire: a simple query, with its NUL.
const COMMIT: &[u8] = b"COMMIT\0";
/// What a connection says, at least once, that writes events. Others commit beside it at any time.
const WRITES_EVENTS: &[u8] = b"INSERT INTO events";

/// A relay in front of a database. Dropping it cuts the wire.
pub struct Wire {
    url: Url,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    behind: SocketAddr,
    silent: watch::Sender<bool>,
    /// How many connections there have been.
    connections: AtomicUsize,
    /// So many of them, the first ones, carry nothing any more.
    mute: watch::Sender<usize>,
    lose_commit: AtomicBool,
}

impl Wire {
    /// A wire to the database of this URL.
    ///
    /// # Errors
    /// It is not the URL of a database, or no port is free.
    pub async fn to(url: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(url)?;
        let address = url.socket_addrs(|| Some(5432))?;
        let behind = *address.first().context("the database has no address")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let moved = url.set_ip_host(address.ip()).and_then(|()| url.set_port(Some(address.port())));
        moved.ok().context("the URL has no place for an address")?;
        let lose_commit = AtomicBool::new(false);
        let state = Arc::new(State {
            behind,
            silent: watch::channel(false).0,
            connections: AtomicUsize::new(0),
            mute: watch::channel(0).0,
            lose_commit,
        });
        let task = tokio::spawn(listen(listener, Arc::clone(&state)));
        Ok(Self { url, state, task })
    }

    /// The URL of the database by this wire.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Carries nothing, or everything again. No connection is closed.
    pub fn be_silent(&self, silent: bool) {
        self.state.silent.send_replace(silent);
    }

    /// Carries nothing any more on the connections that there are, and closes none, as when a machine dies. New
    /// ones work.
    pub fn let_those_there_be_mute(&self) {
        self.state.mute.send_replace(self.state.connections.load(Ordering::Acquire));
    }

    /// Lets the next commit of events be done, and breaks its connection before the answer is told.
    pub fn lose_the_answer_to_the_next_commit(&self) {
        self.state.lose_commit.store(true, Ordering::Release);
    }

    /// Whether that commit has come.
    #[must_use]
    pub fn has_lost_it(&self) -> bool {
        !self.state.lose_commit.load(Ordering::Acquire)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    /// Waits until the connection of this number carries something.
    async fn carries(&self, number: usize) {
        // The senders are this state's own, so they are never gone.
        let _ = self.silent.subscribe().wait_for(|silent| !silent).await;
        let _ = self.mute.subscribe().wait_for(|mute| number >= *mute).await;
    }
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move { carry(client, &state).await });
    }
}

/// Carries both ways until one side ends, which ends the other one.
async fn carry(client: TcpStream, state: &State) -> anyhow::Result<()> {
    let number = state.connections.fetch_add(1, Ordering::AcqRel);
    let database = TcpStream::connect(state.behind).await?;
    client.set_nodelay(true)?;
    database.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    let (lost, loses) = watch::channel(false);
    tokio::select! {
        asked = ask(from_client, to_database, (state, number), lost) => asked,
        answered = answer(from_database, to_client, (state, number), loses) => answered,
    }
}

async fn ask(
    mut client: OwnedReadHalf,
    mut database: OwnedWriteHalf,
    (state, number): (&State, usize),
    lost: watch::Sender<bool>,
) -> anyhow::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    let mut writes_events = false;
    loop {
        let length = client.read(&mut bytes).await?;
        state.carries(number).await;
        let read = bytes.get(..length).filter(|read| !read.is_empty()).context("the end")?;
        let says = |words: &[u8]| read.windows(words.len()).any(|part| part == words);
        writes_events |= says(WRITES_EVENTS);
        if writes_events && says(COMMIT) && state.lose_commit.load(Ordering::Acquire) {
            lost.send_replace(true);
        }
        database.write_all(read).await?;
    }
}

async fn answer(
    mut database: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    (state, number): (&State, usize),
    loses: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = database.read(&mut bytes).await?;
        state.carries(number).await;
        let read = bytes.get(..length).filter(|read| !read.is_empty()).context("the end")?;
        if *loses.borrow() {
            // It is done: this is the answer.
            state.lose_commit.store(false, Ordering::Release);
            return Ok(());
        }
        client.write_all(read).await?;
    }
}
