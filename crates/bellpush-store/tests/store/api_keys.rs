//! Keys of the management API: found by their hash, replaced with the configuration, and managed
//! while a server runs.

use bellpush_core::events::EventTime;
use bellpush_store::{ApiKeys, Configured, OpenError, SecretHash, Store, Target};

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis).unwrap()
}

/// The names of the keys, oldest first.
async fn names(store: &Store) -> Vec<String> {
    store.api_keys().list().await.unwrap().into_iter().map(|key| key.name).collect()
}

on_both_stores! {
    async fn a_key_is_found_by_its_hash_only(site) {
        let keys = site.store.api_keys();
        let hash = SecretHash::of("bp_1");
        let made = keys.create("ci", &hash).await.unwrap();
        assert_eq!(keys.by_hash(&hash).await.unwrap(), Some(made.clone()));
        assert_eq!(keys.by_hash(&SecretHash::of("bp_2")).await.unwrap(), None);
        assert_eq!(keys.list().await.unwrap().first(), Some(&made));
        assert_eq!(keys.revoke(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(keys.revoke(made.id).await.unwrap(), None);
        assert_eq!(keys.by_hash(&hash).await.unwrap(), None);
    }

    async fn the_configured_key_replaces_the_one_configured_before(site) {
        let keys = site.store.api_keys();
        let (first, second) = (SecretHash::of("bp_first"), SecretHash::of("bp_second"));
        keys.create("ci", &SecretHash::of("bp_ci")).await.unwrap();
        let added = Configured { revoked: 0, added: true };
        assert_eq!(keys.configure(Some(&first)).await.unwrap(), added);
        let made = keys.by_hash(&first).await.unwrap().unwrap();
        assert!(made.configured);
        assert_eq!(keys.configure(Some(&first)).await.unwrap(), Configured::default());
        assert_eq!(keys.by_hash(&first).await.unwrap(), Some(made), "the same key stays");

        let replaced = Configured { revoked: 1, added: true };
        assert_eq!(keys.configure(Some(&second)).await.unwrap(), replaced);
        assert_eq!(keys.by_hash(&first).await.unwrap(), None);
        assert!(keys.by_hash(&second).await.unwrap().is_some());

        let removed = Configured { revoked: 1, added: false };
        assert_eq!(keys.configure(None).await.unwrap(), removed);
        assert_eq!(keys.configure(None).await.unwrap(), Configured::default());
        assert_eq!(names(&site.store).await, ["ci"]);
    }

    async fn a_key_that_was_made_otherwise_goes_with_the_configuration_that_gives_it(site) {
        let keys = site.store.api_keys();
        let hash = SecretHash::of("bp_printed");
        let printed = keys.create("admin", &hash).await.unwrap();
        assert_eq!(keys.configure(Some(&hash)).await.unwrap(), Configured::default());
        let kept = keys.by_hash(&hash).await.unwrap().unwrap();
        assert_eq!((kept.id, kept.configured), (printed.id, true));
        keys.configure(None).await.unwrap();
        assert_eq!(keys.by_hash(&hash).await.unwrap(), None);
    }

    async fn the_last_use_of_a_key_never_goes_back(site) {
        let keys = site.store.api_keys();
        let used = keys.create("used", &SecretHash::of("bp_1")).await.unwrap();
        let idle = keys.create("idle", &SecretHash::of("bp_2")).await.unwrap();
        assert_eq!(used.last_used_at, None);
        for millis in [1_000, 61_000, 30_000] {
            keys.record_use(used.id, at(millis)).await.unwrap();
        }
        let uses: Vec<_> =
            keys.list().await.unwrap().into_iter().map(|key| (key.id, key.last_used_at)).collect();
        assert_eq!(uses, [(used.id, Some(at(61_000))), (idle.id, None)]);
    }

    async fn keys_are_made_and_revoked_while_a_server_runs(site) {
        let aside = ApiKeys::open(&site.target).await.unwrap();
        let hash = SecretHash::of("bp_1");
        let made = aside.create("ci", &hash).await.unwrap();
        assert_eq!(site.store.api_keys().by_hash(&hash).await.unwrap(), Some(made.clone()));
        aside.revoke(made.id).await.unwrap().unwrap();
        assert_eq!(site.store.api_keys().by_hash(&hash).await.unwrap(), None);
        aside.close().await;
        site.store.put_setting("still", "writable").await.unwrap();
    }
}

#[tokio::test]
async fn keys_are_not_looked_for_where_there_is_no_database() {
    let dir = tempfile::TempDir::new().unwrap();
    let target = Target::Sqlite { dir: dir.path().join("elsewhere") };
    assert!(matches!(ApiKeys::open(&target).await, Err(OpenError::NoDatabase(_))));
    assert!(!dir.path().join("elsewhere").exists(), "nothing was made there");
}

#[tokio::test]
async fn keys_of_a_server_of_another_version_are_left_alone() {
    let site = crate::site::Site::sqlite().await;
    site.sql("DELETE FROM schema_migrations WHERE version > 1").await;
    assert!(matches!(ApiKeys::open(&site.target).await, Err(OpenError::OlderSchema { .. })));
    site.sql("INSERT INTO schema_migrations VALUES (9999, 'later', 0)").await;
    assert!(matches!(ApiKeys::open(&site.target).await, Err(OpenError::NewerSchema { .. })));
    site.clear().await;
}
