//! Rate limits per address and per session (GCRA), each of this server. Attempts to sign in to an account are
//! counted for all servers that share a database.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, time::Duration};

use bellpush_core::{
    access::Email,
    ids::{AppId, IntegrationId, MemberId, SessionId, SignInId},
};
use bellpush_store::Store;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::problem::Problem;

/// How much one address or session may ask for in a minute; bursts of the same size are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// Sessions created per address.
    pub sessions_per_minute: NonZeroU32,
    /// Calls started per address, and per session.
    pub calls_per_minute: NonZeroU32,
    /// Events submitted per session.
    pub events_per_minute: NonZeroU32,
    /// Any other request per address: documents, refreshes, following a call, keys.
    pub requests_per_minute: NonZeroU32,
    /// Attempts to sign in per account, and as many codes after its password, and proofs per browser; per address
    /// four times as many.
    pub sign_ins_per_minute: NonZeroU32,
}

/// The limiters.
#[derive(Debug)]
pub(crate) struct Limits {
    sessions: Limiter<IpAddr>,
    calls: Limiter<IpAddr>,
    calls_by_session: Limiter<SessionId>,
    events: Limiter<SessionId>,
    events_by_address: Limiter<IpAddr>,
    requests: Limiter<IpAddr>,
    tests: Limiter<IntegrationId>,
    embed_checks: Limiter<AppId>,
    sign_ins: Limiter<String>,
    sign_ins_by_address: Limiter<IpAddr>,
}

/// Test requests a minute to the endpoint of one integration.
const TESTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Checks a minute of pages that embed one app.
const EMBED_CHECKS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// How many visitors behind one address may send events at their full rate.
const SESSIONS_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// How many members behind one address may try to sign in at their full rate.
const ACCOUNTS_PER_ADDRESS: NonZeroU32 = NonZeroU32::new(4).unwrap();
/// What attempts to sign in are called.
const SIGN_INS: &str = "attempts to sign in";
/// Characters of what is typed as an e-mail address that accounts are told apart by.
const ACCOUNT_CHARS: usize = 254;

impl Limits {
    /// Limiters with these settings.
    #[must_use]
    pub(crate) fn new(settings: LimitSettings) -> Self {
        Self {
            sessions: Limiter::per_minute(settings.sessions_per_minute),
            calls: Limiter::per_minute(settings.calls_per_minute),
            calls_by_session: Limiter::per_minute(settings.calls_per_minute),
            events: Limiter::per_minute(settings.events_per_minute),
            events_by_address: Limiter::per_minute(
                settings.events_per_minute.saturating_mul(SESSIONS_PER_ADDRESS),
            ),
            requests: Limiter::per_minute(settings.requests_per_minute),
            tests: Limiter::per_minute(TESTS_PER_MINUTE),
            embed_checks: Limiter::per_minute(EMBED_CHECKS_PER_MINUTE),
            sign_ins: Limiter::per_minute(settings.sign_ins_per_minute),
            sign_ins_by_address: Limiter::per_minute(
                settings.sign_ins_per_minute.saturating_mul(ACCOUNTS_PER_ADDRESS),
            ),
        }
    }

    /// Counts one session.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn session(&self, address: IpAddr) -> Result<(), Problem> {
        self.sessions.count(&address, NonZeroU32::MIN, "sessions")
    }

    /// Counts one call.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn call(&self, address: IpAddr, session: SessionId) -> Result<(), Problem> {
        self.calls_by_session.count(&session, NonZeroU32::MIN, "calls")?;
        self.calls.count(&address, NonZeroU32::MIN, "calls")
    }

    /// Counts one event before the request that brings it is read.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn event_request(&self, address: IpAddr) -> Result<(), Problem> {
        self.events_by_address.count(&address, NonZeroU32::MIN, "events")
    }

    /// Counts the events of a request of a session, of which one was counted before.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn events(
        &self,
        address: IpAddr,
        session: SessionId,
        count: NonZeroU32,
    ) -> Result<(), Problem> {
        self.events.count(&session, count, "events")?;
        match NonZeroU32::new(count.get() - 1) {
            Some(others) => self.events_by_address.count(&address, others, "events"),
            None => Ok(()),
        }
    }

    /// Counts any other request.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), Problem> {
        self.requests.count(&address, NonZeroU32::MIN, "requests")
    }

    /// Counts one test request to an integration's endpoint.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn test(&self, integration: IntegrationId) -> Result<(), Problem> {
        self.tests.count(&integration, NonZeroU32::MIN, "tests")
    }

    /// Counts one check of a page that embeds an app.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn embed_check(&self, app: AppId) -> Result<(), Problem> {
        self.embed_checks.count(&app, NonZeroU32::MIN, "checks")
    }

    /// Counts one attempt to sign in to an account, whether there is one or not, that was counted as one of
    /// its address before it was read. Beside others that share the database, it is counted there, too.
    ///
    /// # Errors
    /// 429 with the time to wait, or when the database fails.
    pub(crate) async fn sign_in_to(&self, email: &str, store: &Store) -> Result<(), Problem> {
        self.attempt(format!("account {}", account(email)), store).await
    }

    /// The same of a code after the password of a member. Strangers, who don't know the password, have no part in
    /// it, and so keep nobody out.
    ///
    /// # Errors
    /// 429 with the time to wait, or when the database fails.
    pub(crate) async fn code_of(&self, member: MemberId, store: &Store) -> Result<(), Problem> {
        self.attempt(format!("code {member}"), store).await
    }

    /// The same of a proof again at a browser that is signed in, in which no other browser has a part.
    ///
    /// # Errors
    /// 429 with the time to wait, or when the database fails.
    pub(crate) async fn proof_at(&self, browser: SignInId, store: &Store) -> Result<(), Problem> {
        self.attempt(format!("proof {browser}"), store).await
    }

    async fn attempt(&self, what: String, store: &Store) -> Result<(), Problem> {
        // First: who is over the limit here does not keep the database busy.
        self.sign_ins.count(&what, NonZeroU32::MIN, SIGN_INS)?;
        if store.is_shared() {
            let attempts = store.count_sign_in_attempt(&what).await?;
            let per_minute = self.sign_ins.per_minute;
            if attempts.count > i64::from(per_minute.get()) {
                return Err(too_many(per_minute, SIGN_INS, attempts.seconds_left));
            }
        }
        Ok(())
    }

    /// Counts one attempt of an address. That is all that can be counted of one which names no account:
    /// were these counted as those of one, anybody could keep everybody out.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn sign_in_from(&self, address: IpAddr) -> Result<(), Problem> {
        self.sign_ins_by_address.count(&address, NonZeroU32::MIN, SIGN_INS)
    }

    /// Forgets keys that are back at their full allowance, so that memory does not grow with the
    /// number of visitors ever seen. To be called now and then.
    pub(crate) fn forget_idle(&self) {
        self.sessions.limiter.retain_recent();
        self.calls.limiter.retain_recent();
        self.calls_by_session.limiter.retain_recent();
        self.events.limiter.retain_recent();
        self.events_by_address.limiter.retain_recent();
        self.requests.limiter.retain_recent();
        self.tests.limiter.retain_recent();
        self.embed_checks.limiter.retain_recent();
        self.sign_ins.limiter.retain_recent();
        self.sign_ins_by_address.limiter.retain_recent();
    }
}

#[derive(Debug)]
struct Limiter<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    per_minute: NonZeroU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn per_minute(per_minute: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(per_minute)), per_minute }
    }

    fn count(&self, key: &K, count: NonZeroU32, what: &str) -> Result<(), Problem> {
        let wait = match self.limiter.check_key_n(key, count) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(not_until)) => not_until.wait_time_from(DefaultClock::default().now()),
            Err(_) => Duration::from_secs(60),
        };
        Err(too_many(self.per_minute, what, wait.as_secs() + 1))
    }
}

fn too_many(per_minute: NonZeroU32, what: &str, seconds: u64) -> Problem {
    metrics::counter!("bellpush_rate_limited_total", "what" => what.to_owned()).increment(1);
    Problem::rate_limited(format!(
        "more than {per_minute} {what} a minute; try again in {seconds} s"
    ))
    .retry_after(seconds)
}

/// What accounts are told apart by: as they are looked up; what is no address is counted as it is.
fn account(email: &str) -> String {
    let account =
        email.parse::<Email>().map_or_else(|_| email.trim().to_owned(), |it| it.to_string());
    account.chars().take(ACCOUNT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_over_its_limit_does_not_stop_another() {
        let two = NonZeroU32::new(2).unwrap();
        let limits = Limits::new(LimitSettings {
            sessions_per_minute: two,
            calls_per_minute: two,
            events_per_minute: two,
            requests_per_minute: two,
            sign_ins_per_minute: two,
        });
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let session = || SessionId::from_uuid(uuid::Uuid::now_v7());
        assert!(limits.call(one, session()).is_ok() && limits.call(one, session()).is_ok());
        let refused = limits.call(one, session()).unwrap_err();
        assert_eq!(refused.status, 429);
        assert!(limits.call(other, session()).is_ok());
        // An account, from wherever; and an address, for whichever accounts.
        let to = |email: &str| limits.sign_ins.count(&account(email), NonZeroU32::MIN, SIGN_INS);
        assert!(to("a@b").is_ok() && to(" A@b").is_ok() && to("a@b").is_err());
        // Attempts without an account are nobody's but their address's.
        let (third, fourth) = (IpAddr::from([192, 0, 2, 3]), IpAddr::from([192, 0, 2, 4]));
        assert_eq!((0..20).filter(|_| limits.sign_in_from(third).is_ok()).count(), 8);
        assert!(limits.sign_in_from(fourth).is_ok() && to("").is_ok());
    }
}
