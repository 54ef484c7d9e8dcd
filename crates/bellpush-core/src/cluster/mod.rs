//! Several servers on one database: who delivers what (docs: scaling).
//!
//! The deliveries of an integration belong to one of [`SHARDS`] shards, and a shard to one node at a
//! time. [`Membership`] decides when a node joins, renews its lease, takes shards and gives them
//! back. It is pure: what the database said and the steady clock's time come in, what is to be done
//! comes out.

mod membership;
mod shard;

pub use membership::{Action, Input, Membership, Policy, View};
pub use shard::{SHARDS, Shard, ShardSet};

use std::time::Duration;

use crate::ids::NodeId;

/// No node takes a longer lease. Servers that share a database may each have another.
pub const LONGEST_LEASE: Duration = Duration::from_secs(20);
/// Nor a shorter one.
pub const SHORTEST_LEASE: Duration = Duration::from_secs(3);

/// A node's membership, from when it joined until it leaves or is taken for dead. Every write of what
/// only an owner may write is made under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Term {
    /// The node.
    pub node_id: NodeId,
    /// Counts how often this node has joined: one that was taken for dead joins anew.
    pub incarnation: i64,
}
