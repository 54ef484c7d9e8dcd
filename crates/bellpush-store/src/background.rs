//! Tasks of the store's own.

use std::sync::Mutex;

use tokio::{sync::oneshot, task::JoinHandle};

/// A task that runs until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Background(Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>);

impl Background {
    /// The task ends soon after its receiver says so.
    pub(crate) fn start<T>(task: impl FnOnce(oneshot::Receiver<()>) -> T) -> Self
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        Self(Mutex::new(Some((stop, tokio::spawn(task(stopped))))))
    }

    /// Stops the task and waits for its end.
    pub(crate) async fn stop(&self) {
        let taken = self.0.lock().ok().and_then(|mut running| running.take());
        if let Some((stop, task)) = taken {
            drop(stop);
            if let Err(error) = task.await {
                tracing::warn!(%error, "a task of the store failed");
            }
        }
    }
}
