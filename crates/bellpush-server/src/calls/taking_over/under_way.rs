//! Calls that this server is just taking over, or giving back: they may be its own in the store and not be
//! there yet, or any more.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bellpush_core::ids::CallId;

/// The calls that are under way.
#[derive(Debug, Clone, Default)]
pub(in crate::calls) struct ClaimsUnderWay(Arc<Mutex<HashSet<CallId>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(in crate::calls) struct UnderWay {
    claims: ClaimsUnderWay,
    id: CallId,
}

impl ClaimsUnderWay {
    /// Begins with a call; `None` while somebody else is at it.
    pub(in crate::calls) fn begin(&self, id: CallId) -> Option<UnderWay> {
        self.lock().insert(id).then(|| UnderWay { claims: self.clone(), id })
    }

    pub(in crate::calls) fn contains(&self, id: CallId) -> bool {
        self.lock().contains(&id)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<CallId>> {
        // A set that is whole at any time: a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.claims.lock().remove(&self.id);
    }
}
