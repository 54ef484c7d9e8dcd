//! A backlog is read on from any place as fast as from its beginning.

use bellpush_core::delivery::Seq;
use sea_orm::TransactionTrait as _;

use super::{Site, fill};
use crate::{
    DeliveryFilter,
    db::{self, page::Query},
    deliveries::{
        endpoints,
        search::{Bounds, Search},
    },
    insight::context::ByContext,
    rehearsals::running,
};

const INTEGRATION: &str = "int_018f2a6e4c7b7d0e9a1b2c3d4e5f6071";

/// Pages that a query reads, as it says after it was done.
async fn pages(site: &Site, Query { sql, values }: Query) -> u64 {
    let transaction = site.store.db().write.begin().await.unwrap();
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS) {sql}");
    let rows = db::all(&transaction, &sql, values).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get("QUERY PLAN").unwrap()).collect();
    // The first of them counts those of all parts.
    let buffers = lines.iter().find_map(|line| line.trim().strip_prefix("Buffers: shared "));
    let counts = buffers.unwrap().split(' ').filter_map(|part| part.split_once('='));
    let read = counts.filter(|(what, _)| ["hit", "read"].contains(what));
    read.map(|(_, pages)| pages.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn a_backlog_is_read_on_from_any_place_on_postgres() {
    let site = Site::postgres().await;
    fill(site.store.db()).await;
    for (status, last) in [("pending", 10_000), ("dead", 20_000)] {
        site.sql(&format!(
            "INSERT INTO deliveries (integration_id, event_seq, status, attempts, next_due)
             SELECT '{INTEGRATION}', n, '{status}', 1, n
             FROM generate_series({last} - 9999, {last}) AS n"
        ))
        .await;
    }
    site.sql("ANALYZE deliveries_first").await;

    let of = |after: i64, limit: i64| vec![INTEGRATION.into(), after.into(), limit.into()];
    let pending = Query { sql: endpoints::PENDING.into(), values: of(9_900, 2) };
    assert!(pages(&site, pending).await < 40);
    let values = vec![INTEGRATION.into(), 9_998.into()];
    let held_back = Query { sql: running::HELD_BACK.into(), values };
    assert!(pages(&site, held_back).await < 40);
    for (status, first) in [("pending", 1), ("dead", 10_001)] {
        let statuses = vec![serde_json::from_value(status.into()).unwrap()];
        let filter = DeliveryFilter { statuses, ..DeliveryFilter::default() };
        let search = |bounds| Search {
            app_id: "app_018f2a6e4c7b7d0e9a1b2c3d4e5f6071".parse().unwrap(),
            integration_id: INTEGRATION.parse().unwrap(),
            filter: &filter,
            bounds,
            by_context: ByContext::Sessions,
        };
        let older = search(Bounds { after: None, before: Some(Seq(first + 100)) });
        assert!(pages(&site, older.newest(2)).await < 40, "{status}");
        let newer = search(Bounds { after: Some(Seq(first + 9_900)), before: None });
        assert!(pages(&site, newer.oldest(2)).await < 40, "{status}");
    }
    site.clear().await;
}
