//! Every hot query has an index that serves it. The databases' own plans say so.

mod backlog;
mod dialogs;
mod filled;
mod minutes;
mod outages;
mod rehearsals;
#[path = "../tests/store/site.rs"]
#[allow(dead_code)]
pub(crate) mod site;

use bellpush_core::{
    delivery::{DeliveryStatus, Seq},
    events::ErrorCode,
    ids::{AlertRuleId, AppId, CallId, DestinationId, IntegrationId},
    profile::ProfileKind,
    quality::QualityGrade,
};
use sea_orm::{TransactionTrait, Value};
use uuid::Uuid;

use self::{filled::fill, site::Site};
use crate::{
    AuditAction, AuditFilter, CallFilter, CallStateName, DeliveryFilter, EventFilter, PageRequest,
    access::{attempts, audit::search as audit, views},
    alerts,
    analytics::{read, roll_up},
    apps::{design_schedules, designs, embed_reports, sessions},
    calls::{callbacks, nodes, state, traces},
    db::{self, Db, page::Query},
    deliveries::{
        attempts as delivery_attempts, endpoints, hours, outages as notifications, replays,
        search::{self, Bounds, Search},
        statistics,
    },
    events::{
        log::{group, rows},
        search as event_log,
    },
    insight::{self, calls, context::ByContext, exports, lookup, records, tail, timeline},
    integrations::secrets,
    privacy::{erase, find, retention},
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
    let filter =
        |call_id, context, name| EventFilter { call_id, context, name, ..EventFilter::default() };
    let calls = |filter: CallFilter, by_context: ByContext| {
        calls::search::Search { app_id, filter: &filter, by_context }.newest(&calls_page, None)
    };
    let in_row = |filter: CallFilter| calls(filter, ByContext::Rows);
    let profile = DestinationId::from_uuid(Uuid::now_v7());
    let by_profile = || CallFilter { profile_id: Some(profile), ..CallFilter::default() };
    let by_answerer = || CallFilter { answered_by: Some(profile), ..CallFilter::default() };
    let by_error = || CallFilter {
        error_code: Some(ErrorCode::MediaFailed),
        from: Some(site::now()),
        ..CallFilter::default()
    };
    let by_context = || CallFilter { context: context.clone(), ..CallFilter::default() };
    let by_stars = || CallFilter { rating: Some(1), ..CallFilter::default() };
    let of_state = |state| CallFilter { state: Some(state), ..CallFilter::default() };
    let graded = |quality| CallFilter { quality: Some(quality), ..CallFilter::default() };
    let floor = |filter: CallFilter| {
        let search = calls::search::Search { app_id, filter: &filter, by_context: ByContext::Rows };
        search.floor(Some(call_id), 10_000)
    };
    let count = |filter: CallFilter| {
        let search = calls::search::Search { app_id, filter: &filter, by_context: ByContext::Rows };
        search.count(Some(CallId::from_uuid(Uuid::nil())))
    };
    let bounds = Bounds { after: None, before: Some(Seq(1000)) };
    let of_call = || vec![call_id.to_string().into(), app_id.to_string().into(), 20_i64.into()];
    let events = |filter: EventFilter, by_context: ByContext| {
        event_log::Search { app_id, filter: &filter, bounds, by_context }.newest(20, None)
    };
    // Of so few it is tempting to look through the newest.
    let last_of = |filter: EventFilter| {
        let by_context = ByContext::Sessions;
        event_log::Search { app_id, filter: &filter, bounds, by_context }.newest(1, None)
    };
    let pair = || {
        let (app_id, value) = (app_id.to_string().into(), Value::from("A-7"));
        vec![app_id, "orderId".into(), value]
    };
    let pending = [integration_id.to_string().into(), 5.into(), 20.into()].to_vec();
    let reveals = [integration_id.to_string().into(), 5.into(), 10.into()].to_vec();
    let status = |statuses: &[DeliveryStatus]| DeliveryFilter {
        statuses: statuses.to_vec(),
        ..DeliveryFilter::default()
    };
    let search = |filter: DeliveryFilter| {
        let bounds = Bounds { after: Some(Seq(10)), before: Some(Seq(1000)) };
        let by_context = ByContext::Sessions;
        Search { app_id, integration_id, filter: &filter, bounds, by_context }.newest(20)
    };
    let newest = |filter: DeliveryFilter| {
        let bounds = Bounds { after: None, before: Some(Seq(1000)) };
        let by_context = ByContext::Sessions;
        Search { app_id, integration_id, filter: &filter, bounds, by_context }.newest(20)
    };
    let hours = || vec![integration_id.to_string().into(), 1.into(), 9.into(), 24.into()];
    let one = || vec![integration_id.to_string().into()];
    let step = || vec![integration_id.to_string().into(), 5_i64.into(), 20_i64.into()];
    let events_step = || vec![app_id.to_string().into(), 5_i64.into(), 20_i64.into()];
    let older = |bound: Value| vec![app_id.to_string().into(), bound, 20_i64.into()];
    let rows_step = |last: Value| vec![app_id.to_string().into(), "".into(), last];
    vec![
        (fixed(group::FACTS, vec![list()]), "apps_pkey"),
        (fixed(group::FACTS, vec![list()]), "events_id_key"),
        (fixed(group::FACTS, vec![list()]), "calls_pkey"),
        (fixed(rows::INSERT_DELIVERIES, vec![list(), 1_i64.into()]), "integrations_by_app"),
        (fixed(endpoints::PENDING, pending), "deliveries_pending"),
        (fixed(endpoints::WITH_EARLIER, vec![list()]), "events_by_call"),
        (fixed(delivery_attempts::UPDATE_DELIVERIES, vec![list()]), "deliveries_pkey"),
        (fixed(removals::LAST_DELIVERY, step()), "deliveries_pkey"),
        (fixed(removals::REMOVE_DELIVERIES, step()), "deliveries_pkey"),
        (fixed(removals::REMOVE_ATTEMPTS, step()), "attempts_pkey"),
        (fixed(removals::LAST_EVENT, events_step()), "events_by_app"),
        (fixed(removals::REMOVE_EVENTS, events_step()), "events_by_app"),
        (fixed(removals::REMOVE_TRACES, events_step()), "event_traces_pkey"),
        (fixed(removals::LAST_CALL, rows_step(20_i64.into())), "calls_by_app"),
        (fixed(removals::REMOVE_CALLS, rows_step("y".into())), "calls_by_app"),
        (fixed(removals::REMOVE_SURVEYS, rows_step("y".into())), "survey_responses_pkey"),
        (fixed(removals::REMOVE_RECORDS, rows_step("y".into())), "call_records_pkey"),
        (fixed(removals::LAST_CALLBACK, rows_step(20_i64.into())), "callback_requests_by_app"),
        (fixed(removals::REMOVE_CALLBACKS, rows_step("y".into())), "callback_requests_by_app"),
        (fixed(removals::LAST_HOUR, events_step()), "analytics_hours_pkey"),
        (fixed(removals::REMOVE_HOURS, events_step()), "analytics_hours_pkey"),
        (fixed(removals::LAST_ALERT, rows_step(20_i64.into())), "alerts_by_app"),
        (fixed(removals::REMOVE_ALERTS, rows_step("y".into())), "alerts_by_app"),
        (fixed(views::OF_MEMBER, vec!["mem_1".into()]), "saved_views_by_member"),
        (fixed(traces::OF_CALL, vec![call_id.to_string().into()]), "events_by_call"),
        (fixed(roll_up::EVENTS, vec![5_i64.into(), 20_i64.into()]), "events_pkey"),
        (fixed(roll_up::EVENTS, vec![5_i64.into(), 20_i64.into()]), "calls_pkey"),
        (fixed(roll_up::EVENTS, vec![5_i64.into(), 20_i64.into()]), "sessions_pkey"),
        (fixed(roll_up::EVENTS, vec![5_i64.into(), 20_i64.into()]), "survey_responses_pkey"),
        (
            fixed(roll_up::LAST_OF_STEP, vec![5_i64.into(), 20_i64.into(), 9_i64.into()]),
            "events_pkey",
        ),
        (fixed(roll_up::RECORDED_AT, vec![5_i64.into()]), "events_pkey"),
        (fixed(roll_up::HOURS, vec![list()]), "analytics_hours_pkey"),
        (
            fixed(read::OF_APP, vec![app_id.to_string().into(), 5_i64.into(), 9_i64.into()]),
            "analytics_hours_pkey",
        ),
        (fixed(read::FORGET, vec![5_i64.into()]), "analytics_hours_by_age"),
        (fixed(timeline::DELIVERIES, of_call()), "events_by_call"),
        (fixed(timeline::DELIVERIES, of_call()), "deliveries_pkey"),
        (fixed(timeline::ATTEMPTS, of_call()), "attempts_pkey"),
        (fixed(timeline::CALLBACKS, vec!["x".into(), 20_i64.into()]), "callback_requests_by_call"),
        (fixed(records::OF_CALL, vec!["x".into()]), "call_records_pkey"),
        (exports::query(app_id, PageRequest::first(20)), "exports_by_app"),
        (fixed(exports::RUNNING, vec![5_i64.into()]), "exports_running"),
        (fixed(exports::PART, vec!["x".into(), 5_i64.into()]), "export_parts_pkey"),
        (fixed(exports::EXPIRED, vec![5_i64.into()]), "exports_by_expiry"),
        (fixed(alerts::rules::OF_APP, vec![app_id.to_string().into()]), "alert_rules_by_app"),
        (alerts::history::search(app_id, None, PageRequest::first(20)), "alerts_by_app"),
        (
            alerts::history::search(
                app_id,
                Some(AlertRuleId::from_uuid(Uuid::now_v7())),
                PageRequest::first(20),
            ),
            "alerts_by_rule",
        ),
        (fixed(alerts::history::NOTICES, vec![list()]), "alert_notices_by_alert"),
        (fixed(alerts::history::MAILS, vec![list()]), "alert_mails_pkey"),
        (fixed(alerts::notices::UNLOGGED, vec![20_i64.into()]), "alert_notices_unlogged"),
        (
            fixed(alerts::notices::DUE, vec![5_i64.into(), 9_i64.into(), 20_i64.into()]),
            "alert_mails_due",
        ),
        (fixed(tail::AFTER, vec![5_i64.into(), 20_i64.into()]), "events_pkey"),
        (fixed(tail::PLACES, vec![5_i64.into()]), "events_pkey"),
        (fixed(tail::AT, vec![list()]), "events_pkey"),
        (fixed(tail::LIVE, vec![app_id.to_string().into(), 20_i64.into()]), "calls_live_by_app"),
        (fixed(records::SIZE, vec![]), "call_records_by_time"),
        (
            fixed(records::REMOVE, vec![5_i64.into(), 20_i64.into(), 9_i64.into()]),
            "call_records_by_time",
        ),
        (fixed(find::BY_CONTEXT, [pair(), vec![9_i64.into()]].concat()), "session_context_pkey"),
        (fixed(erase::RUNNING, vec![]), "erasures_running"),
        (erase::query(app_id, PageRequest::first(20)), "erasures_by_app"),
        (fixed(retention::OLDER_VISITS, older("x".into())), "sessions_by_app"),
        (fixed(retention::OLDER_CALLS, older("x".into())), "calls_by_app"),
        (fixed(retention::OLDER_CALLBACKS, older("x".into())), "callback_requests_by_app"),
        (fixed(retention::OLDER_FORMS, older("x".into())), "calls_with_forms"),
        (fixed(retention::OLDER_SURVEYS, older("x".into())), "surveys_by_stars"),
        (fixed(retention::OLDER_EVENTS, older(5_i64.into())), "events_by_app"),
        (fixed(retention::OLDER_DELIVERIES, older(5_i64.into())), "deliveries_pkey"),
        (fixed(retention::OLDER_RECORDS, older(5_i64.into())), "call_records_by_time"),
        (fixed(removals::LAST_SESSION, rows_step(20_i64.into())), "sessions_by_app"),
        (fixed(removals::REMOVE_SESSIONS, rows_step("y".into())), "sessions_by_app"),
        (
            fixed(designs::PUBLISHED, vec![app_id.to_string().into(), 5_i64.into()]),
            "design_versions_pkey",
        ),
        (fixed(design_schedules::NEXT_DUE, Vec::new()), "design_schedules_due"),
        (
            designs::versions_query(app_id, PageRequest { after: Some(9), limit: 20 }),
            "design_versions_pkey",
        ),
        (callbacks::query(app_id, PageRequest::first(20)), "callback_requests_by_app"),
        (fixed(embed_reports::OF_APP, vec!["x".into()]), "embed_reports_by_time"),
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
        (fixed(event_log::EVENT, vec!["00event_5".into()]), "events_id_key"),
        (fixed(hours::COUNT, vec![list()]), "integrations_pkey"),
        (fixed(statistics::ATTEMPTS, hours()), "attempt_hours_pkey"),
        (fixed(statistics::BACKLOG, hours()), "backlog_hours_pkey"),
        (fixed(statistics::FORGET_ATTEMPTS, vec![5.into()]), "attempt_hours_pkey"),
        (fixed(statistics::FORGET_BACKLOG, vec![5.into()]), "backlog_hours_pkey"),
        (fixed(notifications::FORGET, vec!["x".into()]), "notifications_pkey"),
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
        (fixed(attempts::PAST, vec![5_i64.into()]), "sign_in_attempts_by_age"),
        (fixed(nodes::LIVE_OF, vec!["x".into()]), "calls_live"),
        (fixed(state::LIVE_OF_APP, vec!["x".into()]), "calls_live_by_app"),
        (fixed(nodes::FOUND_AGAIN, vec!["x".into(), 1_i64.into(), 2_i64.into()]), "calls_live"),
        (in_row(CallFilter::default()), "calls_by_app"),
        (in_row(CallFilter { max_duration: Some(9), ..CallFilter::default() }), "calls_by_app"),
        (in_row(of_state(CallStateName::Ended)), "calls_by_app"),
        (in_row(of_state(CallStateName::Live)), "calls_live_by_app"),
        (in_row(by_profile()), "calls_by_profile"),
        (in_row(by_error()), "calls_by_error"),
        (in_row(by_answerer()), "calls_by_answerer"),
        (in_row(graded(QualityGrade::Poor)), "calls_by_quality"),
        (in_row(by_stars()), "surveys_by_stars"),
        (in_row(by_stars()), "calls_pkey"),
        (in_row(by_context()), "calls_by_app"),
        (calls(by_context(), ByContext::Sessions), "calls_by_session"),
        (calls(by_error(), ByContext::Sessions), "calls_by_error"),
        (floor(CallFilter { max_duration: Some(9), ..CallFilter::default() }), "calls_by_app"),
        (floor(by_error()), "calls_by_error"),
        (count(by_profile()), "calls_by_profile"),
        (count(CallFilter { kind: Some(ProfileKind::Sip), ..by_profile() }), "calls_by_profile"),
        (count(by_stars()), "surveys_by_stars"),
        (fixed(calls::SESSIONS, vec![list()]), "sessions_pkey"),
        (fixed(calls::SURVEYS, vec![list()]), "survey_responses_pkey"),
        (
            fixed(insight::context::FEW, [pair(), vec![9_i64.into()]].concat()),
            "session_context_pkey",
        ),
        (
            fixed(lookup::VALUES, vec![list(), "A-7".into(), "A-8".into(), 20_i64.into()]),
            "session_context_pkey",
        ),
        (
            fixed(
                lookup::VALUES_OF_CALLS,
                vec![list(), "A-7".into(), "A-8".into(), 20_i64.into(), 100_i64.into()],
            ),
            "session_context_by_session",
        ),
        (
            fixed(
                insight::context::KEYS_OF_CALLS,
                vec![app_id.to_string().into(), 1_000_i64.into(), 200_i64.into()],
            ),
            "session_context_by_session",
        ),
        (
            fixed(insight::context::KEYS, vec![app_id.to_string().into(), 9_i64.into()]),
            "session_context_pkey",
        ),
        (fixed(lookup::CALL, vec!["x".into()]), "calls_pkey"),
        (fixed(lookup::EVENT, vec!["00event_5".into()]), "events_id_key"),
        (fixed(lookup::DELIVERY, vec!["x".into(), "y".into()]), "deliveries_pkey"),
        (events(filter(None, None, None), ByContext::Sessions), "events_by_app"),
        (events(filter(None, None, name), ByContext::Sessions), "events_by_name"),
        (events(filter(None, context.clone(), None), ByContext::Sessions), "events_by_session"),
        (last_of(filter(None, context.clone(), None)), "events_by_session"),
        (events(filter(None, context.clone(), None), ByContext::Rows), "events_by_app"),
        (events(filter(Some(call_id), None, None), ByContext::Sessions), "events_by_call"),
    ]
}

/// All of them; each database has its own way to read JSON.
fn all_hot_queries(is_sqlite: bool) -> impl Iterator<Item = (Query, &'static str)> {
    let more = rehearsals::hot_queries().into_iter().chain(dialogs::hot_queries());
    let more = more.chain(outages::hot_queries());
    hot_queries().into_iter().chain(more).chain([minutes::call_minutes(is_sqlite)])
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
    for (query, index) in all_hot_queries(true) {
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
                    "INDEX trunk_outages_open",
                    "USING INDEX replays_one_running",
                    "SCAN first_ones",
                    // The few that were asked for.
                    "SCAN wanted",
                    // The few nodes.
                    "SCAN answering",
                    // Of a step's rows, which the index has found.
                    "SCAN oldest",
                    "SCAN (subquery",
                    "SCAN summed",
                    // Of the keys of an app's contexts, and of the forms of one value: a handful.
                    "SCAN found",
                    "SCAN CONSTANT ROW",
                    "SCAN forms",
                ]
                .iter()
                .any(|fine| line.contains(fine))
        });
        assert_eq!(scans.collect::<Vec<_>>(), [""; 0], "{sql}");
    }
    site.clear().await;
}

/// Whether PostgreSQL goes through the whole of an index of a table, from its beginning to its end: not
/// one that holds the few live calls alone, and not where a limit ends it.
fn reads_all_of(plan: &str, table: &str) -> bool {
    let lines: Vec<&str> = plan.lines().collect();
    (0..lines.len()).any(|n| {
        let follows = |words: &str| lines.get(n + 1).is_some_and(|line| line.contains(words));
        lines[n].contains("Scan using")
            && lines[n].contains(&format!(" on {table} "))
            && !lines[n].contains("using calls_live")
            && !follows("Index Cond")
            && !(n > 0 && lines[n - 1].contains("Limit"))
    })
}

/// What a table's partitions are called that are there from the beginning.
const PARTITIONS: [&str; 2] = ["first", "default"];

/// Whether a plan goes by an index, or by that of a partition which belongs to it.
fn goes_by(plan: &str, index: &str) -> bool {
    let tables =
        ["event_traces", "session_context", "events", "deliveries", "attempts", "sessions"];
    let table = tables.iter().find(|table| index.starts_with(*table));
    let of = |table: &&str, label| index.replacen(*table, &format!("{table}_{label}"), 1);
    let of_partitions = table.map(|table| PARTITIONS.map(|label| of(table, label)));
    plan.contains(index) || of_partitions.into_iter().flatten().any(|it| plan.contains(&it))
}

/// Tables and partitions, but not partitioned tables as a whole: of these PostgreSQL has no statistics.
async fn analyze_as_autovacuum(site: &Site) {
    let sql = "SELECT oid::regclass::TEXT AS name FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    for row in db::all(&site.store.db().read, sql, []).await.unwrap() {
        site.sql(&format!("ANALYZE {}", row.get::<String>("name").unwrap())).await;
    }
}

#[tokio::test]
async fn every_hot_query_is_served_by_its_index_on_postgres() {
    let site = Site::postgres().await;
    for statistics in ["stale", "fresh", "whole"] {
        match statistics {
            "stale" => {}
            "fresh" => {
                fill(site.store.db()).await;
                analyze_as_autovacuum(&site).await;
            }
            // Somebody may have it done by hand.
            _ => site.sql("ANALYZE").await,
        }
        for (query, index) in all_hot_queries(false) {
            let sql = query.sql.clone();
            let plan = plan(site.store.db(), query, true).await;
            // It may think it shorter to go through the deliveries than through the events.
            let other_way = index.starts_with("events_by") && goes_by(&plan, "deliveries_pkey");
            // Or through the few apps of an hour than through the hours of an app.
            let by_hour =
                index == "analytics_hours_pkey" && plan.contains("analytics_hours_by_age");
            // Of tables in which it knows of no rows, the places of a few hours are as good as a session.
            let by_place = index == "events_by_session" && plan.contains("events_first_pkey");
            assert!(!plan.contains("JIT:"), "compiled each time: {plan}of{sql}");
            let served = goes_by(&plan, index)
                || other_way
                || by_hour
                || (by_place && statistics == "stale");
            assert!(served, "{statistics}: not by {index}:\n{plan}of{sql}");
            for table in
                ["events", "calls", "deliveries", "sessions", "session_context", "survey_responses"]
            {
                assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}of{sql}");
                for table in [table, &format!("{table}_first")] {
                    assert!(!reads_all_of(&plan, table), "{statistics}: {plan}of{sql}");
                }
            }
        }
    }
    site.clear().await;
}
