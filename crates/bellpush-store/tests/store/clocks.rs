//! What servers lease goes by the clock of the database, whatever their own clocks say.

use std::{collections::BTreeSet, time::Duration};

use bellpush_core::cluster::Term;
use bellpush_store::{Actor, CallFilter, ExportFormat, Exported, Store};

use crate::{
    alerts::{keep, made},
    site::{Site, after, master_key, new_node},
};

/// A database whose clock is an hour behind, and two servers on it.
async fn with_two_servers() -> (Site, [Store; 2]) {
    let site = Site::postgres().await;
    site.shift_clock(-1).await;
    let one = site.open(master_key()).await.unwrap();
    let other = site.open(master_key()).await.unwrap();
    let off = one.clock().await.unwrap().millis() - after(-3_600).millis();
    assert!(off.abs() < 60_000, "{off}");
    (site, [one, other])
}

/// Whether a lease ends within two minutes from now, as the database sees it.
async fn ends_soon(site: &Site, table: &str, column: &str) -> bool {
    let now = "EXTRACT(EPOCH FROM clock_timestamp()) * 1000";
    let sql = format!(
        "SELECT CAST({column} BETWEEN {now} AND {now} + 120000 AS TEXT) AS found FROM {table}"
    );
    site.found(&sql).await == ["true"]
}

async fn close(site: Site, servers: [Store; 2]) {
    for server in servers {
        server.close().await;
    }
    site.clear().await;
}

#[tokio::test]
async fn a_server_that_runs_is_seen_by_whose_clock_is_ahead() {
    let (site, servers) = with_two_servers().await;
    let term = Term { node_id: new_node(), incarnation: 1 };
    servers[0].join_cluster(term, Duration::from_secs(60), None, true).await.unwrap();
    assert!(servers[1].is_in_use().await.unwrap());
    close(site, servers).await;
}

#[tokio::test]
async fn a_mail_is_sent_by_one_of_two_servers_however_long_the_others_take() {
    let (site, servers) = with_two_servers().await;
    let app = site.app().await;
    for _ in 0..6 {
        keep(&servers[0], &made(&servers[0], app).await, 2000.0, 0).await;
    }
    let send_all = async |store: &Store| {
        let mut sent = Vec::new();
        while let Some(mail) = store.take_due_mail().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            store.mail_tried(&mail, Ok(())).await.unwrap();
            sent.push(mail.event_id);
        }
        sent
    };
    let (one, other) = tokio::join!(send_all(&servers[0]), send_all(&servers[1]));
    assert!(!one.is_empty() && !other.is_empty(), "none waits for another's: {one:?} {other:?}");
    let all: BTreeSet<_> = one.iter().chain(&other).collect();
    assert_eq!((one.len() + other.len(), all.len()), (6, 6));
    close(site, servers).await;
}

#[tokio::test]
async fn what_is_taken_is_a_servers_own_for_as_long_by_every_clock() {
    let (site, servers) = with_two_servers().await;
    let app = site.app().await;
    keep(&servers[0], &made(&servers[0], app).await, 2000.0, 0).await;
    servers[0].take_due_mail().await.unwrap().unwrap();
    assert!(ends_soon(&site, "alert_mails", "next_due").await);

    let exported = Exported::Calls(CallFilter::default());
    let export = servers[0]
        .create_export(app, exported, ExportFormat::Json, after(3_600), 1, &Actor::HOST)
        .await
        .unwrap();
    assert_eq!(servers[0].take_export().await.unwrap(), export);
    assert!(ends_soon(&site, "exports", "leased_until").await);
    assert_eq!(servers[1].take_export().await.unwrap(), None);
    close(site, servers).await;
}
