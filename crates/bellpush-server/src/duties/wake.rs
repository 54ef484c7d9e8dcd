//! Pauses of duties, and cutting them short.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Wakes a duty before its time: one wake is kept for a duty that does not pause yet. Clones are
/// handles of the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wake(Arc<Notify>);

/// Why a pause is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paused {
    /// There may be something to do.
    Over,
    /// The server stops.
    Stopped,
}

impl Paused {
    /// Whether the duty is to end.
    pub(crate) fn is_stopped(self) -> bool {
        self == Self::Stopped
    }
}

impl Wake {
    /// There is something to do.
    pub(crate) fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits for so long, until there is something to do, or until the server stops.
    pub(crate) async fn pause(&self, pause: Duration, stopped: &CancellationToken) -> Paused {
        tokio::select! {
            () = self.0.notified() => Paused::Over,
            paused = rest(pause, stopped) => paused,
        }
    }
}

/// Waits for so long, or until the server stops.
pub(crate) async fn rest(pause: Duration, stopped: &CancellationToken) -> Paused {
    tokio::select! {
        () = stopped.cancelled() => Paused::Stopped,
        () = tokio::time::sleep(pause) => Paused::Over,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_pause_lasts_its_time_unless_it_is_woken_or_the_server_stops() {
        let (wake, stopped, began) = (Wake::default(), CancellationToken::new(), Instant::now());
        assert_eq!(wake.pause(SHORT, &stopped).await, Paused::Over);
        assert!(began.elapsed() >= SHORT);
        // Also one that came before the pause.
        wake.clone().wake();
        assert_eq!(wake.pause(HOUR, &stopped).await, Paused::Over);
        stopped.cancel();
        assert!(wake.pause(HOUR, &stopped).await.is_stopped());
        assert!(began.elapsed() < HOUR);
    }
}
