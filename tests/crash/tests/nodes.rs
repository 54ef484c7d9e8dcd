//! Three servers share one PostgreSQL, and whatever befalls them, what they promised is kept.
//! `BELLPUSH_CHAOS_ROUNDS` sets how much befalls them.

use bellpush_crash_tests::chaos_and_check;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_or_overtaken_whatever_befalls_three_servers() {
    if let Err(error) = chaos_and_check(6).await {
        panic!("{error:#}");
    }
}
