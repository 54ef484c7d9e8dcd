//! Named secrets, their reveals, and the audit trail.

use bellpush_core::{
    ids::{ApiKeyId, AppId, IntegrationId},
    integration::{IntegrationSettings, MAX_SECRETS, SecretName},
};
use bellpush_store::{
    Actor, AuditAction, AuditFilter, MAX_REVEALS, NewSecrets, PageRequest, Reveal, RevealError,
    SaveError, Store, Who,
};
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::{deliveries::settings, site::master_key};

pub(crate) fn actor() -> Actor {
    Actor {
        who: Who::ApiKey(ApiKeyId::from_uuid(Uuid::from_u128(9))),
        name: Some("ci".into()),
        address: Some("2001:db8::7".parse().unwrap()),
    }
}

fn of_app(id: AppId) -> AuditFilter {
    AuditFilter { app_id: Some(id), ..AuditFilter::default() }
}

pub(crate) fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn naming(url: &str) -> IntegrationSettings {
    IntegrationSettings { url: url.parse().unwrap(), ..settings(&["call_ended"]) }
}

pub(crate) fn with_secrets(named: &[(&str, &str)]) -> NewSecrets {
    let named = named.iter().map(|(key, value)| (name(key), (*value).into())).collect();
    NewSecrets { named, ..NewSecrets::from("whsec_x") }
}

async fn made(store: &Store, app_id: AppId, named: &[(&str, &str)]) -> IntegrationId {
    let new = with_secrets(named);
    store.create_integration(app_id, &settings(&[]), &new, 10, &Actor::HOST).await.unwrap().id
}

async fn reveal(
    store: &Store,
    app_id: AppId,
    id: IntegrationId,
    what: Reveal<'_>,
) -> Result<Option<String>, RevealError> {
    let value = store.reveal(app_id, id, what, &actor()).await?;
    Ok(value.map(|value: SecretString| value.expose_secret().to_owned()))
}

on_both_stores! {
    async fn a_secret_is_set_replaced_listed_and_deleted(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let id = made(store, app_id, &[("b", "first")]).await;
        let set = async |key, value: &str| {
            store.put_secret(app_id, id, &name(key), &value.into(), &actor()).await.unwrap()
        };
        let a = set("a", "hush").await.unwrap();
        assert_eq!(a.created_at, a.updated_at);
        let b = set("b", "hush again").await.unwrap();
        assert!(b.created_at <= b.updated_at);
        assert_eq!(store.secrets(id).await.unwrap(), [a, b]);
        let endpoint = store.endpoints().await.unwrap().remove(0);
        assert_eq!(endpoint.secrets[&name("b")].expose_secret(), "hush again");
        assert!(!format!("{endpoint:?}").contains("hush again"));

        assert!(store.delete_secret(app_id, id, &name("a"), &actor()).await.unwrap());
        assert!(!store.delete_secret(app_id, id, &name("a"), &actor()).await.unwrap());
        assert_eq!(store.secrets(id).await.unwrap().len(), 1);
        // Not by way of another app.
        let stranger = site.app().await;
        let put = store.put_secret(stranger, id, &name("c"), &"x".into(), &actor()).await;
        assert_eq!(put.unwrap(), None);
        assert!(!store.delete_secret(stranger, id, &name("b"), &actor()).await.unwrap());
        assert_eq!(reveal(store, stranger, id, Reveal::Named(&name("b"))).await.unwrap(), None);
        assert_eq!(reveal(store, stranger, id, Reveal::Signing).await.unwrap(), None);
    }

    async fn settings_name_only_secrets_that_are_there(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let url = "https://hooks.example/{secret.path}";
        let unknown = store.create_integration(app_id, &naming(url), &"whsec_x".into(), 10, &Actor::HOST).await;
        assert!(
            matches!(unknown, Err(SaveError::UnknownSecret { ref pointer, .. }) if pointer == "/url"),
            "{unknown:?}"
        );
        assert_eq!(store.integrations(app_id).await.unwrap(), [], "it was made all the same");

        let new = with_secrets(&[("path", "p")]);
        let made = store.create_integration(app_id, &naming(url), &new, 10, &Actor::HOST).await.unwrap();
        let mut more = naming(url);
        more.headers.insert("x-key".into(), "{secret.key}".parse().unwrap());
        let update = store.update_integration(app_id, made.id, &more, 10, &Actor::HOST).await;
        assert!(
            matches!(update, Err(SaveError::UnknownSecret { ref pointer, .. }) if pointer == "/headers/x-key"),
            "{update:?}"
        );
        store.put_secret(app_id, made.id, &name("key"), &"k".into(), &actor()).await.unwrap();
        store.update_integration(app_id, made.id, &more, 10, &Actor::HOST).await.unwrap().unwrap();

        for (key, place) in [("path", "/url"), ("key", "/headers/x-key")] {
            let delete = store.delete_secret(app_id, made.id, &name(key), &actor()).await;
            assert!(
                matches!(delete, Err(SaveError::SecretInUse { ref pointer, .. }) if pointer == place),
                "{delete:?}"
            );
        }
        assert_eq!(store.secrets(made.id).await.unwrap().len(), 2);
        let plain = naming("https://hooks.example/");
        store.update_integration(app_id, made.id, &plain, 10, &Actor::HOST).await.unwrap().unwrap();
        assert!(store.delete_secret(app_id, made.id, &name("path"), &actor()).await.unwrap());
    }

    async fn a_secret_that_is_deleted_while_settings_come_to_name_it_stays_or_they_do_not(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let named = naming("https://hooks.example/{secret.path}");
        for _ in 0..10 {
            let id = made(store, app_id, &[("path", "p")]).await;
            let key = name("path");
            let who = actor();
            let (deleted, updated) = tokio::join!(
                store.delete_secret(app_id, id, &key, &who),
                store.update_integration(app_id, id, &named, 100, &Actor::HOST),
            );
            assert_ne!(deleted.is_ok(), updated.is_ok(), "{deleted:?} {updated:?}");
            store.delete_integration(app_id, id, &Actor::HOST).await.unwrap();
        }
    }

    async fn an_integration_has_a_limited_number_of_secrets(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let keys: Vec<String> = (0..=MAX_SECRETS).map(|n| format!("s{n}")).collect();
        let all: Vec<_> = keys.iter().map(|key| (key.as_str(), "x")).collect();
        let many = store.create_integration(app_id, &settings(&[]), &with_secrets(&all), 10, &Actor::HOST).await;
        assert!(matches!(many, Err(SaveError::TooManySecrets)), "{many:?}");
        let id = made(store, app_id, &all[1..]).await;
        let one_more = store.put_secret(app_id, id, &name("s0"), &"x".into(), &actor()).await;
        assert!(matches!(one_more, Err(SaveError::TooManySecrets)), "{one_more:?}");
        assert_eq!(store.secrets(id).await.unwrap().len(), MAX_SECRETS);
        // To replace one is not to add one.
        let replaced = store.put_secret(app_id, id, &name("s1"), &"y".into(), &actor()).await;
        assert!(replaced.unwrap().is_some());
    }

    async fn reveals_are_written_down_and_limited_also_at_once_and_after_a_restart(site) {
        let app_id = site.app().await;
        let id = made(&site.store, app_id, &[("a", "hush")]).await;
        let other = made(&site.store, app_id, &[("a", "other")]).await;
        let key = name("a");
        let many = (0..15).map(|n| {
            let what = if n % 3 == 0 { Reveal::Signing } else { Reveal::Named(&key) };
            reveal(&site.store, app_id, id, what)
        });
        let (mut granted, mut refused) = (0, 0);
        for result in join_all(many).await {
            match result {
                Ok(value) => {
                    assert!(matches!(value.as_deref(), Some("hush" | "whsec_x")), "{value:?}");
                    granted += 1;
                }
                Err(RevealError::TooMany { wait }) => {
                    assert!((3_500..=3_600).contains(&wait.as_secs()), "{wait:?}");
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((granted, refused), (MAX_REVEALS, 5));
        let first = PageRequest::first(50);
        let filter = AuditFilter { subject_id: Some(id.to_string()), ..AuditFilter::default() };
        let mut trail = site.store.audit(&filter, first).await.unwrap().items;
        assert_eq!(trail.pop().unwrap().action, AuditAction::IntegrationMade);
        assert_eq!(trail.len(), 10);
        for entry in &trail {
            assert_eq!((&entry.actor, entry.app_id), (&actor(), Some(app_id)));
            let is_named = entry.action == AuditAction::SecretRevealed;
            assert_eq!(entry.subject_name.as_deref(), is_named.then_some(key.as_str()));
        }
        // Each integration has a limit of its own.
        assert!(reveal(&site.store, app_id, other, Reveal::Signing).await.unwrap().is_some());

        site.store.close().await;
        let store = site.open(master_key()).await.unwrap();
        let again = reveal(&store, app_id, id, Reveal::Named(&key)).await;
        assert!(matches!(again, Err(RevealError::TooMany { .. })), "{again:?}");
        // An hour later there may be more.
        site.sql("UPDATE audit_trail SET at = at - 3600000").await;
        assert!(reveal(&store, app_id, id, Reveal::Named(&key)).await.unwrap().is_some());
        store.close().await;
    }

    async fn the_audit_trail_outlives_its_integration_and_is_read_page_by_page(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let id = made(store, app_id, &[]).await;
        store.put_secret(app_id, id, &name("a"), &"x".into(), &actor()).await.unwrap();
        reveal(store, app_id, id, Reveal::Named(&name("a"))).await.unwrap();
        store.delete_secret(app_id, id, &name("a"), &actor()).await.unwrap();
        // What is not there is not revealed, and not written down.
        assert_eq!(reveal(store, app_id, id, Reveal::Named(&name("a"))).await.unwrap(), None);
        store.delete_integration(app_id, id, &Actor::HOST).await.unwrap();

        let (mut actions, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest { after, limit: 2 };
            let page = store.audit(&of_app(app_id), page).await.unwrap();
            actions.extend(page.items.into_iter().map(|entry| entry.action));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected = [
            AuditAction::IntegrationDeleted,
            AuditAction::SecretDeleted,
            AuditAction::SecretRevealed,
            AuditAction::SecretSet,
            AuditAction::IntegrationMade,
            AuditAction::AppMade,
        ];
        assert_eq!(actions, expected);
        let stranger = site.app().await;
        let page = store.audit(&of_app(stranger), PageRequest::first(10)).await.unwrap();
        let others: Vec<_> = page.items.into_iter().map(|entry| entry.action).collect();
        assert_eq!(others, [AuditAction::AppMade]);
    }
}
