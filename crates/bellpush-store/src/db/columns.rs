//! The columns that rows are read by, of each table that more than a few are read of. Never `*`: a prepared
//! statement that gives all columns is refused when a newer version adds one (PostgreSQL: "cached plan must
//! not change result type"), and with it all that an older server beside it is asked for.

/// The columns of a table, as they stand in a statement.
macro_rules! columns {
    (sessions) => {
        "sessions.id, sessions.app_id, sessions.origin, sessions.context, sessions.preview, \
         sessions.sign_in_id, sessions.api_key_id, sessions.widget_key_id, sessions.routing_key, \
         sessions.destination_id, sessions.created_at"
    };
    (calls) => {
        "calls.id, calls.app_id, calls.session_id, calls.destination_id, calls.profile_id, \
         calls.routing_key, calls.node_id, calls.form_values, calls.consent, calls.started_at, \
         calls.connected_at, calls.answered_by, calls.trunk_id, calls.sip_call_id, calls.quality, \
         calls.quality_grade, calls.sip_failure, calls.state, calls.ended_at, calls.end_reason, \
         calls.duration, calls.error_code, calls.orphaned_at"
    };
    (dialogs) => {
        "dialogs.sip_call_id, dialogs.call_id, dialogs.node_id, dialogs.profile_id, \
         dialogs.trunk_id, dialogs.snapshot, dialogs.opened_at"
    };
    (callback_requests) => {
        "callback_requests.id, callback_requests.app_id, callback_requests.session_id, \
         callback_requests.event_id, callback_requests.call_id, callback_requests.reason, \
         callback_requests.form_values, callback_requests.requested_at"
    };
    (events) => {
        "events.seq, events.id, events.app_id, events.session_id, events.call_id, events.name, \
         events.preview, events.envelope, events.occurred_at, events.recorded_at"
    };
    (deliveries) => {
        "deliveries.integration_id, deliveries.event_seq, deliveries.status, deliveries.attempts, \
         deliveries.earlier_attempts, deliveries.next_due"
    };
    (attempts) => {
        "attempts.integration_id, attempts.event_seq, attempts.number, attempts.started_at, \
         attempts.duration_ms, attempts.status, attempts.failure, attempts.detail, \
         attempts.next_due, attempts.rehearsal_id"
    };
    (notifications) => {
        "notifications.id, notifications.app_id, notifications.integration_id, \
         notifications.integration_name, notifications.reason, notifications.created_at"
    };
    (replays) => {
        "replays.id, replays.app_id, replays.integration_id, replays.filter, replays.state, \
         replays.total, replays.replayed, replays.created_at, replays.ended_at, replays.done_to, \
         replays.last_seq"
    };
    (rehearsals) => {
        "rehearsals.id, rehearsals.app_id, rehearsals.target, rehearsals.fault, \
         rehearsals.started_at, rehearsals.ends_at, rehearsals.ended_at, rehearsals.failing_since, \
         rehearsals.trips, rehearsals.open_until"
    };
    (sign_ins) => {
        "sign_ins.id, sign_ins.member_id, sign_ins.device, sign_ins.address, sign_ins.created_at, \
         sign_ins.last_used_at, sign_ins.expires_at, sign_ins.way, sign_ins.proved_at"
    };
    (audit_trail) => {
        "audit_trail.seq, audit_trail.at, audit_trail.action, audit_trail.actor_kind, \
         audit_trail.actor_id, audit_trail.actor_name, audit_trail.address, audit_trail.app_id, \
         audit_trail.subject_id, audit_trail.subject_name, audit_trail.changes"
    };
    (saved_views) => {
        "saved_views.id, saved_views.app_id, saved_views.list, saved_views.name, saved_views.query"
    };
    (design_versions) => {
        "design_versions.version, design_versions.note, design_versions.restored, \
         design_versions.published_by, design_versions.api_key_id, design_versions.published_at"
    };
    (alerts) => {
        "alerts.id, alerts.rule_id, alerts.rule_name, alerts.kind, alerts.fired_at, \
         alerts.ended_at, alerts.ended_by, alerts.value, alerts.worst, alerts.sample"
    };
    (alert_notices) => {
        "alert_notices.event_id, alert_notices.alert_id, alert_notices.kind, \
         alert_notices.created_at"
    };
    (alert_mails) => {
        "alert_mails.event_id, alert_mails.address, alert_mails.sent_at, alert_mails.failure, \
         alert_mails.next_due"
    };
    (alert_rules) => {
        "alert_rules.id, alert_rules.app_id, alert_rules.settings, alert_rules.progress, \
         alert_rules.value, alert_rules.sample, alert_rules.alert_id, alert_rules.told_alert_id, \
         alert_rules.silenced_until, alert_rules.created_at, alert_rules.updated_at, \
         alert_rules.revision"
    };
    (exports) => {
        "exports.id, exports.app_id, exports.kind, exports.filter, exports.format, \
         exports.context_keys, exports.state, exports.failure, exports.row_count, exports.bytes, \
         exports.parts, exports.place, exports.created_at, exports.ended_at, exports.expires_at"
    };
    (erasures) => {
        "erasures.id, erasures.app_id, erasures.state, erasures.requested_by, erasures.sessions, \
         erasures.done, erasures.report, erasures.repeated, erasures.created_at, erasures.ended_at"
    };
    (call_records) => {
        "call_records.part, call_records.body, call_records.dropped, call_records.recorded_at"
    };
}
pub(crate) use columns;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    /// Files with a `*` in SQL that gives its caller rows, or may.
    fn with_stars(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                with_stars(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let words: Vec<&str> = text.split_whitespace().collect();
            let all = words.windows(2).any(|pair| {
                let before = pair[0].trim_start_matches('"');
                matches!(before, "SELECT" | "RETURNING" | "DISTINCT")
                    && (pair[1].starts_with('*') || pair[1].contains(".*"))
            });
            let more = words.iter().any(|word| {
                word.trim_end_matches(',').strip_suffix(".*").is_some_and(|table| {
                    !table.is_empty()
                        && table.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                })
            });
            if all || more {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }

    #[test]
    fn no_statement_gives_all_columns() {
        let mut found = Vec::new();
        with_stars(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
        // There rows are moved from a table into another of the same columns, by statements that are
        // prepared nowhere.
        assert_eq!(found, ["table.rs"]);
    }
}
