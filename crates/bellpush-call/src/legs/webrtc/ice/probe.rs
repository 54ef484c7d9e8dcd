//! Whether a browser reaches the media port at all, before it has a call: its checks are answered when
//! they are made with a name and password that the server has given out for that. Nothing is kept of
//! them: the password follows from the name, and the name says until when it is good.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use is::{DefaultSha1HmacProvider, Sha1HmacProvider as _, stun::StunMessage};
use rand::distr::{Alphanumeric, SampleString as _};
use zeroize::Zeroizing;

use super::{
    super::stun::{self, StunTarget},
    Credentials, MESSAGE_BYTES, sha1_hmac,
};

/// How long a name is good for.
const LIFETIME: Duration = Duration::from_secs(30);
/// No call's name has a plus (RFC 8445 section 15.4 allows it).
const PREFIX: &str = "probe+";
const SECONDS_DIGITS: usize = 8;
const RANDOM_CHARS: usize = 8;

/// Gives names and passwords out, and answers checks that are made with them.
pub(crate) struct Probes {
    secret: Zeroizing<[u8; 32]>,
    /// What the seconds in names are counted from.
    since: Instant,
}

impl Probes {
    pub(crate) fn new(now: Instant) -> Self {
        Self { secret: Zeroizing::new(rand::random()), since: now }
    }

    /// The name and the password for one browser.
    pub(in crate::legs::webrtc) fn credentials(&self, now: Instant) -> Credentials {
        let until = self.seconds(now) + LIFETIME.as_secs();
        let random = Alphanumeric.sample_string(&mut rand::rng(), RANDOM_CHARS);
        let ufrag = format!("{PREFIX}{until:0SECONDS_DIGITS$x}{random}");
        let password = self.password(&ufrag);
        Credentials { ufrag, password }
    }

    /// Whether a datagram is a check by such a name, as far as it can be told without work.
    pub(crate) fn may_answer(datagram: &[u8]) -> bool {
        let target = stun::is_stun(datagram).then(|| stun::target(datagram)).flatten();
        matches!(target, Some(StunTarget::Ufrag(name)) if name.starts_with(PREFIX))
    }

    /// The answer to a check that is made with what was given out, and is no larger than it.
    pub(crate) fn answer(
        &self,
        now: Instant,
        remote: SocketAddr,
        datagram: &[u8],
    ) -> Option<Vec<u8>> {
        if !stun::is_within_limits(datagram) {
            return None;
        }
        let check = StunMessage::parse(datagram).ok().filter(StunMessage::is_binding_request)?;
        let (ufrag, _) = check.split_username()?;
        let until = ufrag.strip_prefix(PREFIX)?.get(..SECONDS_DIGITS)?;
        let until = u64::from_str_radix(until, 16).ok()?;
        let password = self.password(ufrag);
        if until <= self.seconds(now) || !check.verify(password.as_bytes(), sha1_hmac) {
            return None;
        }
        let mut bytes = vec![0; MESSAGE_BYTES];
        let answer = StunMessage::binding_reply(check.trans_id(), remote);
        let length = answer.to_bytes(Some(password.as_bytes()), &mut bytes, sha1_hmac).ok()?;
        bytes.truncate(length);
        Some(bytes)
    }

    fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.since).as_secs()
    }

    fn password(&self, ufrag: &str) -> String {
        let hash = DefaultSha1HmacProvider.sha1_hmac(&*self.secret, &[ufrag.as_bytes()]);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use bellpush_test_fuzz::Seeds;
    use is::stun::TransId;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn remote() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 5_000))
    }

    fn check(ufrag: &str, password: &str) -> Vec<u8> {
        let name = format!("{ufrag}:them");
        let check = StunMessage::binding_request(&name, TransId::new(), true, 7, 1, false);
        let mut bytes = vec![0; 256];
        let length = check.to_bytes(Some(password.as_bytes()), &mut bytes, sha1_hmac).unwrap();
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn a_check_with_what_was_given_out_is_answered_for_a_while() {
        let start = Instant::now();
        let probes = Probes::new(start);
        let Credentials { ufrag, password } = probes.credentials(start + 100 * SECOND);
        let request = check(&ufrag, &password);
        let answer = probes.answer(start + 101 * SECOND, remote(), &request).unwrap();
        let read = StunMessage::parse(&answer).unwrap();
        assert!(read.is_successful_binding_response());
        assert_eq!(read.mapped_address(), Some(remote()));
        assert!(read.verify(password.as_bytes(), sha1_hmac));
        // Nobody makes the server send more to another than was sent to it.
        assert!(answer.len() <= request.len());
        assert!(probes.answer(start + 129 * SECOND, remote(), &request).is_some());
        assert!(probes.answer(start + 130 * SECOND, remote(), &request).is_none());
    }

    #[test]
    fn a_name_of_ones_own_making_or_a_wrong_password_is_not() {
        let now = Instant::now();
        let probes = Probes::new(now);
        let Credentials { ufrag, password } = probes.credentials(now);
        let is_answered = |ufrag: &str, password: &str| {
            probes.answer(now, remote(), &check(ufrag, password)).is_some()
        };
        assert!(is_answered(&ufrag, &password));
        assert!(!is_answered(&ufrag, "0123456789abcdef0123456789"));
        // One that would be good for longer.
        let longer = ufrag.replacen("probe+0000", "probe+ffff", 1);
        assert_ne!(longer, ufrag);
        assert!(!is_answered(&longer, &password));
        assert!(!is_answered("probe+", &password));
        assert!(!is_answered(ufrag.trim_start_matches("probe+"), &password));
        // What another server has given out, or this one before it was started again.
        let other = Probes::new(now).credentials(now);
        assert!(!is_answered(&other.ufrag, &other.password));
    }

    /// With a secret that every run has.
    fn known(since: Instant) -> Probes {
        Probes { secret: Zeroizing::new([7; 32]), since }
    }

    #[test]
    fn fuzz_checks_without_a_call() {
        let now = Instant::now();
        let Credentials { ufrag, password } = known(now).credentials(now);
        let good = check(&ufrag, &password);
        assert!(known(now).answer(now, remote(), &good).is_some());
        Seeds::new([good, check("probe+zzzzzzzz", &password)]).run(5_000, |datagram| {
            let now = Instant::now();
            let answer = known(now).answer(now, remote(), datagram);
            assert!(answer.is_none_or(|answer| answer.len() <= datagram.len()));
        });
    }
}
