//! No acknowledged event is lost, and every accepted call ends once, however often the server is
//! killed with deliveries in flight. `BELLPUSH_KILL_ROUNDS` sets how often, `BELLPUSH_KILL_SEED`
//! repeats a run.

use std::time::Duration;

use bellpush_crash_tests::kill_and_check;
use bellpush_test_support::{postgres::Database, server::Options};

/// Nobody comes back to a call for so long: then it is over, with the next look at all of them.
const OVER_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_when_the_server_on_sqlite_is_killed() {
    check(Options::sqlite(), 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_when_the_server_on_postgresql_is_killed() {
    let database = Database::create().await.unwrap();
    // The next server need not wait for the lease of the one before: it knows that it is dead.
    check(Options::postgres(&database).with("--lease-seconds", "20"), 20).await;
}

async fn check(options: Options, rounds: u32) {
    if let Err(error) = kill_and_check(options, OVER_WITHIN, rounds).await {
        panic!("{error:#}");
    }
}
