//! Several servers on one PostgreSQL: their memberships, who owns which shard, and what they tell
//! each other (docs: scaling). On SQLite there is one server, and nothing of this.

mod hints;
pub(crate) mod ownership;
pub(crate) mod shards;

pub use hints::{Heard, Hints, MOST_BYTES};
pub(crate) use ownership::Ownership;
pub use shards::Epochs;
