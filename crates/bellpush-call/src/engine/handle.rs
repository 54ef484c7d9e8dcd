//! The handle of a running engine.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bellpush_core::ids::CallId;
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use super::{
    EngineConfig, StartError,
    addresses::Addresses,
    media_thread::{Command, MediaThread},
    meters::Meters,
    socket::BoundSocket,
};
use crate::{
    Digit, FarSide, PlaceCall, PlaceError, Placed, Signal,
    bridge::{Bridge, SignalSender},
    call::{CallControl, Policy},
    legs::{
        demo::DemoLeg,
        webrtc::{Answerer, Offer},
    },
    media::{Greeting, RtpRewriter},
};

/// Commands that may wait for the engine's thread.
const COMMANDS: usize = 1_024;
/// A new RTP stream starts in the lower half of its sequence numbers: a browser that joined it
/// right before they wrap around could not tell how often they did (RFC 3711 section 3.3.1).
const FIRST_SEQUENCE_NUMBERS: u16 = 1 << 15;

/// The handle of a running engine; clones are handles of the same one. When the last is dropped,
/// the engine ends as if it were shut down at once.
///
/// Should its thread ever die, the channels of all its calls close without a last signal, and new
/// calls are refused with [`PlaceError::ShuttingDown`].
#[derive(Clone)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

struct Shared {
    config: EngineConfig,
    local: SocketAddr,
    answerer: Answerer,
    greeting: Arc<Greeting>,
    live: Arc<AtomicUsize>,
}

impl Engine {
    /// Opens the UDP port and starts the engine's thread. Metrics go to the recorder that is
    /// installed at this time.
    ///
    /// # Errors
    /// The port can't be opened, no address is known for it, or the machine refuses what else the
    /// engine needs.
    pub fn start(config: EngineConfig) -> Result<Self, StartError> {
        let bind = |error| StartError::Bind { bind: config.bind, error };
        let socket = BoundSocket::bind(config.bind).map_err(bind)?;
        let local = socket.local();
        let addresses = Addresses::find(&config, local)?;
        let answerer = Answerer::new(addresses.as_slice()).ok_or(StartError::Certificate)?;
        let greeting =
            Greeting::built_in().map_err(|error| StartError::Greeting(error.to_string()))?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(StartError::Thread)?;
        let (commands, queue) = mpsc::channel(COMMANDS);
        let live = Arc::new(AtomicUsize::new(0));
        let media_thread = MediaThread {
            socket,
            addresses: addresses.clone(),
            meters: Meters::new(),
            max_calls: config.max_calls,
            live: Arc::clone(&live),
            commands: queue,
        };
        thread::Builder::new()
            .name("bellpush-media".into())
            .spawn(move || {
                if let Err(error) = runtime.block_on(media_thread.run()) {
                    tracing::error!(%error, "the media thread stopped");
                }
            })
            .map_err(StartError::Thread)?;
        tracing::info!(%local, candidates = ?addresses.as_slice(), "the call engine is up");
        let greeting = Arc::new(greeting);
        let shared = Arc::new(Shared { config, local, answerer, greeting, live });
        Ok(Self { commands, shared })
    }

    /// The UDP address in use.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// Takes a call on and answers its offer. [`Signal::Connecting`] waits in the channel already.
    /// The call is given up when the future is dropped before it is ready.
    ///
    /// # Errors
    /// The offer is not usable, or the engine takes no more calls.
    pub async fn place(&self, call: PlaceCall) -> Result<Placed, PlaceError> {
        if self.commands.is_closed() {
            return Err(PlaceError::ShuttingDown);
        }
        // The engine decides it; this saves the work of an answer that would not be used.
        if self.live_calls() >= self.shared.config.max_calls {
            return Err(PlaceError::Overloaded);
        }
        let now = Instant::now();
        let (mut sender, signals) = SignalSender::channel();
        sender.send(Signal::Connecting);
        let (bridge, answer) = self.bridge(now, &call, sender)?;
        let (reply, verdict) = oneshot::channel();
        let command = Command::Place { bridge: Box::new(bridge), reply };
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => PlaceError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => PlaceError::ShuttingDown,
        })?;
        verdict.await.unwrap_or(Err(PlaceError::ShuttingDown))?;
        Ok(Placed { answer, signals })
    }

    /// The visitor hangs up: [`Signal::Ended`], unless the call has ended already.
    pub async fn hang_up(&self, call_id: CallId) {
        self.command(Command::HangUp(call_id)).await;
    }

    /// Forgets a call whose acceptance could not be stored: its channel closes without a last
    /// signal.
    pub async fn drop_call(&self, call_id: CallId) {
        self.command(Command::Drop(call_id)).await;
    }

    /// The visitor pressed a key, and this is told beside the media path.
    pub async fn digit(&self, call_id: CallId, digit: Digit) {
        self.command(Command::Digit(call_id, digit)).await;
    }

    /// How many calls are live.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.shared.live.load(Ordering::Relaxed)
    }

    /// Takes no more calls, waits up to `deadline` for the live ones to end, fails the rest with
    /// `server_shutdown`, and returns once the engine has ended.
    pub async fn shut_down(&self, deadline: Duration) {
        let by = Instant::now() + deadline;
        self.command(Command::ShutDown { by }).await;
        self.commands.closed().await;
    }

    /// An engine that has ended has no call left for the command.
    async fn command(&self, command: Command) {
        let _ = self.commands.send(command).await;
    }

    /// Everything that costs time is done here, in the caller's task.
    fn bridge(
        &self,
        now: Instant,
        call: &PlaceCall,
        signals: SignalSender,
    ) -> Result<(Bridge, String), PlaceError> {
        let Shared { config, answerer, greeting, .. } = &*self.shared;
        let (leg, answer) = answerer.answer(now, Offer::parse(&call.offer)?)?;
        let far_side = match call.routes.first().ok_or(PlaceError::NoRoute)?.far_side {
            FarSide::Demo => DemoLeg::new(Arc::clone(greeting)),
        };
        let policy = Policy {
            connect_timeout: config.connect_timeout,
            reconnect_after: config.reconnect_after,
            media_timeout: config.media_timeout,
            leave_grace: config.leave_grace,
            max_duration: call.max_duration,
        };
        let control = CallControl::new(now, policy);
        let rewriter =
            RtpRewriter::new(rand::random_range(..FIRST_SEQUENCE_NUMBERS), rand::random());
        Ok((Bridge::new(call.call_id, leg, far_side, control, rewriter, signals, now), answer))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("local", &self.shared.local)
            .field("live_calls", &self.live_calls())
            .finish_non_exhaustive()
    }
}
