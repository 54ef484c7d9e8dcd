//! When a node joins, renews, takes and gives back; see the module's text.

use std::time::{Duration, Instant};

use super::shard::{SHARDS, Shard, ShardSet, share};
use crate::ids::NodeId;

/// How long a node is believed to live, and how often it says that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long after its last word a node may be taken for dead, by the database's clock.
    pub lease: Duration,
    /// How much earlier it stops by its own clock: the two need not go alike.
    pub margin: Duration,
    /// How often it renews its lease, and looks at the others.
    pub renew_every: Duration,
    /// After a failure it tries again so soon.
    pub again: Duration,
    /// How often it looks whether nothing of what it gives back is in flight any more.
    pub look_every: Duration,
    /// Shards that are given back at once: each of them stands still for a moment.
    pub most_given: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self::of(Duration::from_secs(10))
    }
}

impl Policy {
    /// Everything in its proportion to how long a lease lasts.
    #[must_use]
    pub const fn of(lease: Duration) -> Self {
        Self {
            lease,
            margin: Duration::from_millis(lease.as_millis() as u64 / 5),
            renew_every: Duration::from_millis(lease.as_millis() as u64 / 5),
            again: Duration::from_millis(500),
            look_every: Duration::from_millis(50),
            most_given: 16,
        }
    }
}

/// What the database says of all nodes, as a node that is one of them sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// Nodes whose lease has not run out, and that take shards.
    pub nodes: Vec<NodeId>,
    /// The shards of the node that looked.
    pub own: ShardSet,
    /// Shards that nobody has.
    pub free: ShardSet,
    /// Whether the lease of some node has run out.
    pub someone_is_dead: bool,
    /// Whether there is any other node, that takes shards or not, alive or not.
    pub has_others: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The deadline has come.
    Tick,
    /// [`Action::Join`] was done; it was asked for at this time.
    Joined {
        /// Before it was sent.
        asked_at: Instant,
    },
    /// [`Action::Renew`] was done.
    Renewed {
        /// Before it was sent.
        asked_at: Instant,
        /// What was seen.
        view: View,
    },
    /// The database knows nothing of this membership: others took this node for dead.
    Fenced,
    /// The database did not do, or not in time, what it was asked for.
    Failed,
    /// Attempts were held to have no more time before [`Action::Extend`] was done.
    Lapsed,
    /// Of these, which [`Action::Settle`] named, nothing is in flight or unrecorded any more.
    Settled(ShardSet),
    /// The node shall give everything back.
    Drain,
}

/// What is to be done. One after the other, each with its answer before the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Enter this node into the database under a new term; answer with [`Input::Joined`].
    Join,
    /// Extend its lease and look at the others; answer with [`Input::Renewed`] or
    /// [`Input::Fenced`].
    Renew,
    /// Take those out whose lease has run out, and take so many free shards; answer with
    /// [`Input::Tick`]. What came of it is seen with the next renewal.
    Take {
        /// How many, at most.
        most: usize,
    },
    /// Give these back; answer with [`Input::Tick`].
    Release(ShardSet),
    /// Begin no attempt, and forget those in flight.
    Suspend,
    /// Attempts may begin until this time, if nothing more is said; `anew` when what had ended before
    /// is not to be recorded any more.
    Resume {
        /// Until when.
        until: Instant,
        /// Whether the node has joined since.
        anew: bool,
    },
    /// The same as until now, for longer; answer with [`Input::Lapsed`] if it was over already.
    Extend(Instant),
    /// Deliver what belongs to these, and nothing else.
    Own(ShardSet),
    /// Look whether anything of these is in flight or unrecorded; answer with [`Input::Settled`].
    Settle(ShardSet),
}

/// A node's place among the others.
#[derive(Debug)]
pub struct Membership {
    node_id: NodeId,
    policy: Policy,
    entry: Entry,
    /// Until when attempts may begin; `None` while they are suspended.
    until: Option<Instant>,
    /// Whether what had ended before the suspension is void.
    anew: bool,
    delivering: Option<ShardSet>,
    /// Still this node's by the database, but not delivered any more. Whatever happens, they are given
    /// back before they are delivered again: word of it may already be on its way.
    retiring: ShardSet,
    draining: bool,
    renew_at: Option<Instant>,
    settle_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Out,
    In,
}

impl Membership {
    /// A node that has not joined.
    #[must_use]
    pub const fn new(node_id: NodeId, policy: Policy) -> Self {
        Self {
            node_id,
            policy,
            entry: Entry::Out,
            until: None,
            anew: true,
            delivering: None,
            retiring: ShardSet::NONE,
            draining: false,
            renew_at: None,
            settle_at: None,
        }
    }

    /// Takes what happened and says what to do. Times never go back.
    pub fn handle(&mut self, now: Instant, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.until.is_some_and(|until| until <= now) {
            self.suspend(&mut actions);
        }
        match input {
            Input::Tick => self.tick(now, &mut actions),
            Input::Joined { asked_at: _ } => {
                self.entry = Entry::In;
                self.renew(now, &mut actions);
            }
            Input::Renewed { asked_at, view } => self.renewed(now, asked_at, view, &mut actions),
            Input::Fenced => {
                self.entry = Entry::Out;
                self.anew = true;
                self.suspend(&mut actions);
                self.renew(now, &mut actions);
            }
            Input::Failed => self.renew_at = Some(now + self.policy.again),
            Input::Lapsed => {
                self.suspend(&mut actions);
                self.renew(now, &mut actions);
            }
            Input::Settled(shards) => {
                let settled = shards.both(self.retiring);
                if settled.is_empty() {
                    self.settle_at = Some(now + self.policy.look_every);
                } else {
                    actions.push(Action::Release(settled));
                    self.renew_at = Some(now);
                }
            }
            Input::Drain => {
                self.draining = true;
                self.renew(now, &mut actions);
            }
        }
        actions
    }

    /// When to call [`Membership::handle`] with [`Input::Tick`] if nothing happens before. At once, if
    /// it has not begun.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        [self.until, self.renew_at, self.settle_at].into_iter().flatten().min()
    }

    /// Until when attempts may begin by what is known; `None` while none may.
    #[must_use]
    pub const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Whether the node gives everything back: the others should know.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.draining
    }

    /// Whether everything is given back.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.draining && self.delivering().is_empty() && self.retiring.is_empty()
    }

    fn tick(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if self.renew_at.is_none_or(|at| at <= now) {
            self.renew(now, actions);
        } else if self.settle_at.is_some_and(|at| at <= now) {
            self.settle_at = None;
            if self.until.is_some() && !self.retiring.is_empty() {
                actions.push(Action::Settle(self.retiring));
            }
        }
    }

    fn renew(&mut self, now: Instant, actions: &mut Vec<Action>) {
        // Also when no answer comes at all.
        self.renew_at = Some(now + self.policy.renew_every);
        actions.push(match self.entry {
            Entry::Out => Action::Join,
            Entry::In => Action::Renew,
        });
    }

    fn suspend(&mut self, actions: &mut Vec<Action>) {
        // Also when it is suspended already: nobody need remember whether that was done.
        actions.push(Action::Suspend);
        self.until = None;
        self.delivering = None;
        self.settle_at = None;
        if self.anew {
            self.retiring = ShardSet::NONE;
        }
    }

    fn renewed(&mut self, now: Instant, asked_at: Instant, view: View, actions: &mut Vec<Action>) {
        let until = asked_at + self.policy.lease.saturating_sub(self.policy.margin);
        if until <= now {
            // The answer came too late to be worth anything.
            self.renew(now, actions);
            return;
        }
        actions.push(match self.until {
            Some(_) => Action::Extend(until),
            None => Action::Resume { until, anew: std::mem::take(&mut self.anew) },
        });
        self.until = Some(until);
        self.renew_at = Some(asked_at.max(now) + self.policy.renew_every);
        self.balance(now, &view, actions);
    }

    fn balance(&mut self, now: Instant, view: &View, actions: &mut Vec<Action>) {
        self.retiring = self.retiring.both(view.own);
        let mut active = view.own.without(self.retiring);
        let share = if self.draining { 0 } else { share(&view.nodes, self.node_id) };
        let excess = active.len().saturating_sub(share);
        if excess > 0 && self.retiring.is_empty() {
            let most = if self.draining { usize::from(SHARDS) } else { self.policy.most_given };
            // The first shard stays longest: its owner does what must be done once in all.
            let given: ShardSet = active.iter().rev().take(excess.min(most)).collect();
            self.retiring = given;
            active = active.without(given);
        }
        if self.delivering != Some(active) {
            self.delivering = Some(active);
            actions.push(Action::Own(active));
        }
        if !self.retiring.is_empty() {
            self.settle_at = Some(now + self.policy.look_every);
        }
        let wanted = share.saturating_sub(view.own.len());
        let most =
            wanted.min(if view.someone_is_dead { usize::from(SHARDS) } else { view.free.len() });
        if most > 0 || view.someone_is_dead {
            actions.push(Action::Take { most });
            // What was taken is seen by looking again; not at once, as others may be at it.
            self.renew_at = Some(now + self.policy.look_every);
        }
    }

    /// The shards that this node delivers now.
    #[must_use]
    pub fn delivering(&self) -> ShardSet {
        self.delivering.unwrap_or_default()
    }

    /// Whether it does what must be done once in all.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.delivering().contains(Shard::FIRST)
    }
}
