//! Which nodes are taken for alive.

use bellpush_core::{cluster::LONGEST_LEASE, events::EventTime};
use bellpush_store::StoreError;

use crate::{calls::state::Calls, clock::later};

/// Which leases hold: those that end after the present, and no later than one can.
pub(in crate::calls) struct Leases {
    pub(in crate::calls) present: EventTime,
    pub(in crate::calls) latest: EventTime,
}

impl Leases {
    /// By the clock that all nodes share.
    ///
    /// # Errors
    /// When the store fails.
    pub(in crate::calls) async fn now(calls: &Calls) -> Result<Self, StoreError> {
        Ok(Self::at(calls.clock.read(&calls.store).await?))
    }

    /// Another node's lease may be the longest there is, and have been renewed after this time was read.
    fn at(present: EventTime) -> Self {
        Self { present, latest: later(present, 2 * LONGEST_LEASE) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::now;

    #[test]
    fn the_longest_lease_holds_also_when_it_was_renewed_after_the_clock_was_read() {
        let present = now();
        let renewed_later = later(later(present, Duration::from_secs(3)), LONGEST_LEASE);
        assert!(renewed_later <= Leases::at(present).latest);
        // Of a clock that was an hour ahead.
        assert!(later(present, Duration::from_secs(3_600)) > Leases::at(present).latest);
    }
}
