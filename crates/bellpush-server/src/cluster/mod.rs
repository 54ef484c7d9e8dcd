//! This server among others on the same database (docs: scaling). On SQLite there are no others.
//!
//! Who delivers what is decided by the core's `Membership`; its edge is in `keeper`. What servers tell
//! each other are hints, by NOTIFY: `teller` says them and `listener` hears them. `reader` reads from
//! the database what others have appended for this one, and `questions` asks the others. Browsers find the
//! web parts of other versions by `web_files`.

mod keeper;
mod listener;
mod questions;
mod reader;
mod teller;
pub(crate) mod web_files;
mod words;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bellpush_core::{
    cluster::{Policy, Term},
    delivery::{DeliveryKey, PendingDelivery},
    ids::NodeId,
};
use bellpush_delivery::{Announcer, Elsewhere, Tenure};
use bellpush_store::{Store, StoreError, Target};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use self::{questions::Questions, reader::Reader, teller::Teller, words::Word};

/// What may wait to be passed on to others.
const PASSED_ON: usize = 256;
/// How often the store is asked whether deliveries were written but not announced.
const LOOK_FOR_MISSED: Duration = Duration::from_millis(500);
/// A node that came in counts itself once.
const FIRST: i64 = 1;

/// See the module's text. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node_id: NodeId,
    store: Store,
    announcer: Announcer,
    tenure: Tenure,
    /// Whether nobody else appends events, as far as can be known.
    alone: AtomicBool,
    /// What has to do with other nodes; `None` where there are none.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    listen_at: Target,
    node_url: Option<String>,
    policy: Policy,
    teller: Teller,
    reader: Reader,
    questions: Questions,
    /// Whether the connection on which others are heard works.
    hears: AtomicBool,
    elsewhere: Mutex<Option<mpsc::Receiver<Elsewhere>>>,
    drain: CancellationToken,
    drained: CancellationToken,
    /// Nothing more is appended here.
    leaving: CancellationToken,
    /// The others were told of all that was.
    told: CancellationToken,
    left: CancellationToken,
}

impl Cluster {
    /// This server, with the announcer of its delivery engine. `listen_at` is the database itself, past
    /// whatever pools connections in front of it; `lease` is how long after its last word it may be
    /// taken for dead.
    #[must_use]
    pub fn new(
        store: Store,
        announcer: Announcer,
        node_url: Option<String>,
        listen_at: Target,
        lease: Duration,
    ) -> Self {
        let node_id = NodeId::from_uuid(Uuid::now_v7());
        if !store.is_shared() {
            let tenure = Tenure::default();
            let (alone, shared) = (AtomicBool::new(true), None);
            return Self(Arc::new(Inner { node_id, store, announcer, tenure, alone, shared }));
        }
        let tenure = Tenure::shared();
        let (pass_on, elsewhere) = mpsc::channel(PASSED_ON);
        let announcer = announcer.beside_others(tenure.clone(), pass_on);
        let shared = Shared {
            listen_at,
            node_url,
            policy: Policy::of(lease),
            teller: Teller::new(),
            reader: Reader::new(),
            questions: Questions::default(),
            hears: AtomicBool::new(false),
            elsewhere: Mutex::new(Some(elsewhere)),
            drain: CancellationToken::new(),
            drained: CancellationToken::new(),
            leaving: CancellationToken::new(),
            told: CancellationToken::new(),
            left: CancellationToken::new(),
        };
        // Nothing is an owner's until the first word of the keeper.
        store.write_as(None);
        store.lead(false);
        let (alone, shared) = (AtomicBool::new(false), Some(shared));
        Self(Arc::new(Inner { node_id, store, announcer, tenure, alone, shared }))
    }

    /// This process, as the store knows it.
    #[must_use]
    pub fn node_id(&self) -> NodeId {
        self.0.node_id
    }

    /// What the servers share.
    pub(crate) fn store(&self) -> Store {
        self.0.store.clone()
    }

    /// Tells the engines of all servers what changes.
    #[must_use]
    pub fn announcer(&self) -> Announcer {
        self.0.announcer.clone()
    }

    /// Which deliveries are this server's, and for how long.
    #[must_use]
    pub fn tenure(&self) -> Tenure {
        self.0.tenure.clone()
    }

    /// Whether this node's place among the others is not in doubt: one that others may have taken for
    /// dead decides nothing about them.
    pub(crate) fn is_sure(&self) -> bool {
        self.0.tenure.is_held()
    }

    /// Whether there are other nodes, as far as is known.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.0.shared.is_some() && !self.0.alone.load(Ordering::Acquire)
    }

    /// Enters this node into the database. To be called before the first call is taken.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn join(&self) -> Result<(), StoreError> {
        let Some(Shared { node_url, policy, .. }) = &self.0.shared else { return Ok(()) };
        let term = self.term(FIRST);
        self.0.store.join_cluster(term, policy.lease, node_url.as_deref(), true).await?;
        // Before anything is appended here, the others know that they are not alone.
        self.0.store.tell(&words::hints(self.node_id(), vec![Word::Beat(0)])).await
    }

    /// Starts what goes on beside requests, once the delivery engine runs. It ends when the node has
    /// left, or with the tasks.
    pub async fn start(&self, written: mpsc::Receiver<Vec<PendingDelivery>>) -> JoinSet<()> {
        let mut duties = JoinSet::new();
        duties.spawn(self.clone().announce(written));
        let Some(shared) = &self.0.shared else { return duties };
        duties.spawn(self.clone().keep(shared.policy, FIRST));
        duties.spawn(self.clone().tell());
        duties.spawn(self.clone().read());
        duties.spawn(self.clone().listen());
        if let Some(elsewhere) = shared.elsewhere.lock().await.take() {
            duties.spawn(self.clone().pass_on(elsewhere));
        }
        duties
    }

    /// Gives all deliveries to other nodes, and waits for that, but not longer than this.
    pub async fn drain(&self, patience: Duration) {
        let Some(shared) = &self.0.shared else { return };
        shared.drain.cancel();
        if tokio::time::timeout(patience, shared.drained.cancelled()).await.is_ok() {
            info!("all deliveries are given back");
        }
    }

    /// Takes this node out of the database: nothing of it is to be written any more. Before that the others
    /// are told of what was appended last, as long as that takes no longer than this.
    ///
    /// # Errors
    /// When the store fails; the lease then runs out by itself.
    pub async fn leave(&self, patience: Duration) -> Result<(), StoreError> {
        if let Some(shared) = &self.0.shared {
            shared.leaving.cancel();
            if tokio::time::timeout(patience, shared.told.cancelled()).await.is_err() {
                warn!(
                    "other servers were not told of the last events; they look for them within 30 s"
                );
            }
            shared.left.cancel();
        }
        self.0.tenure.end();
        self.0.store.leave(self.0.node_id).await
    }

    async fn tell(self) {
        let Inner { store, node_id, shared, .. } = &*self.0;
        if let Some(shared) = shared {
            shared.teller.run(store, *node_id).await;
        }
    }

    async fn read(self) {
        let Inner { store, announcer, tenure, shared, .. } = &*self.0;
        if let Some(shared) = shared {
            shared.reader.run(store, announcer, tenure).await;
        }
    }

    fn term(&self, incarnation: i64) -> Term {
        Term { node_id: self.0.node_id, incarnation }
    }

    /// Tells the engines of what this server's log has written, until the log closes.
    async fn announce(self, mut written: mpsc::Receiver<Vec<PendingDelivery>>) {
        let mut look = tokio::time::interval(LOOK_FOR_MISSED);
        loop {
            tokio::select! {
                shared = self.is_leaving() => {
                    while let Ok(batch) = written.try_recv() {
                        self.route(batch);
                    }
                    shared.teller.flush().await;
                    shared.told.cancel();
                }
                batch = written.recv() => match batch {
                    Some(batch) => self.route(batch),
                    None => return,
                },
                _ = look.tick() => if self.0.store.take_missed() {
                    self.0.announcer.missed();
                },
            }
        }
    }

    /// Waits until nothing more is appended here, and the others are not told of all that was.
    async fn is_leaving(&self) -> &Shared {
        match &self.0.shared {
            Some(shared) if !shared.told.is_cancelled() => {
                shared.leaving.cancelled().await;
                shared
            }
            _ => std::future::pending().await,
        }
    }

    /// Sends word of new deliveries to their owners. While there are others, this server's own are read
    /// from the database, too: an earlier event of the same call may have been appended elsewhere.
    fn route(&self, batch: Vec<PendingDelivery>) {
        let alone = self.0.alone.load(Ordering::Acquire);
        // What is still being read goes first.
        let shared = self.0.shared.as_ref().filter(|it| !alone || it.reader.is_busy());
        let Some(shared) = shared else {
            self.0.announcer.deliveries(batch);
            return;
        };
        let keys = batch.iter().map(|delivery| delivery.key);
        let (own, others): (Vec<DeliveryKey>, Vec<DeliveryKey>) =
            keys.partition(|key| self.0.tenure.owns(key.integration_id));
        if !own.is_empty() && !shared.reader.want(own) {
            self.0.announcer.missed();
        }
        if !others.is_empty() {
            shared.teller.say(Word::Appended(
                others.into_iter().map(|key| (key.integration_id, key.seq)).collect(),
            ));
        }
    }

    /// Passes on what is not for this server's engine.
    async fn pass_on(self, mut elsewhere: mpsc::Receiver<Elsewhere>) {
        let Some(shared) = &self.0.shared else { return };
        while let Some(word) = elsewhere.recv().await {
            shared.teller.say(match word {
                Elsewhere::Replayed(id) => Word::Replayed(id),
                Elsewhere::EndpointsChanged => Word::EndpointsChanged,
                Elsewhere::Lane(id, reply) => shared.questions.lane(id, reply),
                Elsewhere::ResetBreaker(id, reply) => shared.questions.reset_breaker(id, reply),
            });
        }
    }
}
