//! Rotation of the master key.

use std::{collections::BTreeMap, time::Duration};

use bellpush_core::ids::NodeId;
use bellpush_store::{
    Actor, KeyRing, MasterKey, NewSecrets, OpenError, StoreError, vault::VaultError,
};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::{
    deliveries::settings,
    secrets::{actor, name, with_secrets},
    site::{Site, after, master_key},
    trunks::trunk,
};

/// Four sealed records of an integration, beside the one that shows the right key and the key of bulk.
async fn fill(site: &Site) {
    let app_id = site.app().await;
    let new = NewSecrets {
        signing_key: Some("whsk_1".into()),
        ..with_secrets(&[("a", "hush"), ("b", "hush, too")])
    };
    let id = site
        .store
        .create_integration(app_id, &settings(&[]), &new, 3, &Actor::HOST)
        .await
        .unwrap()
        .id;
    let rotated = (&"whsec_2".into(), &"whsk_2".into());
    let day = Duration::from_secs(86_400);
    site.store.rotate_signing(app_id, id, rotated, day, &actor()).await.unwrap().unwrap();
    site.store.create_trunk(&trunk(), Some(&"word".into()), &Actor::HOST).await.unwrap();
}

async fn everything_opens(store: &bellpush_store::Store) {
    let endpoint = store.endpoints().await.unwrap().remove(0);
    assert_eq!(endpoint.signing.secret.expose_secret(), "whsec_2");
    assert_eq!(endpoint.signing.key.unwrap().expose_secret(), "whsk_2");
    assert_eq!(endpoint.signing.retired.len(), 2);
    assert_eq!(endpoint.secrets[&name("b")].expose_secret(), "hush, too");
    let (_, password) = store.trunks_with_passwords().await.unwrap().remove(0);
    assert_eq!(password.unwrap().expose_secret(), "word");
}

fn refused_for_want_of(error: &OpenError, version: u8) -> bool {
    matches!(
        error,
        OpenError::Store(StoreError::Secret(VaultError::OtherVersion(found))) if *found == version
    )
}

on_both_stores! {
    async fn every_sealed_record_is_sealed_anew_and_the_old_key_can_go(site) {
        fill(site).await;
        assert_eq!(site.store.sealed_records().await.unwrap(), BTreeMap::from([(1, 9)]));
        everything_opens(&site.store).await;
        let challenge_key = site.store.challenge_key();
        site.store.close().await;
        let rotated = KeyRing::from(master_key()).with_new_key().unwrap();
        let store = site.open(rotated.clone()).await.unwrap();
        // Both versions are read while there are both.
        everything_opens(&store).await;
        assert_eq!(store.seal_anew().await.unwrap(), 9);
        assert_eq!(store.seal_anew().await.unwrap(), 0, "there was something left");
        assert_eq!(store.sealed_records().await.unwrap(), BTreeMap::from([(2, 9)]));
        store.close().await;

        let error = site.open(master_key()).await.unwrap_err();
        assert!(refused_for_want_of(&error, 2), "{error:?}");
        let store = site.open(rotated.without(1).unwrap()).await.unwrap();
        everything_opens(&store).await;
        assert_eq!(store.challenge_key(), challenge_key, "challenges under way are good still");
        store.close().await;
    }

    async fn a_rotation_that_was_stopped_in_the_middle_is_readable_and_goes_on(site) {
        fill(site).await;
        let sealed_before: Vec<_> = site.store.endpoints().await.unwrap();
        site.store.close().await;
        let rotated = KeyRing::from(master_key()).with_new_key().unwrap();
        // One of them was done, and the one that shows the right key.
        let id = sealed_before[0].id;
        let sealed = rotated.seal(&format!("integration:{id}:signing"), &"whsec_2".into()).unwrap();
        let check = rotated.seal("settings:master_key_check", &"bellpush".into()).unwrap();
        site.sql(&format!("UPDATE integrations SET signing_secret = '{sealed}'")).await;
        site.sql(&format!("UPDATE settings SET value = '{check}' WHERE key = 'master_key_check'"))
            .await;
        let error = site.open(master_key()).await.unwrap_err();
        assert!(refused_for_want_of(&error, 2), "a server with the old key alone would start");
        let store = site.open(rotated).await.unwrap();
        everything_opens(&store).await;
        assert_eq!(store.sealed_records().await.unwrap(), BTreeMap::from([(1, 7), (2, 2)]));
        assert_eq!(store.seal_anew().await.unwrap(), 7);
        everything_opens(&store).await;
        store.close().await;
    }

    async fn a_record_that_another_key_sealed_stops_the_rotation_and_is_not_lost(site) {
        fill(site).await;
        let foreign = KeyRing::from(MasterKey::from_bytes([9; 32]));
        let foreign = foreign.seal("integration:x:secret:a", &"x".into()).unwrap();
        site.sql(&format!("UPDATE integration_secrets SET sealed = '{foreign}' WHERE name = 'a'"))
            .await;
        site.store.close().await;
        let store = site.open(KeyRing::from(master_key()).with_new_key().unwrap()).await.unwrap();
        let error = store.seal_anew().await.unwrap_err();
        assert!(matches!(error, StoreError::Secret(VaultError::Unreadable)), "{error:?}");
        let left = store.sealed_records().await.unwrap();
        assert_eq!(left.values().sum::<usize>(), 9);
        store.close().await;
    }

    async fn a_server_that_runs_shows_by_its_lease(site) {
        let node = NodeId::from_uuid(Uuid::now_v7());
        assert!(!site.store.is_in_use().await.unwrap());
        site.store.join(node, after(60), None).await.unwrap();
        assert!(site.store.is_in_use().await.unwrap());
        site.store.join(node, after(-1), None).await.unwrap();
        assert!(!site.store.is_in_use().await.unwrap());
    }
}

#[tokio::test]
async fn every_column_that_holds_something_sealed_is_rotated() {
    let site = Site::sqlite().await;
    // Their names say so. A new one belongs into the list in rotation.rs, and into this test.
    let known = [
        "integration_secrets.sealed",
        "integrations.signing_key",
        "integrations.signing_secret",
        "retired_signing_secrets.sealed",
        "totp_keys.sealed",
        "trunks.password",
    ];
    let found = site.columns(&["%secret", "%sealed", "%signing_key", "%password"]).await;
    assert_eq!(found, known);
    site.clear().await;
}
