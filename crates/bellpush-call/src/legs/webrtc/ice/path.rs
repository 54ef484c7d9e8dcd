//! What is known of one path to the browser, and what may be sent by it.
//!
//! A check says that somebody who knows the call's password wants to be reached at an address, not
//! that somebody is there: whoever places a call knows the password, and may forge the address. So
//! a path has to be proved, and its proof wears off: consent (RFC 7675) is of each path its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use is::stun::TransId;

use super::credentials::Credentials;
use crate::legs::webrtc::transport_address::{Protocol, TransportAddress};

/// How long an answer to a check of ours is good for (RFC 7675 section 5.1).
const CONSENT: Duration = Duration::from_secs(30);
/// Between two checks of ours on a path in use (RFC 7675 section 5.1), but for some at random.
const CONSENT_CHECKS: Duration = Duration::from_secs(5);
/// How long a packet that only the browser can have made is good for.
const AUTHENTIC: Duration = Duration::from_secs(5);
/// How long a path is taken for alive after an answer to a check of ours: two of them may get lost.
const ALIVE: Duration = Duration::from_secs(15);
/// While the browser is not known to be anywhere, the least time between two checks of ours.
const FIRST_CHECKS: Duration = Duration::from_millis(100);
/// Checks of ours that may be on their way at a time.
const ON_THE_WAY: usize = 2;

/// The names and passwords of both sides, as long as an ICE session lasts.
pub(super) struct Session {
    pub(super) local: Credentials,
    pub(super) remote: Credentials,
}

/// A path that a good check came by.
pub(super) struct Path {
    pub(super) remote: TransportAddress,
    /// Those that the browser's checks on this path were made with.
    pub(super) session: Arc<Session>,
    is_proved: bool,
    /// When it last answered a check of ours.
    answered: Option<Instant>,
    /// When a packet that only the browser can have made last came by it.
    authentic: Option<Instant>,
    checks: [Option<TransId>; ON_THE_WAY],
    last_check: Option<Instant>,
    next_check: Option<Instant>,
}

impl Path {
    pub(super) fn new(now: Instant, remote: TransportAddress, session: Arc<Session>) -> Self {
        // The handshake of TCP is answered by whoever is there.
        let is_proved = remote.protocol == Protocol::Tcp;
        Self {
            remote,
            session,
            is_proved,
            answered: is_proved.then_some(now),
            authentic: None,
            checks: [None; ON_THE_WAY],
            last_check: None,
            next_check: None,
        }
    }

    /// Whether media and handshakes may be sent by it: the browser was there, and not long ago.
    pub(super) fn may_send(&self, now: Instant) -> bool {
        self.is_proved
            && (is_within(self.authentic, AUTHENTIC, now) || is_within(self.answered, CONSENT, now))
    }

    /// Whether the browser is there right now, as far as can be told.
    pub(super) fn is_alive(&self, now: Instant) -> bool {
        self.is_proved
            && (is_within(self.authentic, AUTHENTIC, now) || is_within(self.answered, ALIVE, now))
    }

    /// The browser has got what was sent by this path alone.
    pub(super) fn prove(&mut self, now: Instant) {
        self.is_proved = true;
        self.answered = Some(now);
    }

    /// A packet that only the browser can have made came by it. That alone is no proof, nor does it
    /// renew one that has worn off: the browser may be the one who forges.
    pub(super) fn heard(&mut self, now: Instant) {
        self.is_proved = self.may_send(now);
        self.authentic = Some(now);
    }

    /// Whether the browser's present check is a reason for one of ours.
    pub(super) fn wants_check(&self, now: Instant) -> bool {
        !self.may_send(now) && !is_within(self.last_check, FIRST_CHECKS, now)
    }

    /// A check of ours goes out.
    pub(super) fn checked(&mut self, now: Instant, id: TransId) {
        self.checks.rotate_right(1);
        self.checks[0] = Some(id);
        self.last_check = Some(now);
        // RFC 7675 section 5.1: between 0.8 and 1.2 of it.
        self.next_check = Some(now + CONSENT_CHECKS.mul_f64(rand::random_range(0.8..1.2)));
    }

    /// When the next check of ours is due, while the path is in use.
    pub(super) fn next_check(&self, now: Instant) -> Instant {
        self.next_check.unwrap_or(now)
    }

    /// Whether this is the id of a check of ours that is not answered yet.
    pub(super) fn awaits(&self, id: TransId) -> bool {
        self.checks.contains(&Some(id))
    }

    /// A check of ours was answered.
    pub(super) fn answered(&mut self, now: Instant, id: TransId) {
        for check in &mut self.checks {
            check.take_if(|sent| *sent == id);
        }
        self.prove(now);
    }
}

fn is_within(at: Option<Instant>, time: Duration, now: Instant) -> bool {
    at.is_some_and(|at| now.saturating_duration_since(at) < time)
}
