//! What requests are signed with, and how that is rotated.

use std::time::Duration;

use bellpush_core::ids::{AppId, IntegrationId};
use bellpush_core::integration::MAX_OVERLAPS;
use bellpush_store::{
    Actor, Edit, GivenSecrets, NewSecrets, Reveal, SaveError, SigningSecrets, Store,
};
use secrecy::ExposeSecret;

use crate::{deliveries::settings, secrets::actor};

const DAY: Duration = Duration::from_secs(86_400);

async fn made(store: &Store, app_id: AppId, key: Option<&str>) -> IntegrationId {
    let new = NewSecrets { signing_key: key.map(Into::into), ..NewSecrets::from("whsec_1") };
    store.create_integration(app_id, &settings(&[]), &new, 10, &Actor::HOST).await.unwrap().id
}

async fn rotate(
    store: &Store,
    app_id: AppId,
    id: IntegrationId,
    number: u32,
    overlap: Duration,
) -> Result<(), SaveError> {
    let (secret, key) = (format!("whsec_{number}").into(), format!("whsk_{number}").into());
    let until = store.rotate_signing(app_id, id, (&secret, &key), overlap, &actor()).await?;
    until.map(drop).ok_or(SaveError::UnknownApp)
}

fn shown(signing: &SigningSecrets) -> (String, Option<String>, Vec<String>) {
    let text = |secret: &secrecy::SecretString| secret.expose_secret().to_owned();
    let mut retired: Vec<_> = signing.retired.iter().map(|one| text(&one.secret)).collect();
    retired.sort();
    (text(&signing.secret), signing.key.as_ref().map(text), retired)
}

on_both_stores! {
    async fn what_was_rotated_out_signs_on_until_its_overlap_ends(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let id = made(store, app_id, Some("whsk_1")).await;
        rotate(store, app_id, id, 2, DAY).await.unwrap();
        let signing = store.signing(app_id, id).await.unwrap().unwrap();
        let both = vec!["whsec_1".to_owned(), "whsk_1".to_owned()];
        assert_eq!(shown(&signing), ("whsec_2".into(), Some("whsk_2".into()), both));
        let endpoint = store.endpoints().await.unwrap().remove(0);
        assert_eq!(shown(&endpoint.signing), shown(&signing));
        let revealed = store.reveal(app_id, id, Reveal::Signing, &actor()).await.unwrap();
        assert_eq!(revealed.unwrap().expose_secret(), "whsec_2");

        site.sql("UPDATE retired_signing_secrets SET expires_at = expires_at - 86400000").await;
        let signing = store.signing(app_id, id).await.unwrap().unwrap();
        assert_eq!(shown(&signing), ("whsec_2".into(), Some("whsk_2".into()), vec![]));
        let stranger = site.app().await;
        assert!(store.signing(stranger, id).await.unwrap().is_none());
        assert!(rotate(store, stranger, id, 3, DAY).await.is_err());
    }

    async fn without_an_overlap_all_that_came_before_ends_at_once(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let id = made(store, app_id, None).await;
        rotate(store, app_id, id, 2, DAY).await.unwrap();
        rotate(store, app_id, id, 3, Duration::ZERO).await.unwrap();
        let signing = store.signing(app_id, id).await.unwrap().unwrap();
        assert_eq!(shown(&signing), ("whsec_3".into(), None, vec![]), "no key was asked for");
    }

    async fn overlaps_are_limited_in_number(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let id = made(store, app_id, Some("whsk_0")).await;
        for number in 0..MAX_OVERLAPS {
            let overlap = DAY + Duration::from_secs(number as u64);
            rotate(store, app_id, id, number as u32, overlap).await.unwrap();
        }
        let one_more = rotate(store, app_id, id, 99, DAY).await;
        assert!(matches!(one_more, Err(SaveError::TooManyOverlaps)), "{one_more:?}");
        let signing = store.signing(app_id, id).await.unwrap().unwrap();
        assert_eq!(signing.retired.len(), 2 * MAX_OVERLAPS);
        rotate(store, app_id, id, 99, Duration::ZERO).await.unwrap();
    }

    async fn a_key_is_added_once(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let id = made(store, app_id, None).await;
        for key in ["whsk_1", "whsk_2"] {
            let secrets = GivenSecrets { signing_key: Some(key.into()), ..GivenSecrets::default() };
            let given = (&secrets, Edit::from(&Actor::HOST));
            let settings = settings(&[]);
            store
                .update_integration_with_secrets(app_id, id, &settings, 3, given)
                .await
                .unwrap();
        }
        let signing = store.signing(app_id, id).await.unwrap().unwrap();
        assert_eq!(shown(&signing).1.as_deref(), Some("whsk_1"));
    }

    async fn an_integration_whose_secrets_are_lost_is_left_out_and_the_others_are_not(site) {
        let (store, app_id) = (&site.store, site.app().await);
        let lost = made(store, app_id, None).await;
        let fine = made(store, app_id, None).await;
        site.sql(&format!("UPDATE integrations SET signing_secret = 'AQ==' WHERE id = '{lost}'"))
            .await;
        let endpoints = store.endpoints().await.unwrap();
        assert_eq!(endpoints.iter().map(|one| one.id).collect::<Vec<_>>(), [fine]);
    }
}
