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
use crate::legs::webrtc::{
    answer::candidate_priority,
    transport_address::{Protocol, TransportAddress},
};

/// How long an answer to a check of ours is good for (RFC 7675 section 5.1).
const CONSENT: Duration = Duration::from_secs(30);
/// Between two checks of ours on a path in use (RFC 7675 section 5.1), but for some at random.
const CONSENT_CHECKS: Duration = Duration::from_secs(5);
/// The same while nothing else is heard: then the answers tell that the browser is there, and two of them have
/// to come in the time after which it is taken to be away. That is more often than consent may be asked for (four
/// seconds): they are no questions for consent, which the ones above would do for.
const QUIET_CHECKS: Duration = Duration::from_secs(2);
/// How long a packet that only the browser can have made is good for: to tell whether it is there, not to
/// be sent to.
const AUTHENTIC: Duration = Duration::from_secs(5);
/// How long a path is taken for alive after an answer to a check of ours: two of them may get lost.
const ALIVE: Duration = Duration::from_secs(15);
/// While the browser is not known to be anywhere, the least time between two checks of ours.
const FIRST_CHECKS: Duration = Duration::from_millis(100);
/// Checks of ours that may be on their way at a time: as many as there are while consent lasts. An answer that
/// a network has kept back is one.
const ON_THE_WAY: usize = 19;

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
    /// The priority that it was nominated with (RFC 8445 section 6.1.2.3).
    nomination: Option<u64>,
    is_proved: bool,
    /// When it last answered a check of ours.
    answered: Option<Instant>,
    /// When a packet that only the browser can have made last came by it.
    authentic: Option<Instant>,
    /// Whether a check of ours can be written, which has the names of both sides.
    can_be_checked: bool,
    checks: [Option<TransId>; ON_THE_WAY],
    last_check: Option<Instant>,
    /// What the time until the next check is multiplied by.
    pace: f64,
}

impl Path {
    pub(super) fn new(now: Instant, remote: TransportAddress, session: Arc<Session>) -> Self {
        // The handshake of TCP is answered by whoever is there.
        let is_proved = remote.protocol == Protocol::Tcp;
        Self {
            remote,
            session,
            nomination: None,
            is_proved,
            answered: is_proved.then_some(now),
            authentic: None,
            can_be_checked: true,
            checks: [None; ON_THE_WAY],
            last_check: None,
            pace: 1.0,
        }
    }

    /// The browser checks it in this session. In another one it was not nominated yet.
    pub(super) fn join(&mut self, session: Arc<Session>) {
        if !Arc::ptr_eq(&self.session, &session) {
            (self.session, self.nomination) = (session, None);
        }
    }

    /// The browser nominates it, by a check with this priority.
    pub(super) fn nominate(&mut self, theirs: u32) {
        let (theirs, ours) =
            (u64::from(theirs), u64::from(candidate_priority(self.remote.protocol)));
        let priority = (theirs.min(ours) << 32) + 2 * theirs.max(ours) + u64::from(theirs > ours);
        self.nomination = Some(priority);
    }

    pub(super) fn is_nominated(&self) -> bool {
        self.nomination.is_some()
    }

    /// Whether it was nominated with a higher priority than the other.
    pub(super) fn outranks(&self, other: &Self) -> bool {
        self.nomination > other.nomination
    }

    /// Whether media and handshakes may be sent by it: the browser was there, and not long ago. Whoever forges
    /// where a packet comes from could be any browser, so that these count only where nothing can be asked.
    pub(super) fn may_send(&self, now: Instant) -> bool {
        let is_heard = !self.can_be_checked && is_within(self.authentic, AUTHENTIC, now);
        self.is_proved && (is_heard || is_within(self.answered, CONSENT, now))
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

    /// Whether the browser's present check is a reason for one of ours: before the path is proved, and in time
    /// before its proof wears off, if it is not the one that is asked for consent anyway.
    pub(super) fn wants_check(&self, now: Instant) -> bool {
        let pause = if self.may_send(now) { CONSENT_CHECKS } else { FIRST_CHECKS };
        let is_fresh = self.is_proved && is_within(self.answered, ALIVE, now);
        !is_fresh && !is_within(self.last_check, pause, now)
    }

    /// A check of ours goes out, unless none can be written.
    pub(super) fn checked(&mut self, now: Instant, id: TransId, is_written: bool) {
        self.can_be_checked = is_written;
        self.checks.rotate_right(1);
        self.checks[0] = Some(id);
        self.last_check = Some(now);
        // RFC 7675 section 5.1: between 0.8 and 1.2 of it.
        self.pace = rand::random_range(0.8..1.2);
    }

    /// When the next check of ours is due, while the path is in use.
    pub(super) fn next_check(&self, now: Instant) -> Instant {
        let Some(last) = self.last_check else { return now };
        let after = |pause: Duration| last + pause.mul_f64(self.pace);
        let quiet = self.authentic.map_or(last, |heard| heard + QUIET_CHECKS);
        after(QUIET_CHECKS).max(quiet).min(after(CONSENT_CHECKS))
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
