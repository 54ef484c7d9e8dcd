//! Several servers on one PostgreSQL: shards, memberships and the fence.

use std::time::Duration;

use bellpush_core::{
    cluster::{SHARDS, ShardSet, Term, View},
    delivery::{DeliveryStatus, DisableReason, Outage},
    ids::NodeId,
};
use bellpush_store::{Append, Epochs, Heard, Hints, Store, StoreError};
use sea_orm::{ConnectionTrait, Database, TransactionTrait};

use crate::{
    deliveries::{attempt, backlog, integrate, pending, settings},
    site::{Site, new_call, new_node, now},
};

const LEASE: Duration = Duration::from_secs(60);

fn term(node_id: NodeId) -> Term {
    Term { node_id, incarnation: 1 }
}

/// A node that is in.
async fn joined(store: &Store, lease: Duration) -> Term {
    let term = term(new_node());
    store.join_cluster(term, lease, None, true).await.unwrap();
    term
}

async fn view(store: &Store, term: Term) -> View {
    looked(store, term).await.0
}

async fn looked(store: &Store, term: Term) -> (View, Epochs) {
    store.renew_membership(term, LEASE, true).await.unwrap().unwrap()
}

/// A node whose lease is over.
async fn dead(store: &Store) -> Term {
    joined(store, Duration::ZERO).await
}

#[tokio::test]
async fn shards_are_taken_given_back_and_never_had_by_two() {
    let site = Site::postgres().await;
    let store = &site.store;
    let (one, two) = (joined(store, LEASE).await, joined(store, LEASE).await);
    assert_eq!(view(store, one).await.free, ShardSet::ALL);
    store.take_shards(one, 100).await.unwrap();
    store.take_shards(two, usize::from(SHARDS)).await.unwrap();
    let (seen, epochs) = looked(store, one).await;
    let (other, epochs_of_other) = looked(store, two).await;
    assert_eq!((seen.own.len(), other.own.len()), (100, 28));
    assert!(seen.own.both(other.own).is_empty() && seen.free.is_empty());
    let mut nodes = vec![one.node_id, two.node_id];
    nodes.sort_unstable();
    let mut living = seen.nodes.clone();
    living.sort_unstable();
    assert_eq!((living, seen.someone_is_dead), (nodes, false));

    store.release_shards(one, seen.own, &epochs).await.unwrap();
    // Those of others are not one's own to give.
    store.release_shards(one, other.own, &epochs_of_other).await.unwrap();
    assert_eq!(view(store, two).await.own, other.own);
    assert_eq!(view(store, one).await.free, seen.own);
    // One that gives everything back is none of those that share.
    let (draining, _) = store.renew_membership(two, LEASE, false).await.unwrap().unwrap();
    assert_eq!(draining.nodes, [one.node_id]);
    store.leave(two.node_id).await.unwrap();
    assert_eq!(view(store, one).await.free, ShardSet::ALL);
    site.clear().await;
}

#[tokio::test]
async fn what_was_taken_again_is_not_given_back_by_a_word_that_comes_late() {
    let site = Site::postgres().await;
    let store = &site.store;
    let one = joined(store, LEASE).await;
    store.take_shards(one, 10).await.unwrap();
    let (seen, epochs) = looked(store, one).await;
    store.release_shards(one, seen.own, &epochs).await.unwrap();
    store.take_shards(one, 10).await.unwrap();
    let (again, epochs_now) = looked(store, one).await;
    assert_eq!(again.own, seen.own);
    store.release_shards(one, seen.own, &epochs).await.unwrap();
    assert_eq!(view(store, one).await.own, seen.own);
    store.release_shards(one, seen.own, &epochs_now).await.unwrap();
    assert!(view(store, one).await.own.is_empty());
    site.clear().await;
}

#[tokio::test]
async fn what_a_dead_node_had_is_taken_and_its_writes_are_refused() {
    let site = Site::postgres().await;
    let (id, waiting) = backlog(&site, 2).await;
    let store = &site.store;
    let lost = joined(store, LEASE).await;
    store.take_shards(lost, usize::from(SHARDS)).await.unwrap();
    store.write_as(Some(lost));
    let outage = Outage { failing_since: now(), trips: 1, open_until: now() };
    store
        .record_attempts(vec![attempt(waiting[0].key, 1, DeliveryStatus::Delivered)])
        .await
        .unwrap();
    store.keep_outages(&[(id, Some(outage))]).await.unwrap();

    let other = joined(store, LEASE).await;
    store.take_shards(other, usize::from(SHARDS)).await.unwrap();
    assert!(view(store, other).await.own.is_empty(), "its lease is not over");
    site.sql("UPDATE nodes SET lease_until = 0 WHERE id IN (SELECT node_id FROM shards)").await;
    assert!(view(store, other).await.someone_is_dead);
    store.take_shards(other, usize::from(SHARDS)).await.unwrap();
    assert_eq!(view(store, other).await.own, ShardSet::ALL);

    assert_eq!(store.renew_membership(lost, LEASE, true).await.unwrap(), None);
    let late = store.record_attempts(vec![attempt(waiting[1].key, 1, DeliveryStatus::Dead)]).await;
    assert!(matches!(late, Err(StoreError::Fenced)));
    assert!(matches!(store.keep_outages(&[(id, None)]).await, Err(StoreError::Fenced)));
    let late = store.disable_integration(id, DisableReason::Gone, None).await;
    assert!(matches!(late, Err(StoreError::Fenced)));
    assert!(matches!(store.take_shards(lost, 1).await, Err(StoreError::Fenced)));
    assert_eq!(pending(store, id).await[0].key, waiting[1].key);
    assert_eq!(store.endpoints().await.unwrap()[0].outage, Some(outage));

    // It joins anew, and may write again; what it wrote under the old term is still refused.
    let again = Term { incarnation: 2, ..lost };
    store.join_cluster(again, LEASE, None, true).await.unwrap();
    assert!(matches!(store.keep_outages(&[(id, None)]).await, Err(StoreError::Fenced)));
    store.write_as(Some(again));
    store.keep_outages(&[(id, None)]).await.unwrap();
    store.write_as(None);
    assert!(matches!(store.keep_outages(&[(id, None)]).await, Err(StoreError::Fenced)));
    site.clear().await;
}

#[tokio::test]
async fn nobody_takes_over_in_the_middle_of_an_owners_write() {
    let site = Site::postgres().await;
    let store = &site.store;
    let lost = dead(store).await;
    let other = joined(store, LEASE).await;
    let url = site.url();
    let owner = Database::connect(&url).await.unwrap();
    let writing = owner.begin().await.unwrap();
    let sql = format!("SELECT 1 FROM nodes WHERE id = '{}' FOR KEY SHARE", lost.node_id);
    writing.execute_unprepared(&sql).await.unwrap();
    store.take_shards(other, 0).await.unwrap();
    assert!(view(store, other).await.someone_is_dead, "it waits for nothing, and tries again");
    writing.commit().await.unwrap();
    store.take_shards(other, 0).await.unwrap();
    assert!(!view(store, other).await.someone_is_dead);
    owner.close().await.unwrap();
    site.clear().await;
}

#[tokio::test]
async fn leases_go_by_the_clock_of_the_database() {
    let site = Site::postgres().await;
    let skew = site.store.clock().await.unwrap().millis() - now().millis();
    assert!(skew.abs() < 60_000, "both run on this machine");
    let lost = dead(&site.store).await;
    let other = joined(&site.store, LEASE).await;
    assert_eq!(view(&site.store, other).await.nodes, [other.node_id]);
    // Nobody took it out: it goes on.
    assert!(view(&site.store, lost).await.nodes.contains(&lost.node_id));
    site.clear().await;
}

on_both_stores! {
    async fn what_is_hinted_at_comes_with_the_earlier_ones_of_its_call(site) {
        let visitor = site.visitor().await;
        let id = integrate(
            &site.store,
            visitor.app_id(),
            settings(&["call_started", "call_ended", "survey_submitted", "widget_loaded"]),
        ).await;
        let (one, two) = (new_call(), new_call());
        let (node, other) = (new_node(), new_node());
        let appends = vec![
            visitor.starts(one, node),
            visitor.starts(two, other),
            Append::Event(visitor.loaded()),
            visitor.hangs_up(one),
            visitor.rates(one),
        ];
        site.store.append(appends).await.unwrap();
        let all = pending(&site.store, id).await;
        let keys = |numbers: &[usize]| numbers.iter().map(|n| all[*n].key).collect::<Vec<_>>();
        let read = async |numbers: &[usize]| {
            let read = site.store.pending_with_earlier(&keys(numbers)).await.unwrap();
            read.iter().map(|delivery| delivery.key).collect::<Vec<_>>()
        };
        assert_eq!(read(&[3]).await, keys(&[0, 3]));
        assert_eq!(read(&[4, 2, 4]).await, keys(&[0, 2, 3, 4]));
        assert_eq!(read(&[1]).await, keys(&[1]));
        let first = attempt(all[0].key, 1, DeliveryStatus::Delivered);
        site.store.record_attempts(vec![first]).await.unwrap();
        assert_eq!(read(&[3, 0]).await, keys(&[3]));
        assert_eq!(site.store.pending_with_earlier(&keys(&[4])).await.unwrap()[1], all[4]);
    }
}

#[tokio::test]
async fn every_server_hears_what_one_says() {
    let site = Site::postgres().await;
    let mut hints = Hints::listen(&site.target).await.unwrap();
    let said = ["one".to_owned(), "t\"wo".to_owned()];
    site.store.tell(&said).await.unwrap();
    for said in said {
        assert_eq!(hints.next().await.unwrap(), Heard::Hint(said));
    }
    // What is said while nobody listens is lost, and it is known that something may be.
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    site.sql(sql).await;
    let heard = tokio::time::timeout(Duration::from_secs(10), hints.next()).await.unwrap();
    assert_eq!(heard.unwrap(), Heard::Broken);
    site.clear().await;
}

#[tokio::test]
async fn a_connection_that_broke_is_noticed_by_who_does_not_wait_long() {
    let site = Site::postgres().await;
    let mut hints = Hints::listen(&site.target).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    site.sql(sql).await;
    let noticed = async {
        loop {
            let heard = tokio::select! {
                biased;
                heard = hints.next() => Some(heard.unwrap()),
                () = std::future::ready(()) => None,
            };
            match heard {
                Some(heard) => return heard,
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    };
    let noticed = tokio::time::timeout(Duration::from_secs(10), noticed).await;
    assert_eq!(noticed, Ok(Heard::Broken));
    site.clear().await;
}

#[tokio::test]
async fn the_only_server_leads_and_writes_under_no_fence() {
    let site = Site::sqlite().await;
    assert!(site.store.leads() && !site.store.is_shared());
    let mut leading = site.store.leading();
    site.store.lead(false);
    leading.changed().await.unwrap();
    assert!(!site.store.leads());
    site.clear().await;
}
