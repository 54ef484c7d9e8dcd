//! Opening: whose database it is, of which version, and with which key.

use std::os::unix::fs::PermissionsExt;

use bellpush_store::{MasterKey, OpenError, Store, Target};
use futures_util::future::join_all;

use crate::site::{Site, master_key};

on_both_stores! {
    async fn a_newer_schema_is_used_until_it_needs_a_newer_program(site) {
        site.store.close().await;
        // A newer version expanded it: one more column, and one more table.
        site.sql("INSERT INTO schema_migrations (version, name, applied_at) VALUES (999, 'x', 0)").await;
        site.sql("ALTER TABLE session_tokens ADD COLUMN later BIGINT").await;
        site.sql("CREATE TABLE later (id BIGINT)").await;
        let store = site.open(master_key()).await.unwrap();
        store.put_setting("still", "writable").await.unwrap();
        store.close().await;
        // Then one contracted it.
        site.sql("UPDATE schema_compatibility SET oldest = 999").await;
        let error = site.open(master_key()).await.unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 999, .. }), "{error:?}");
        assert!(error.to_string().contains("version 999"));
    }

    async fn a_newer_schema_that_does_not_say_whom_it_needs_is_refused(site) {
        site.store.close().await;
        site.sql("INSERT INTO schema_migrations (version, name, applied_at) VALUES (999, 'x', 0)").await;
        site.sql("DELETE FROM schema_compatibility").await;
        let error = site.open(master_key()).await.unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 999, .. }), "{error:?}");
    }

    async fn what_is_opened_as_it_is_keeps_its_schema(site) {
        site.store.close().await;
        let open = || Store::open_as_it_is(site.target.clone(), master_key());
        open().await.unwrap().close().await;
        // As a server of the version before has left it.
        let last = "(SELECT MAX(version) FROM schema_migrations)";
        site.sql(&format!("DELETE FROM schema_migrations WHERE version = {last}")).await;
        let versions = async || site.found("SELECT name AS found FROM schema_migrations").await.len();
        let before = versions().await;
        let error = open().await.unwrap_err();
        assert!(matches!(error, OpenError::OlderSchema { .. }), "{error:?}");
        assert_eq!(versions().await, before);
    }

    async fn another_master_key_is_refused(site) {
        site.store.close().await;
        let error = site.open(MasterKey::from_bytes([8; 32])).await.unwrap_err();
        assert!(matches!(error, OpenError::WrongMasterKey), "{error:?}");
        let store = site.open(master_key()).await.unwrap();
        store.check().await.unwrap();
        store.close().await;
    }
}

#[tokio::test]
async fn a_second_process_is_told_that_the_directory_is_in_use() {
    let site = Site::sqlite().await;
    let error = Store::open(site.target.clone(), master_key()).await.unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error:?}");
    assert!(error.to_string().contains("in use by another bellpush process"));
    site.clear().await;
}

#[tokio::test]
async fn no_database_is_made_where_one_is_to_be_opened_as_it_is() {
    let dir = tempfile::TempDir::new().unwrap();
    let target = Target::Sqlite { dir: dir.path().to_owned() };
    let error = Store::open_as_it_is(target, master_key()).await.unwrap_err();
    assert!(matches!(error, OpenError::NoDatabase(_)), "{error:?}");
    assert_eq!(dir.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_data_directory_is_for_its_user_alone() {
    let site = Site::sqlite().await;
    site.visitor().await;
    let Target::Sqlite { dir } = &site.target else { unreachable!() };
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir), 0o700);
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    site.clear().await;
}

#[tokio::test]
async fn nodes_that_start_at_once_set_up_the_schema_once() {
    let site = Site::postgres().await;
    site.store.close().await;
    site.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    let stores = join_all((0..4).map(|_| Store::open(site.target.clone(), master_key()))).await;
    for store in stores {
        let store = store.unwrap();
        store.check().await.unwrap();
        store.close().await;
    }
    site.clear().await;
}

#[tokio::test]
async fn an_address_that_answers_nothing_is_named_as_such_without_its_password() {
    // Port 1: nobody listens there.
    let url = "postgres://bellpush:hush@127.0.0.1:1/x".to_owned().into();
    let target = Target::Postgres { url };
    let shown = format!("{target:?}");
    let error = Store::open(target, master_key()).await.unwrap_err();
    assert!(error.to_string().contains("not available"), "{error}");
    assert!(!format!("{shown} {error} {error:?}").contains("hush"));
}
