//! Trunks: how calls reach the telephone world, by SIP (RFC 3261).
//!
//! [`Trunks`] owns the SIP stack and runs the trunks; [`Trunks::call`] starts a task for one call,
//! with which it exchanges [`TrunkCommand`] and [`TrunkEvent`]. What an offer is answered with and when
//! a call is over is decided by the leg (`legs/sip`), not here.
//!
//! | file | holds |
//! |---|---|
//! | `config`, `target`, `header` | trunks, calls and additional headers, as they are set up |
//! | `message`, `status`, `meters` | commands and events of a call, status and metrics of a trunk |
//! | `trunk`, `registration` | one trunk: its targets, keep-alive, registrar |
//! | `call` | one call: INVITE, dialog, session |
//! | `open_dialogs`, `left_behind` | which dialogs are open, for whoever comes after; ending those of one that died |
//! | `dialog`, `acks`, `session_timer`, `authentication`, `digest`, `body`, `message_parts` | SIP without a socket |
//! | `stack`, `incoming`, `flow`, `resolver` | transactions, what comes in, how a hop is reached, DNS |
//! | `tap` | what goes over the wire of recorded calls |
//! | `udp`, `peers`, `stream` | sockets, and who may take how much of them |
//! | `head`, `null_tag`, `unknown_method` | what the stack below can't read, made readable or answered |

mod acks;
mod authentication;
mod body;
mod call;
mod config;
mod datagram_size;
mod dialog;
mod digest;
mod flow;
#[cfg(test)]
mod fuzz;
mod head;
mod header;
mod incoming;
mod left_behind;
mod message;
mod message_parts;
mod meters;
mod notice;
mod null_tag;
mod open_dialogs;
mod pauses;
mod peers;
mod registration;
mod resolver;
mod session_timer;
mod stack;
mod status;
mod stream;
mod tap;
mod target;
#[expect(clippy::module_inception, reason = "a trunk is what this folder is about")]
mod trunk;
mod udp;
mod unknown_method;

pub use call::EventSink;
pub use config::{
    Credentials, ProxyAddress, Registration, SipTransport, TrunkConfig, TrunksConfig,
};
pub use header::{HeaderName, HeaderValue, InvalidHeader};
pub use left_behind::ByeAnswer;
use message::MAX_KEYS;
pub use message::{ByeCause, FarFailure, OfferId, TrunkCommand, TrunkEvent};
pub use open_dialogs::{EndWhen, MayEnd, OpenDialogs, ToKeep};
pub use status::{RegistrationStatus, TrunkStatus};
pub use target::{
    Callee, CallerIdentity, CodecPolicy, DisplayName, InvalidAddress, Latching, SipTarget, SipUri,
    SipUser, SrtpPolicy,
};

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bellpush_core::{
    ids::{CallId, TrunkId},
    trunk::DialogSnapshot,
};
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle};

use self::{call::CallChannel, stack::Stack, trunk::Trunk};

/// Commands of one call that may wait for its task: keys that have waited come all at once.
pub(crate) const QUEUE: usize = MAX_KEYS + 16;

/// All trunks of this server; clones are handles of the same ones. With the last handle, the SIP
/// stack ends.
#[derive(Clone)]
pub struct Trunks(Arc<Shared>);

struct Shared {
    stack: Arc<Stack>,
    runtime: Handle,
    running: Mutex<HashMap<TrunkId, Arc<Trunk>>>,
    /// Those that take no new calls.
    resting: Mutex<HashMap<TrunkId, TrunkConfig>>,
    /// The tasks that keep trunks registered, the last one of each: also of those that are being taken out.
    registrations: Mutex<HashMap<TrunkId, JoinHandle<()>>>,
}

/// What is going on at the SIP edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrunksLoad {
    /// Calls that are being set up, go on, or are being ended.
    pub calls: usize,
    /// Requests without a final response, or whose time has not passed yet.
    pub transactions: usize,
}

impl Trunks {
    /// Opens the UDP port for SIP. No trunk runs yet.
    ///
    /// # Errors
    /// The port can't be opened, or DNS can't be set up.
    pub async fn start(config: TrunksConfig) -> io::Result<Self> {
        let stack = Stack::start(config).await?;
        meters::describe();
        let (running, resting, registrations) = Default::default();
        let runtime = Handle::current();
        Ok(Self(Arc::new(Shared { stack, runtime, running, resting, registrations })))
    }

    /// The UDP address in use.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.0.stack.local
    }

    /// Runs exactly these trunks from now on. Those that did not change go on as they are; calls
    /// on one that is changed or taken out go on, too.
    pub fn set(&self, configs: Vec<TrunkConfig>) {
        let mut running = self.running();
        let mut old = std::mem::take(&mut *running);
        for config in configs {
            let id = config.id;
            let trunk = match old.remove(&id) {
                Some(same) if same.config == config => same,
                before => {
                    if let Some(before) = &before {
                        before.stop();
                    }
                    self.run(config, before.as_deref())
                }
            };
            running.insert(id, trunk);
        }
        for trunk in old.into_values() {
            trunk.stop();
        }
        self.0.registrations().retain(|_, task| !task.is_finished());
    }

    /// Knows exactly these trunks, which do not run: calls that have been answered go on by them, and no
    /// others.
    pub fn rest(&self, configs: Vec<TrunkConfig>) {
        let resting = configs.into_iter().map(|config| (config.id, config)).collect();
        *self.0.resting() = resting;
    }

    /// Whether a call that has been answered can go on by this trunk.
    #[must_use]
    pub fn can_go_on(&self, id: TrunkId) -> bool {
        self.running().contains_key(&id) || self.0.resting().contains_key(&id)
    }

    /// How a trunk is; `None` when none with this id runs.
    #[must_use]
    pub fn status(&self, id: TrunkId) -> Option<TrunkStatus> {
        self.running().get(&id).map(|trunk| trunk.status())
    }

    /// What is going on at the SIP edge.
    #[must_use]
    pub fn load(&self) -> TrunksLoad {
        let (calls, transactions) = self.0.stack.load();
        TrunksLoad { calls, transactions }
    }

    /// Starts a call's task. It waits for [`TrunkCommand::Invite`]; what the far side says goes to
    /// `events`. Dropping the sender gives the call up.
    #[must_use]
    pub fn call(&self, events: EventSink) -> mpsc::Sender<TrunkCommand> {
        self.start_call(None, events)
    }

    /// The same for a call that others know by its id: its SIP messages are recorded, and its dialog is kept, where
    /// the server does so.
    #[must_use]
    pub fn recorded_call(&self, call_id: CallId, events: EventSink) -> mpsc::Sender<TrunkCommand> {
        self.start_call(Some(call_id), events)
    }

    /// Ends a dialog that another process left behind, on this trunk, also when it runs no more, and
    /// returns what the far side said to that.
    pub async fn end_dialog(&self, config: TrunkConfig, kept: &DialogSnapshot) -> ByeAnswer {
        let running = self.running().get(&config.id).cloned();
        let trunk = running.unwrap_or_else(|| self.0.apart(config));
        left_behind::end(&trunk, kept).await
    }

    fn start_call(&self, call_id: Option<CallId>, events: EventSink) -> mpsc::Sender<TrunkCommand> {
        let (sender, mut commands) = mpsc::channel(QUEUE);
        let shared = Arc::clone(&self.0);
        self.0.runtime.spawn(async move {
            let Some(TrunkCommand::Invite { target, sdp }) = commands.recv().await else { return };
            let mut channel = CallChannel::new(commands, events);
            let running = shared.running().get(&target.trunk_id).cloned();
            let trunk = match running {
                None if target.open.is_some() => {
                    let resting = shared.resting().get(&target.trunk_id).cloned();
                    resting.map(|config| shared.apart(config))
                }
                running => running,
            };
            match trunk {
                Some(trunk) => call::run(trunk, *target, sdp, channel, call_id).await,
                None => channel.fail(FarFailure::Transport).await,
            }
        });
        sender
    }

    fn running(&self) -> MutexGuard<'_, HashMap<TrunkId, Arc<Trunk>>> {
        self.0.running()
    }

    fn run(&self, config: TrunkConfig, before: Option<&Trunk>) -> Arc<Trunk> {
        let registration = config.registration.clone();
        let keep_alive = config.keep_alive;
        let trunk = Trunk::new(config, Arc::clone(&self.0.stack));
        let trunk = Arc::new(match before {
            Some(before) => trunk.in_place_of(before),
            None => trunk,
        });
        if let Some(registration) = registration {
            let mut registrations = self.0.registrations();
            let before = registrations.remove(&trunk.config.id);
            let task = registration::run(Arc::clone(&trunk), registration, before);
            registrations.insert(trunk.config.id, self.0.runtime.spawn(task));
        }
        if let Some(every) = keep_alive {
            self.0.runtime.spawn(Arc::clone(&trunk).keep_alive(every));
        }
        trunk
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<TrunkId, Arc<Trunk>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resting(&self) -> MutexGuard<'_, HashMap<TrunkId, TrunkConfig>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn registrations(&self) -> MutexGuard<'_, HashMap<TrunkId, JoinHandle<()>>> {
        self.registrations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A trunk for one dialog, which takes no part in anything else: nor does it register.
    fn apart(&self, config: TrunkConfig) -> Arc<Trunk> {
        let config = TrunkConfig { registration: None, ..config };
        let trunk = Trunk::new(config, Arc::clone(&self.stack));
        trunk.stop();
        Arc::new(trunk)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for trunk in self.running().values() {
            trunk.stop();
        }
    }
}

impl std::fmt::Debug for Trunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trunks").field("local", &self.local_addr()).finish_non_exhaustive()
    }
}
