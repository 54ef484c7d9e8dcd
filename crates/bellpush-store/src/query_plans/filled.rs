//! What is in the tables whose plans are looked at.

use sea_orm::ConnectionTrait as _;

use crate::db::Db;

/// Rows enough that scanning them would be the worse plan; all of them in the first partitions.
const ROWS: &[&str] = &[
    "INSERT INTO app_rows (id, settings, created_at, updated_at)
     SELECT 'app_' || (n % 50), '{}', 0, 0 FROM numbers WHERE n <= 50",
    "INSERT INTO integrations
        (id, app_id, settings, active, include_previews, signing_secret, created_at, updated_at)
     SELECT 'int_' || n, 'app_' || (n % 50), '{}', TRUE, FALSE, '', 0, 0 FROM numbers WHERE n < 2000",
    "INSERT INTO integration_events (integration_id, name)
     SELECT 'int_' || n, 'call_ended' FROM numbers WHERE n < 2000",
    "INSERT INTO sessions (id, app_id, context, preview, created_at)
     SELECT 'ses_00' || n, 'app_' || (n % 50), '{}', FALSE, 0 FROM numbers",
    "INSERT INTO session_tokens (token_hash, session_id, expires_at)
     SELECT 'hash_' || n, 'ses_00' || n, n FROM numbers",
    "INSERT INTO session_context (app_id, key, value, session_id)
     SELECT 'app_' || (n % 50), 'orderId', 'A-' || n, 'ses_00' || n FROM numbers",
    "INSERT INTO calls
        (id, app_id, session_id, profile_id, node_id, state, started_at, error_code, answered_by,
         quality_grade)
     SELECT 'call_' || n, 'app_' || (n % 50), 'ses_00' || n, 'dest_' || (n % 400), 'node_' || (n % 3),
        CASE WHEN n % 1000 = 0 THEN 'live' ELSE 'ended' END, n,
        CASE WHEN n % 30 = 0 THEN 'media_failed' END,
        CASE WHEN n % 2 = 0 THEN 'dest_' || (n % 400) END,
        CASE WHEN n % 20 = 1 THEN 'poor' WHEN n % 2 = 1 THEN 'good' END
     FROM numbers",
    "INSERT INTO survey_responses (call_id, event_id, answers, call_app_id, stars)
     SELECT 'call_' || n, 'event_' || n, '{}', 'app_' || (n % 50), n % 5 + 1
     FROM numbers WHERE n < 5000",
    "INSERT INTO events
        (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
     SELECT '00event_' || n, 'app_' || (n % 50), 'ses_00' || n, 'call_' || n,
        CASE WHEN n % 10 = 0 THEN 'call_ended' ELSE 'wish' END, FALSE, '{}', n, n
     FROM numbers",
    "INSERT INTO audit_trail
        (seq, app_id, subject_id, action, actor_kind, actor_id, address, at, changes, hash)
     SELECT n, 'app_' || (n % 50), 'int_' || (n % 500),
        CASE WHEN n % 10 = 0 THEN 'secret_revealed' ELSE 'secret_set' END, 'api_key',
        'key_' || (n % 5000), '192.0.2.1', n, '[]', ''
     FROM numbers",
    "INSERT INTO alert_rules
        (id, app_id, settings, active, created_at, updated_at, progress, looked_at, sample)
     SELECT 'rule_' || n, 'app_' || (n % 50), '{}', TRUE, 0, 0, '{}', 0, 0
     FROM numbers WHERE n < 2000",
    "INSERT INTO rehearsals (id, app_id, target, fault, started_at, ends_at, ended_at)
     SELECT 'reh_' || n, 'app_' || (n % 50), 'int_' || n, 'hanging', n, n + 9,
        CASE WHEN n % 1000 > 0 THEN n + 9 END
     FROM numbers",
    "INSERT INTO alerts
        (id, app_id, rule_id, rule_name, kind, fired_at, value, worst, sample)
     SELECT 'alert_' || n, 'app_' || (n % 50), 'rule_' || (n % 2000), 'r', 'backlog', n, 1, 1, 0
     FROM numbers",
    "INSERT INTO alert_notices
        (event_id, app_id, alert_id, kind, title, envelope, created_at, logged_at)
     SELECT 'event_' || n, 'app_' || (n % 50), 'alert_' || n, 'fired', 't', '{}', n,
        CASE WHEN n % 1000 > 0 THEN n END
     FROM numbers",
    "INSERT INTO alert_mails (event_id, address, attempts, next_due)
     SELECT 'event_' || n, 'a@b.example', 1, CASE WHEN n % 1000 = 0 THEN n END
     FROM numbers",
    "INSERT INTO call_records (call_id, part, app_id, recorded_at, bytes, dropped, body)
     SELECT 'call_' || n, n, 'app_' || (n % 50), n, 2000, 0, '' FROM numbers",
    "INSERT INTO dialogs (sip_call_id, call_id, profile_id, trunk_id, node_id, opened_at, snapshot)
     SELECT 'dialog_' || n, 'call_' || n, 'dest_1', 'trunk_1', 'node_' || (n % 3), n, '{}' FROM numbers",
    "INSERT INTO trunks (id, settings, created_at, updated_at) SELECT 'trunk_' || n, '{}', 0, 0 FROM numbers WHERE n < 200",
    "INSERT INTO trunk_outages (trunk_id, began_at, ended_at) SELECT 'trunk_' || (n % 199 + 1), n, CASE WHEN n >= 100 THEN n + 1 END FROM numbers",
    "INSERT INTO integration_outages (integration_id, began_at, ended_at) SELECT 'int_' || (n % 199 + 1), n, n + 1 FROM numbers",
    "INSERT INTO analytics_hours (app_id, hour, body)
     SELECT 'app_' || (n % 50), n / 50, '' FROM numbers",
    "INSERT INTO deliveries (integration_id, event_seq, status, attempts, next_due)
     SELECT 'int_' || (n % 50), n,
        CASE WHEN n % 100 = 0 THEN 'pending' WHEN n % 100 = 1 THEN 'dead' ELSE 'delivered' END, 1, n
     FROM numbers",
];

pub(super) async fn fill(db: &Db) {
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
