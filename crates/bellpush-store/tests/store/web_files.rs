//! The web parts of versions that run beside each other.

use std::{borrow::Cow, cell::Cell, time::Duration};

use bellpush_store::{Store, WebFile};

use crate::site::Site;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The files of a version, whose bodies are their paths; says how many were asked for.
async fn publish(store: &Store, paths: &[&str], kept_for: Duration) -> usize {
    let asked = Cell::new(0);
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let file = |path: &str| {
        asked.set(asked.get() + 1);
        Some(of(path))
    };
    store.publish_web_files(&paths, file, kept_for).await.unwrap();
    asked.get()
}

fn of(path: &str) -> WebFile {
    // No text, and of any length.
    let body = [path.as_bytes(), b"\x00\xff\x27\\"].concat();
    let brotli = path.ends_with(".js").then(|| Cow::Borrowed(&b"\x00\xff"[..]));
    WebFile { body: Cow::Owned(body), brotli }
}

async fn has(store: &Store, path: &str) -> bool {
    let found = store.web_file(path).await.unwrap();
    assert!(found.as_ref().is_none_or(|found| *found == of(path)), "{path}");
    found.is_some()
}

#[tokio::test]
async fn each_version_finds_the_files_of_the_other() {
    let site = Site::postgres().await;
    let (old, new) = (&site.store, &site.open(crate::site::master_key()).await.unwrap());
    assert_eq!(publish(old, &["widget/a-1.js", "widget/b.css"], WEEK).await, 2);
    assert_eq!(publish(new, &["widget/a-2.js", "widget/b.css"], WEEK).await, 1);
    for store in [old, new] {
        for path in ["widget/a-1.js", "widget/a-2.js", "widget/b.css"] {
            assert!(has(store, path).await, "{path}");
        }
        assert!(!has(store, "widget/a-3.js").await);
    }
    // One that starts again writes nothing anew.
    assert_eq!(publish(old, &["widget/a-1.js", "widget/b.css"], WEEK).await, 0);
    site.clear().await;
}

#[tokio::test]
async fn what_no_version_has_published_of_late_goes() {
    let site = Site::postgres().await;
    let store = &site.store;
    publish(store, &["widget/a-1.js", "widget/b.css"], WEEK).await;
    site.sql("UPDATE web_files SET published_at = published_at - 8 * 86400000").await;
    publish(store, &["widget/a-2.js", "widget/b.css"], WEEK).await;
    assert!(!has(store, "widget/a-1.js").await);
    assert!(has(store, "widget/a-2.js").await && has(store, "widget/b.css").await);
    site.clear().await;
}

#[tokio::test]
async fn servers_that_start_at_once_publish_the_same_without_waiting_for_each_other() {
    let site = Site::postgres().await;
    let paths: Vec<String> = (0..200).map(|n| format!("studio/{n}.js")).collect();
    let backwards: Vec<String> = paths.iter().rev().cloned().collect();
    let file = |path: &str| Some(of(path));
    for _ in 0..5 {
        let (one, other) = tokio::join!(
            site.store.publish_web_files(&paths, file, WEEK),
            site.store.publish_web_files(&backwards, file, Duration::ZERO),
        );
        one.unwrap();
        other.unwrap();
    }
    site.clear().await;
}

#[tokio::test]
async fn on_sqlite_there_is_no_other_version() {
    let site = Site::sqlite().await;
    assert_eq!(publish(&site.store, &["widget/a-1.js"], WEEK).await, 0);
    assert!(!has(&site.store, "widget/a-1.js").await);
    site.clear().await;
}
