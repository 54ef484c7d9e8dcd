//! Designs: a draft that nobody's work is lost of, versions that never change, and who did it.

use bellpush_core::{
    design::ConsentRecord,
    events::EventTime,
    ids::{AppId, CallbackId, EventId},
    profile::ProfileSettings,
    submission::{CallbackReason, callback_envelope},
};
use bellpush_store::{
    Actor, Append, AuditAction, AuditFilter, DesignError, Edit, Expected, NewCallback,
    NewDesignSchedule, NewDesignVersion, PageRequest, SaveError,
};
use uuid::Uuid;

use crate::{
    secrets::actor,
    site::{new_call, new_node, now},
};

fn version(document: &str, draft: Expected) -> NewDesignVersion<'_> {
    NewDesignVersion { document, note: Some("New"), restored: None, draft }
}

fn of(revision: u64, actor: &Actor) -> Edit<'_> {
    Edit { actor, expected: Expected::Revision(revision) }
}

on_both_stores! {
    async fn a_draft_is_changed_by_who_has_read_it_last(site) {
        let (store, app) = (&site.store, site.app().await);
        assert_eq!(store.design_draft(app).await.unwrap(), None);
        let first = store.save_design_draft(app, "{\"a\":1}", of(0, &actor())).await.unwrap();
        assert_eq!((first.revision, first.document.as_str()), (1, "{\"a\":1}"));
        let stale = store.save_design_draft(app, "{}", of(0, &actor())).await;
        let Err(DesignError::Outdated(outdated)) = stale else { panic!("{stale:?}") };
        assert_eq!(outdated.present, 1);
        let last = outdated.last_change.unwrap();
        assert_eq!((last.actor, last.at), (actor(), first.updated_at));
        let second = store.save_design_draft(app, "{\"a\":2}", of(1, &actor())).await.unwrap();
        let third = store.save_design_draft(app, "{\"a\":3}", &actor()).await.unwrap();
        assert_eq!((second.revision, third.revision), (2, 3));
        assert_eq!(store.design_draft(app).await.unwrap(), Some(third));
        let nobody = AppId::from_uuid(Uuid::now_v7());
        let unknown = store.save_design_draft(nobody, "{}", &actor()).await;
        assert!(matches!(unknown, Err(DesignError::UnknownApp)), "{unknown:?}");
    }

    async fn of_two_who_change_a_draft_at_once_one_is_told(site) {
        let (store, app) = (&site.store, site.app().await);
        store.save_design_draft(app, "{}", of(0, &actor())).await.unwrap();
        let save = async |document| store.save_design_draft(app, document, of(1, &actor())).await;
        let (one, other) = tokio::join!(save("{\"one\":1}"), save("{\"other\":1}"));
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        assert_eq!(store.design_draft(app).await.unwrap().unwrap().revision, 2);
    }

    async fn a_design_is_published_at_its_time_once_as_it_was_when_that_was_decided(site) {
        let (store, app) = (&site.store, site.app().await);
        let soon = |ms: i64| EventTime::from_millis(now().millis() + ms).unwrap();
        let schedule = |document, publish_at, draft| NewDesignSchedule {
            document,
            note: Some("Autumn"),
            publish_at,
            draft,
        };
        assert_eq!(store.design_schedule(app).await.unwrap(), None);
        store.save_design_draft(app, "{\"v\":1}", of(0, &actor())).await.unwrap();
        let stale = schedule("{}", soon(1_000), Expected::Revision(7));
        let stale = store.schedule_design(app, stale, &actor()).await;
        assert!(matches!(stale, Err(DesignError::Outdated(_))), "{stale:?}");
        let later = schedule("{\"v\":0}", soon(90_000), Expected::Any);
        store.schedule_design(app, later, &actor()).await.unwrap();
        let at = soon(60_000);
        let first = schedule("{\"v\":1}", at, Expected::Revision(1));
        let decided = store.schedule_design(app, first, &actor()).await.unwrap();
        assert_eq!((decided.publish_at, decided.note.as_deref()), (at, Some("Autumn")));
        assert_eq!(store.design_schedule(app).await.unwrap(), Some(decided));
        store.save_design_draft(app, "{\"v\":2}", of(1, &actor())).await.unwrap();

        // Other sites of the test share the database.
        assert!(store.next_design_due().await.unwrap().is_some_and(|due| due <= at));
        let published = async || {
            let mut found = Vec::new();
            while let Some(one) = store.publish_due_design(soon(61_000)).await.unwrap() {
                found.push(one);
            }
            found
        };
        assert_eq!(store.published_design(app, None).await.unwrap(), None);
        let (one, other) = tokio::join!(published(), published());
        let of_app: Vec<_> =
            one.into_iter().chain(other).filter(|(id, _)| *id == app).collect();
        assert_eq!(of_app.len(), 1, "two nodes publish it once");
        let present = store.published_design(app, None).await.unwrap().unwrap();
        assert_eq!(present.document, "{\"v\":1}");
        assert_eq!(present.version.note.as_deref(), Some("Autumn"));
        assert_eq!(present.version.publisher.who, actor().who);
        assert_eq!(store.design_schedule(app).await.unwrap(), None);

        let again = schedule("{\"v\":3}", soon(60_000), Expected::Any);
        store.schedule_design(app, again, &actor()).await.unwrap();
        assert!(store.unschedule_design(app, &actor()).await.unwrap());
        assert!(!store.unschedule_design(app, &actor()).await.unwrap());
        published().await;
        assert_eq!(store.published_design(app, None).await.unwrap().unwrap().version.version, 1);
    }

    async fn a_design_that_visitors_see_has_every_field_that_profiles_name(site) {
        let (store, app) = (&site.store, site.app().await);
        let with = |field: &str| {
            let mut document: serde_json::Value =
                serde_json::from_str(include_str!("../../../bellpush-core/schemas/design.example.json")).unwrap();
            let label = serde_json::json!({ "en": "A", "de": "A", "ar": "A", "fr": "A" });
            document["states"]["idle"] = serde_json::json!([
                { "type": "form", "fields": [{ "name": field, "kind": "text", "label": label }] }
            ]);
            document.to_string()
        };
        let named = |caller: &str| ProfileSettings {
            caller_name: Some(caller.parse().unwrap()),
            ..ProfileSettings::demo()
        };
        // An app without a design of its own takes any.
        let profile = store.create_profile(app, &named("{form.name}"), false, &actor()).await.unwrap();
        let (name, topic) = (with("name"), with("topic"));
        let refused = store.publish_design(app, version(&topic, Expected::Any), &actor()).await;
        let Err(DesignError::MissingFields(faults)) = refused else { panic!("{refused:?}") };
        assert_eq!((faults.len(), faults[0].pointer.as_str()), (1, "/states/idle"));
        assert!(faults[0].message.contains("the profile \"Demo\" uses in callerName"), "{faults:?}");
        store.publish_design(app, version(&name, Expected::Any), &actor()).await.unwrap();

        let refused = store.update_profile(app, profile.id, &named("{form.topic}"), false, &actor()).await;
        let Err(SaveError::Field(fault)) = refused else { panic!("{refused:?}") };
        assert_eq!(fault.pointer, "/callerName");
        store.update_profile(app, profile.id, &named("x"), false, &actor()).await.unwrap();

        // What is published at its time has to fit what is saved until then.
        let publish_at = EventTime::from_millis(now().millis() + 60_000).unwrap();
        let later = NewDesignSchedule { document: &topic, note: None, publish_at, draft: Expected::Any };
        store.schedule_design(app, later, &actor()).await.unwrap();
        for field in ["name", "topic"] {
            let refused = store.create_profile(app, &named(&format!("{{form.{field}}}")), false, &actor()).await;
            assert!(matches!(refused, Err(SaveError::Field(_))), "{field}: {refused:?}");
        }
        assert!(store.unschedule_design(app, &actor()).await.unwrap());
        store.create_profile(app, &named("{form.name}"), false, &actor()).await.unwrap();
        let refused = store.schedule_design(app, later, &actor()).await;
        assert!(matches!(refused, Err(DesignError::MissingFields(_))), "{refused:?}");
    }

    async fn versions_are_numbered_kept_and_replaced_by_the_next(site) {
        let (store, app) = (&site.store, site.app().await);
        assert_eq!(store.published_design(app, None).await.unwrap(), None);
        let first = store.publish_design(app, version("{\"v\":1}", Expected::Any), &actor()).await.unwrap();
        let second = store.publish_design(app, version("{\"v\":2}", Expected::Any), &actor()).await.unwrap();
        assert_eq!((first.version, second.version), (1, 2));
        let back = NewDesignVersion { restored: Some(1), note: None, ..version("{\"v\":1}", Expected::Any) };
        let third = store.publish_design(app, back, &actor()).await.unwrap();
        assert_eq!((third.version, third.restored, third.note.as_deref()), (3, Some(1), None));

        let present = store.published_design(app, None).await.unwrap().unwrap();
        assert_eq!((present.version, present.replaced_at), (third.clone(), None));
        let old = store.published_design(app, Some(1)).await.unwrap().unwrap();
        assert_eq!((&old.version, old.document.as_str()), (&first, "{\"v\":1}"));
        assert_eq!(old.replaced_at, Some(second.published_at));
        assert_eq!(store.published_design(app, Some(4)).await.unwrap(), None);

        let page = store.design_versions(app, PageRequest::first(2)).await.unwrap();
        assert_eq!((page.items, page.next), (vec![third, second], Some(2)));
        let page = PageRequest { after: Some(2), limit: 2 };
        let page = store.design_versions(app, page).await.unwrap();
        assert_eq!((page.items, page.next), (vec![first], None));
        let other = site.app().await;
        assert_eq!(store.published_design(other, None).await.unwrap(), None);
    }

    async fn a_draft_that_has_changed_is_not_published_unseen(site) {
        let (store, app) = (&site.store, site.app().await);
        let stale = store.publish_design(app, version("{}", Expected::Revision(1)), &actor()).await;
        let Err(DesignError::Outdated(outdated)) = stale else { panic!("{stale:?}") };
        assert_eq!((outdated.present, outdated.last_change), (0, None));
        store.save_design_draft(app, "{}", &actor()).await.unwrap();
        store.publish_design(app, version("{}", Expected::Revision(1)), &actor()).await.unwrap();
        assert_eq!(store.design_versions(app, PageRequest::first(9)).await.unwrap().items.len(), 1);
    }

    async fn what_was_done_with_a_design_is_written_down_with_it(site) {
        let (store, app) = (&site.store, site.app().await);
        store.save_design_draft(app, "{}", &actor()).await.unwrap();
        store.publish_design(app, version("{}", Expected::Revision(1)), &actor()).await.unwrap();
        let back = NewDesignVersion { restored: Some(1), ..version("{}", Expected::Any) };
        store.publish_design(app, back, &actor()).await.unwrap();
        store.save_design_draft(app, "{}", of(7, &actor())).await.unwrap_err();
        let filter = AuditFilter { app_id: Some(app), ..AuditFilter::default() };
        let lines = store.audit(&filter, PageRequest::first(9)).await.unwrap().items;
        let done: Vec<_> =
            lines.iter().map(|line| (line.action.as_str(), line.subject_name.as_deref())).collect();
        assert_eq!(done, [
            (AuditAction::DesignRolledBack.as_str(), Some("2")),
            (AuditAction::DesignPublished.as_str(), Some("1")),
            (AuditAction::DesignDraftSaved.as_str(), None),
            (AuditAction::AppMade.as_str(), Some("Shop")),
        ]);
        assert_eq!(lines[0].actor, actor());
    }

    async fn a_call_back_request_is_kept_with_its_event_or_not_at_all(site) {
        let (store, visitor) = (&site.store, site.visitor().await);
        let app = visitor.app_id();
        let id = CallbackId::from_uuid(Uuid::now_v7());
        let reason = CallbackReason::Closed;
        let mut event = visitor.custom("callback_requested");
        event.envelope = callback_envelope(id, reason, &visitor.session.context, false, now());
        let form_values: serde_json::Map<_, _> =
            [("phone".to_owned(), "+1 555 0100".into())].into_iter().collect();
        let request = NewCallback { id, call_id: None, reason, form_values: form_values.clone() };

        let alone = store.append(vec![Append::Event(event.clone())]).await;
        assert!(alone.is_err(), "the event needs its request: {alone:?}");
        let append = Append::CallbackRequested { event: event.clone(), request };
        store.append(vec![append.clone()]).await.unwrap();
        assert!(store.append(vec![append]).await.unwrap()[0].is_repeated());
        let page = store.callback_requests(app, PageRequest::first(9)).await.unwrap();
        assert_eq!(page.items.len(), 1);
        let kept = &page.items[0];
        assert_eq!((kept.id, kept.event_id, kept.reason), (id, event.id, reason));
        assert_eq!(kept.form_values, form_values);
    }

    async fn a_consent_stands_in_the_record_of_its_call(site) {
        let (store, visitor, call_id) = (&site.store, site.visitor().await, new_call());
        let consent = ConsentRecord {
            hash: "0a1b".into(),
            version: "1".into(),
            language: "en".into(),
            text: "We record calls.".into(),
            accepted: true,
            at: now(),
        };
        let mut started = visitor.starts(call_id, new_node());
        if let Append::CallStarted { call, .. } = &mut started {
            call.consent = Some(consent.clone());
        }
        store.append(vec![started]).await.unwrap();
        assert_eq!(store.call(call_id).await.unwrap().unwrap().consent, Some(consent));
    }
}

/// An id is made by the widget or the server, and is the event's.
#[test]
fn ids_of_requests_are_told_apart_from_those_of_events() {
    let id = CallbackId::from_uuid(Uuid::now_v7()).to_string();
    assert!(id.starts_with("cb_") && id.parse::<EventId>().is_err());
}
