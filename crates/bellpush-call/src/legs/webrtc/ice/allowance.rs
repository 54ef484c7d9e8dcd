//! How much is sent to where nobody is known to be, while the browser is known to be elsewhere.

use std::{
    collections::VecDeque,
    net::IpAddr,
    time::{Duration, Instant},
};

/// In this time so many packets go to one host, and to all of them: whoever places a call may forge
/// where its checks come from, and name another port or host with each.
const WINDOW: Duration = Duration::from_secs(5);
const TO_A_HOST: usize = 3;
/// To prove a path takes two: a browser that has lost its network tries no more than a few at once.
const TO_ALL: usize = 10;

/// The packets that went out without a proof.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// The latest last, never more than go to all.
    sent: VecDeque<(Instant, IpAddr)>,
}

impl Allowance {
    /// Whether another small packet may go to this host; then it counts.
    pub(super) fn take(&mut self, now: Instant, host: IpAddr) -> bool {
        self.sent.retain(|(at, _)| now.saturating_duration_since(*at) < WINDOW);
        let to_host = self.sent.iter().filter(|(_, known)| *known == host).count();
        let is_allowed = to_host < TO_A_HOST && self.sent.len() < TO_ALL;
        if is_allowed {
            self.sent.push_back((now, host));
        }
        is_allowed
    }
}
