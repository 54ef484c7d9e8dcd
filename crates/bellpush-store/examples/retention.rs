//! What it takes to let go of what is over its time: row by row, and by dropping a partition.
//!
//! `retention [rows]`, on PostgreSQL: `BELLPUSH_TEST_POSTGRES` is an administrator's URL; a database is
//! made and dropped. So many visits, each with a `widget_loaded` that was delivered at once.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use bellpush_core::{
    app::{AppSettings, Retention},
    events::EventTime,
    ids::AppId,
};
use bellpush_store::{Actor, MasterKey, Store, Target, Waiting};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

#[tokio::main]
async fn main() {
    let rows = std::env::args().nth(1).map_or(200_000, |rows| rows.parse::<u64>().unwrap());
    let admin_url = std::env::var("BELLPUSH_TEST_POSTGRES").unwrap();
    let admin = Database::connect(&admin_url).await.unwrap();
    for drops in [false, true] {
        let name = format!("bellpush_retention_{}", Uuid::now_v7().simple());
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (server, _) = admin_url.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}");
        measure(&url, rows, drops).await;
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        admin.execute_unprepared(&sql).await.unwrap();
    }
}

async fn measure(url: &str, rows: u64, drops: bool) {
    let target = Target::Postgres { url: url.to_owned().into() };
    let store = Store::open(target, MasterKey::from_bytes([1; 32])).await.unwrap();
    let app = store.create_app(&AppSettings::named("Benchmark"), &Actor::HOST).await.unwrap();
    let settings = serde_json::from_value(serde_json::json!({
        "name": "Hook", "url": "https://hooks.example/x", "events": ["widget_loaded"],
    }));
    let (settings, secret) = (settings.unwrap(), "whsec_x".into());
    let hook = store.create_integration(app.id, &settings, &secret, 1, &Actor::HOST).await.unwrap();
    let database = Database::connect(url).await.unwrap();
    fill(&database, app.id, &hook.id.to_string(), rows).await;

    let retention =
        Retention { visits: Some(1), events: Some(1), deliveries: Some(1), ..Retention::default() };
    let later =
        EventTime::from_millis(jiff::Timestamp::now().as_millisecond() + 20 * DAY_MS).unwrap();
    let (began, wal) = (Instant::now(), written(&database).await);
    if drops {
        store.keep_partitions(&retention, later).await.unwrap();
    } else {
        let waiting = Waiting::default();
        store.apply_retention(app.id, &retention, &waiting, later).await.unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    let left = count(&database, "SELECT COUNT(*) AS found FROM sessions").await;
    assert_eq!(left, 0);
    println!(
        "{rows} visits {}: {took:.2} s, {:.1} MB of write-ahead log",
        if drops { "by dropping partitions" } else { "row by row" },
        (written(&database).await - wal) as f64 / 1e6,
    );
    database.close().await.unwrap();
    store.close().await;
}

/// Visits of now.
async fn fill(database: &DatabaseConnection, app_id: AppId, hook: &str, rows: u64) {
    let id = Uuid::now_v7().simple().to_string();
    let (first, event) = (&id[..16], format!("{}-{}-{}", &id[..8], &id[8..12], &id[12..16]));
    let envelope = "x".repeat(500);
    for sql in [
        format!(
            "INSERT INTO sessions (id, app_id, context, preview, created_at)
             SELECT 'ses_{first}' || lpad(to_hex(n), 16, '0'), '{app_id}', '{{}}', FALSE, 0
             FROM generate_series(1, {rows}) AS n"
        ),
        "INSERT INTO session_context (app_id, key, value, session_id)
         SELECT app_id, 'orderId', right(id, 8), id FROM sessions"
            .to_owned(),
        format!(
            "INSERT INTO events
                (id, app_id, session_id, name, preview, envelope, occurred_at, recorded_at)
             SELECT '{event}-8000-' || right(id, 12), app_id, id, 'widget_loaded', FALSE,
                '{envelope}', 0, 0
             FROM sessions"
        ),
        format!("INSERT INTO deliveries SELECT '{hook}', seq, 'delivered', 1, NULL FROM events"),
        format!(
            "INSERT INTO attempts (integration_id, event_seq, number, started_at, duration_ms, status, detail)
             SELECT '{hook}', seq, 1, 0, 12, 204, '' FROM events"
        ),
        "VACUUM ANALYZE".to_owned(),
        "CHECKPOINT".to_owned(),
    ] {
        database.execute_unprepared(&sql).await.unwrap();
    }
}

/// Bytes of the write-ahead log so far.
async fn written(database: &DatabaseConnection) -> i64 {
    count(database, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::BIGINT AS found").await
}

async fn count(database: &DatabaseConnection, sql: &str) -> i64 {
    let sql = Statement::from_string(DbBackend::Postgres, sql.to_owned());
    let row = database.query_one_raw(sql).await.unwrap().unwrap();
    row.try_get("", "found").unwrap()
}
