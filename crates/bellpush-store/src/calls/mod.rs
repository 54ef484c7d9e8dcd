//! Calls, and the nodes that they live on.

/// The condition that the node that a column names has no lease: one that goes on after `$2` (now), and ends no
/// later than `$3`, where a lease that was taken by a right clock can end.
macro_rules! without_lease {
    ($node:literal) => {
        concat!(
            "NOT EXISTS (
        SELECT 1
        FROM nodes
        WHERE nodes.id = ",
            $node,
            "
          AND nodes.lease_until > $2
          AND nodes.lease_until <= $3
      )"
        )
    };
}

pub(crate) mod call;
pub(crate) mod callbacks;
pub(crate) mod claims;
pub(crate) mod dialogs;
pub(crate) mod nodes;
pub(crate) mod state;
pub(crate) mod traces;

pub use call::Call;
pub use callbacks::CallbackRequest;
pub use claims::{ANSWERED_AGAIN_FOR, Claim, ClaimedCall};
pub use dialogs::left::EndDialog;
pub use nodes::{LivingNode, OrphanedCall};
pub use state::CallState;
