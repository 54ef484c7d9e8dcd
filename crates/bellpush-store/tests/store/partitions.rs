//! What is partitioned on PostgreSQL: rows find their partition, and what nobody keeps goes with it.

use bellpush_core::{
    app::{RetainedKind, Retention},
    delivery::DeliveryStatus,
    events::EventTime,
    ids::{EventId, IntegrationId, SessionId},
};
use bellpush_store::{Append, AppendError, EventFilter, PageRequest, Refusal, Waiting};
use futures_util::future::{join, join_all};
use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};
use uuid::Uuid;

use crate::{
    deliveries::{attempt, integrate, pending, settings},
    site::{Site, Visitor, master_key, new_call, new_node, now},
};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

fn in_days(days: i64) -> EventTime {
    EventTime::from_millis(now().millis() + days * DAY_MS).unwrap()
}

/// All of it for so many days.
fn all(days: u32) -> Retention {
    Retention {
        visits: Some(days),
        events: Some(days),
        deliveries: Some(days),
        ..Retention::default()
    }
}

/// An id as a server whose clock is so many days ahead makes it.
fn uuid_in(days: i64) -> Uuid {
    let low = Uuid::now_v7().as_u128() & ((1 << 80) - 1);
    Uuid::from_u128(u128::try_from(in_days(days).millis()).unwrap() << 80 | low)
}

async fn partitions(site: &Site, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT relname::TEXT AS found FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = '{table}'::regclass ORDER BY pg_class.oid"
    );
    site.found(&sql).await.into_iter().map(|name| name.replace(&format!("{table}_"), "")).collect()
}

async fn rows(site: &Site, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*)::TEXT AS found FROM {table}");
    site.found(&sql).await[0].parse().unwrap()
}

/// A visit with four events, each of them delivered to an endpoint, or not.
async fn visited(site: &Site, delivered: bool) -> (Visitor, IntegrationId) {
    let (store, visitor) = (&site.store, site.visitor().await);
    let names = ["widget_loaded", "call_started", "call_ended", "survey_submitted"];
    let endpoint = integrate(store, visitor.app_id(), settings(&names)).await;
    let call_id = new_call();
    store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
    store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
    store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
    store.append(vec![visitor.rates(call_id)]).await.unwrap();
    let waiting = pending(store, endpoint).await;
    assert_eq!(waiting.len(), 4);
    if delivered {
        let ended = waiting.iter().map(|it| attempt(it.key, 1, DeliveryStatus::Delivered));
        store.record_attempts(ended.collect()).await.unwrap();
    }
    (visitor, endpoint)
}

const TABLES: [&str; 6] =
    ["sessions", "session_context", "events", "deliveries", "attempts", "session_tokens"];

async fn counted(site: &Site) -> Vec<i64> {
    join_all(TABLES.map(|table| rows(site, table))).await
}

#[tokio::test]
async fn what_nobody_keeps_goes_with_its_partition_and_nothing_before() {
    let site = Site::postgres().await;
    let (visitor, endpoint) = visited(&site, true).await;
    let keep = async |days| site.store.keep_partitions(&all(30), in_days(days)).await.unwrap();
    assert_eq!(partitions(&site, "events").await, ["first", "default"]);
    keep(0).await;
    keep(20).await;
    // Two days each, up to two more than are needed; none of days in which nobody wrote.
    let made = partitions(&site, "events").await;
    assert_eq!(made.len(), 2 + 3, "{made:?}");
    assert_eq!(partitions(&site, "sessions").await, made);
    assert_eq!(partitions(&site, "session_context").await, made);
    assert_eq!(partitions(&site, "deliveries").await, partitions(&site, "attempts").await);

    // The first one ends within two weeks and a day.
    keep(44).await;
    assert_eq!(counted(&site).await, [1, 1, 4, 4, 4, 1]);
    keep(49).await;
    assert_eq!(counted(&site).await[..5], [0; 5]);
    for table in TABLES.iter().take(5) {
        let left = partitions(&site, table).await;
        assert!(!left.contains(&"first".to_owned()), "{table}: {left:?}");
    }

    // Everything goes on, and what fits nowhere any more has its place.
    let other = site.visitor_of(visitor.app_id(), &[], false).await;
    let kept = site.store.append(vec![Append::Event(other.loaded())]).await.unwrap();
    assert!(kept[0].seq().0 > 1_000_000, "the places of the next partition: {:?}", kept[0].seq());
    assert_eq!(pending(&site.store, endpoint).await.len(), 1);
    assert_eq!(
        (rows(&site, "events_default").await, rows(&site, "sessions_default").await),
        (1, 1)
    );
    keep(77).await;
    assert_eq!(counted(&site).await, [0, 0, 0, 0, 0, 1]);
    site.clear().await;
}

#[tokio::test]
async fn deliveries_that_wait_stay_as_long_as_their_events() {
    let site = Site::postgres().await;
    let (visitor, endpoint) = visited(&site, false).await;
    let longest = Retention { deliveries: Some(1), events: Some(90), ..Retention::default() };
    let keep = async |days| site.store.keep_partitions(&longest, in_days(days)).await.unwrap();
    keep(3).await;
    // With an event in the next partition, so that the first one is known to be over.
    let late = visitor.loaded();
    site.store.append(vec![Append::Event(late)]).await.unwrap();
    let mut waiting = pending(&site.store, endpoint).await;
    assert_eq!(waiting.len(), 5);
    keep(9).await;
    assert_eq!(rows(&site, "deliveries").await, 5);
    let last = waiting.pop().unwrap();
    let ended = waiting.iter().map(|it| attempt(it.key, 1, DeliveryStatus::Delivered));
    site.store.record_attempts(ended.collect()).await.unwrap();
    keep(9).await;
    assert_eq!((rows(&site, "deliveries").await, rows(&site, "attempts").await), (1, 0));
    assert_eq!(rows(&site, "events").await, 5);
    // What is told of one that is gone changes nothing.
    let gone = attempt(waiting[0].key, 2, DeliveryStatus::Dead);
    let here = attempt(last.key, 1, DeliveryStatus::Delivered);
    site.store.record_attempts(vec![gone, here]).await.unwrap();
    assert_eq!((rows(&site, "deliveries").await, rows(&site, "attempts").await), (1, 1));
    site.clear().await;
}

/// A browser brings events, and their ids, up to two days late.
#[tokio::test]
async fn events_stay_for_their_time_however_old_their_ids_are() {
    let site = Site::postgres().await;
    let visitor = site.visitor().await;
    let keep = async |days| site.store.keep_partitions(&all(1), in_days(days)).await.unwrap();
    keep(20).await;
    let endpoint = integrate(&site.store, visitor.app_id(), settings(&["widget_loaded"])).await;
    let mut late = visitor.loaded();
    late.id = EventId::from_uuid(uuid_in(20)).unwrap();
    site.store.append(vec![Append::Event(late)]).await.unwrap();
    site.sql(&format!("UPDATE events SET recorded_at = {}", in_days(22).millis())).await;
    keep(22).await;
    assert_eq!(rows(&site, "events").await, 1);
    assert_eq!(pending(&site.store, endpoint).await.len(), 1);
    // Nor does what it was to be delivered to count it as waiting when it has gone.
    keep(25).await;
    assert_eq!((rows(&site, "events").await, rows(&site, "deliveries").await), (0, 0));
    site.clear().await;
}

#[tokio::test]
async fn what_is_pending_again_by_the_time_it_is_to_go_stays() {
    let site = Site::postgres().await;
    let (visitor, _) = visited(&site, true).await;
    let others = Database::connect(site.url()).await.unwrap();
    let events = others.begin().await.unwrap();
    events.execute_unprepared("SELECT pg_advisory_xact_lock_shared(4207291, 2)").await.unwrap();
    let gone = Retention { deliveries: Some(1), ..Retention::default() };
    let waiting = Waiting::default();
    let removal = site.store.apply_retention(visitor.app_id(), &gone, &waiting, in_days(3));
    let replay = async {
        // It has found all four by then.
        site.wait_for_lock().await;
        let sql = "UPDATE deliveries SET status = 'pending' WHERE event_seq = 4";
        events.execute_unprepared(sql).await.unwrap();
        events.commit().await.unwrap();
    };
    let (removed, ()) = join(removal, replay).await;
    removed.unwrap();
    assert_eq!((rows(&site, "deliveries").await, rows(&site, "attempts").await), (1, 1));
    others.close().await.unwrap();
    site.clear().await;
}

#[tokio::test]
async fn rows_of_a_wrong_clock_are_found_and_move_when_their_partition_is_made() {
    let site = Site::postgres().await;
    let visitor = site.visitor().await;
    let mut ahead = visitor.loaded();
    ahead.id = EventId::from_uuid(uuid_in(100)).unwrap();
    site.store.append(vec![Append::Event(ahead.clone())]).await.unwrap();
    assert_eq!(rows(&site, "events_default").await, 1);
    site.store.keep_partitions(&all(30), in_days(99)).await.unwrap();
    assert_eq!(rows(&site, "events_default").await, 0);
    // Nor is one made of the months that nobody wrote in.
    assert!(partitions(&site, "events").await.len() < 9);
    let found = site.store.append(vec![Append::Event(ahead)]).await.unwrap();
    assert!(found[0].is_repeated());
    let page = PageRequest::first(9);
    let events = site.store.events(visitor.app_id(), &EventFilter::default(), page).await.unwrap();
    assert_eq!(events.items.len(), 1);
    site.clear().await;
}

#[tokio::test]
async fn what_was_made_for_longer_times_is_made_anew_for_shorter_ones() {
    let site = Site::postgres().await;
    let keep = async |longest| site.store.keep_partitions(&longest, in_days(20)).await.unwrap();
    keep(Retention::default()).await;
    let for_good = partitions(&site, "sessions").await;
    assert_eq!(for_good.len(), 2 + 3);
    keep(all(16)).await;
    let shorter = partitions(&site, "sessions").await;
    // That of now stays: somebody may be writing to it.
    assert_eq!(shorter[..3], for_good[..3]);
    assert_eq!(shorter.len(), 3);
    site.clear().await;
}

/// A call has one end and one survey, though nothing that all servers share has both of their ids.
#[tokio::test]
async fn what_a_call_has_once_it_has_once_in_all_partitions() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    site.store.keep_partitions(&all(30), in_days(15)).await.unwrap();
    let visitor = site.visitor().await;
    let ahead = |append: Append| match append {
        Append::CallEnded { mut event, finish, node_id } => {
            event.id = EventId::from_uuid(uuid_in(17)).unwrap();
            Append::CallEnded { event, finish, node_id }
        }
        Append::Survey { mut event, answers } => {
            event.id = EventId::from_uuid(uuid_in(17)).unwrap();
            Append::Survey { event, answers }
        }
        append => append,
    };
    for _ in 0..30 {
        let call_id = visitor.calls(&site.store).await;
        for (both, refusal) in [
            ([visitor.hangs_up(call_id), visitor.hangs_up(call_id)], Refusal::AlreadyEnded),
            ([visitor.rates(call_id), visitor.rates(call_id)], Refusal::SurveyTwice),
        ] {
            let [here, there] = both;
            let asked = [site.store.append(vec![here]), other.append(vec![ahead(there)])];
            let answers = join_all(asked).await;
            let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
            assert!(
                matches!(refused[..], [AppendError::Refused { reason, .. }] if reason == refusal),
                "{refused:?}"
            );
        }
    }
    other.close().await;
    site.clear().await;
}

#[tokio::test]
async fn an_event_that_two_servers_bring_is_kept_once_in_any_partition() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    site.store.keep_partitions(&all(30), in_days(15)).await.unwrap();
    let visitor = site.visitor().await;
    for days in [0, 15, 17, 300] {
        for _ in 0..10 {
            let mut event = visitor.loaded();
            event.id = EventId::from_uuid(uuid_in(days)).unwrap();
            let both =
                [&site.store, &other].map(|store| store.append(vec![Append::Event(event.clone())]));
            let kept = join_all(both).await.into_iter().map(|it| it.unwrap().remove(0));
            let mut repeated: Vec<_> = kept.map(|it| it.is_repeated()).collect();
            repeated.sort_unstable();
            assert_eq!(repeated, [false, true]);
        }
    }
    assert_eq!(rows(&site, "events").await, 40);
    other.close().await;
    site.clear().await;
}

/// Sessions of an app, in the middle of a day that comes.
async fn many_sessions(site: &Site, visitor: &Visitor, day: i64) {
    let first = SessionId::from_uuid(uuid_in(day)).to_string();
    let sql = format!(
        "INSERT INTO sessions (id, app_id, context, preview, created_at)
         SELECT left('{first}', 20) || lpad(to_hex(n), 16, '0'), '{}', '{{}}', FALSE, 0
         FROM generate_series(1, 100000) AS n",
        visitor.app_id()
    );
    site.sql(&sql).await;
    site.sql("ANALYZE").await;
}

#[tokio::test]
async fn a_large_partition_goes_whole_and_who_keeps_less_does_not_wait_for_it() {
    let site = Site::postgres().await;
    let (visitor, other) = (site.visitor().await, site.visitor().await);
    let visits = |days| Retention { visits: Some(days), ..Retention::default() };
    let longest = visits(30);
    site.store.keep_partitions(&longest, in_days(20)).await.unwrap();
    many_sessions(&site, &visitor, 20).await;
    many_sessions(&site, &other, 20).await;
    let waiting = async |days| site.store.waiting(&longest, in_days(days)).await.unwrap();
    assert_eq!(waiting(40).await, Waiting::default(), "nothing that old is large");
    let now = waiting(50).await;
    assert_ne!(now, Waiting::default());

    let store = &site.store;
    let forecast =
        store.retention_forecast(visitor.app_id(), &longest, &now, in_days(50)).await.unwrap();
    assert_eq!(forecast[0].kind, RetainedKind::Visits);
    let until = forecast[0].at;
    assert!(until > in_days(50) && until < in_days(53), "{until:?}");
    let removed = async |visitor: &Visitor, longest: &Retention, at| {
        store.apply_retention(visitor.app_id(), longest, &now, at).await.unwrap()
    };
    assert_eq!(removed(&visitor, &longest, in_days(50)).await, 0);
    // The one that was there at first, whose partition is not large, waits too.
    assert!(removed(&other, &visits(29), in_days(50)).await >= 1);
    assert_eq!(rows(&site, "sessions").await % 100_000, 1);

    store.keep_partitions(&longest, until).await.unwrap();
    assert_eq!(rows(&site, "sessions").await, 0);
    site.clear().await;
}

#[tokio::test]
async fn a_session_takes_its_tokens_and_its_context_with_it() {
    let site = Site::postgres().await;
    let (_, other) = (site.visitor().await, site.visitor().await);
    site.sql(&format!("DELETE FROM sessions WHERE id <> '{}'", other.session.id)).await;
    assert_eq!(counted(&site).await, [1, 1, 0, 0, 0, 1]);
    site.sql("DELETE FROM app_rows").await;
    assert_eq!(counted(&site).await, [0; 6]);
    site.clear().await;
}

/// Somebody who reads for long keeps partitions from being changed, and nobody else from writing.
#[tokio::test]
async fn a_long_read_does_not_let_events_wait() {
    let site = Site::postgres().await;
    let visitor = site.visitor().await;
    let reader = Database::connect(site.url()).await.unwrap();
    let transaction = reader.begin().await.unwrap();
    transaction.execute_unprepared("SELECT COUNT(*) FROM events, sessions").await.unwrap();
    let longest = all(30);
    let began = std::time::Instant::now();
    let (kept, appended) = tokio::join!(
        site.store.keep_partitions(&longest, in_days(49)),
        site.store.append(vec![Append::Event(visitor.loaded())]),
    );
    kept.unwrap_err();
    appended.unwrap();
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
    transaction.rollback().await.unwrap();
    site.store.keep_partitions(&all(30), in_days(49)).await.unwrap();
    assert_eq!(rows(&site, "events").await, 0);
    site.clear().await;
}
