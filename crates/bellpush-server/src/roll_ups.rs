//! Counts the log for analytics: a duty of one node, and while another becomes the one, each event is counted
//! once all the same.

use std::time::{Duration, Instant};

use bellpush_store::Store;
use metrics::{counter, describe_counter, describe_histogram, histogram};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::duties::rest;

/// How often to look for new events.
const LOOK: Duration = Duration::from_secs(5);
/// After a step it rests for so many times as long as the step took: the log's writer has the store
/// for itself most of the time, also while much is left to count.
const REST: u32 = 3;
/// It rests for as long at least.
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// Counts until the server stops.
pub(crate) async fn run(store: Store, stopped: CancellationToken) {
    describe_counter!("bellpush_roll_up_steps_total", "Steps in which events were counted.");
    describe_histogram!("bellpush_roll_up_seconds", "Seconds that such a step took.");
    let mut leading = store.leading();
    loop {
        if !store.leads() {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = leading.changed() => {}
            }
            continue;
        }
        let began = Instant::now();
        let pause = match store.roll_up().await {
            Ok(more) => {
                counter!("bellpush_roll_up_steps_total").increment(1);
                histogram!("bellpush_roll_up_seconds").record(began.elapsed().as_secs_f64());
                let pause = (began.elapsed() * REST).max(SHORTEST_REST);
                if more { pause } else { pause.max(LOOK) }
            }
            Err(error) => {
                warn!(%error, "events can't be counted for analytics yet");
                LOOK
            }
        };
        if rest(pause, &stopped).await.is_stopped() {
            return;
        }
    }
}
