//! The queue is asked until it does what it was asked for.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;

use crate::engine::{metrics, queue::QueueError};

/// Asks the queue again and again until it does it: what ended must be recorded, and what is
/// pending must be found, however long the disk or the database is away. A panic of the queue is
/// an error like another.
pub(super) async fn until_done<T, F>(what: &'static str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, QueueError>>,
{
    let mut wait = Duration::from_millis(50);
    loop {
        let asked = AssertUnwindSafe(ask()).catch_unwind().await;
        match asked.unwrap_or_else(|_| Err(QueueError::new("it panicked"))) {
            Ok(done) => return done,
            Err(error) => {
                metrics::queue_failed();
                tracing::warn!(%error, ?wait, "could not {what}, will try again");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}
