//! One node's decisions; many nodes together are simulated with their schedulers, in the delivery
//! crate.

use std::time::{Duration, Instant};

use bellpush_core::{
    cluster::{Action, Input, Membership, Policy, SHARDS, Shard, ShardSet, View},
    ids::NodeId,
};
use uuid::Uuid;

fn node(number: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(number))
}

fn shards(numbers: std::ops::Range<i64>) -> ShardSet {
    numbers.filter_map(Shard::new).collect()
}

const SECOND: Duration = Duration::from_secs(1);

/// A node that has joined, and what it did when it saw this.
fn joined(at: Instant, view: View) -> (Membership, Vec<Action>) {
    let mut node = Membership::new(node(1), Policy::default());
    assert_eq!(node.handle(at, Input::Tick), [Action::Join]);
    assert_eq!(node.handle(at, Input::Joined { asked_at: at }), [Action::Renew]);
    let actions = node.handle(at, Input::Renewed { asked_at: at, view });
    (node, actions)
}

fn alone(own: ShardSet) -> View {
    View {
        nodes: vec![node(1)],
        own,
        free: ShardSet::ALL.without(own),
        someone_is_dead: false,
        has_others: false,
    }
}

fn two(own: ShardSet) -> View {
    View { nodes: vec![node(1), node(2)], free: ShardSet::NONE, ..alone(own) }
}

#[test]
fn the_only_node_takes_all_shards() {
    let at = Instant::now();
    let (_, actions) = joined(at, alone(ShardSet::NONE));
    assert_eq!(
        actions,
        [
            Action::Resume { until: at + 8 * SECOND, anew: true },
            Action::Own(ShardSet::NONE),
            Action::Take { most: usize::from(SHARDS) },
        ]
    );
}

#[test]
fn a_node_that_can_not_renew_stops_before_its_lease_is_out() {
    let at = Instant::now();
    let (mut it, _) = joined(at, alone(ShardSet::ALL));
    assert_eq!(it.handle(at + 2 * SECOND, Input::Tick), [Action::Renew]);
    assert_eq!(it.handle(at + 4 * SECOND, Input::Failed), []);
    assert!(it.next_deadline().unwrap() < at + 8 * SECOND);
    assert_eq!(it.handle(at + 8 * SECOND, Input::Tick), [Action::Suspend, Action::Renew]);
    assert!(!it.leads());
    // Nobody took anything: it goes on, and records what had ended.
    let asked_at = at + 9 * SECOND;
    let actions = it.handle(asked_at, Input::Renewed { asked_at, view: alone(ShardSet::ALL) });
    assert_eq!(
        actions,
        [Action::Resume { until: asked_at + 8 * SECOND, anew: false }, Action::Own(ShardSet::ALL),]
    );
    assert!(it.leads());
}

#[test]
fn an_answer_that_took_longer_than_the_lease_is_worth_nothing() {
    let at = Instant::now();
    let (mut it, _) = joined(at, alone(ShardSet::ALL));
    let asked_at = at + 2 * SECOND;
    assert_eq!(it.handle(asked_at, Input::Tick), [Action::Renew]);
    let late = Input::Renewed { asked_at, view: alone(ShardSet::ALL) };
    assert_eq!(it.handle(at + 12 * SECOND, late), [Action::Suspend, Action::Renew]);
    assert_eq!(it.until(), None);
}

#[test]
fn a_node_that_was_taken_for_dead_drops_everything_and_joins_anew() {
    let at = Instant::now();
    let (mut it, _) = joined(at, alone(ShardSet::ALL));
    assert_eq!(it.handle(at + SECOND, Input::Fenced), [Action::Suspend, Action::Join]);
    assert_eq!(it.delivering(), ShardSet::NONE);
    let asked_at = at + 2 * SECOND;
    assert_eq!(it.handle(asked_at, Input::Joined { asked_at }), [Action::Renew]);
    let view = View { own: ShardSet::NONE, ..two(ShardSet::NONE) };
    let actions = it.handle(asked_at, Input::Renewed { asked_at, view });
    assert_eq!(actions[0], Action::Resume { until: asked_at + 8 * SECOND, anew: true });
}

#[test]
fn what_is_too_much_is_given_back_when_nothing_of_it_is_in_flight() {
    let at = Instant::now();
    let (mut it, actions) = joined(at, two(ShardSet::ALL));
    let (kept, given) = (shards(0..112), shards(112..128));
    assert_eq!(actions[1], Action::Own(kept));
    assert_eq!(actions.len(), 2);
    let look = it.next_deadline().unwrap();
    assert_eq!(it.handle(look, Input::Tick), [Action::Settle(given)]);
    assert_eq!(it.handle(look, Input::Settled(ShardSet::NONE)), []);
    let look = it.next_deadline().unwrap();
    assert_eq!(it.handle(look, Input::Tick), [Action::Settle(given)]);
    let settled = shards(112..120);
    assert_eq!(it.handle(look, Input::Settled(settled)), [Action::Release(settled)]);
    // The others stay with it until they are settled, whatever share it has now.
    let view = alone(ShardSet::ALL.without(settled));
    let actions = it.handle(look, Input::Renewed { asked_at: look, view });
    assert!(!actions.iter().any(|action| matches!(action, Action::Own(_))), "{actions:?}");
    assert_eq!(it.delivering(), kept);
    assert!(!it.is_drained());
}

#[test]
fn a_drain_gives_everything_back() {
    let at = Instant::now();
    let (mut it, _) = joined(at, alone(ShardSet::ALL));
    assert_eq!(it.handle(at, Input::Drain), [Action::Renew]);
    let view = View { nodes: vec![], ..alone(ShardSet::ALL) };
    let actions = it.handle(at, Input::Renewed { asked_at: at, view });
    assert_eq!(actions[1], Action::Own(ShardSet::NONE));
    assert!(!it.is_drained());
    let look = it.next_deadline().unwrap();
    assert_eq!(it.handle(look, Input::Tick), [Action::Settle(ShardSet::ALL)]);
    assert_eq!(it.handle(look, Input::Settled(ShardSet::ALL)), [Action::Release(ShardSet::ALL)]);
    let view = View { nodes: vec![], own: ShardSet::NONE, ..alone(ShardSet::NONE) };
    it.handle(look, Input::Renewed { asked_at: look, view });
    assert!(it.is_drained());
}

#[test]
fn the_dead_are_taken_out_also_by_those_who_have_enough() {
    let at = Instant::now();
    let view = View { someone_is_dead: true, ..two(shards(0..64)) };
    let (_, actions) = joined(at, view);
    assert_eq!(actions.last(), Some(&Action::Take { most: 0 }));
}
