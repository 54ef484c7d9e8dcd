//! How much a search may cost: what is searched comes from strangers, and what is sought from members.

use std::cell::Cell;

/// Steps of a search whatever it goes through: some ten milliseconds.
const OF_ANY: u32 = 128 * 1_024;
/// Steps for each byte of what is searched.
const PER_BYTE: u32 = 128;

/// Steps that a search has left.
#[derive(Debug)]
pub(super) struct Steps(Cell<u32>);

impl Steps {
    /// For a search in a text of so many bytes.
    pub(super) fn for_bytes(bytes: usize) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self(Cell::new(OF_ANY.saturating_add(bytes.saturating_mul(PER_BYTE))))
    }

    /// Takes some; whether there were so many.
    pub(super) fn take(&self, count: u32) -> bool {
        let left = self.0.get().checked_sub(count);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether none is left, so that what was not found may be there.
    pub(super) fn are_spent(&self) -> bool {
        self.0.get() == 0
    }
}
