//! What is kept for its time goes then, and nothing before.

use std::collections::BTreeSet;

use bellpush_core::{
    app::{RetainedKind, Retention},
    embed::Visit,
    events::EventTime,
    ids::ErasureId,
    lifecycle::Phase,
    record::{RecordEntry, Recorded},
};
use bellpush_store::{
    Actor, Append, CallRecordPart, DeliveryFilter, ErasureState, EventFilter, ExportFormat,
    Exported, PersonKey, ReplayState, Store, Waiting,
};
use uuid::Uuid;

use crate::{
    deliveries::settings,
    site::{Site, Visitor, after, new_call, new_node, now},
};

/// What only the erased person has.
const WHO: &str = "customer 7f3a91c2";

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
            store.apply_retention(app, &retention, &Waiting::default(), in_days(29)).await.unwrap();
            assert_eq!(counts(site, &visitor).await, before, "too early: {retention:?}");
            store.apply_retention(app, &retention, &Waiting::default(), in_days(31)).await.unwrap();
            assert_eq!(counts(site, &visitor).await, left, "{retention:?}");
            assert_eq!(counts(site, &other).await, all, "of another app");
        }
    }

    async fn a_call_under_way_stays_however_old_it_is(site) {
        let visitor = site.visitor().await;
        let call_id = new_call();
        site.store.append(vec![visitor.starts(call_id, new_node())]).await.unwrap();
        let retention = Retention { calls: Some(1), ..Retention::default() };
        site.store.apply_retention(visitor.app_id(), &retention, &Waiting::default(), in_days(9)).await.unwrap();
        assert_eq!(counts(site, &visitor).await[2], 1);
    }

    async fn it_is_told_what_goes_next_and_when(site) {
        let visitor = site.visitor().await;
        visit(&site.store, &visitor).await;
        let retention = Retention { events: Some(30), calls: Some(60), callbacks: Some(1), ..Retention::default() };
        let app = visitor.app_id();
        let forecast = site.store.retention_forecast(app, &retention, &Waiting::default(), now()).await.unwrap();
        let told: Vec<_> = forecast.iter().map(|it| (it.kind, it.rows, it.more)).collect();
        assert_eq!(told, [(RetainedKind::Events, 4, false), (RetainedKind::Calls, 1, false)]);
        for (it, days) in forecast.iter().zip([30, 60]) {
            let off = it.at.millis() - in_days(days).millis();
            assert!(off.abs() < 120_000, "{it:?} is {off} ms off");
        }
    }

    async fn the_visit_of_a_call_under_way_stays_until_it_is_over(site) {
        let (store, visitor) = (&site.store, site.visitor().await);
        let call_id = visitor.calls(store).await;
        let visits = Retention { visits: Some(1), ..Retention::default() };
        let later = in_days(60);
        let retain = async || {
            store.keep_partitions(&visits, later).await.unwrap();
            store.apply_retention(visitor.app_id(), &visits, &Waiting::default(), later).await.unwrap();
            store.session(visitor.session.id).await.unwrap().is_some()
        };
        assert!(retain().await);
        let orphans = store.orphaned_calls(new_node(), later, later).await.unwrap();
        assert_eq!(orphans[0].context, visitor.session.context);
        store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
        assert!(!retain().await);
    }

    async fn a_call_whose_visit_is_gone_is_found_to_be_ended(site) {
        let (store, visitor) = (&site.store, site.visitor().await);
        let call_id = visitor.calls(store).await;
        // As versions before this one have left it.
        site.sql("DELETE FROM sessions").await;
        let orphans = store.orphaned_calls(new_node(), now(), now()).await.unwrap();
        assert_eq!(orphans.iter().map(|it| it.call.id).collect::<Vec<_>>(), [call_id]);
        store.append(vec![visitor.loses_media(call_id)]).await.unwrap();
        assert!(store.has_room(visitor.app_id(), 1).await.unwrap());
    }

    async fn what_names_a_person_goes_with_them_wherever_somebody_has_written_it(site) {
        let store = &site.store;
        let app = site.app().await;
        let visitor = site.visitor_of(app, &[("customerId", WHO)], false).await;
        visit(store, &visitor).await;
        let (hook, secret) = (settings(&[]), "whsec_x".into());
        let hooked = async || {
            store.create_integration(app, &hook, &secret, 3, &Actor::HOST).await.unwrap().id
        };
        let (endpoint, other) = (hooked().await, hooked().await);
        let named = |value: &str| DeliveryFilter {
            context: Some(("customerId".into(), value.into())),
            ..DeliveryFilter::default()
        };
        // Nothing drives them here: both are running.
        let replay = store.create_replay(app, endpoint, named(WHO), &Actor::HOST).await.unwrap().unwrap();
        let of_others = store.create_replay(app, other, named("another"), &Actor::HOST).await.unwrap().unwrap();
        let page = |page: &str| Visit {
            page: page.into(), problem: None, microphone: None, frames: None, loader: None,
        };
        for path in ["customer%207f3a91c2", "Customer%207F3A91C2/x", "contact"] {
            store.keep_embed_report(app, &page(&format!("https://shop.example/{path}")), now()).await.unwrap();
        }

        assert!(site.tables_with("7f3a91c2").await.len() >= 4, "there is something to be erased");
        let (id, sessions) = (ErasureId::from_uuid(Uuid::now_v7()), BTreeSet::from([visitor.session.id]));
        let key = PersonKey::Context { key: "customerId".into(), value: WHO.into() };
        store.begin_erasure((app, id), &sessions, &key, vec![], &Actor::HOST).await.unwrap().unwrap();
        let stopped = store.replay(endpoint, replay.id).await.unwrap().unwrap();
        assert_eq!((stopped.state, &stopped.filter), (ReplayState::Cancelled, &DeliveryFilter::default()));
        // Its next step was on its way.
        assert_eq!(store.advance_replay(&replay, 100).await.unwrap(), 0);
        let left = store.replay(other, of_others.id).await.unwrap().unwrap();
        assert_eq!((left.state, left.filter), (ReplayState::Running, named("another")));
        let pages: Vec<_> = store.embed_reports(app).await.unwrap().into_iter().map(|it| it.visit.page).collect();
        assert_eq!(pages, ["https://shop.example/contact"]);

        let export = Exported::Events(EventFilter::default());
        let later = after(3_600);
        store.create_export(app, export, ExportFormat::Json, later, 3, &Actor::HOST).await.unwrap().unwrap();
        let done = store.advance_erasure(app, id).await.unwrap().unwrap();
        assert_eq!((done.state, done.erased.exports), (ErasureState::Done, 1));
        // Whoever comes later has not done it.
        assert_eq!(store.advance_erasure(app, id).await.unwrap(), None);
        store.scrub().await.unwrap();
        assert_eq!(site.tables_with("7f3a91c2").await, [""; 0]);
    }

    async fn what_is_recorded_of_an_erased_call_late_is_not_kept(site) {
        let (store, visitor) = (&site.store, site.visitor().await);
        let call_id = visitor.calls(store).await;
        store.append(vec![visitor.hangs_up(call_id)]).await.unwrap();
        let seen = |seq| Recorded { seq, at: 1, entry: RecordEntry::Phase { phase: Phase::Ringing } };
        let part = |seq| CallRecordPart {
            call_id, app_id: visitor.app_id(), entries: vec![seen(seq)], dropped: 0,
        };
        assert!(store.put_call_records(&[part(1)]).await.unwrap() > 0);
        let (id, app) = (ErasureId::from_uuid(Uuid::now_v7()), visitor.app_id());
        let sessions = BTreeSet::from([visitor.session.id]);
        let key = PersonKey::Context { key: "orderId".into(), value: "A-1".into() };
        store.begin_erasure((app, id), &sessions, &key, vec![], &Actor::HOST).await.unwrap().unwrap();
        let done = store.advance_erasure(app, id).await.unwrap().unwrap();
        assert_eq!(done.erased.records, 1);
        assert_eq!(store.put_call_records(&[part(2)]).await.unwrap(), 0);
        assert_eq!(store.call_record(call_id).await.unwrap().since, None);
    }
}
