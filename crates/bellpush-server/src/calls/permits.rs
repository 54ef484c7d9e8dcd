//! How many calls are live at once at this server, by app and by address: each holds a permit for as long
//! as it lives.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bellpush_core::ids::AppId;

use crate::http::problem::Problem;

/// Seconds after which a call that got no permit may be tried again.
const RETRY_AFTER: u64 = 5;

/// The permits of live calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallPermits(Arc<Mutex<LiveCounts>>);

#[derive(Debug, Default)]
struct LiveCounts {
    by_app: HashMap<AppId, u32>,
    by_address: HashMap<IpAddr, u32>,
}

/// A call's permit, until it is dropped.
#[derive(Debug)]
pub(crate) struct CallPermit {
    permits: CallPermits,
    app_id: AppId,
    address: IpAddr,
}

impl CallPermits {
    /// A permit for one more call.
    ///
    /// # Errors
    /// 429 when app or address have as many live calls as they may have.
    pub(crate) fn acquire(
        &self,
        (app_id, app_limit): (AppId, Option<u32>),
        (address, address_limit): (IpAddr, u32),
    ) -> Result<CallPermit, Problem> {
        let mut live = self.lock();
        let of_app = live.by_app.get(&app_id).copied().unwrap_or(0);
        let of_address = live.by_address.get(&address).copied().unwrap_or(0);
        if app_limit.is_some_and(|limit| of_app >= limit) {
            return Err(full_app());
        }
        if of_address >= address_limit {
            return Err(full("your address has as many live calls as it may have"));
        }
        live.by_app.insert(app_id, of_app + 1);
        live.by_address.insert(address, of_address + 1);
        Ok(CallPermit { permits: self.clone(), app_id, address })
    }

    /// A permit for a call that exists already, however many there are.
    pub(crate) fn admit(&self, app_id: AppId, address: IpAddr) -> CallPermit {
        let mut live = self.lock();
        *live.by_app.entry(app_id).or_default() += 1;
        *live.by_address.entry(address).or_default() += 1;
        CallPermit { permits: self.clone(), app_id, address }
    }

    fn lock(&self) -> MutexGuard<'_, LiveCounts> {
        // Counts that are whole at any time: a panic elsewhere does not make them wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        let mut live = self.permits.lock();
        decrement(&mut live.by_app, self.app_id);
        decrement(&mut live.by_address, self.address);
    }
}

fn decrement<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    match counts.get_mut(&key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => {
            counts.remove(&key);
        }
    }
}

/// The answer to one more call of an app that has as many as it may have.
pub(super) fn full_app() -> Problem {
    full("the app has as many live calls as it may have")
}

fn full(detail: &str) -> Problem {
    Problem::rate_limited(detail).retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_call_that_exists_is_admitted_and_counts_for_those_after_it() {
        let permits = CallPermits::default();
        let app = AppId::from_uuid(Uuid::from_u128(1));
        let address = IpAddr::from([192, 0, 2, 1]);
        let admitted: Vec<_> = (0..3).map(|_| permits.admit(app, address)).collect();
        let refused = permits.acquire((app, Some(3)), (address, 9)).unwrap_err();
        assert_eq!(refused.status, 429);
        drop(admitted);
        assert!(permits.lock().by_app.is_empty() && permits.lock().by_address.is_empty());
    }

    #[test]
    fn a_permit_is_free_again_when_its_call_is_over_and_nothing_is_left_of_it() {
        let permits = CallPermits::default();
        let app = |n: u128| (AppId::from_uuid(Uuid::from_u128(n)), Some(2));
        let at = |n: u8| (IpAddr::from([192, 0, 2, n]), 2);
        let first = permits.acquire(app(1), at(1)).unwrap();
        let second = permits.acquire(app(1), at(2)).unwrap();
        assert_eq!(permits.acquire(app(1), at(3)).unwrap_err().status, 429);
        let third = permits.acquire(app(2), at(1)).unwrap();
        let refused = permits.acquire(app(3), at(1)).unwrap_err();
        assert!(refused.detail.contains("your address"), "{}", refused.detail);
        drop(first);
        let fourth = permits.acquire(app(1), at(1)).unwrap();
        drop((second, third, fourth));
        let live = permits.lock();
        assert!(live.by_app.is_empty() && live.by_address.is_empty());
    }
}
