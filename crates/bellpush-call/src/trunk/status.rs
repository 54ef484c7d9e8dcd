//! How a trunk is.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

/// How a trunk is at present.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrunkStatus {
    /// Whether the registrar has us.
    pub registration: RegistrationStatus,
    /// Whether any target answers; `None` before the first sign, and for good when targets are
    /// never asked and nobody calls.
    pub is_healthy: Option<bool>,
    /// Each target that was tried, and whether it answered last.
    pub targets: HashMap<SocketAddr, bool>,
    /// How long a target took to answer last.
    pub round_trip: Option<Duration>,
    /// What went wrong last, until something went right.
    pub last_error: Option<String>,
}

/// Whether a registrar has us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistrationStatus {
    /// The trunk does not register.
    #[default]
    Off,
    /// It has not succeeded yet.
    Pending,
    /// The registrar has us.
    Registered,
    /// The registrar refused, or did not answer; it is tried again.
    Failed,
}

impl TrunkStatus {
    /// A target answered.
    pub(super) fn answered(&mut self, target: SocketAddr, after: Option<Duration>) {
        self.targets.insert(target, true);
        self.is_healthy = Some(true);
        self.round_trip = after.or(self.round_trip);
        if self.registration != RegistrationStatus::Failed {
            self.last_error = None;
        }
    }

    /// A target did not answer, or can't work at present.
    pub(super) fn failed(&mut self, target: SocketAddr, error: String) {
        self.targets.insert(target, false);
        self.is_healthy = Some(self.targets.values().any(|answers| *answers));
        self.last_error = Some(error);
    }

    /// The targets are other ones now.
    pub(super) fn retain(&mut self, targets: &[SocketAddr]) {
        self.targets.retain(|target, _| targets.contains(target));
    }

    /// Nothing is known where the targets are.
    pub(super) fn lost(&mut self, error: String) {
        self.is_healthy = Some(false);
        self.last_error = Some(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn a_trunk_is_healthy_while_any_target_answers() {
        let mut status = TrunkStatus::default();
        assert_eq!(status.is_healthy, None);
        status.answered(target(1), Some(Duration::from_millis(5)));
        status.failed(target(2), "no answer".into());
        assert_eq!(status.is_healthy, Some(true));
        status.failed(target(1), "no answer".into());
        assert_eq!(status.is_healthy, Some(false));
        assert_eq!(status.last_error.as_deref(), Some("no answer"));
        status.answered(target(2), None);
        assert_eq!((status.is_healthy, status.last_error), (Some(true), None));
    }
}
