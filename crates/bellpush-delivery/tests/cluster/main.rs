//! Several servers on one database, simulated: the real memberships and schedulers over one lease
//! table and one log, with hints that come late, twice or never, nodes that stand still for longer
//! than their lease, that die and are cut off, and answers of the database that come too late.
//!
//! What must never happen is checked at every step (`world.rs`). What must have happened for a run to
//! be worth something is counted, and checked at the end: a run in which no write of an owner was
//! refused has not tested the fence.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod database;
mod node;
mod sometimes;
mod world;

use std::time::{Duration, Instant};

use sometimes::Sometimes;
use world::World;

/// Runs with all tests; `BELLPUSH_CLUSTER_RUNS` asks for more.
const RUNS: u64 = 40;

fn runs() -> u64 {
    std::env::var("BELLPUSH_CLUSTER_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(RUNS)
}

#[test]
fn nothing_is_lost_doubled_or_overtaken_whatever_happens_to_the_nodes() {
    let mut sometimes = Sometimes::default();
    let (began, mut simulated) = (Instant::now(), Duration::ZERO);
    for seed in 0..runs() {
        let mut world = World::new(seed);
        world.run(Duration::from_secs(240));
        world.heal_and_finish();
        simulated += world.now();
        sometimes.add(&world.sometimes);
    }
    eprintln!("{simulated:?} simulated in {:?}: {sometimes:?}", began.elapsed());
    sometimes.all_happened();
}

#[test]
fn nodes_that_are_left_alone_share_the_shards_evenly() {
    let mut world = World::quiet(7, 3);
    world.advance(Duration::from_secs(30));
    let mut shares = world.shares();
    shares.sort_unstable();
    assert_eq!(shares, [42, 43, 43]);
}

#[test]
fn what_a_dead_node_had_is_delivered_by_the_others_soon() {
    let mut world = World::quiet(8, 3);
    world.advance(Duration::from_secs(30));
    world.kill(0);
    let killed = world.now();
    while world.shares().iter().sum::<usize>() < 128 {
        world.advance(Duration::from_millis(100));
        assert!(world.now() - killed < Duration::from_secs(14), "{:?}", world.shares());
    }
}
