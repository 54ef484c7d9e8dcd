//! Says hints, gathered: each NOTIFY is a commit of its own.

use std::{sync::Mutex, time::Duration};

use bellpush_core::ids::NodeId;
use bellpush_store::Store;
use metrics::counter;
use tokio::sync::mpsc;
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
    words: mpsc::Sender<Word>,
    waiting: Mutex<Option<mpsc::Receiver<Word>>>,
}

impl Teller {
    pub(super) fn new() -> Self {
        let (words, waiting) = mpsc::channel(WAITING);
        Self { words, waiting: Mutex::new(Some(waiting)) }
    }

    /// Says something soon. Never waits: what there is no room for is not said, and the owner finds it
    /// when it looks for itself.
    pub(super) fn say(&self, word: Word) {
        if self.words.try_send(word).is_err() {
            lost(1);
        }
    }

    /// Says what waits, as this node, until nobody can say anything more. Only the first run counts.
    pub(super) async fn run(&self, store: &Store, node_id: NodeId) {
        let waiting = self.waiting.lock().ok().and_then(|mut waiting| waiting.take());
        let Some(mut waiting) = waiting else { return };
        let mut words = Vec::new();
        while waiting.recv_many(&mut words, WAITING).await > 0 {
            tokio::time::sleep(GATHER).await;
            while words.len() < WAITING
                && let Ok(word) = waiting.try_recv()
            {
                words.push(word);
            }
            for some in hints(node_id, std::mem::take(&mut words)).chunks(AT_ONCE) {
                tell(store, some).await;
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
