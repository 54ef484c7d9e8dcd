//! What duties beside requests have in common: they pause until something is due or somebody wakes
//! them, and end with the server.

mod wake;

use std::time::Duration;

use bellpush_core::events::EventTime;
use bellpush_store::StoreError;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub(crate) use self::wake::{Wake, rest};

/// How often to look for what another node was told.
const LOOK: Duration = Duration::from_secs(30);

/// Something that is to happen at times that are on disk: a restart in between loses nothing.
pub(crate) trait Due {
    /// What the log says before the error when it can't be done.
    const FAILS: &'static str;

    /// What tells it of a new time.
    fn changed(&self) -> &Wake;

    /// When the next of it is due; `None` when nothing is to come.
    fn next(&self) -> impl Future<Output = Result<Option<EventTime>, StoreError>> + Send;

    /// Now, by the clock that all nodes share: which of them is first does not depend on its own.
    fn clock(&self) -> impl Future<Output = Result<EventTime, StoreError>> + Send;

    /// Does what is due, or a part of it.
    fn act(&self, now: EventTime) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Does what is due at its time, until the server stops.
pub(crate) async fn at_its_time<D: Due>(duty: D, stopped: CancellationToken) {
    loop {
        let pause = act_on_all(&duty).await.unwrap_or_else(|error| {
            warn!(%error, "{}", D::FAILS);
            LOOK
        });
        if duty.changed().pause(pause, &stopped).await.is_stopped() {
            return;
        }
    }
}

/// Does all that is due; how long to wait for the next of it.
async fn act_on_all(duty: &impl Due) -> Result<Duration, StoreError> {
    loop {
        let next = duty.next().await?;
        let now = duty.clock().await?;
        let pause = pause_until(next, now);
        if !pause.is_zero() {
            return Ok(pause);
        }
        duty.act(now).await?;
    }
}

/// Until the next time, [`LOOK`] at most; nothing when it is there.
fn pause_until(next: Option<EventTime>, now: EventTime) -> Duration {
    let Some(next) = next else { return LOOK };
    let left = u64::try_from(next.millis().saturating_sub(now.millis())).unwrap_or(0);
    LOOK.min(Duration::from_millis(left))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::clock::now;

    #[test]
    fn the_pause_ends_when_something_is_due_and_soon_enough_to_see_what_others_were_told() {
        let at = |millis: i64| EventTime::from_millis(1_700_000_000_000 + millis).unwrap();
        for (next, pause) in [
            (None, LOOK),
            (Some(at(29_999)), Duration::from_millis(29_999)),
            (Some(at(60_000)), LOOK),
            (Some(at(0)), Duration::ZERO),
            (Some(at(-5_000)), Duration::ZERO),
        ] {
            assert_eq!(pause_until(next, at(0)), pause, "{next:?}");
        }
    }

    /// Times that are due at once, and then none.
    #[derive(Clone, Default)]
    struct Queue {
        left: Arc<AtomicUsize>,
        done: Arc<AtomicUsize>,
        wake: Wake,
    }

    impl Due for Queue {
        const FAILS: &'static str = "it can't be done yet";

        fn changed(&self) -> &Wake {
            &self.wake
        }

        async fn next(&self) -> Result<Option<EventTime>, StoreError> {
            Ok((self.left.load(Ordering::SeqCst) > 0).then(now))
        }

        async fn clock(&self) -> Result<EventTime, StoreError> {
            Ok(now())
        }

        async fn act(&self, _: EventTime) -> Result<(), StoreError> {
            self.left.fetch_sub(1, Ordering::SeqCst);
            self.done.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    #[tokio::test]
    async fn all_that_is_due_is_done_and_what_comes_later_wakes_it() {
        let (queue, stopped) = (Queue::default(), CancellationToken::new());
        queue.left.store(3, Ordering::SeqCst);
        let running = tokio::spawn(at_its_time(queue.clone(), stopped.clone()));
        let done = async |count| {
            let all = async {
                while queue.done.load(Ordering::SeqCst) < count {
                    tokio::task::yield_now().await;
                }
            };
            // Sooner than it would look by itself.
            tokio::time::timeout(LOOK / 2, all).await.unwrap();
        };
        done(3).await;
        queue.left.store(1, Ordering::SeqCst);
        queue.wake.wake();
        done(4).await;
        stopped.cancel();
        running.await.unwrap();
    }
}
