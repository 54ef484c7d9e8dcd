//! Keys of the management API: found by their hash, replaced with the configuration, and managed
//! while a server runs.

use bellpush_core::events::EventTime;
use bellpush_store::{
    Actor, ApiKey, ApiKeys, Configured, NewApiKey, OpenError, SecretHash, Store, Target,
};

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis).unwrap()
}

/// A key of the installation itself.
async fn create(keys: &ApiKeys, name: &str, hash: &SecretHash) -> ApiKey {
    let new = NewApiKey::of_installation(name, hash);
    let id = keys.create(new, &Actor::HOST).await.unwrap();
    keys.by_id(id).await.unwrap().unwrap()
}

async fn by_hash(keys: &ApiKeys, hash: &SecretHash) -> Option<ApiKey> {
    keys.by_hash(hash, at(0)).await.unwrap()
}

async fn revoke(keys: &ApiKeys, key: &ApiKey) -> Option<ApiKey> {
    keys.revoke(key.id, None, &Actor::HOST).await.unwrap()
}

/// The names of the keys, oldest first.
async fn names(store: &Store) -> Vec<String> {
    store.api_keys().list().await.unwrap().into_iter().map(|key| key.name).collect()
}

on_both_stores! {
    async fn a_key_is_found_by_its_hash_only(site) {
        let keys = site.store.api_keys();
        let hash = SecretHash::of("bp_1");
        let made = create(&keys, "ci", &hash).await;
        assert_eq!(by_hash(&keys, &hash).await, Some(made.clone()));
        assert_eq!(by_hash(&keys, &SecretHash::of("bp_2")).await, None);
        assert_eq!(keys.list().await.unwrap().first(), Some(&made));
        assert_eq!(revoke(&keys, &made).await, Some(made.clone()));
        assert_eq!(revoke(&keys, &made).await, None);
        assert_eq!(by_hash(&keys, &hash).await, None);
    }

    async fn the_configured_key_replaces_the_one_configured_before(site) {
        let keys = site.store.api_keys();
        let (first, second) = (SecretHash::of("bp_first"), SecretHash::of("bp_second"));
        create(&keys, "ci", &SecretHash::of("bp_ci")).await;
        let added = Configured { revoked: 0, added: true };
        assert_eq!(keys.configure(Some(&first)).await.unwrap(), added);
        let made = by_hash(&keys, &first).await.unwrap();
        assert!(made.configured);
        assert_eq!(keys.configure(Some(&first)).await.unwrap(), Configured::default());
        assert_eq!(by_hash(&keys, &first).await, Some(made), "the same key stays");

        let replaced = Configured { revoked: 1, added: true };
        assert_eq!(keys.configure(Some(&second)).await.unwrap(), replaced);
        assert_eq!(by_hash(&keys, &first).await, None);
        assert!(by_hash(&keys, &second).await.is_some());

        let removed = Configured { revoked: 1, added: false };
        assert_eq!(keys.configure(None).await.unwrap(), removed);
        assert_eq!(keys.configure(None).await.unwrap(), Configured::default());
        assert_eq!(names(&site.store).await, ["ci"]);
    }

    async fn a_key_that_was_made_otherwise_goes_with_the_configuration_that_gives_it(site) {
        let keys = site.store.api_keys();
        let hash = SecretHash::of("bp_printed");
        let printed = create(&keys, "admin", &hash).await;
        assert_eq!(keys.configure(Some(&hash)).await.unwrap(), Configured::default());
        let kept = by_hash(&keys, &hash).await.unwrap();
        assert_eq!((kept.id, kept.configured), (printed.id, true));
        keys.configure(None).await.unwrap();
        assert_eq!(by_hash(&keys, &hash).await, None);
    }

    async fn the_last_use_of_a_key_never_goes_back(site) {
        let keys = site.store.api_keys();
        let used = create(&keys, "used", &SecretHash::of("bp_1")).await;
        let idle = create(&keys, "idle", &SecretHash::of("bp_2")).await;
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
        let made = create(&aside, "ci", &hash).await;
        assert_eq!(by_hash(&site.store.api_keys(), &hash).await, Some(made.clone()));
        revoke(&aside, &made).await.unwrap();
        assert_eq!(by_hash(&site.store.api_keys(), &hash).await, None);
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
