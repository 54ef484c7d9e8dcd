//! Visits of pages: each is a session with its first event, `widget_loaded`. There are far more of them
//! than calls.

use std::{rc::Rc, time::Instant};

use anyhow::Context as _;
use bellpush_test_support::widget::Embed;
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use super::nodes::{Kept, Nodes};
use crate::measure::{Cost, cost};

/// Browsers that come at the same time.
const BROWSERS: u64 = 16;

/// What visits cost.
#[derive(Debug, Serialize)]
pub(super) struct Visits {
    pub(super) visits_per_second: f64,
    pub(super) cpu_seconds_per_10000_visits: Cost,
    /// For each visit.
    pub(super) kept: Kept,
}

/// Visits one server.
pub(super) async fn run(count: u64) -> anyhow::Result<Visits> {
    let nodes = Nodes::start(1, 1, 10).await?;
    let page = Rc::new(nodes.page()?.clone());
    let (before, kept) = (nodes.processes()?.cpu_time()?, nodes.kept().await?);
    let began = Instant::now();
    let mut browsers = JoinSet::new();
    let each = count.div_ceil(BROWSERS);
    for _ in 0..BROWSERS {
        let page = Rc::clone(&page);
        browsers.spawn_local(async move {
            for order in 0..each {
                visit(&page, order).await.context("a visit")?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = browsers.join_next().await {
        done??;
    }
    let (seconds, count) = (began.elapsed().as_secs_f64(), each * BROWSERS);
    let used = nodes.processes()?.cpu_time()?.since(&before);
    Ok(Visits {
        visits_per_second: count as f64 / seconds,
        cpu_seconds_per_10000_visits: cost(&used, count),
        kept: nodes.kept().await?.since(&kept, count),
    })
}

async fn visit(page: &Embed, order: u64) -> anyhow::Result<()> {
    let widget =
        page.open(json!({ "orderId": format!("A-{order}"), "campaign": "spring" })).await?;
    let event = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[event]).await?.expect(200).map(drop)
}
