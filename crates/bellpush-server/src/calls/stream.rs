//! What a call has told its widget so far, and waiting for more: the source of the server-sent
//! events and of their polling fallback.

use bellpush_core::{
    call_notice::CallNotice,
    events::{Envelope, Event},
    ids::EventId,
    lifecycle::Phase,
};
use bellpush_store::Appended;
use serde::Serialize;
use tokio::sync::watch;

/// The number of a terminal event that is read from the store, not from a live call: above whatever
/// number the live call had come to.
pub(super) const NUMBER_FROM_STORE: u64 = 1_000_000;

/// One message to the widget.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(crate) enum Content {
    /// The call has come to another phase.
    Progress {
        /// Which.
        phase: Phase,
    },
    /// The far side puts the visitor on hold, or takes the call up again.
    Hold {
        /// Whether the visitor is on hold now.
        held: bool,
    },
    /// The far side lets the visitor know something.
    Notice {
        /// What.
        notice: CallNotice,
    },
    /// The server is about to stop, or cut off: the widget takes the call up at another one meanwhile. Nobody is
    /// told any more once it was withdrawn.
    Move {},
    /// A catalogue event, with its id.
    Event {
        /// The event's id, the same as at the integrations.
        id: EventId,
        /// The envelope.
        event: Envelope,
    },
}

impl Content {
    /// The message of an event, which must be on disk: only the log makes an [`Appended`].
    #[must_use]
    pub(crate) fn event(appended: &Appended) -> Self {
        let event = appended.event();
        Self::Event { id: event.id, event: event.envelope.clone() }
    }

    /// The message of an event that no log can take: its app was deleted.
    #[must_use]
    pub(super) fn unrecorded(event: &Event) -> Self {
        Self::Event { id: event.id, event: event.envelope.clone() }
    }

    /// The name of the server-sent event.
    #[must_use]
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Progress { .. } => "progress",
            Self::Hold { .. } => "hold",
            Self::Notice { .. } => "notice",
            Self::Move {} => "move",
            Self::Event { .. } => "event",
        }
    }

    /// The data of the server-sent event, as JSON.
    #[must_use]
    pub(crate) fn data(&self) -> serde_json::Value {
        match self {
            Self::Progress { phase } => serde_json::json!({ "phase": phase }),
            Self::Hold { held } => serde_json::json!({ "held": held }),
            Self::Notice { notice } => serde_json::json!({ "notice": notice }),
            Self::Move {} => serde_json::json!({}),
            Self::Event { id, event } => serde_json::json!({ "id": id, "event": event }),
        }
    }
}

/// A message with its number: ascending within the call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Message {
    /// The number, from 1.
    pub(crate) id: u64,
    /// What it says.
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// All messages of a call so far.
#[derive(Debug, Clone, Default, PartialEq)]
struct Log {
    messages: Vec<Message>,
    /// The number of the last one, also when that was withdrawn.
    last: u64,
    done: bool,
}

/// The writing end: owned by the call.
#[derive(Debug)]
pub(super) struct Publisher(watch::Sender<Log>);

impl Publisher {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Log::default()))
    }

    pub(super) fn follow(&self) -> Follower {
        Follower(self.0.subscribe())
    }

    pub(super) fn publish(&self, content: Content) {
        self.0.send_modify(|log| {
            log.last += 1;
            log.messages.push(Message { id: log.last, content });
        });
    }

    /// Takes back that the call is to be taken up elsewhere: whoever begins to follow is not told.
    pub(super) fn withdraw_move(&self) {
        self.0.send_if_modified(|log| {
            let before = log.messages.len();
            log.messages.retain(|message| message.content != Content::Move {});
            log.messages.len() < before
        });
    }

    /// Says that no message follows.
    pub(super) fn finish(&self) {
        self.0.send_modify(|log| log.done = true);
    }
}

/// A reading end. Any number of them, each at its own place.
#[derive(Debug, Clone)]
pub(crate) struct Follower(watch::Receiver<Log>);

impl Follower {
    /// A follower of a call that is over: its messages as they were read from the store.
    #[must_use]
    pub(super) fn of_the_past(messages: Vec<Message>) -> Self {
        let last = messages.last().map_or(0, |message| message.id);
        Self(watch::Sender::new(Log { messages, last, done: true }).subscribe())
    }

    /// The messages after a number, and whether none will follow them.
    #[must_use]
    pub(crate) fn after(&mut self, number: u64) -> (Vec<Message>, bool) {
        let log = self.0.borrow_and_update();
        let messages = log.messages.iter().filter(|message| message.id > number).cloned().collect();
        (messages, log.done)
    }

    /// Waits until there may be more. Returns at once when the call is gone.
    pub(crate) async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(phase: Phase) -> Content {
        Content::Progress { phase }
    }

    #[tokio::test]
    async fn a_follower_misses_nothing_and_gets_nothing_twice() {
        let publisher = Publisher::new();
        publisher.publish(progress(Phase::Connecting));
        let mut follower = publisher.follow();
        let (first, done) = follower.after(0);
        assert_eq!((first.len(), done), (1, false));
        publisher.publish(progress(Phase::Ringing));
        publisher.publish(progress(Phase::Connected));
        assert!(follower.changed().await);
        let (rest, _) = follower.after(1);
        assert_eq!(rest.iter().map(|message| message.id).collect::<Vec<_>>(), [2, 3]);
        publisher.finish();
        assert!(follower.changed().await);
        assert_eq!(follower.after(3), (Vec::new(), true));
    }

    #[test]
    fn a_move_that_was_withdrawn_is_told_to_nobody_and_its_number_is_not_used_again() {
        let publisher = Publisher::new();
        publisher.publish(progress(Phase::Connected));
        publisher.publish(Content::Move {});
        let mut told = publisher.follow();
        assert_eq!(told.after(0).0.len(), 2);
        publisher.withdraw_move();
        assert_eq!(publisher.follow().after(0).0.len(), 1);
        publisher.publish(Content::Move {});
        let again = Message { id: 3, content: Content::Move {} };
        assert_eq!(told.after(2).0, [again]);
    }

    #[test]
    fn a_message_is_written_as_the_polling_fallback_promises() {
        let message = Message { id: 2, content: progress(Phase::Ringing) };
        let json = serde_json::to_value(message).unwrap();
        let expected =
            serde_json::json!({ "id": 2, "type": "progress", "data": { "phase": "ringing" } });
        assert_eq!(json, expected);
        let json = serde_json::to_value(Message { id: 3, content: Content::Move {} }).unwrap();
        assert_eq!(json, serde_json::json!({ "id": 3, "type": "move", "data": {} }));
    }
}
