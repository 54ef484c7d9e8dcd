//! A visitor who calls again and again, stays for a moment, and leaves in some way: in the middle of calls
//! servers die, and somebody has to end them.

use std::{sync::Arc, time::Duration};

use bellpush_test_support::widget::{Placed, Widget};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{sync::watch, time};

use crate::ledger::Ledger;

/// A call is left at most so long after it was placed.
const LONGEST_CALL_MS: u64 = 2_500;
/// How soon a server that is away is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Calls until all is over. Never takes a call up elsewhere.
pub(super) async fn live(
    widget: Widget,
    ledger: Arc<Ledger>,
    mut over: watch::Receiver<bool>,
    seed: u64,
) {
    let mut rng = StdRng::seed_from_u64(seed);
    while !*over.borrow_and_update() {
        // Whatever is refused is refused because of what befalls servers.
        let Ok(Placed { call_id, media, .. }) = widget.place().await else {
            time::sleep(PAUSE).await;
            continue;
        };
        ledger.entries().accepted_calls.insert(call_id.clone());
        time::sleep(Duration::from_millis(rng.random_range(0..LONGEST_CALL_MS))).await;
        let left = match rng.random_range(0..10) {
            0..5 => widget.hang_up(&call_id).await,
            5..8 => widget.leave(&call_id).await,
            _ => {
                media.close();
                continue;
            }
        };
        if left.is_ok_and(|answer| answer.status == 204) {
            ledger.entries().ended_calls.insert(call_id);
        }
    }
}
