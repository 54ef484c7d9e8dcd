//! What alert rules count, and what that must be served by.

use bellpush_core::{delivery::Seq, ids::AppId};
use uuid::Uuid;

use super::site;
use crate::{alerts, db::page::Query, deliveries::search::Bounds};

/// Looked up for each app with alert rules, once a minute; each database has its own way to read JSON.
pub(super) fn call_minutes(is_sqlite: bool) -> (Query, &'static str) {
    let app_id = AppId::from_uuid(Uuid::now_v7());
    let bounds = Bounds { after: Some(Seq(10)), before: Some(Seq(1000)) };
    let times = (site::now(), site::after(60));
    // By name, or by place alone: PostgreSQL takes either, and both begin at the app and end with the
    // window.
    let index = if is_sqlite { "events_by_name" } else { "events_by_" };
    (alerts::counts::minutes(is_sqlite, app_id, bounds, times, false), index)
}
