//! Says hints, gathered: each NOTIFY is a commit of its own.

use std::{sync::Mutex, time::Duration};

use bellpush_core::ids::NodeId;
use bellpush_store::Store;
use metrics::counter;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::words::{Word, hints};

/// What is said within so long is said together.
const GATHER: Duration = Duration::from_millis(5);
/// Words that may wait.
const WAITING: usize = 4_096;
/// Hints of one statement.
const AT_ONCE: usize = 64;
/// How often a hint is said again that could not be said.
const TRIES: u32 = 3;
const AGAIN: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct Teller {
    words: mpsc::Sender<Said>,
    waiting: Mutex<Option<mpsc::Receiver<Said>>>,
}

/// What goes to whoever says it.
#[derive(Debug)]
enum Said {
    Word(Word),
    /// Somebody wants to know when all before it is said.
    Flush(oneshot::Sender<()>),
}

impl Teller {
    pub(super) fn new() -> Self {
        let (words, waiting) = mpsc::channel(WAITING);
        Self { words, waiting: Mutex::new(Some(waiting)) }
    }

    /// Says something soon. Never waits: what there is no room for is not said, and the owner finds it
    /// when it looks for itself.
    pub(super) fn say(&self, word: Word) {
        if self.words.try_send(Said::Word(word)).is_err() {
            lost(1);
        }
    }

    /// Waits until all is said that was to be said before, or nobody says anything any more.
    pub(super) async fn flush(&self) {
        let (done, said) = oneshot::channel();
        if self.words.send(Said::Flush(done)).await.is_ok() {
            // An error says that nobody is there to answer.
            let _ = said.await;
        }
    }

    /// Says what waits, as this node, until nobody can say anything more. Only the first run counts.
    pub(super) async fn run(&self, store: &Store, node_id: NodeId) {
        let waiting = self.waiting.lock().ok().and_then(|mut waiting| waiting.take());
        let Some(mut waiting) = waiting else { return };
        let mut said = Vec::new();
        while waiting.recv_many(&mut said, WAITING).await > 0 {
            tokio::time::sleep(GATHER).await;
            while said.len() < WAITING
                && let Ok(one) = waiting.try_recv()
            {
                said.push(one);
            }
            let (mut words, mut flushed) = (Vec::new(), Vec::new());
            for one in said.drain(..) {
                match one {
                    Said::Word(word) => words.push(word),
                    Said::Flush(done) => flushed.push(done),
                }
            }
            for some in hints(node_id, words).chunks(AT_ONCE) {
                tell(store, some).await;
            }
            for done in flushed {
                // Whoever waited may have gone away.
                let _ = done.send(());
            }
        }
    }
}

async fn tell(store: &Store, hints: &[String]) {
    for tries in 1..=TRIES {
        match store.tell(hints).await {
            Ok(()) => return,
            Err(error) if tries == TRIES => {
                warn!(%error, hints = hints.len(), "other servers can't be told");
                lost(hints.len());
            }
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

fn lost(hints: usize) {
    counter!("bellpush_hints_lost_total").increment(hints as u64);
}

#[cfg(test)]
mod tests {
    use bellpush_store::{MasterKey, Target};
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_flush_waits_for_all_that_was_to_be_said_before_it() {
        let dir = tempfile::TempDir::new().unwrap();
        let target = Target::Sqlite { dir: dir.path().to_owned() };
        let store = Store::open(target, MasterKey::from_bytes([7; 32])).await.unwrap();
        let teller = Teller::new();
        // That nobody can be told on SQLite is all the same to it.
        (0..100).for_each(|_| teller.say(Word::EndpointsChanged));
        assert!(teller.words.capacity() < WAITING);
        let node_id = NodeId::from_uuid(Uuid::now_v7());
        tokio::select! {
            () = teller.run(&store, node_id) => unreachable!("the teller ends with its sender"),
            () = teller.flush() => {}
        }
        assert_eq!(teller.words.capacity(), WAITING);
        // Nobody says anything any more.
        teller.flush().await;
        store.close().await;
    }
}
