//! Calls, and the nodes that they live on.

pub(crate) mod call;
pub(crate) mod callbacks;
pub(crate) mod claims;
pub(crate) mod dialogs;
pub(crate) mod nodes;
pub(crate) mod state;
pub(crate) mod traces;

pub use call::Call;
pub use callbacks::CallbackRequest;
pub use claims::{Claim, ClaimedCall};
pub use nodes::{LivingNode, OrphanedCall};
pub use state::CallState;
