//! Several servers on one PostgreSQL: their memberships, who owns which shard, and what they tell
//! each other, and the web parts of each version (docs: scaling). On SQLite there is one server, and nothing of this.

mod hints;
pub(crate) mod ownership;
pub(crate) mod shards;
mod web_files;

pub use hints::{Heard, Hints, MOST_BYTES};
pub(crate) use ownership::Ownership;
pub use shards::Epochs;
pub use web_files::WebFile;
