//! Trunks and their passwords.

use bellpush_core::{ids::TrunkId, trunk::TrunkSettings};
use bellpush_store::{Actor, PasswordChange};
use secrecy::ExposeSecret;
use uuid::Uuid;

pub(crate) fn trunk() -> TrunkSettings {
    let settings = r#"{"name":"Provider","domain":"sip.provider.example","username":"u"}"#;
    serde_json::from_str(settings).unwrap()
}

on_both_stores! {
    async fn a_trunk_is_made_changed_and_deleted(site) {
        let store = &site.store;
        let made = store.create_trunk(&trunk(), None, &Actor::HOST).await.unwrap();
        assert!(!made.has_password);
        assert_eq!(store.trunk(made.id).await.unwrap(), Some(made.clone()));
        let settings = TrunkSettings { name: "Other".into(), ..trunk() };
        let changed =
            store.update_trunk(made.id, &settings, &PasswordChange::Keep, &Actor::HOST).await.unwrap().unwrap();
        assert_eq!(changed.settings, settings);
        assert_eq!(store.trunks().await.unwrap(), [changed]);
        let unknown = TrunkId::from_uuid(Uuid::now_v7());
        let result = store.update_trunk(unknown, &settings, &PasswordChange::Keep, &Actor::HOST).await;
        assert_eq!(result.unwrap(), None);
        assert!(store.delete_trunk(made.id, &Actor::HOST).await.unwrap());
        assert!(!store.delete_trunk(made.id, &Actor::HOST).await.unwrap());
    }

    async fn a_password_is_kept_changed_and_removed_and_its_row_does_not_show_it(site) {
        let store = &site.store;
        let word = "correct horse battery".into();
        let id = store.create_trunk(&trunk(), Some(&word), &Actor::HOST).await.unwrap().id;
        let password = async || {
            let (_, password) = store.trunks_with_passwords().await.unwrap().remove(0);
            password.map(|password| password.expose_secret().to_owned())
        };
        assert_eq!(password().await.as_deref(), Some("correct horse battery"));
        store.update_trunk(id, &trunk(), &PasswordChange::Keep, &Actor::HOST).await.unwrap();
        assert_eq!(password().await.as_deref(), Some("correct horse battery"));
        let other = PasswordChange::Set("staple".into());
        assert!(store.update_trunk(id, &trunk(), &other, &Actor::HOST).await.unwrap().unwrap().has_password);
        assert_eq!(password().await.as_deref(), Some("staple"));
        let updated = store.update_trunk(id, &trunk(), &PasswordChange::Remove, &Actor::HOST).await.unwrap();
        assert!(!updated.unwrap().has_password);
        assert_eq!(password().await, None);
    }
}
