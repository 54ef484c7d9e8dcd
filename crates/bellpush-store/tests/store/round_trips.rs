//! What is set up comes back from its document as it was, whatever it is.

use std::collections::BTreeMap;

use bellpush_core::{
    access::Apps,
    configuration::{Configuration, PlannedChange, SecretReference},
};
use bellpush_store::{Actor, Application, ApplyError, NewSigning, Store};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::{configurations::configurations, site::Site};

/// What integrations sign with that are not there yet.
fn signing(configuration: &Configuration) -> NewSigning {
    let all = configuration.apps.iter().flat_map(|app| app.integrations.iter().flatten());
    all.map(|it| (it.id, ("whsec_x".to_owned().into(), None))).collect::<BTreeMap<_, _>>()
}

async fn plan(store: &Store, wanted: &Configuration) -> (Vec<PlannedChange>, String) {
    store.plan_configuration(wanted).await.unwrap()
}

async fn apply(store: &Store, wanted: &Configuration) -> Vec<PlannedChange> {
    let (planned, state) = plan(store, wanted).await;
    let signing = signing(wanted);
    let application = Application {
        wanted,
        state: &state,
        file_name: Some("bellpush.toml"),
        signing: &signing,
        max_active: 3,
    };
    let anything = |_: &[PlannedChange]| Ok::<_, ApplyError>(());
    let applied = store.apply_configuration(application, anything, &Actor::HOST).await.unwrap();
    assert_eq!(applied, planned);
    applied
}

async fn export(store: &Store) -> (Configuration, String) {
    let configuration = store.configuration(&Apps::All).await.unwrap();
    let text = serde_json::to_string(&configuration).unwrap();
    (configuration, text)
}

/// The same with values for secrets, as the environment gives them.
fn with_secrets(mut configuration: Configuration) -> Configuration {
    let value = || SecretReference::Value("another".into());
    for trunk in &mut configuration.trunks {
        trunk.password = trunk.password.as_ref().map(|_| value());
    }
    for app in &mut configuration.apps {
        let secrets = app.integrations.iter_mut().flatten().flat_map(|it| it.secrets.values_mut());
        secrets.for_each(|secret| *secret = value());
    }
    configuration
}

/// One change of each part that the configuration has: what is changed, and the field that is told.
fn changes(configuration: &Configuration) -> Vec<(Configuration, &'static str)> {
    let before = serde_json::to_value(configuration).unwrap();
    let number = |before: &Value| {
        json!(before.as_u64().unwrap() % 20 + 5 + u64::from(before.as_u64().unwrap() < 20))
    };
    type Change<'a> = (&'static str, &'static str, &'a dyn Fn(&Value) -> Value);
    let all: [Change<'_>; 8] = [
        ("/apps/0/settings/language", "/language", &|_| json!("de")),
        ("/apps/0/settings/customCode/head", "/customCode/head", &|_| json!("<p>another\n</p>")),
        ("/apps/0/profiles/0/settings/ringTimeoutSeconds", "/settings/ringTimeoutSeconds", &number),
        ("/apps/0/integrations/0/settings/ordered", "/ordered", &|it| json!(it == false)),
        ("/apps/0/alertRules/0/settings/holdMinutes", "/holdMinutes", &number),
        ("/apps/0/design/published/theme/radius", "/theme/radius", &|it| {
            json!(it.as_u64().unwrap() + 1)
        }),
        ("/apps/0/design/draft/theme/radius", "/theme/radius", &|it| {
            json!(it.as_u64().unwrap() + 1)
        }),
        ("/trunks/1/settings/name", "/name", &|_| json!("Renamed")),
    ];
    let changed = all.into_iter().filter_map(|(place, field, change)| {
        let mut wanted = before.clone();
        let value = wanted.pointer_mut(place)?;
        *value = change(value);
        Some((serde_json::from_value(wanted).unwrap(), field))
    });
    changed.collect()
}

on_both_stores! {
    async fn a_document_makes_another_database_the_same_and_a_change_is_told_alone(site) {
        let cases = if site.is_postgres() { 3 } else { 24 };
        let mut runner = TestRunner::deterministic();
        for _ in 0..cases {
            let wanted = configurations().new_tree(&mut runner).unwrap().current();
            let fresh = || async {
                if site.is_postgres() { Site::postgres().await } else { Site::sqlite().await }
            };
            let (one, other) = (fresh().await, fresh().await);
            apply(&one.store, &wanted).await;
            let (exported, text) = export(&one.store).await;
            assert_eq!(exported, wanted.clone().without_secrets(), "all of it is there");
            assert_eq!(apply(&one.store, &exported).await, []);

            apply(&other.store, &with_secrets(exported.clone())).await;
            let (_, again) = export(&other.store).await;
            assert_eq!(again, text, "not the same byte by byte");

            for (changed, field) in changes(&exported) {
                let (planned, _) = plan(&other.store, &changed).await;
                let told: Vec<_> = planned.iter().flat_map(|it| &it.changes).map(|it| &*it.field).collect();
                assert_eq!(told, [field]);
                apply(&other.store, &changed).await;
                apply(&other.store, &exported).await;
            }
            let (_, again) = export(&other.store).await;
            assert_eq!(again, text, "changed and changed back");
            one.clear().await;
            other.clear().await;
        }
    }

    async fn what_is_not_permitted_of_the_very_changes_is_not_applied(site) {
        let wanted = configurations().new_tree(&mut TestRunner::deterministic()).unwrap().current();
        let (planned, state) = plan(&site.store, &wanted).await;
        let (_, before) = export(&site.store).await;
        let signing = signing(&wanted);
        let application = Application {
            wanted: &wanted,
            state: &state,
            file_name: None,
            signing: &signing,
            max_active: 3,
        };
        let mut judged = Vec::new();
        let nothing = |changes: &[PlannedChange]| {
            judged = changes.to_vec();
            Err(ApplyError::Moved { state: "not permitted".into() })
        };
        let refused = site.store.apply_configuration(application, nothing, &Actor::HOST).await;
        assert!(matches!(refused, Err(ApplyError::Moved { state }) if state == "not permitted"));
        assert_eq!(judged, planned);
        assert_eq!(export(&site.store).await.1, before);
    }
}
