//! What a far side lets a visitor know of a call, besides the phase that it is in.

use serde::{Deserialize, Serialize};

/// Something for the visitor to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallNotice {
    /// The call waits until somebody is free (SIP status 182, RFC 3261 section 21.1.4).
    #[serde(rename_all = "camelCase")]
    Queued {
        /** Its place in the queue, from 1; `null` where the far side does not tell it. */
        position: Option<u32>,
        /** How long that takes, as the far side expects, in seconds; `null` where it does not tell it. */
        wait_seconds: Option<u32>,
    },
    /// Somebody else is at the other end from now on.
    Transferred,
}
