//! Apps, keys and integrations.

use std::time::Duration;

use bellpush_core::{
    access::Apps,
    app::AppSettings,
    ids::{AppId, IntegrationId},
    profile::ProfileSettings,
};
use bellpush_store::{
    Actor, Append, EventFilter, NewSession, PageRequest, SaveError, SecretHash, Session,
};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use uuid::Uuid;

use crate::{
    deliveries::settings,
    site::{Site, after, master_key, now},
};

on_both_stores! {
    async fn the_configuration_is_read_while_somebody_writes(site) {
        let store = &site.store;
        let app = store.create_app(&AppSettings::named("Shop"), &Actor::HOST).await.unwrap();
        let other = store.create_app(&AppSettings::named("Other"), &Actor::HOST).await.unwrap();
        let writing = site.connect().await.begin().await.unwrap();
        let written = if site.is_postgres() {
            // As a group of events does.
            "SELECT pg_advisory_xact_lock_shared(4207291, 2)"
        } else {
            "UPDATE app_rows SET revision = revision"
        };
        writing.execute_unprepared(written).await.unwrap();
        let wanted = Apps::Only([app.id].into());
        let read = async {
            let of_one = store.configuration(&wanted).await.unwrap();
            let (_, state) = store.plan_configuration(&of_one).await.unwrap();
            (of_one, state)
        };
        let read = tokio::time::timeout(Duration::from_secs(5), read).await;
        let (of_one, _) = read.unwrap();
        assert_eq!(of_one.apps.iter().map(|app| app.id).collect::<Vec<_>>(), [app.id]);
        writing.rollback().await.unwrap();
        let all = store.configuration(&Apps::All).await.unwrap();
        assert_eq!(all.apps.iter().map(|app| app.id).collect::<Vec<_>>(), [app.id, other.id]);
        assert_eq!(all.apps[0], of_one.apps[0]);
    }

    async fn an_app_is_made_changed_and_deleted(site) {
        let store = &site.store;
        let made = store.create_app(&AppSettings::named("Shop"), &Actor::HOST).await.unwrap();
        assert_eq!(store.app(made.id).await.unwrap(), Some(made.clone()));
        let other = store.create_app(&AppSettings::named("Other"), &Actor::HOST).await.unwrap();
        assert_eq!(store.apps().await.unwrap(), [made.clone(), other.clone()]);

        let changed =
            store.update_app(made.id, &AppSettings::named("Store"), &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(changed.settings.name, "Store");
        assert_eq!(changed.created_at, made.created_at);
        assert_eq!(store.app(made.id).await.unwrap(), Some(changed));

        assert!(store.delete_app(made.id, &Actor::HOST).await.unwrap());
        assert!(!store.delete_app(made.id, &Actor::HOST).await.unwrap());
        assert_eq!(store.apps().await.unwrap(), [other]);
        let gone = AppSettings::named("Gone");
        assert_eq!(store.update_app(made.id, &gone, &Actor::HOST).await.unwrap(), None);
    }

    async fn a_deleted_app_takes_everything_with_it(site) {
        let visitor = site.visitor().await;
        let (store, app_id) = (&site.store, visitor.app_id());
        let call_id = visitor.calls(store).await;
        store.append(vec![visitor.hangs_up(call_id), visitor.rates(call_id)]).await.unwrap();
        store.create_widget_key(app_id, "wk_1", &Actor::HOST).await.unwrap().unwrap();
        let secret = "whsec_x".into();
        store.create_integration(app_id, &settings(&[]), &secret, 3, &Actor::HOST).await.unwrap();
        let (id, token) = (visitor.session.id, &visitor.token);
        assert!(store.session_by_token(token, now()).await.unwrap().is_some());
        assert!(store.delete_app(app_id, &Actor::HOST).await.unwrap());
        // At once.
        assert_eq!(store.call(call_id).await.unwrap(), None);
        assert_eq!(store.session(id).await.unwrap(), None);
        assert_eq!(store.session_by_token(token, now()).await.unwrap(), None);
        let another = SecretHash::of("another token");
        assert!(!store.add_session_token(id, &another, after(60)).await.unwrap());
        assert_eq!(store.widget_key("wk_1").await.unwrap(), None);
        assert!(store.endpoints().await.unwrap().is_empty());
        assert_eq!(store.profiles(app_id).await.unwrap(), []);
        // In time.
        site.nothing_is_left().await;
        assert_eq!(store.survey_answers(call_id).await.unwrap(), None);
    }

    async fn a_deleted_app_takes_no_profile_key_or_session(site) {
        let visitor = site.visitor().await;
        let (store, app_id) = (&site.store, visitor.app_id());
        assert!(store.delete_app(app_id, &Actor::HOST).await.unwrap());
        let made = store.create_profile(app_id, &ProfileSettings::demo(), false, &Actor::HOST).await;
        assert!(matches!(made, Err(SaveError::UnknownApp)), "{made:?}");
        assert_eq!(store.create_widget_key(app_id, "wk_late", &Actor::HOST).await.unwrap(), None);
        let made = store.create_integration(app_id, &settings(&[]), &"whsec_x".into(), 3, &Actor::HOST).await;
        assert!(matches!(made, Err(SaveError::UnknownApp)), "{made:?}");
        let Session { origin, context, preview, routing_key, destination_id, .. } = visitor.session;
        let (browser, language) = (None, None);
        let new = NewSession {
            app_id, origin, context, preview, routing_key, destination_id, browser, language,
            sign_in_id: None,
            api_key_id: None,
            widget_key_id: None,
        };
        let token = SecretHash::of("a late token");
        assert_eq!(store.create_session(new, &token, after(60)).await.unwrap(), None);
    }

    async fn what_a_deleted_app_left_is_taken_away_after_a_restart_too(site) {
        let (kept, visitor) = (site.visitor().await, site.visitor().await);
        for visitor in [&kept, &visitor] {
            let call_id = visitor.calls(&site.store).await;
            let ends = vec![visitor.hangs_up(call_id), visitor.rates(call_id)];
            site.store.append(ends).await.unwrap();
            let appends = (0..1_200).map(|_| Append::Event(visitor.loaded())).collect();
            site.store.append(appends).await.unwrap();
        }
        assert!(site.store.delete_app(visitor.app_id(), &Actor::HOST).await.unwrap());
        // In the middle of it.
        site.store.close().await;
        let reopened = site.open(master_key()).await.unwrap();
        site.nothing_is_left().await;
        let page = PageRequest { after: None, limit: 2_000 };
        let events = reopened.events(kept.app_id(), &EventFilter::default(), page).await.unwrap();
        assert_eq!(events.items.len(), 1_203);
        reopened.close().await;
    }

    async fn a_widget_key_names_its_app(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let made = store.create_widget_key(app_id, "wk_1", &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(store.widget_key("wk_1").await.unwrap(), Some(made.clone()));
        assert_eq!(store.widget_key("wk_\0").await.unwrap(), None);
        assert_eq!(store.widget_keys(app_id).await.unwrap().first(), Some(&made));
        assert!(store.create_widget_key(app_id, "wk_1", &Actor::HOST).await.is_err(), "a key is unique");
        let nobody = AppId::from_uuid(Uuid::now_v7());
        assert_eq!(store.create_widget_key(nobody, "wk_2", &Actor::HOST).await.unwrap(), None);
        assert!(!store.delete_widget_key(site.app().await, made.id, &Actor::HOST).await.unwrap());
        assert!(store.delete_widget_key(app_id, made.id, &Actor::HOST).await.unwrap());
        assert_eq!(store.widget_key("wk_1").await.unwrap(), None);
    }

    async fn an_integration_is_made_changed_and_listed(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let secret = "whsec_x".into();
        let made =
            store.create_integration(app_id, &settings(&["wish"]), &secret, 3, &Actor::HOST).await.unwrap();
        assert_eq!(store.integration(app_id, made.id).await.unwrap(), Some(made.clone()));
        let changed = store
            .update_integration(app_id, made.id, &settings(&["call_ended"]), 3, &Actor::HOST)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(changed.settings, settings(&["call_ended"]));
        assert_eq!(store.integrations(app_id).await.unwrap(), [changed]);
        let stranger = site.app().await;
        assert_eq!(store.integration(stranger, made.id).await.unwrap(), None);
        let unknown = IntegrationId::from_uuid(Uuid::now_v7());
        let result = store.update_integration(app_id, unknown, &settings(&[]), 3, &Actor::HOST).await;
        assert_eq!(result.unwrap(), None);
        let nobody = AppId::from_uuid(Uuid::now_v7());
        let result = store.create_integration(nobody, &settings(&[]), &secret, 3, &Actor::HOST).await;
        assert!(matches!(result, Err(SaveError::UnknownApp)));
    }

    async fn settings_that_an_older_version_wrote_are_read_with_todays_defaults(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let made = store.create_integration(app_id, &settings(&["wish"]), &"whsec_x".into(), 3, &Actor::HOST).await;
        let id = made.unwrap().id;
        let old = r#"{"name":"Hook","url":"https://hooks.example/x","events":["wish"],"active":true,"ordered":true,"includePreviews":false}"#;
        site.sql(&format!("UPDATE integrations SET settings = '{old}'")).await;
        let read = store.integration(app_id, id).await.unwrap().unwrap();
        assert_eq!(read.settings, settings(&["wish"]));
        assert_eq!(store.endpoints().await.unwrap()[0].settings, settings(&["wish"]));
    }

    async fn twenty_integrations_made_at_once_stay_within_the_limit(site) {
        let app_id = site.app().await;
        let others = if site.is_postgres() { Some(site.open(master_key()).await.unwrap()) } else { None };
        let made = (0..20).map(|n| {
            let store = others.as_ref().filter(|_| n % 2 == 0).unwrap_or(&site.store).clone();
            tokio::spawn(async move {
                store.create_integration(app_id, &settings(&[]), &"whsec_x".into(), 3, &Actor::HOST).await
            })
        });
        let results: Vec<_> = join_all(made).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
        for error in results.into_iter().filter_map(Result::err) {
            assert!(matches!(error, SaveError::TooManyActive { max: 3 }), "{error:?}");
        }
        assert_eq!(site.store.integrations(app_id).await.unwrap().len(), 3);
        if let Some(other) = others {
            other.close().await;
        }
    }

    async fn activating_at_once_stays_within_the_limit_too(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let mut off = settings(&[]);
        off.active = false;
        let mut ids = Vec::new();
        for _ in 0..6 {
            let secret = "whsec_x".into();
            ids.push(store.create_integration(app_id, &off, &secret, 3, &Actor::HOST).await.unwrap().id);
        }
        let on = settings(&[]);
        let updates = ids.iter().map(|id| store.update_integration(app_id, *id, &on, 3, &Actor::HOST));
        let results = join_all(updates).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
        let active = store.integrations(app_id).await.unwrap();
        assert_eq!(active.iter().filter(|one| one.settings.active).count(), 3);
        // One that is active already is no further one.
        let first = active.iter().find(|one| one.settings.active).unwrap().id;
        assert!(store.update_integration(app_id, first, &on, 3, &Actor::HOST).await.unwrap().is_some());
    }

    async fn settings_of_the_installation_are_kept(site) {
        assert_eq!(site.store.setting("url").await.unwrap(), None);
        site.store.put_setting("url", "https://one.example").await.unwrap();
        site.store.put_setting("url", "https://two.example").await.unwrap();
        let kept = site.store.setting("url").await.unwrap();
        assert_eq!(kept.as_deref(), Some("https://two.example"));
        site.store.check().await.unwrap();
    }
}

#[tokio::test]
async fn events_recorded_while_their_integration_is_deleted_leave_no_delivery_behind() {
    let site = Site::postgres().await;
    let other = site.open(master_key()).await.unwrap();
    let visitor = site.visitor().await;
    for _ in 0..10 {
        let made = site
            .store
            .create_integration(
                visitor.app_id(),
                &settings(&["widget_loaded"]),
                &"whsec_x".into(),
                3,
                &Actor::HOST,
            )
            .await
            .unwrap();
        let appends =
            (0..20).map(|_| other.append(vec![bellpush_store::Append::Event(visitor.loaded())]));
        let delete = site.store.delete_integration(visitor.app_id(), made.id, &Actor::HOST);
        let (appended, deleted) = tokio::join!(join_all(appends), delete);
        assert!(deleted.unwrap());
        assert!(appended.iter().all(Result::is_ok));
        site.nothing_is_left().await;
    }
    other.close().await;
    site.clear().await;
}
