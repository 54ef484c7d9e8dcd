//! Rate limits per address and per session (GCRA).

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, time::Duration};

use bellpush_core::{
    access::Email,
    ids::{AppId, IntegrationId, SessionId},
};
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
    /// Attempts to sign in per account; per address four times as many.
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

    /// Counts one attempt to sign in, or to prove again who one is, whether there is such an account
    /// or not.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn sign_in(&self, address: IpAddr, email: &str) -> Result<(), Problem> {
        self.sign_in_from(address)?;
        self.sign_in_to(email)
    }

    /// Counts one attempt to sign in to an account, whether there is one or not, that was counted as one of
    /// its address before it was read.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn sign_in_to(&self, email: &str) -> Result<(), Problem> {
        // As the account is looked up; what is no address is counted as it is.
        let account =
            email.parse::<Email>().map_or_else(|_| email.trim().to_owned(), |it| it.to_string());
        let account = account.chars().take(ACCOUNT_CHARS).collect();
        self.sign_ins.count(&account, NonZeroU32::MIN, "attempts to sign in")
    }

    /// Counts one attempt of an address. That is all that can be counted of one which names no account:
    /// were these counted as those of one, anybody could keep everybody out.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn sign_in_from(&self, address: IpAddr) -> Result<(), Problem> {
        self.sign_ins_by_address.count(&address, NonZeroU32::MIN, "attempts to sign in")
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
        metrics::counter!("bellpush_rate_limited_total", "what" => what.to_owned()).increment(1);
        let seconds = wait.as_secs() + 1;
        let per_minute = self.per_minute;
        Err(Problem::rate_limited(format!(
            "more than {per_minute} {what} a minute; try again in {seconds} s"
        ))
        .retry_after(seconds))
    }
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
        assert!(limits.sign_in(one, "a@b").is_ok() && limits.sign_in(other, " A@b").is_ok());
        assert!(limits.sign_in(other, "a@b").is_err());
        let tried = (0..20).filter(|number| limits.sign_in(one, &format!("{number}")).is_ok());
        assert_eq!(tried.count(), 7);
        // Attempts without an account are nobody's but their address's.
        let (third, fourth) = (IpAddr::from([192, 0, 2, 3]), IpAddr::from([192, 0, 2, 4]));
        assert_eq!((0..20).filter(|_| limits.sign_in_from(third).is_ok()).count(), 8);
        assert!(limits.sign_in_from(fourth).is_ok() && limits.sign_in(fourth, "").is_ok());
    }
}
