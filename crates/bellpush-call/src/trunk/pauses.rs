//! Targets that want to be left alone for a while, as their `Retry-After` says.

use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::resolver::Hop;

/// How long a target is left alone that is overloaded or in maintenance, at most. RFC 3261 knows no
/// limit; but a phone system that is back before its time is to be found so.
const MAX_REFUSAL: Duration = Duration::from_secs(60);

/// Why a target wants to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// 500: others are tried before it.
    Failing,
    /// 503: it SHOULD NOT be sent other requests meanwhile (RFC 3261 section 21.5.4).
    Refusing,
}

/// The targets of one trunk.
#[derive(Debug, Default)]
pub(super) struct Pauses(HashMap<SocketAddr, (Pause, Instant)>);

impl Pauses {
    /// A target wants to be left alone.
    pub(super) fn add(&mut self, now: Instant, target: SocketAddr, pause: Pause, time: Duration) {
        self.0.retain(|_, (_, until)| now < *until);
        let time = if pause == Pause::Refusing { time.min(MAX_REFUSAL) } else { time };
        self.0.insert(target, (pause, now + time));
    }

    /// Whether others are to be tried before it.
    pub(super) fn is_paused(&self, now: Instant, target: SocketAddr) -> bool {
        self.0.get(&target).is_some_and(|(_, until)| now < *until)
    }

    /// How long a target is not to be called.
    pub(super) fn refused_for(&self, now: Instant, target: SocketAddr) -> Option<Duration> {
        match self.0.get(&target) {
            Some((Pause::Refusing, until)) => until.checked_duration_since(now),
            Some((Pause::Failing, _)) | None => None,
        }
    }

    /// The targets that a call may be sent to.
    pub(super) fn without_refusing(&self, now: Instant, mut hops: Vec<Hop>) -> Vec<Hop> {
        hops.retain(|hop| match self.0.get(&hop.address) {
            Some((Pause::Refusing, until)) => now >= *until,
            Some((Pause::Failing, _)) | None => true,
        });
        hops
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trunk::SipTransport;

    fn hop(port: u16) -> Hop {
        Hop {
            address: ([192, 0, 2, 1], port).into(),
            transport: SipTransport::Udp,
            name: "pbx.example".into(),
        }
    }

    #[test]
    fn a_target_that_refuses_is_not_called_and_one_that_fails_is_called_last() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let mut pauses = Pauses::default();
        pauses.add(now, hop(1).address, Pause::Refusing, seconds(5));
        pauses.add(now, hop(2).address, Pause::Failing, seconds(5));
        pauses.add(now, hop(3).address, Pause::Refusing, seconds(3_600));
        let called = |pauses: &Pauses, at: Instant| {
            let hops = pauses.without_refusing(at, (1..=4).map(hop).collect());
            hops.iter().map(|hop| hop.address.port()).collect::<Vec<_>>()
        };
        assert_eq!(called(&pauses, now + seconds(4)), [2, 4]);
        assert!(pauses.is_paused(now + seconds(4), hop(2).address));
        assert!(!pauses.is_paused(now + seconds(5), hop(2).address));
        assert_eq!(called(&pauses, now + seconds(5)), [1, 2, 4]);
        assert_eq!(pauses.refused_for(now, hop(1).address), Some(seconds(5)));
        assert_eq!(pauses.refused_for(now, hop(2).address), None);
        // An hour is too long to stay away from who may be back in a minute.
        assert_eq!(called(&pauses, now + seconds(60)), [1, 2, 3, 4]);
    }
}
