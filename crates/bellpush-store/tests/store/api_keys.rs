//! Keys of the management API: found by their hash, replaced with the configuration, and managed
//! while a server runs.

use bellpush_core::{
    access::{Authority, Grant},
    events::EventTime,
};
use bellpush_store::{
    Accounts, Actor, ApiKey, ApiKeys, AuditAction, AuditFilter, Configured, InvitationDraft,
    NewApiKey, OpenError, PageRequest, SecretHash, Store, Target,
};

use crate::site::now;

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

/// Who lets somebody in by an invitation.
const LINK: &str = "in_1";

/// A key that made another one, which made a third one and an invitation.
async fn family(store: &Store, first: &SecretHash) -> [SecretHash; 3] {
    let keys = store.api_keys();
    let hashes = [first.clone(), SecretHash::of("bp_child"), SecretHash::of("bp_grandchild")];
    let mut made_by_key = by_hash(&keys, first).await.map(|key| key.id);
    for hash in &hashes[1..] {
        let new = NewApiKey { made_by_key, ..NewApiKey::of_installation("made by one", hash) };
        made_by_key = Some(keys.create(new, &Actor::HOST).await.unwrap());
    }
    let invitation = InvitationDraft {
        token: &SecretHash::of(LINK),
        email: &"ben@example.com".parse().unwrap(),
        grant: Grant::OWNER,
        invited_by: None,
        made_by_key,
        expires_at: at(i64::from(u32::MAX) * 1_000),
    };
    let by = (&Authority::of_member(&Grant::OWNER), &Actor::HOST);
    store.accounts().invite(invitation, by).await.unwrap();
    hashes
}

/// That nothing is left of it, and how many lines say so.
async fn is_gone(store: &Store, family: &[SecretHash]) {
    for hash in family {
        assert_eq!(by_hash(&store.api_keys(), hash).await, None);
    }
    let link = SecretHash::of(LINK);
    assert_eq!(store.accounts().invitation_by_token(&link, now()).await.unwrap(), None);
    for (action, lines) in [(AuditAction::ApiKeyRevoked, 3), (AuditAction::InvitationDeleted, 1)] {
        let filter = AuditFilter { actions: vec![action], ..AuditFilter::default() };
        let page = store.audit(&filter, PageRequest::first(10)).await.unwrap();
        assert_eq!(page.items.len(), lines, "{action:?}");
    }
}

on_both_stores! {
    async fn what_a_revoked_key_has_made_goes_with_it(site) {
        let keys = site.store.api_keys();
        let first = SecretHash::of("bp_1");
        let made = create(&keys, "leaked", &first).await;
        create(&keys, "ci", &SecretHash::of("bp_ci")).await;
        let family = family(&site.store, &first).await;
        let link = SecretHash::of(LINK);
        let accounts = site.store.accounts();
        assert!(accounts.invitation_by_token(&link, now()).await.unwrap().is_some());
        revoke(&keys, &made).await.unwrap();
        is_gone(&site.store, &family).await;
        assert_eq!(names(&site.store).await, ["ci"]);
    }

    async fn what_the_configured_key_has_made_goes_with_it_but_for_the_next_configured_one(site) {
        let keys = site.store.api_keys();
        let first = SecretHash::of("bp_first");
        keys.configure(Some(&first)).await.unwrap();
        let all = family(&site.store, &first).await;
        keys.configure(Some(&SecretHash::of("bp_second"))).await.unwrap();
        is_gone(&site.store, &all).await;

        let second = by_hash(&keys, &SecretHash::of("bp_second")).await.unwrap();
        let third = SecretHash::of("bp_third");
        let made_by_key = Some(second.id);
        let new = NewApiKey { made_by_key, ..NewApiKey::of_installation("next", &third) };
        keys.create(new, &Actor::HOST).await.unwrap();
        keys.configure(Some(&third)).await.unwrap();
        assert_eq!(names(&site.store).await, ["next"]);
    }

    async fn an_invitation_is_worth_no_more_than_the_key_by_which_it_was_made(site) {
        let keys = site.store.api_keys();
        let hash = SecretHash::of("bp_short");
        let expires_at = Some(at(now().millis() + 60_000));
        let new = NewApiKey { expires_at, ..NewApiKey::of_installation("short", &hash) };
        let made_by_key = Some(keys.create(new, &Actor::HOST).await.unwrap());
        let link = SecretHash::of(LINK);
        let invitation = InvitationDraft {
            token: &link,
            email: &"ben@example.com".parse().unwrap(),
            grant: Grant::OWNER,
            invited_by: None,
            made_by_key,
            expires_at: at(now().millis() + 3_600_000),
        };
        let by = (&Authority::of_member(&Grant::OWNER), &Actor::HOST);
        let accounts = site.store.accounts();
        accounts.invite(invitation, by).await.unwrap();
        assert!(accounts.invitation_by_token(&link, now()).await.unwrap().is_some());
        let later = at(now().millis() + 61_000);
        assert_eq!(accounts.invitation_by_token(&link, later).await.unwrap(), None);
    }

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

    async fn a_database_of_a_server_of_another_version_is_left_alone(site) {
        site.sql("DELETE FROM schema_migrations WHERE version > 1").await;
        assert!(matches!(ApiKeys::open(&site.target).await, Err(OpenError::OlderSchema { .. })));
        assert!(matches!(Accounts::open(&site.target).await, Err(OpenError::OlderSchema { .. })));
        assert_eq!(site.found("SELECT name AS found FROM schema_migrations").await.len(), 1);
        site.sql("INSERT INTO schema_migrations VALUES (9999, 'later', 0)").await;
        site.sql("DELETE FROM schema_compatibility").await;
        assert!(matches!(ApiKeys::open(&site.target).await, Err(OpenError::NewerSchema { .. })));
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
async fn a_postgresql_that_no_server_has_used_stays_empty() {
    let site = crate::site::Site::postgres().await;
    site.store.close().await;
    site.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    assert!(matches!(ApiKeys::open(&site.target).await, Err(OpenError::Empty)));
    assert!(matches!(Accounts::open(&site.target).await, Err(OpenError::Empty)));
    let tables = "SELECT tablename AS found FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(site.found(tables).await, [""; 0]);
    site.clear().await;
}
