//! Session timers (RFC 4028): who refreshes a session, when, and when it is dead.
//!
//! Pure: it says what is due; the dialog's edge does it.

use std::time::{Duration, Instant};

use rsipstack::sip::{Header, Headers};

use super::message_parts::{has_token, header, value};

/// The longest one that is taken from a far side.
const MAX_INTERVAL: Duration = Duration::from_secs(24 * 3_600);

/// The timer of one session; it may be off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionTimer {
    /// The shortest interval that is agreed to.
    min: Duration,
    /// The least interval that a proxy or the far side wants (Min-SE).
    wanted: Duration,
    running: Option<Running>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Running {
    interval: Duration,
    since: Instant,
    we_refresh: bool,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Refresh the session.
    Refresh,
    /// The far side did not refresh it: end it.
    Expire,
}

/// The interval and the refresher that a Session-Expires header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionExpires {
    pub(super) interval: Duration,
    pub(super) refresher: Option<Refresher>,
}

/// Seen from the transaction: who sent its request, or who answered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refresher {
    Uac,
    Uas,
}

impl SessionExpires {
    pub(super) fn read(headers: &Headers) -> Option<Self> {
        let text = value(headers, "Session-Expires").or_else(|| value(headers, "x"))?;
        let mut parts = text.split(';').map(str::trim);
        let interval = Duration::from_secs(parts.next()?.parse().ok()?).min(MAX_INTERVAL);
        let refresher = parts.find_map(|part| {
            let (name, who) = part.split_once('=')?;
            match who.trim() {
                _ if !name.trim().eq_ignore_ascii_case("refresher") => None,
                who if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                who if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                _ => None,
            }
        });
        Some(Self { interval, refresher })
    }

    pub(super) fn header(self) -> Header {
        let refresher = match self.refresher {
            None => "",
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
        };
        header("Session-Expires", format!("{}{refresher}", self.interval.as_secs()))
    }
}

/// How the far side's request for a session interval is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negotiated {
    /// Answer with this header, if any.
    Accepted(Option<SessionExpires>),
    /// 422 Session Interval Too Small.
    IntervalTooSmall,
}

impl SessionTimer {
    /// A timer that is off.
    pub(super) fn new(min: Duration) -> Self {
        Self { min, wanted: min, running: None }
    }

    /// Goes on with the interval of a session that was another's: it is refreshed from here.
    pub(super) fn resume(&mut self, now: Instant, interval: Duration) {
        let interval = interval.min(MAX_INTERVAL).max(self.min);
        self.running = Some(Running { interval, since: now, we_refresh: true });
    }

    /// Takes a 2xx to a request of ours that set up or refreshed the session (section 7.2).
    pub(super) fn on_response(&mut self, now: Instant, headers: &Headers) {
        self.running = SessionExpires::read(headers).map(|expires| Running {
            interval: expires.interval.max(self.min),
            since: now,
            we_refresh: expires.refresher != Some(Refresher::Uas),
        });
    }

    /// What a request of the far side that would refresh the session asks for (section 9). Only its 2xx
    /// sets the timer, see [`Self::agree`].
    pub(super) fn negotiate(&self, headers: &Headers) -> Negotiated {
        let Some(requested) = SessionExpires::read(headers) else {
            // A session that has a timer keeps it. Whoever does not ask for one need not refresh it.
            let interval = self.running.map(|running| running.interval);
            let refresher = Some(Refresher::Uas);
            return Negotiated::Accepted(
                interval.map(|interval| SessionExpires { interval, refresher }),
            );
        };
        if requested.interval < self.min {
            return Negotiated::IntervalTooSmall;
        }
        // Who can't refresh must not be asked to.
        let they_can = has_token(headers, "Supported", "timer") || has_token(headers, "k", "timer");
        let refresher = match requested.refresher {
            Some(refresher) => refresher,
            None if they_can => Refresher::Uac,
            None => Refresher::Uas,
        };
        Negotiated::Accepted(Some(SessionExpires {
            interval: requested.interval,
            refresher: Some(refresher),
        }))
    }

    /// A request of the far side is answered by a 2xx that says this.
    pub(super) fn agree(&mut self, now: Instant, agreed: Option<SessionExpires>) {
        self.running = agreed.map(|SessionExpires { interval, refresher }| Running {
            interval,
            since: now,
            we_refresh: refresher == Some(Refresher::Uas),
        });
    }

    /// Never asks for less from now on, as a 422 wants it, and says so (section 7.4).
    pub(super) fn require(&mut self, at_least: Duration) {
        self.wanted = self.wanted.max(at_least.min(MAX_INTERVAL));
    }

    /// The headers of a refresh of ours.
    pub(super) fn refresh(&self) -> Vec<Header> {
        let Some(running) = self.running else { return Vec::new() };
        let refresher = if running.we_refresh { Refresher::Uac } else { Refresher::Uas };
        let interval = running.interval.max(self.wanted);
        let mut headers = vec![SessionExpires { interval, refresher: Some(refresher) }.header()];
        if self.wanted > self.min {
            headers.push(header("Min-SE", self.wanted.as_secs().to_string()));
        }
        headers
    }

    /// Lengthens the interval, as a 422 to a refresh asks for. `false` when it is that long.
    pub(super) fn lengthen(&mut self, at_least: Duration) -> bool {
        let at_least = at_least.min(MAX_INTERVAL);
        self.require(at_least);
        let shorter = self.running.as_mut().filter(|running| running.interval < at_least);
        let is_shorter = shorter.is_some();
        if let Some(running) = shorter {
            running.interval = at_least;
        }
        is_shorter
    }

    /// The interval in seconds; `None` while the timer is off.
    pub(super) fn seconds(&self) -> Option<u32> {
        let running = self.running?;
        Some(u32::try_from(running.interval.as_secs()).unwrap_or(u32::MAX))
    }

    /// When the session is over unless it is refreshed before.
    pub(super) fn expires_at(&self) -> Option<Instant> {
        self.running.map(|running| running.since + running.interval)
    }

    /// When a refresh is the last that can be answered in time: a third of the interval, but at most
    /// 32 s, before its end (section 10).
    pub(super) fn last_chance(&self) -> Option<Instant> {
        self.running.map(|Running { interval, since, .. }| {
            since + interval - Duration::from_secs(32).min(interval / 3)
        })
    }

    /// What is due next, and when: our refresh after half of the interval, the far side's when it would
    /// be too late for another.
    pub(super) fn next(&self) -> Option<(Instant, Due)> {
        let running = self.running?;
        Some(if running.we_refresh {
            (running.since + running.interval / 2, Due::Refresh)
        } else {
            (self.last_chance()?, Due::Expire)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        fields.iter().map(|(name, text)| header(name, *text)).collect::<Vec<_>>().into()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn whoever_the_answer_names_refreshes() {
        let now = Instant::now();
        for (text, due) in [
            ("1800;refresher=uac", (now + 900 * SECOND, Due::Refresh)),
            ("1800", (now + 900 * SECOND, Due::Refresh)),
            ("1800;refresher=uas", (now + 1_768 * SECOND, Due::Expire)),
            ("90; refresher=UAS", (now + 60 * SECOND, Due::Expire)),
            ("1;refresher=uac", (now + 45 * SECOND, Due::Refresh)),
        ] {
            let mut timer = SessionTimer::new(90 * SECOND);
            timer.on_response(now, &headers(&[("Session-Expires", text)]));
            assert_eq!(timer.next(), Some(due), "{text}");
        }
    }

    #[test]
    fn an_answer_without_an_interval_turns_the_timer_off() {
        let mut timer = SessionTimer::new(90 * SECOND);
        timer.on_response(Instant::now(), &headers(&[("Session-Expires", "90")]));
        timer.on_response(Instant::now(), &headers(&[]));
        assert_eq!(timer.next(), None);
    }

    #[test]
    fn a_far_side_that_can_refresh_does_so_unless_it_asks_us() {
        let now = Instant::now();
        for (fields, refresher) in [
            (vec![("Session-Expires", "600"), ("Supported", "timer")], Refresher::Uac),
            (vec![("Session-Expires", "600")], Refresher::Uas),
            (vec![("x", "600;refresher=uas"), ("Supported", "timer")], Refresher::Uas),
        ] {
            let mut timer = SessionTimer::new(90 * SECOND);
            let agreed = SessionExpires { interval: 600 * SECOND, refresher: Some(refresher) };
            assert_eq!(timer.negotiate(&headers(&fields)), Negotiated::Accepted(Some(agreed)));
            assert_eq!(timer.next(), None);
            timer.agree(now, Some(agreed));
            let due = timer.next().unwrap().1;
            assert_eq!(due == Due::Refresh, refresher == Refresher::Uas);
        }
    }

    #[test]
    fn an_offer_that_asks_for_no_interval_leaves_the_timer_on_and_us_to_refresh() {
        let now = Instant::now();
        let mut timer = SessionTimer::new(90 * SECOND);
        assert_eq!(timer.negotiate(&headers(&[])), Negotiated::Accepted(None));
        timer.on_response(now, &headers(&[("Session-Expires", "600;refresher=uas")]));
        let Negotiated::Accepted(agreed) = timer.negotiate(&headers(&[])) else {
            panic!("refused")
        };
        let refresher = Some(Refresher::Uas);
        assert_eq!(agreed, Some(SessionExpires { interval: 600 * SECOND, refresher }));
        timer.agree(now, agreed);
        assert_eq!(timer.next(), Some((now + 300 * SECOND, Due::Refresh)));
    }

    #[test]
    fn an_interval_that_is_too_short_is_refused() {
        let timer = SessionTimer::new(90 * SECOND);
        let negotiated = timer.negotiate(&headers(&[("Session-Expires", "89")]));
        assert_eq!(negotiated, Negotiated::IntervalTooSmall);
    }
}
