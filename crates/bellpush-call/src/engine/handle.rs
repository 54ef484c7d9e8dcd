//! The handle of a running engine.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bellpush_core::{events::EndReason, ids::CallId};
use mio::{Poll, Waker};
use tokio::sync::{mpsc, oneshot};

use super::{
    EngineConfig, StartError,
    addresses::Addresses,
    command::Command,
    context::Context,
    dial::{Dialer, NoTrunks, wake},
    meters::Meters,
    room::{CallLimit, Room},
    rtp_ports::RtpPorts,
    shard::Shard,
    socket::MediaSocket,
    tcp::TcpPort,
    token,
};
use crate::{
    Digit, MediaProbe, OfferError, PlaceCall, PlaceError, Placed, ResumeError, Signal,
    bridge::{Bridge, BridgeSetup, SignalSender, Sounds},
    call::Policy,
    codec::CodecPreferences,
    legs::webrtc::{Answerer, Identity, Offer, Probes},
    media::WallClock,
    token_bucket::SharedBuckets,
    trunk::Trunks,
};

/// Commands that may wait for one of the engine's threads.
const COMMANDS: usize = 4_096;

/// The handle of a running engine; clones are handles of the same one. When the last is dropped,
/// the engine ends as if it were shut down at once.
///
/// Should one of its threads ever die, the channels of that thread's calls close without a last
/// signal, and new calls that would be its are refused with [`PlaceError::ShuttingDown`].
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    config: EngineConfig,
    shards: Vec<ShardHandle>,
    sounds: Arc<Sounds>,
    limit: CallLimit,
    probes: Arc<Probes>,
}

/// One thread, seen from context.
struct ShardHandle {
    /// `None` once no handle is left.
    commands: Option<mpsc::Sender<Command>>,
    waker: Arc<Waker>,
    local: SocketAddr,
    answerer: Arc<Answerer>,
}

impl Engine {
    /// Opens the ports and starts the engine's threads. Metrics go to the recorder that is
    /// installed at this time. Without trunks, no telephone is reached.
    ///
    /// # Errors
    /// A port can't be opened, no address is known for it, or the machine refuses what else the
    /// engine needs.
    pub fn start(config: EngineConfig, trunks: Option<Trunks>) -> Result<Self, StartError> {
        match trunks {
            Some(trunks) => Self::start_with(config, Arc::new(trunks)),
            None => Self::start_with(config, Arc::new(NoTrunks)),
        }
    }

    pub(crate) fn start_with(
        config: EngineConfig,
        dialer: Arc<dyn Dialer>,
    ) -> Result<Self, StartError> {
        let sounds = Arc::new(Sounds::built_in()?);
        let limit = CallLimit { live: Arc::new(AtomicUsize::new(0)), max: config.max_calls };
        let identity =
            Identity::new().map_err(|error| StartError::Certificate(error.to_string()))?;
        let probes = Arc::new(Probes::new(Instant::now()));
        let mut shards = Vec::new();
        for index in 0..config.threads.get() {
            shards.push(start_shard(&config, index, &identity, &dialer, &limit, &probes)?);
        }
        Ok(Self { shared: Arc::new(Shared { config, shards, sounds, limit, probes }) })
    }

    /// The address in use for browsers, that of the first thread.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.shards.first().map_or(self.shared.config.bind, |shard| shard.local)
    }

    /// Takes a call on and answers its offer. [`Signal::Connecting`] waits in the component already; of one
    /// that goes on with who has answered it before, [`Signal::Reconnecting`].
    /// The call is given up when the future is dropped before it is ready.
    ///
    /// # Errors
    /// The offer is not usable, or the engine takes no more calls.
    pub async fn place(&self, call: PlaceCall) -> Result<Placed, PlaceError> {
        self.place_in(None, call).await
    }

    /// Room for a call that is to be placed by [`Engine::place_in`].
    ///
    /// # Errors
    /// The engine takes no more calls.
    pub fn reserve(&self) -> Result<Room, PlaceError> {
        self.shared.limit.reserve().ok_or(PlaceError::Overloaded)
    }

    /// The same as [`Engine::place`] for a call that there is room for already.
    ///
    /// # Errors
    /// As there.
    pub async fn place_in(
        &self,
        room: Option<Room>,
        call: PlaceCall,
    ) -> Result<Placed, PlaceError> {
        let shard = self.shard(call.call_id).ok_or(PlaceError::ShuttingDown)?;
        if shard.is_closed() {
            return Err(PlaceError::ShuttingDown);
        }
        // The engine decides it; this saves the work of an answer that would not be used.
        if room.is_none() && self.live_calls() >= self.shared.config.max_calls {
            return Err(PlaceError::Overloaded);
        }
        let now = Instant::now();
        let (mut sender, signals) = SignalSender::channel();
        sender.send(if call.goes_on().is_some() {
            Signal::Reconnecting
        } else {
            Signal::Connecting
        });
        let (bridge, answer) = self.bridge(now, shard, call, sender)?;
        let (reply, verdict) = oneshot::channel();
        shard.try_send(Command::Place { bridge: Box::new(bridge), room, reply })?;
        verdict.await.unwrap_or(Err(PlaceError::ShuttingDown))?;
        Ok(Placed { answer, signals })
    }

    /// The visitor hangs up: [`Signal::Ended`], unless the call has ended already.
    pub async fn hang_up(&self, call_id: CallId) {
        let by = EndReason::UserHangup;
        self.command(call_id, Command::HangUp { id: call_id, by }).await;
    }

    /// The browser gives up a call whose media does not come or come back: [`Signal::Failed`] with
    /// `media_failed`, unless the call has ended already.
    pub async fn give_up(&self, call_id: CallId) {
        self.command(call_id, Command::GiveUp(call_id)).await;
    }

    /// Ends a call that neither side ended: to the visitor, the far side hangs up.
    pub async fn end(&self, call_id: CallId) {
        let by = EndReason::RemoteHangup;
        self.command(call_id, Command::HangUp { id: call_id, by }).await;
    }

    /// The visitor's page went away. It may come back within this time ([`Engine::resume`]); then
    /// the call ends as hung up by the visitor. With no time at all it ends at once.
    pub async fn suspend(&self, call_id: CallId, window: Duration) {
        self.command(call_id, Command::Suspend { id: call_id, window }).await;
    }

    /// Gives a call whose page was replaced a new connection, and answers its offer. The far side
    /// stays as it is. [`Signal::Connected`] comes again when media flows.
    ///
    /// # Errors
    /// The offer is not usable, or the call is over.
    pub async fn resume(&self, call_id: CallId, offer: String) -> Result<String, ResumeError> {
        let offer = Box::new(Offer::parse(&offer)?);
        let (reply, answer) = oneshot::channel();
        self.command(call_id, Command::Resume { id: call_id, offer, reply }).await;
        answer.await.unwrap_or(Err(ResumeError::NoSuchCall))
    }

    /// Answers a further offer of the browser for the connection that it has, such as one for an
    /// ICE restart (RFC 9725 section 4.3.2).
    ///
    /// # Errors
    /// The offer is not usable, or the call is over, or has no browser at present.
    pub async fn restart(&self, call_id: CallId, offer: String) -> Result<String, ResumeError> {
        let offer = Box::new(Offer::parse(&offer)?);
        let (reply, answer) = oneshot::channel();
        self.command(call_id, Command::Restart { id: call_id, offer, reply }).await;
        answer.await.unwrap_or(Err(ResumeError::NoSuchCall))
    }

    /// Forgets a call whose acceptance could not be stored: its component closes without a last
    /// signal.
    pub async fn drop_call(&self, call_id: CallId) {
        self.command(call_id, Command::Drop(call_id)).await;
    }

    /// Lets go of a call that another server has taken over: neither side is told anything, and its
    /// component closes without a last signal.
    pub async fn release(&self, call_id: CallId) {
        self.command(call_id, Command::Release(call_id)).await;
    }

    /// Relays a call that another server has taken over until its browser has gone there, but no longer
    /// than this time; then it is let go of as by [`Engine::release`].
    pub async fn hand_over(&self, call_id: CallId, within: Duration) {
        self.command(call_id, Command::HandOver { id: call_id, within }).await;
    }

    /// Whether an offer can be answered.
    ///
    /// # Errors
    /// It can't: what is wrong with it.
    pub fn check_offer(offer: &str) -> Result<(), OfferError> {
        Offer::parse(offer).map(|_| ())
    }

    /// The visitor pressed a key, and this is told beside the media path.
    pub async fn digit(&self, call_id: CallId, digit: Digit) {
        self.command(call_id, Command::Digit(call_id, digit)).await;
    }

    /// What a browser needs to try whether it reaches the media port, without a call: that of the
    /// first thread. `None` when the engine has ended.
    #[must_use]
    pub fn probe(&self) -> Option<MediaProbe> {
        let Shared { shards, probes, .. } = &*self.shared;
        Some(shards.first()?.answerer.probe(Instant::now(), probes))
    }

    /// How many calls are live.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.shared.limit.live.load(Ordering::Relaxed)
    }

    /// Takes no more calls, waits up to `deadline` for the live ones to end, fails the rest with
    /// `server_shutdown`, and returns once the engine has ended.
    pub async fn shut_down(&self, deadline: Duration) {
        let by = Instant::now() + deadline;
        for shard in &self.shared.shards {
            shard.send(Command::ShutDown { by }).await;
        }
        for commands in self.shared.shards.iter().filter_map(|shard| shard.commands.as_ref()) {
            commands.closed().await;
        }
    }

    /// The shard that a call belongs to. Its id says which: the last digits of UUIDs of version 7
    /// are random.
    fn shard(&self, id: CallId) -> Option<&ShardHandle> {
        let shards = &self.shared.shards;
        let index = id.uuid().as_u128().checked_rem(shards.len() as u128)?;
        shards.get(usize::try_from(index).ok()?)
    }

    /// An engine that has ended has no call left for the command.
    async fn command(&self, id: CallId, command: Command) {
        if let Some(shard) = self.shard(id) {
            shard.send(command).await;
        }
    }

    /// Everything that costs time is done here, in the caller's task.
    fn bridge(
        &self,
        now: Instant,
        shard: &ShardHandle,
        call: PlaceCall,
        signals: SignalSender,
    ) -> Result<(Bridge, String), PlaceError> {
        let Shared { config, sounds, .. } = &*self.shared;
        if call.routes.is_empty() {
            return Err(PlaceError::NoRoute);
        }
        let (goes_on, offer) = (call.goes_on(), Offer::parse(&call.offer)?);
        let (leg, answer) =
            shard.answerer.answer(now, &offer, CodecPreferences::towards(&call.routes));
        let policy = Policy {
            connect_timeout: config.connect_timeout,
            reconnect_after: config.reconnect_after,
            media_timeout: config.media_timeout,
            leave_grace: config.leave_grace,
            max_duration: call.max_duration,
        };
        let setup = BridgeSetup {
            id: call.call_id,
            routes: call.routes,
            policy,
            rtp_timeout: config.rtp_timeout,
            sounds: Arc::clone(sounds),
            goes_on,
            clock: wall_clock(now),
            sample_every: self.shared.config.sample_every,
            signals,
        };
        Ok((Bridge::new(now, leg, setup), answer))
    }
}

fn wall_clock(now: Instant) -> WallClock {
    WallClock::new(now, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn start_shard(
    config: &EngineConfig,
    index: usize,
    identity: &Identity,
    dialer: &Arc<dyn Dialer>,
    limit: &CallLimit,
    probes: &Arc<Probes>,
) -> Result<ShardHandle, StartError> {
    let bind = config.shard_address(index);
    let (mut media, mut tcp) =
        bind_both(bind, 2 * config.max_calls).map_err(|error| StartError::Bind { bind, error })?;
    let local = media.local();
    let addresses = Addresses::find(config, local)?;
    let answerer = Answerer::new(addresses.as_slice(), identity, wall_clock(Instant::now()));
    let answerer = Arc::new(answerer);
    let poll = Poll::new().map_err(StartError::Thread)?;
    media.register(poll.registry(), token::MEDIA).map_err(StartError::Thread)?;
    tcp.register(poll.registry()).map_err(StartError::Thread)?;
    let waker = Arc::new(Waker::new(poll.registry(), token::WAKER).map_err(StartError::Thread)?);
    let (commands, queue) = mpsc::channel(COMMANDS);
    let rtp = RtpPorts::share(
        &config.rtp_ports,
        config.rtp_bind,
        config.rtp_address.unwrap_or_else(|| addresses.main().ip()),
        index,
        config.threads.get(),
    );
    let context = Context {
        registry: poll.registry().try_clone().map_err(StartError::Thread)?,
        media,
        tcp,
        rtp,
        dialer: Arc::clone(dialer),
        commands: commands.downgrade(),
        waker: Arc::clone(&waker),
        meters: Meters::new(),
        probes: Arc::clone(probes),
        probe_budgets: SharedBuckets::new(),
    };
    let shard = Shard {
        poll,
        context,
        answerer: Arc::clone(&answerer),
        limit: limit.clone(),
        commands: queue,
    };
    thread::Builder::new()
        .name(format!("bellpush-media-{index}"))
        .spawn(move || {
            if let Err(error) = shard.run() {
                tracing::error!(%error, "a media thread stopped");
            }
        })
        .map_err(StartError::Thread)?;
    tracing::info!(%local, candidates = ?addresses.as_slice(), "calls are taken");
    Ok(ShardHandle { commands: Some(commands), waker, local, answerer })
}

/// Opens a port for UDP and TCP. When any will do, one that is free for UDP may not be for TCP.
fn bind_both(address: SocketAddr, max_connections: usize) -> io::Result<(MediaSocket, TcpPort)> {
    let mut tries = if address.port() == 0 { 16 } else { 1 };
    loop {
        let media = MediaSocket::bind(address)?;
        tries -= 1;
        match TcpPort::bind(media.local(), max_connections) {
            Ok(tcp) => return Ok((media, tcp)),
            Err(error) if tries == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

impl ShardHandle {
    fn is_closed(&self) -> bool {
        self.commands.as_ref().is_none_or(mpsc::Sender::is_closed)
    }

    fn try_send(&self, command: Command) -> Result<(), PlaceError> {
        let commands = self.commands.as_ref().ok_or(PlaceError::ShuttingDown)?;
        commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PlaceError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => PlaceError::ShuttingDown,
        })?;
        wake(&self.waker);
        Ok(())
    }

    async fn send(&self, command: Command) {
        if let Some(commands) = &self.commands
            && commands.send(command).await.is_ok()
        {
            wake(&self.waker);
        }
    }
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        // The thread sees that nobody is left.
        self.commands = None;
        wake(&self.waker);
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("local", &self.local_addr())
            .field("live_calls", &self.live_calls())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "far_calls_tests/mod.rs"]
mod tests;
