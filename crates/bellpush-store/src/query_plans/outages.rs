//! Queries of outages, and what each must be served by.

use bellpush_core::ids::AppId;
use sea_orm::Value;
use uuid::Uuid;

use crate::{db::page::Query, deliveries::past_outages, routing::trunk_outages};

pub(super) fn hot_queries() -> Vec<(Query, &'static str)> {
    let app_id = AppId::from_uuid(Uuid::now_v7()).to_string();
    let fixed = |sql: &str, values: Vec<Value>| Query { sql: sql.into(), values };
    let of_app =
        || -> Vec<Value> { vec![app_id.clone().into(), 5_i64.into(), 9_i64.into(), 9_i64.into()] };
    let list = || -> Vec<Value> { vec![r#"[["x"]]"#.into(), 9_i64.into()] };
    let before = || -> Vec<Value> { vec![5_i64.into()] };
    vec![
        (fixed(&trunk_outages::OUTAGES.in_span(), of_app()), "trunk_outages_pkey"),
        (fixed(trunk_outages::OPEN, vec![]), "trunk_outages_open"),
        (fixed(&trunk_outages::OUTAGES.too_old(), list()), "trunk_outages_pkey"),
        (fixed(&trunk_outages::OUTAGES.forget(), before()), "trunk_outages_by_age"),
        (fixed(&past_outages::OUTAGES.in_span(), of_app()), "integration_outages_pkey"),
        (fixed(&past_outages::OUTAGES.too_old(), list()), "integration_outages_pkey"),
        (fixed(&past_outages::OUTAGES.forget(), before()), "integration_outages_by_age"),
    ]
}
