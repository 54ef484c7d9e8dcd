//! The way of signals to the caller.

use tokio::sync::mpsc::{self, OwnedPermit};

use crate::Signal;

/// Signals that may wait to be read. A call that flaps faster than its caller reads loses the
/// steps between, never its end: that has a place of its own.
const WAITING: usize = 31;

/// Sends the signals of one call.
#[derive(Debug)]
pub(crate) struct SignalSender {
    progress: mpsc::Sender<Signal>,
    /// The place of the terminal signal; taken by it.
    last: Option<OwnedPermit<Signal>>,
}

impl SignalSender {
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Signal>) {
        let (progress, receiver) = mpsc::channel(WAITING + 1);
        let last = progress.clone().try_reserve_owned().ok();
        (Self { progress, last }, receiver)
    }

    pub(crate) fn send(&mut self, signal: Signal) {
        if signal.is_terminal() {
            if let Some(place) = self.last.take() {
                place.send(signal);
            }
        } else if self.progress.try_send(signal).is_err() {
            tracing::debug!(?signal, "nobody reads this call's signals");
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

    #[test]
    fn the_terminal_signal_arrives_though_nobody_read_the_others() {
        let (mut sender, mut receiver) = SignalSender::channel();
        for _ in 0..1_000 {
            sender.send(Signal::Reconnecting);
            sender.send(Signal::Connected);
        }
        sender.send(Signal::Ended(EndReason::UserHangup));
        drop(sender);
        let received: Vec<_> = std::iter::from_fn(|| receiver.blocking_recv()).collect();
        assert_eq!(received.len(), WAITING + 1);
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
