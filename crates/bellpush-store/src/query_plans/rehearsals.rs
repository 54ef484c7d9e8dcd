//! Queries of rehearsals, and what each must be served by.

use bellpush_core::{
    ids::{AppId, IntegrationId},
    rehearsal::Target,
};
use sea_orm::Value;
use uuid::Uuid;

use crate::{
    PageRequest,
    db::page::Query,
    rehearsals::{DUE, NEXT_END, attempts, running, search},
};

pub(super) fn hot_queries() -> Vec<(Query, &'static str)> {
    let app_id = AppId::from_uuid(Uuid::now_v7());
    let integration_id = IntegrationId::from_uuid(Uuid::now_v7());
    let fixed = |sql: &str, values: Vec<Value>| Query { sql: sql.into(), values };
    vec![
        (search(app_id, None, PageRequest::first(20)), "rehearsals_by_app"),
        (
            search(app_id, Some(Target::Integration(integration_id)), PageRequest::first(20)),
            "rehearsals_by_target",
        ),
        (fixed(NEXT_END, vec![]), "rehearsals_due"),
        (fixed(DUE, vec![5_i64.into()]), "rehearsals_due"),
        (fixed(running::RUNNING, vec![5_i64.into()]), "rehearsals_due"),
        (fixed(running::OF_TARGET, vec!["x".into()]), "rehearsals_running"),
        (fixed(running::LAST_OF_TARGET, vec!["x".into(), 5_i64.into()]), "rehearsals_by_target"),
        (fixed(running::HELD_BACK, vec!["x".into(), 5_i64.into()]), "deliveries_pending"),
        (fixed(attempts::ATTEMPTS, vec!["x".into(), 20_i64.into()]), "attempts_by_rehearsal"),
    ]
}
