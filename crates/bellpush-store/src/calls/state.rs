//! Where calls stand.

use bellpush_core::events::{EndReason, ErrorCode, EventTime};

// The words of the column `state`.
pub(crate) const LIVE: &str = "live";
pub(crate) const ENDED: &str = "ended";
pub(crate) const FAILED: &str = "error";

/// How many calls of an app are live, at all nodes.
pub(crate) const LIVE_OF_APP: &str = "
    SELECT 'calls counted' AS kind, CAST($1 AS TEXT) AS id, COUNT(*) AS live
    FROM calls
    WHERE app_id = $1
      AND state = 'live'";

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// Accepted and not over.
    Live,
    /// Over, cleanly.
    Ended {
        /// When.
        at: EventTime,
        /// Who hung up.
        reason: EndReason,
        /// Seconds since it started.
        duration: u64,
    },
    /// Over by an error.
    Failed {
        /// When.
        at: EventTime,
        /// Which.
        code: ErrorCode,
    },
}
