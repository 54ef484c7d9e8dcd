//! Rehearsals: begun and ended once, each with its line in the audit trail, and told from what is real.

use bellpush_core::{
    delivery::{AttemptRecord, DeliveryStatus, Outage, Seq},
    ids::{DestinationId, IntegrationId},
    integration::IntegrationSettings,
    rehearsal::{CallFault, EndpointFault, Fault, RehearsalSettings, Target},
};
use bellpush_store::{
    Actor, Append, AuditFilter, Deed, PageRequest, Rehearsal, SaveError, Statistics, StepSize,
    Store, Who,
};

use crate::{
    deliveries::{attempt, backlog, integrate, settings},
    site::{Site, after, now},
};

fn of_integration(id: IntegrationId, fault: Fault) -> RehearsalSettings {
    RehearsalSettings { integration_id: Some(id), destination_id: None, fault, seconds: 120 }
}

fn of_profile(id: DestinationId, fault: Fault) -> RehearsalSettings {
    RehearsalSettings { integration_id: None, destination_id: Some(id), fault, seconds: 120 }
}

fn for_previews() -> IntegrationSettings {
    IntegrationSettings { include_previews: true, ..settings(&["widget_loaded"]) }
}

async fn profile(store: &Store, app: bellpush_core::ids::AppId) -> DestinationId {
    store.profiles(app).await.unwrap()[0].id
}

/// The acts on a target, newest first, with who did them.
async fn acts(site: &Site, id: impl ToString) -> Vec<(&'static str, Who)> {
    let filter = AuditFilter { subject_id: Some(id.to_string()), ..AuditFilter::default() };
    let page = site.store.audit(&filter, PageRequest::first(20)).await.unwrap();
    let acts = page.items.into_iter().filter_map(|entry| match entry.action {
        Deed::Known(action) => Some((action.as_str(), entry.actor.who)),
        Deed::Unknown(_) => None,
    });
    acts.filter(|(word, _)| word.starts_with("rehearsal")).collect()
}

async fn ends(site: &Site, rehearsal: Rehearsal) {
    let sql = format!("UPDATE rehearsals SET ends_at = 1000 WHERE id = '{}'", rehearsal.id);
    site.sql(&sql).await;
}

on_both_stores! {
    async fn one_of_a_target_runs_at_a_time_and_both_ends_are_written_down(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = integrate(store, app, for_previews()).await;
        let wanted = of_integration(id, Fault::Hanging);
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!((begun.target, begun.fault), (Target::Integration(id), Fault::Hanging));
        assert_eq!(begun.ends_at.millis() - begun.started_at.millis(), 120_000);
        assert_eq!(store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap(), None);
        let running = store.running_rehearsals(now()).await.unwrap()[&id];
        assert_eq!((running.id, running.fault), (begun.id, EndpointFault::Hanging));

        let ended = store.end_rehearsal(app, begun.id, &Actor::HOST).await.unwrap().unwrap();
        assert!(ended.ended_at.unwrap() < ended.ends_at);
        // Once more changes nothing, and is not written down.
        let again = store.end_rehearsal(app, begun.id, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(again, ended);
        assert!(store.running_rehearsals(now()).await.unwrap().is_empty());
        let host = Who::Host;
        assert_eq!(acts(site, id).await, [("rehearsal_ended", host), ("rehearsal_begun", host)]);
        assert!(store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().is_some());
        let all = store.rehearsals(app, None, PageRequest::first(9)).await.unwrap().items;
        assert_eq!((all.len(), all[1].id), (2, begun.id));
        let of = Some(Target::Profile(profile(store, app).await));
        let none = store.rehearsals(app, of, PageRequest::first(9)).await.unwrap();
        assert_eq!(none.items, []);
    }

    async fn one_whose_time_is_over_is_over_before_anybody_writes_it_down(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = profile(store, app).await;
        let wanted = of_profile(id, Fault::TrunkBusy);
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(store.next_rehearsal_end().await.unwrap(), Some(begun.ends_at));
        let running = store.running_call_rehearsal(id).await.unwrap().unwrap();
        let busy = Some(CallFault::Refused { status: 486 });
        assert_eq!(running.fault_for(true, now()), busy);
        assert_eq!(running.fault_for(false, now()), None, "a visitor meets no rehearsal");
        assert_eq!(store.end_due_rehearsals(now()).await.unwrap(), []);

        ends(site, begun).await;
        let running = store.running_call_rehearsal(id).await.unwrap();
        assert_eq!(running.and_then(|it| it.fault_for(true, now())), None);
        let ended = store.end_due_rehearsals(now()).await.unwrap();
        assert_eq!(ended.iter().map(|it| it.id).collect::<Vec<_>>(), [begun.id]);
        assert_eq!(store.end_due_rehearsals(now()).await.unwrap(), []);
        assert_eq!(store.next_rehearsal_end().await.unwrap(), None);
        let acts = acts(site, id).await;
        assert_eq!(acts, [("rehearsal_ended", Who::Server), ("rehearsal_begun", Who::Host)]);
        // The place is free, also when nobody had written the end down.
        let next = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        ends(site, next).await;
        assert!(store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().is_some());
    }

    async fn where_no_preview_would_come_there_is_nothing_to_rehearse(site) {
        let (store, app, other) = (&site.store, site.app().await, site.app().await);
        let refused = async |settings: &RehearsalSettings| {
            match store.begin_rehearsal(app, settings, &Actor::HOST).await {
                Err(SaveError::Field(error)) => error.pointer,
                other => panic!("{other:?}"),
            }
        };
        let no_previews = settings(&["widget_loaded"]);
        let no_events = IntegrationSettings { events: [].into(), ..for_previews() };
        let inactive = IntegrationSettings { active: false, ..for_previews() };
        for settings in [no_previews, no_events, inactive] {
            let id = integrate(store, app, settings).await;
            let pointer = refused(&of_integration(id, Fault::ServerError)).await;
            assert_eq!(pointer, "/integrationId");
        }
        let foreign = integrate(store, other, for_previews()).await;
        let foreign = of_integration(foreign, Fault::ServerError);
        assert_eq!(refused(&foreign).await, "/integrationId");
        let foreign = of_profile(profile(store, other).await, Fault::TrunkBusy);
        assert_eq!(refused(&foreign).await, "/destinationId");
        let own = profile(store, app).await;
        assert_eq!(refused(&of_profile(own, Fault::Hanging)).await, "/fault");
    }

    async fn simulated_attempts_are_found_by_their_rehearsal_and_are_in_no_figure(site) {
        let (id, waiting) = backlog(site, 2).await;
        let (store, app) = (&site.store, waiting[0].app_id);
        let present = store.integration(app, id).await.unwrap().unwrap();
        let edited = IntegrationSettings { include_previews: true, ..present.settings };
        store.update_integration(app, id, &edited, 9, &Actor::HOST).await.unwrap();
        let wanted = of_integration(id, Fault::ServerError);
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        // Those of visitors wait as ever; those of previews are told apart.
        let preview = site.visitor_of(app, &[], true).await;
        let previews = (0..3).map(|_| Append::Event(preview.loaded())).collect();
        store.append(previews).await.unwrap();
        assert_eq!(store.backlog(id).await.unwrap().0, 5);
        assert_eq!(store.held_back(id, now()).await.unwrap(), 3);
        assert_eq!(store.held_back(id, after(3600)).await.unwrap(), 0);
        assert_eq!(store.largest_backlog(app, None, false).await.unwrap(), Some(2));
        assert_eq!(store.largest_backlog(app, None, true).await.unwrap(), Some(5));
        let simulated = AttemptRecord {
            rehearsal_id: Some(begun.id),
            ..attempt(waiting[0].key, 1, DeliveryStatus::Pending)
        };
        let sent = attempt(waiting[0].key, 2, DeliveryStatus::Delivered);
        let real = attempt(waiting[1].key, 1, DeliveryStatus::Delivered);
        store.record_attempts(vec![simulated, sent, real]).await.unwrap();

        let found = store.rehearsed_attempts(begun.id, 9).await.unwrap();
        let mut numbers: Vec<_> =
            found.iter().map(|it| (it.record.number, it.record.rehearsal_id)).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [(1, Some(begun.id)), (2, None)]);
        assert!(found.iter().all(|it| it.event_id == waiting[0].event_id));
        assert!(found.iter().all(|it| it.event_name == "widget_loaded"));
        let statistics =
            store.statistics(id, after(-7200), after(7200), StepSize::Hour).await.unwrap();
        let sum = |of: fn(&Statistics) -> u64| statistics.values().map(of).sum::<u64>();
        assert_eq!((sum(Statistics::attempts), sum(|it| it.retried)), (2, 0));
    }

    async fn a_rehearsals_breaker_is_kept_apart_from_the_integrations(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = integrate(store, app, for_previews()).await;
        let wanted = of_integration(id, Fault::ServerError);
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        let outage = Outage { failing_since: now(), trips: 2, open_until: after(20) };
        store.keep_rehearsals(&[(begun.id, Some(outage))]).await.unwrap();
        let kept = store.rehearsal(app, begun.id).await.unwrap().unwrap();
        assert_eq!(kept.outage, Some(outage));
        assert_eq!(store.open_breakers(app, None).await.unwrap(), 0, "a real one");
        let of_endpoints = store.endpoints().await.unwrap();
        assert!(of_endpoints.iter().all(|endpoint| endpoint.outage.is_none()));
        let open = async |of, at| store.open_rehearsed_breakers(app, of, at).await.unwrap();
        assert_eq!((open(None, now()).await, open(Some(id), now()).await), (1, 1));
        // Of a process that died then: nobody is told for ever.
        assert_eq!(open(None, after(3600)).await, 0);
        // Of one that fails in truth as well, its own breaker is counted.
        store.keep_outages(&[(id, Some(outage))]).await.unwrap();
        assert_eq!((open(None, now()).await, store.open_breakers(app, None).await.unwrap()), (0, 1));
        store.keep_outages(&[(id, None)]).await.unwrap();
        store.keep_rehearsals(&[(begun.id, None)]).await.unwrap();
        assert_eq!(open(None, now()).await, 0);
    }

    async fn rehearsals_go_with_their_app_and_after_their_time(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = profile(store, app).await;
        let wanted = of_profile(id, Fault::MicrophoneDenied);
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        store.remove_rehearsals(after(3600)).await.unwrap();
        assert!(store.rehearsal(app, begun.id).await.unwrap().is_some(), "it runs");
        store.end_rehearsal(app, begun.id, &Actor::HOST).await.unwrap();
        store.remove_rehearsals(after(3600)).await.unwrap();
        assert_eq!(store.rehearsal(app, begun.id).await.unwrap(), None);
        let begun = store.begin_rehearsal(app, &wanted, &Actor::HOST).await.unwrap().unwrap();
        store.delete_app(app, &Actor::HOST).await.unwrap();
        site.nothing_is_left().await;
        assert_eq!(store.rehearsal(app, begun.id).await.unwrap(), None);
        assert_eq!(store.next_rehearsal_end().await.unwrap(), None);
    }

    async fn what_is_read_of_a_delivery_says_whether_it_is_of_a_preview(site) {
        let app = site.app().await;
        let id = integrate(&site.store, app, for_previews()).await;
        let mut written = site.store.take_new_deliveries().unwrap();
        for preview in [false, true] {
            let visitor = site.visitor_of(app, &[], preview).await;
            let event = Append::Event(visitor.loaded());
            site.store.append(vec![event]).await.unwrap();
        }
        let mut told = Vec::new();
        for _ in 0..2 {
            told.extend(written.recv().await.unwrap().into_iter().map(|it| it.preview));
        }
        assert_eq!(told, [false, true]);
        let read = site.store.pending(id, Some(Seq(0)), 9).await.unwrap();
        assert_eq!(read.iter().map(|it| it.preview).collect::<Vec<_>>(), [false, true]);
        let keys: Vec<_> = read.iter().map(|it| it.key).collect();
        let again = site.store.pending_with_earlier(&keys).await.unwrap();
        assert_eq!(again.iter().map(|it| it.preview).collect::<Vec<_>>(), [false, true]);
    }
}
