//! Every hot query has an index that serves it. The databases' own plans say so.

#[path = "../tests/store/site.rs"]
#[allow(dead_code)]
mod site;

use bellpush_core::{
    delivery::{DeliveryStatus, Seq},
    ids::{AppId, CallId, IntegrationId},
};
use sea_orm::{ConnectionTrait, TransactionTrait, Value};
use uuid::Uuid;

use self::site::Site;
use crate::{
    AuditAction, AuditFilter, CallFilter, DeliveryFilter, EventFilter, PageRequest,
    access::audit::search as audit,
    apps::{designs, sessions},
    calls::{call, callbacks, nodes},
    db::{self, Db, page::Query},
    deliveries::{
        attempts, endpoints, hours, outages, replays,
        search::{self, Bounds, Search},
        statistics,
    },
    events::{
        log::{group, rows},
        search as event_log,
    },
    integrations::secrets,
    removals,
    routing::profiles,
};

fn audit_of(choose: impl FnOnce(&mut AuditFilter)) -> AuditFilter {
    let mut filter = AuditFilter::default();
    choose(&mut filter);
    filter
}

/// What each hot query must be served by.
fn hot_queries() -> Vec<(Query, &'static str)> {
    let fixed = |sql: &str, values: Vec<Value>| Query { sql: sql.into(), values };
    let app_id = AppId::from_uuid(Uuid::now_v7());
    let call_id = CallId::from_uuid(Uuid::max());
    let event_id = site::event_id();
    let integration_id = IntegrationId::from_uuid(Uuid::now_v7());
    let list = || Value::from(r#"[["x",1]]"#);
    let calls_page = PageRequest { after: Some(call_id), limit: 20 };
    let page = PageRequest { after: Some(Seq(1000)), limit: 20 };
    let context = Some(("orderId".to_owned(), "A-7".to_owned()));
    let name = Some("call_ended".to_owned());
    let filter = |call_id, context, name| EventFilter { call_id, context, name };
    let by_context = CallFilter { context: context.clone() };
    let pending = [integration_id.to_string().into(), 5.into(), 20.into()].to_vec();
    let reveals = [integration_id.to_string().into(), 5.into(), 10.into()].to_vec();
    let status = |statuses: &[DeliveryStatus]| DeliveryFilter {
        statuses: statuses.to_vec(),
        ..DeliveryFilter::default()
    };
    let search = |filter: DeliveryFilter| {
        let bounds = Bounds { after: Some(Seq(10)), before: Some(Seq(1000)) };
        Search { app_id, integration_id, filter: &filter, bounds }.newest(20)
    };
    let newest = |filter: DeliveryFilter| {
        let bounds = Bounds { after: None, before: Some(Seq(1000)) };
        Search { app_id, integration_id, filter: &filter, bounds }.newest(20)
    };
    let hours = || vec![integration_id.to_string().into(), 1.into(), 9.into(), 24.into()];
    let one = || vec![integration_id.to_string().into()];
    let step = || vec![integration_id.to_string().into(), 5_i64.into(), 20_i64.into()];
    let events_step = || vec![app_id.to_string().into(), 5_i64.into(), 20_i64.into()];
    let rows_step = |last: Value| vec![app_id.to_string().into(), "".into(), last];
    vec![
        (fixed(group::FACTS, vec![list()]), "apps_pkey"),
        (fixed(group::FACTS, vec![list()]), "events_id_key"),
        (fixed(group::FACTS, vec![list()]), "calls_pkey"),
        (fixed(rows::INSERT_DELIVERIES, vec![list(), 1_i64.into()]), "integrations_by_app"),
        (fixed(endpoints::PENDING, pending), "deliveries_pending"),
        (fixed(attempts::UPDATE_DELIVERIES, vec![list()]), "deliveries_pkey"),
        (fixed(removals::LAST_DELIVERY, step()), "deliveries_pkey"),
        (fixed(removals::REMOVE_DELIVERIES, step()), "deliveries_pkey"),
        (fixed(removals::REMOVE_ATTEMPTS, step()), "attempts_pkey"),
        (fixed(removals::LAST_EVENT, events_step()), "events_by_app"),
        (fixed(removals::REMOVE_EVENTS, events_step()), "events_by_app"),
        (fixed(removals::REMOVE_TRACES, events_step()), "event_traces_pkey"),
        (fixed(removals::LAST_CALL, rows_step(20_i64.into())), "calls_by_app"),
        (fixed(removals::REMOVE_CALLS, rows_step("y".into())), "calls_by_app"),
        (fixed(removals::REMOVE_SURVEYS, rows_step("y".into())), "survey_responses_pkey"),
        (fixed(removals::LAST_SESSION, rows_step(20_i64.into())), "sessions_by_app"),
        (fixed(removals::REMOVE_SESSIONS, rows_step("y".into())), "sessions_by_app"),
        (
            fixed(designs::PUBLISHED, vec![app_id.to_string().into(), 5_i64.into()]),
            "design_versions_pkey",
        ),
        (
            designs::versions_query(app_id, PageRequest { after: Some(9), limit: 20 }),
            "design_versions_pkey",
        ),
        (callbacks::query(app_id, PageRequest::first(20)), "callback_requests_by_app"),
        (search(status(&[])), "deliveries_pkey"),
        (search(status(&[DeliveryStatus::Delivered])), "deliveries_pkey"),
        (search(status(&[DeliveryStatus::Dead])), "deliveries_dead"),
        (search(status(&[DeliveryStatus::Pending])), "deliveries_pending"),
        (
            search(DeliveryFilter { name: name.clone(), ..status(&[DeliveryStatus::Dead]) }),
            "deliveries_dead",
        ),
        (search(DeliveryFilter { name: name.clone(), ..status(&[]) }), "deliveries_pkey"),
        (newest(DeliveryFilter { name: name.clone(), ..status(&[]) }), "events_by_name"),
        (search(DeliveryFilter { event_id: Some(event_id), ..status(&[]) }), "events_id_key"),
        (search(DeliveryFilter { call_id: Some(call_id), ..status(&[]) }), "events_by_call"),
        (search(DeliveryFilter { context: context.clone(), ..status(&[]) }), "events_by_session"),
        (fixed(search::RECORDED_AT, vec![5.into()]), "events_pkey"),
        (fixed(hours::COUNT, vec![list()]), "integrations_pkey"),
        (fixed(statistics::ATTEMPTS, hours()), "attempt_hours_pkey"),
        (fixed(statistics::BACKLOG, hours()), "backlog_hours_pkey"),
        (fixed(statistics::FORGET_ATTEMPTS, vec![5.into()]), "attempt_hours_pkey"),
        (fixed(statistics::FORGET_BACKLOG, vec![5.into()]), "backlog_hours_pkey"),
        (fixed(outages::FORGET, vec!["x".into()]), "notifications_pkey"),
        (fixed(statistics::WAITING, one()), "deliveries_pending"),
        (fixed(replays::WAITING, [one(), vec![9.into()]].concat()), "deliveries_pending"),
        (fixed(replays::REPLAY, [vec![list()], one(), vec![9.into()]].concat()), "deliveries_pkey"),
        (fixed(replays::RUNNING, vec![]), "replays_one_running"),
        (fixed(secrets::RECENT_REVEALS, reveals), "audit_trail_reveals"),
        (
            audit::query(&audit_of(|filter| filter.app_id = Some(app_id)), page),
            "audit_trail_by_app",
        ),
        (
            audit::query(&audit_of(|filter| filter.subject_id = Some("int_1".into())), page),
            "audit_trail_by_subject",
        ),
        (
            audit::query(&audit_of(|filter| filter.actor_id = Some("key_1".into())), page),
            "audit_trail_by_actor",
        ),
        (
            audit::query(&audit_of(|filter| filter.actions = vec![AuditAction::SetUp]), page),
            "audit_trail_by_action",
        ),
        (audit::query(&AuditFilter::default(), page), "audit_trail_pkey"),
        (fixed(profiles::OF_APP, vec![app_id.to_string().into()]), "destinations_by_app"),
        (fixed(sessions::BY_TOKEN, vec!["x".into(), 1_i64.into()]), "session_tokens_pkey"),
        (fixed(nodes::ORPHANED, vec!["x".into(), 1_i64.into(), 2_i64.into()]), "calls_live"),
        (call::query(app_id, &CallFilter::default(), calls_page), "calls_by_app"),
        (call::query(app_id, &by_context, calls_page), "calls_by_session"),
        (event_log::query(app_id, &filter(None, None, None), page), "events_by_app"),
        (event_log::query(app_id, &filter(None, None, name), page), "events_by_name"),
        (event_log::query(app_id, &filter(None, context, None), page), "events_by_session"),
        (event_log::query(app_id, &filter(Some(call_id), None, None), page), "events_by_call"),
    ]
}

/// Rows enough that scanning them would be the worse plan.
const ROWS: &[&str] = &[
    "INSERT INTO app_rows (id, settings, created_at, updated_at)
     SELECT 'app_' || (n % 50), '{}', 0, 0 FROM numbers WHERE n <= 50",
    "INSERT INTO integrations
        (id, app_id, settings, active, include_previews, signing_secret, created_at, updated_at)
     SELECT 'int_' || n, 'app_' || (n % 50), '{}', TRUE, FALSE, '', 0, 0 FROM numbers WHERE n < 2000",
    "INSERT INTO integration_events (integration_id, name)
     SELECT 'int_' || n, 'call_ended' FROM numbers WHERE n < 2000",
    "INSERT INTO sessions (id, app_id, context, preview, created_at)
     SELECT 'ses_' || n, 'app_' || (n % 50), '{}', FALSE, 0 FROM numbers",
    "INSERT INTO session_tokens (token_hash, session_id, expires_at)
     SELECT 'hash_' || n, 'ses_' || n, n FROM numbers",
    "INSERT INTO session_context (app_id, key, value, session_id)
     SELECT 'app_' || (n % 50), 'orderId', 'A-' || n, 'ses_' || n FROM numbers",
    "INSERT INTO calls (id, app_id, session_id, profile_id, node_id, state, started_at)
     SELECT 'call_' || n, 'app_' || (n % 50), 'ses_' || n, 'dest_1', 'node_' || (n % 3),
        CASE WHEN n % 1000 = 0 THEN 'live' ELSE 'ended' END, n
     FROM numbers",
    "INSERT INTO events
        (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
     SELECT 'event_' || n, 'app_' || (n % 50), 'ses_' || n, 'call_' || n,
        CASE WHEN n % 10 = 0 THEN 'call_ended' ELSE 'wish' END, FALSE, '{}', n, n
     FROM numbers",
    "INSERT INTO audit_trail
        (seq, app_id, subject_id, action, actor_kind, actor_id, address, at, changes, hash)
     SELECT n, 'app_' || (n % 50), 'int_' || (n % 500),
        CASE WHEN n % 10 = 0 THEN 'secret_revealed' ELSE 'secret_set' END, 'api_key',
        'key_' || (n % 5000), '192.0.2.1', n, '[]', ''
     FROM numbers",
    "INSERT INTO deliveries (integration_id, event_seq, status, attempts, next_due)
     SELECT 'int_' || (n % 50), n,
        CASE WHEN n % 100 = 0 THEN 'pending' WHEN n % 100 = 1 THEN 'dead' ELSE 'delivered' END, 1, n
     FROM numbers",
];

async fn fill(db: &Db) {
    for sql in ROWS {
        let sql = sql.replacen(
            " FROM numbers",
            " FROM (WITH RECURSIVE counted (n) AS (
                SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000
              ) SELECT n FROM counted) AS numbers",
            1,
        );
        let sql = sql.replacen("\n     FROM numbers", " FROM numbers", 1);
        db.write.execute_unprepared(&sql).await.unwrap();
    }
}

/// The plan as text, without running the query.
async fn plan(db: &Db, query: Query, postgres: bool) -> String {
    let (explain, column) =
        if postgres { ("EXPLAIN", "QUERY PLAN") } else { ("EXPLAIN QUERY PLAN", "detail") };
    let transaction = db.write.begin().await.unwrap();
    let sql = format!("{explain} {}", query.sql);
    let rows = db::all(&transaction, &sql, query.values).await.unwrap();
    rows.iter().map(|row| row.get::<String>(column).unwrap() + "\n").collect()
}

#[tokio::test]
async fn every_hot_query_is_served_by_its_index_on_sqlite() {
    let site = Site::sqlite().await;
    fill(site.store.db()).await;
    for (query, index) in hot_queries() {
        let sql = query.sql.clone();
        let plan = plan(site.store.db(), query, false).await;
        // SQLite has no names for the indexes that come with keys.
        let named = match index.strip_suffix("_pkey") {
            // A view; the table's name has changed on SQLite alone in that of its index.
            Some("apps") => {
                plan.contains("SEARCH app_rows USING INDEX sqlite_autoindex_app_rows_1")
            }
            Some(table) => [
                "PRIMARY KEY".to_owned(),
                "INTEGER PRIMARY KEY".to_owned(),
                format!("INDEX sqlite_autoindex_{table}_1"),
                format!("COVERING INDEX sqlite_autoindex_{table}_1"),
            ]
            .iter()
            .any(|index| plan.contains(&format!("SEARCH {table} USING {index}"))),
            None if index == "events_id_key" => plan.contains("sqlite_autoindex_events_1"),
            None => [' ', '\n'].iter().any(|end| plan.contains(&format!("INDEX {index}{end}"))),
        };
        assert!(named, "not by {index}:\n{plan}of{sql}");
        let scans = plan.lines().filter(|line| {
            line.starts_with("SCAN ")
                && ![
                    "VIRTUAL TABLE",
                    "USING INDEX calls_live",
                    "USING INDEX replays_one_running",
                    "SCAN first_ones",
                ]
                .iter()
                .any(|fine| line.contains(fine))
        });
        assert_eq!(scans.collect::<Vec<_>>(), [""; 0], "{sql}");
    }
    site.clear().await;
}

#[tokio::test]
async fn every_hot_query_is_served_by_its_index_on_postgres() {
    let site = Site::postgres().await;
    for statistics in ["stale", "fresh"] {
        if statistics == "fresh" {
            fill(site.store.db()).await;
            site.sql("ANALYZE").await;
        }
        for (query, index) in hot_queries() {
            let sql = query.sql.clone();
            let plan = plan(site.store.db(), query, true).await;
            // It may think it shorter to go through the deliveries than through the events.
            let other_way = index.starts_with("events_by") && plan.contains("deliveries_pkey");
            let served = plan.contains(index) || other_way;
            assert!(served, "{statistics}: not by {index}:\n{plan}of{sql}");
            for table in ["events", "calls", "deliveries", "sessions", "session_context"] {
                assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}of{sql}");
            }
        }
    }
    site.clear().await;
}
