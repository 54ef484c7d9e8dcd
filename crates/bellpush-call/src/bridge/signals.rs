//! The channel that brings signals to the caller.

use metrics::{Counter, counter};
use tokio::sync::mpsc::{self, OwnedPermit};

use crate::Signal;

/// Signals that may wait to be read. A call that flaps faster than its caller reads loses the
/// steps between, never its quality and its end: these have places of their own.
const WAITING: usize = 30;

/// Sends the signals of one call.
pub(crate) struct SignalSender {
    progress: mpsc::Sender<Signal>,
    /// The place of the call's quality; taken by it.
    quality: Option<OwnedPermit<Signal>>,
    /// The place of the terminal signal; taken by it.
    last: Option<OwnedPermit<Signal>>,
    left_out: Counter,
}

impl SignalSender {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Signal>) {
        let (progress, receiver) = mpsc::channel(WAITING + 2);
        let quality = progress.clone().try_reserve_owned().ok();
        let last = progress.clone().try_reserve_owned().ok();
        let reason = "sample_unread";
        let left_out = counter!("bellpush_call_records_dropped_total", "reason" => reason);
        (Self { progress, quality, last, left_out }, receiver)
    }

    pub(crate) fn send(&mut self, signal: Signal) {
        let place = match &signal {
            Signal::Quality(_) => self.quality.take(),
            signal if signal.is_terminal() => self.last.take(),
            _ => None,
        };
        if let Some(place) = place {
            place.send(signal);
        } else if self.progress.try_send(signal).is_err() {
            tracing::debug!("nobody reads this call's signals");
        }
    }

    /// Sends what others must not wait for: only where there is much room left.
    pub(crate) fn send_if_room(&mut self, signal: Signal) {
        if self.progress.capacity() > WAITING / 2 {
            self.send(signal);
        } else {
            self.left_out.increment(1);
        }
    }

    /// Whether the caller has dropped the receiver.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.progress.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use bellpush_core::events::EndReason;

    use super::*;
    use crate::CallQuality;

    #[test]
    fn the_terminal_signal_arrives_though_nobody_read_the_others() {
        let (mut sender, mut receiver) = SignalSender::channel();
        for _ in 0..1_000 {
            sender.send(Signal::Reconnecting);
            sender.send(Signal::Connected);
        }
        let quality = CallQuality { visitor: None, far_side: None };
        sender.send(Signal::Quality(Box::new(quality)));
        sender.send(Signal::Ended(EndReason::UserHangup));
        drop(sender);
        let received: Vec<_> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
        assert_eq!(received.len(), WAITING + 2);
        assert!(matches!(received[WAITING], Signal::Quality(_)));
        assert_eq!(received.last(), Some(&Signal::Ended(EndReason::UserHangup)));
    }

    #[test]
    fn a_call_dropped_without_an_end_closes_the_channel() {
        let (sender, mut receiver) = SignalSender::channel();
        assert!(!sender.is_abandoned());
        drop(sender);
        assert_eq!(receiver.blocking_recv(), None);
        let (sender, receiver) = SignalSender::channel();
        drop(receiver);
        assert!(sender.is_abandoned());
    }
}
