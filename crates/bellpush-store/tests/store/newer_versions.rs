//! Settings that a server of a newer version has written, with fields that this one does not know: they
//! are served, and are still there when this one has changed what it knows.

use bellpush_core::{
    access::{Apps, SignInSettings},
    alerts::{AlertKind, AlertRuleSettings},
    app::AppSettings,
    delivery::DisableReason,
    design::Design,
    profile::ProfileSettings,
    trunk::TrunkSettings,
};
use bellpush_store::{Actor, DeliveryFilter, Expected, NewDesignVersion, PasswordChange};
use serde_json::{Value, json};

use crate::{
    deliveries::{integrate, settings},
    site::Site,
    trunks::trunk,
};

/// Puts a field of a newer version into what a column of one row holds.
async fn put_field(site: &Site, (table, column, key): (&str, &str, &str)) {
    let mut kept = kept(site, (table, column, key)).await;
    kept.as_object_mut().unwrap().insert("newer".into(), json!({ "of": [1, { "version": 2 }] }));
    let kept = kept.to_string().replace('\'', "''");
    site.sql(&format!("UPDATE {table} SET {column} = '{kept}' WHERE {key}")).await;
}

async fn kept(site: &Site, (table, column, key): (&str, &str, &str)) -> Value {
    let found = site.found(&format!("SELECT {column} AS found FROM {table} WHERE {key}")).await;
    assert_eq!(found.len(), 1, "{table} {key}");
    serde_json::from_str(&found[0]).unwrap()
}

/// It is there, and what was changed is, too.
async fn assert_kept(site: &Site, place: (&str, &str, &str), field: &str, value: Value) {
    let kept = kept(site, place).await;
    assert_eq!(kept["newer"], json!({ "of": [1, { "version": 2 }] }), "{kept}");
    assert_eq!(kept[field], value, "{kept}");
}

fn named(id: impl ToString) -> String {
    format!("id = '{}'", id.to_string())
}

on_both_stores! {
    async fn an_app_keeps_what_is_not_known_of_it(site) {
        let (store, id) = (&site.store, site.app().await);
        let key = named(id);
        let place = ("app_rows", "settings", key.as_str());
        put_field(site, place).await;
        let settings = AppSettings { resume_seconds: 3, ..store.app(id).await.unwrap().unwrap().settings };
        assert_eq!(store.apps().await.unwrap().len(), 1);
        store.update_app(id, &settings, &Actor::HOST).await.unwrap().unwrap();
        assert_kept(site, place, "resumeSeconds", 3.into()).await;
        assert_eq!(store.app(id).await.unwrap().unwrap().settings, settings);
    }

    async fn a_profile_keeps_what_is_not_known_of_it(site) {
        let (store, app) = (&site.store, site.app().await);
        let profile = store.profiles(app).await.unwrap().remove(0);
        let key = named(profile.id);
        let place = ("destinations", "settings", key.as_str());
        put_field(site, place).await;
        assert_eq!(store.profiles(app).await.unwrap(), std::slice::from_ref(&profile));
        let settings = ProfileSettings { name: "Sales".into(), ..profile.settings };
        store.update_profile(app, profile.id, &settings, true, &Actor::HOST).await.unwrap().unwrap();
        assert_kept(site, place, "name", "Sales".into()).await;
    }

    async fn a_trunk_keeps_what_is_not_known_of_it(site) {
        let store = &site.store;
        let id = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap().id;
        let key = named(id);
        let place = ("trunks", "settings", key.as_str());
        put_field(site, place).await;
        assert_eq!(store.trunks_with_passwords().await.unwrap().len(), 1);
        let settings = TrunkSettings { name: "Other".into(), ..trunk() };
        let keep = PasswordChange::Keep;
        store.update_trunk(id, &settings, &keep, &Actor::HOST).await.unwrap().unwrap();
        assert_kept(site, place, "name", "Other".into()).await;
    }

    async fn an_integration_keeps_what_is_not_known_of_it_also_when_it_is_switched_off(site) {
        let (store, app) = (&site.store, site.app().await);
        let id = integrate(store, app, settings(&["wish"])).await;
        let key = named(id);
        let place = ("integrations", "settings", key.as_str());
        put_field(site, place).await;
        assert_eq!(store.endpoints().await.unwrap()[0].settings, settings(&["wish"]));
        let changed = settings(&["wish", "cart"]);
        store.update_integration(app, id, &changed, 3, &Actor::HOST).await.unwrap().unwrap();
        assert_kept(site, place, "events", json!(["cart", "wish"])).await;
        store.disable_integration(id, DisableReason::Gone, None).await.unwrap().unwrap();
        assert_kept(site, place, "active", false.into()).await;
    }

    async fn an_alert_rule_keeps_what_is_not_known_of_it(site) {
        let (store, app) = (&site.store, site.app().await);
        let rule = AlertRuleSettings::new("Backlog", AlertKind::Backlog);
        let id = store.create_alert_rule(app, &rule, &Actor::HOST).await.unwrap().id;
        let key = named(id);
        let place = ("alert_rules", "settings", key.as_str());
        put_field(site, place).await;
        put_field(site, ("alert_rules", "progress", &key)).await;
        assert_eq!(store.alert_rules(app).await.unwrap()[0].settings, rule);
        let changed = AlertRuleSettings { threshold: Some(5), ..rule };
        store.update_alert_rule(app, id, &changed, &Actor::HOST).await.unwrap().unwrap();
        assert_kept(site, place, "threshold", 5.into()).await;
    }

    async fn how_to_sign_in_keeps_what_is_not_known_of_it(site) {
        let store = &site.store;
        let settings = |name: &str| SignInSettings {
            allowed_email_domains: vec![name.to_owned()],
            ..SignInSettings::default()
        };
        let (first, second) = (settings("first.example"), settings("second.example"));
        store.save_sign_in_settings(&first, None, &Actor::HOST).await.unwrap();
        let place = ("settings", "value", "key = 'sign_in'");
        put_field(site, place).await;
        assert_eq!(store.accounts().sign_in_settings().await.unwrap(), first);
        store.save_sign_in_settings(&second, None, &Actor::HOST).await.unwrap();
        assert_kept(site, place, "allowedEmailDomains", json!(["second.example"])).await;
    }

    async fn what_is_set_up_can_be_exported_with_settings_that_are_not_known(site) {
        let (store, app) = (&site.store, site.app().await);
        integrate(store, app, settings(&["wish"])).await;
        let before = store.configuration(&Apps::All).await.unwrap();
        for (table, id) in [("app_rows", "id"), ("integrations", "app_id"), ("destinations", "app_id")] {
            put_field(site, (table, "settings", &format!("{id} = '{app}'"))).await;
        }
        assert_eq!(store.configuration(&Apps::All).await.unwrap(), before);
    }

    async fn a_design_keeps_what_is_not_known_of_it_in_its_draft_and_what_is_published(site) {
        let (store, app) = (&site.store, site.app().await);
        let design = Design::of_settings(&store.app(app).await.unwrap().unwrap().settings);
        let document = design.to_json().to_string();
        store.save_design_draft(app, &document, &Actor::HOST).await.unwrap();
        let key = format!("app_id = '{app}'");
        let draft = ("design_drafts", "document", key.as_str());
        put_field(site, draft).await;
        let kept = store.design_draft(app).await.unwrap().unwrap().document;
        assert_eq!(Design::read_kept(&kept).unwrap(), design);
        let new = NewDesignVersion { document: &document, note: None, restored: None, draft: Expected::Any };
        store.publish_design(app, new, &Actor::HOST).await.unwrap();
        let changed = Design { languages: vec!["en".into(), "de".into()], ..design };
        store.save_design_draft(app, &changed.to_json().to_string(), &Actor::HOST).await.unwrap();
        assert_kept(site, draft, "languages", json!(["en", "de"])).await;
        let version = ("design_versions", "document", key.as_str());
        assert_kept(site, version, "languages", json!(["en"])).await;
    }

    async fn a_replay_by_a_condition_that_is_not_known_is_left_to_who_knows_it(site) {
        let (store, app) = (&site.store, site.app().await);
        let made = async || {
            let id = integrate(store, app, settings(&["wish"])).await;
            let filter = DeliveryFilter { name: Some("wish".into()), ..DeliveryFilter::default() };
            store.create_replay(app, id, filter, &Actor::HOST).await.unwrap().unwrap().id
        };
        let (strange, known) = (made().await, made().await);
        put_field(site, ("replays", "filter", &named(strange))).await;
        let running: Vec<_> = store.running_replays().await.unwrap().iter().map(|it| it.id).collect();
        assert_eq!(running, [known]);
    }

    async fn an_integration_that_can_not_be_read_at_all_leaves_the_others_alone(site) {
        let (store, app) = (&site.store, site.app().await);
        let strange = integrate(store, app, settings(&["wish"])).await;
        let other = integrate(store, app, settings(&["wish"])).await;
        let sql = "UPDATE integrations SET settings = '{\"name\":\"n\",\"url\":{\"newer\":1}}' WHERE ";
        site.sql(&(sql.to_owned() + &named(strange))).await;
        let found: Vec<_> = store.endpoints().await.unwrap().iter().map(|it| it.id).collect();
        assert_eq!(found, [other]);
    }
}
