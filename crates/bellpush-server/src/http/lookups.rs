//! Failed look-ups of keys, tokens and names, counted by address: whoever guesses must not keep the database
//! busy.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::problem::Problem;

/// A token bucket for each address: a look-up takes a token before the database is asked, and gives it
/// back when something was found.
#[derive(Debug)]
pub(crate) struct FailedLookups {
    per_minute: NonZeroU32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl FailedLookups {
    /// So many in a minute from one address, and as many at once.
    pub(crate) fn per_minute(per_minute: NonZeroU32) -> Self {
        Self { per_minute, buckets: Mutex::default() }
    }

    /// Looks something up that may not be there.
    ///
    /// # Errors
    /// 429 with the time to wait, when too many were in vain; or what the look-up fails with.
    pub(crate) async fn count<T>(
        &self,
        address: IpAddr,
        lookup: impl Future<Output = Result<Option<T>, Problem>>,
    ) -> Result<Option<T>, Problem> {
        self.take(address, Instant::now())?;
        let found = lookup.await;
        // A database that fails is nobody's guess.
        if !matches!(found, Ok(None)) {
            self.give_back(address);
        }
        found
    }

    /// Looks whether an address may look something up still. Nothing is counted.
    ///
    /// # Errors
    /// 429 with the time to wait, when too many were in vain.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Problem> {
        let now = Instant::now();
        let bucket = self.lock().get(&address).copied();
        self.allow(bucket.map_or(self.capacity(), |bucket| self.filled(bucket, now)))
    }

    /// Forgets addresses whose bucket is full again. To be called now and then.
    pub(crate) fn forget_idle(&self) {
        let now = Instant::now();
        self.lock().retain(|_, bucket| self.filled(*bucket, now) < self.capacity());
    }

    fn take(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut buckets = self.lock();
        let full = Bucket { tokens: self.capacity(), filled_at: now };
        let bucket = buckets.entry(address).or_insert(full);
        let tokens = self.filled(*bucket, now);
        self.allow(tokens)?;
        *bucket = Bucket { tokens: tokens - 1.0, filled_at: now };
        Ok(())
    }

    /// Refuses who has no whole token left.
    fn allow(&self, tokens: f64) -> Result<(), Problem> {
        if tokens >= 1.0 {
            return Ok(());
        }
        let per_second = self.capacity() / 60.0;
        let wait = Duration::from_secs_f64((1.0 - tokens) / per_second).as_secs() + 1;
        metrics::counter!("bellpush_rate_limited_total", "what" => "failed_lookups").increment(1);
        let per_minute = self.per_minute;
        Err(Problem::rate_limited(format!(
            "more than {per_minute} unknown keys, tokens or names a minute; try again in {wait} s"
        ))
        .retry_after(wait))
    }

    fn give_back(&self, address: IpAddr) {
        let mut buckets = self.lock();
        if let Some(bucket) = buckets.get_mut(&address) {
            bucket.tokens = (bucket.tokens + 1.0).min(self.capacity());
            if bucket.tokens >= self.capacity() {
                buckets.remove(&address);
            }
        }
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(bucket.filled_at).as_secs_f64();
        (bucket.tokens + gained * self.capacity() / 60.0).min(self.capacity())
    }

    fn capacity(&self) -> f64 {
        f64::from(self.per_minute.get())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Bucket>> {
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn guesses_use_up_a_budget_that_fills_again_and_is_of_one_address() {
        let lookups = FailedLookups::per_minute(NonZeroU32::new(60).unwrap());
        let start = Instant::now();
        assert!((0..60).all(|_| lookups.take(ADDRESS, start).is_ok()));
        assert_eq!(lookups.take(ADDRESS, start).unwrap_err().status, 429);
        assert_eq!(lookups.check(ADDRESS).unwrap_err().status, 429);
        assert!(lookups.check(IpAddr::from([192, 0, 2, 2])).is_ok());
        assert!(lookups.take(IpAddr::from([192, 0, 2, 2]), start).is_ok());
        let later = start + Duration::from_secs(2);
        assert!(lookups.take(ADDRESS, later).is_ok() && lookups.take(ADDRESS, later).is_ok());
        assert!(lookups.take(ADDRESS, later).is_err());
    }

    #[tokio::test]
    async fn what_is_found_costs_nothing_and_leaves_nothing() {
        let lookups = FailedLookups::per_minute(NonZeroU32::MIN);
        for _ in 0..10 {
            assert_eq!(lookups.count(ADDRESS, async { Ok(Some(1)) }).await.unwrap(), Some(1));
        }
        assert!(lookups.lock().is_empty());
        assert_eq!(lookups.count(ADDRESS, async { Ok(None::<u8>) }).await.unwrap(), None);
        let mut asked = false;
        let refused = lookups.count(ADDRESS, async {
            asked = true;
            Ok(Some(1))
        });
        assert_eq!(refused.await.unwrap_err().status, 429);
        assert!(!asked, "the database is not asked any more");
    }
}
