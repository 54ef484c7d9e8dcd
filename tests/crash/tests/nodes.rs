//! Three servers share one PostgreSQL, and whatever befalls them, what they promised is kept.
//! `BELLPUSH_CHAOS_ROUNDS` sets how much befalls them.

use bellpush_crash_tests::{Story, chaos_and_check};
use bellpush_fault_tests::pooler;
use bellpush_test_support::namespace::runs_in_network_of_its_own;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_or_overtaken_whatever_befalls_three_servers() {
    check(Story::Plain, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_or_overtaken_behind_a_pooler() {
    if let Err(error) = pooler::program() {
        eprintln!("SKIPPED: {error:#}");
        return;
    }
    check(Story::Pooled, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_or_overtaken_when_servers_are_cut_off_from_their_database() {
    let test = "nothing_promised_is_lost_or_overtaken_when_servers_are_cut_off_from_their_database";
    match runs_in_network_of_its_own(test, &[]) {
        Ok(true) => {}
        Ok(false) => check(Story::CutOff, 6).await,
        Err(error) => panic!("{error:#}"),
    }
}

/// From the version before, where `BELLPUSH_OLD_BIN` names its program, and otherwise from this one.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_promised_is_lost_or_overtaken_while_another_version_takes_its_place() {
    check(Story::Upgraded, 6).await;
}

async fn check(story: Story, rounds: u32) {
    if let Err(error) = chaos_and_check(story, rounds).await {
        panic!("{error:#}");
    }
}
