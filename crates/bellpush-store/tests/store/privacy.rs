//! What is kept for its time goes then, and nothing before.

use bellpush_core::{
    app::{RetainedKind, Retention},
    events::EventTime,
};
use bellpush_store::{Append, Store};

use crate::site::{Site, Visitor, new_call, new_node, now};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

fn in_days(days: i64) -> EventTime {
    EventTime::from_millis(now().millis() + days * DAY_MS).unwrap()
}

/// A visit with an event, and a call that is over and rated.
async fn visit(store: &Store, visitor: &Visitor) {
    let call_id = new_call();
    store.append(vec![Append::Event(visitor.loaded())]).await.unwrap();
    store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
    store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
    store.append(vec![visitor.rates(call_id)]).await.unwrap();
}

async fn counts(site: &Site, visitor: &Visitor) -> [u64; 4] {
    let sessions = [visitor.session.id].into_iter().collect();
    let found = site.store.footprint(visitor.app_id(), &sessions).await.unwrap();
    [found.sessions, found.events, found.calls, found.surveys]
}

on_both_stores! {
    async fn what_is_older_than_its_kind_is_kept_goes_and_nothing_else(site) {
        let (visitor, other) = (site.visitor().await, site.visitor().await);
        let store = &site.store;
        visit(store, &visitor).await;
        visit(store, &other).await;
        let app = visitor.app_id();
        let all = [1, 4, 1, 1];
        for (retention, left) in [
            (Retention::default(), all),
            (Retention { forms: Some(30), ..Retention::default() }, [1, 4, 1, 0]),
            (Retention { events: Some(30), ..Retention::default() }, [1, 0, 1, 0]),
            (Retention { calls: Some(30), ..Retention::default() }, [1, 0, 0, 0]),
            (Retention { visits: Some(30), ..Retention::default() }, [0, 0, 0, 0]),
        ] {
            let before = counts(site, &visitor).await;
            store.apply_retention(app, &retention, in_days(29)).await.unwrap();
            assert_eq!(counts(site, &visitor).await, before, "too early: {retention:?}");
            store.apply_retention(app, &retention, in_days(31)).await.unwrap();
            assert_eq!(counts(site, &visitor).await, left, "{retention:?}");
            assert_eq!(counts(site, &other).await, all, "of another app");
        }
    }

    async fn a_call_under_way_stays_however_old_it_is(site) {
        let visitor = site.visitor().await;
        let call_id = new_call();
        site.store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
        let retention = Retention { calls: Some(1), ..Retention::default() };
        site.store.apply_retention(visitor.app_id(), &retention, in_days(9)).await.unwrap();
        assert_eq!(counts(site, &visitor).await[2], 1);
    }

    async fn it_is_told_what_goes_next_and_when(site) {
        let visitor = site.visitor().await;
        visit(&site.store, &visitor).await;
        let retention = Retention { events: Some(30), calls: Some(60), callbacks: Some(1), ..Retention::default() };
        let app = visitor.app_id();
        let forecast = site.store.retention_forecast(app, &retention, now()).await.unwrap();
        let told: Vec<_> = forecast.iter().map(|it| (it.kind, it.rows, it.more)).collect();
        assert_eq!(told, [(RetainedKind::Events, 4, false), (RetainedKind::Calls, 1, false)]);
        for (it, days) in forecast.iter().zip([30, 60]) {
            let off = it.at.millis() - in_days(days).millis();
            assert!(off.abs() < 120_000, "{it:?} is {off} ms off");
        }
    }
}
