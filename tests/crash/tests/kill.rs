//! No acknowledged event is lost, and every accepted call ends once, however often the server is
//! killed with deliveries in flight. `BELLPUSH_KILL_ROUNDS` sets how often, `BELLPUSH_KILL_SEED`
//! repeats a run.

use std::time::Duration;

use bellpush_crash_tests::{Recovery, kill_and_check};
use bellpush_test_support::{postgres::Database, server::Options};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_when_the_server_on_sqlite_is_killed() {
    check(Options::sqlite(), Recovery::BeforeReady, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_when_the_server_on_postgresql_is_killed() {
    let database = Database::create().await.unwrap();
    // After each kill the next server waits for the end of the lease before it delivers.
    let recovery = Recovery::Within(Duration::from_secs(30));
    check(Options::postgres(&database).with("--lease-seconds", "3"), recovery, 20).await;
}

async fn check(options: Options, recovery: Recovery, rounds: u32) {
    if let Err(error) = kill_and_check(options, recovery, rounds).await {
        panic!("{error:#}");
    }
}
