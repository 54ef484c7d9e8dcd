//! A data directory on a disk that is full: nothing is accepted that can't be kept, nothing that was
//! accepted is lost, and all goes on by itself once there is room.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::time::Duration;

use anyhow::ensure;
use bellpush_fault_tests::{disk::SmallDisk, ledger::Ledger, shop::Shop};
use bellpush_test_support::{
    SOON, eventually,
    server::{Options, ServerProcess},
    sink::Sink,
    visitor::Visitor,
};

/// A refusal is known at once.
const REFUSED_WITHIN: Duration = Duration::from_secs(5);
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
/// Room for what waits in memory while the disk is full, the results of many attempts, and for the
/// write-ahead log, which takes 64 MB and some more before it is begun anew.
const BALLAST_KIB: usize = 96 * 1_024;
/// Full before there is anything to be moved from the write-ahead log into the database.
const SMALL_KIB: usize = BALLAST_KIB + 5 * 1_024;
/// Full while that is being done.
const LARGER_KIB: usize = BALLAST_KIB + 14 * 1_024;

/// A server on a small disk. Parts are dropped in this order.
struct Scene {
    server: ServerProcess,
    shop: Shop,
    sink: Sink,
    ledger: Ledger,
    disk: SmallDisk,
}

impl Scene {
    async fn open(kib: usize) -> anyhow::Result<Self> {
        let disk = SmallDisk::mount(kib, BALLAST_KIB)?;
        let data = disk.path().join("data").to_string_lossy().into_owned();
        let server = ServerProcess::start(Options::sqlite().with("--data-dir", &data)).await?;
        let sink = Sink::start().await?;
        let shop = Shop::open(&server, &sink.url()).await?;
        sink.check_signatures(&shop.integration.signing_secret)?;
        Ok(Self { server, shop, sink, ledger: Ledger::default(), disk })
    }

    /// Submits events, large ones at first and then small ones, until not one more is taken.
    async fn fill(&self) -> anyhow::Result<()> {
        let Self { ledger, shop, .. } = self;
        for (count, bytes) in [(20, 4_000), (1, 4_000), (1, 1)] {
            let page = || ledger.submit_until_refused(shop, count, bytes);
            tokio::try_join!(page(), page(), page(), page())?;
        }
        ensure!(ledger.entries().acknowledged.len() > 200, "full from the start");
        Ok(())
    }

    async fn make_room(&self) -> anyhow::Result<()> {
        self.disk.delete_ballast()?;
        eventually("events are taken again", SOON, async || {
            Ok(self.ledger.submit(&self.shop, &self.shop.events(1, 1)).await?.then_some(()))
        })
        .await
    }
}

async fn nothing_is_lost_on_a_full_disk(kib: usize) -> anyhow::Result<()> {
    let mut scene = Scene::open(kib).await?;
    scene.fill().await?;
    let Scene { shop, ledger, .. } = &scene;
    let healthy = shop.api.get("/healthz").await?;
    ensure!(healthy.status == 200, "the process is there all the same: {healthy:?}");
    ledger.check_refusals(REFUSED_WITHIN)?;
    // What was accepted can be read while the disk is full.
    ledger.check_log(shop).await?;

    scene.make_room().await?;
    let Scene { server, shop, sink, ledger, .. } = &mut scene;
    // Before what was refused is sent again: whatever is there of it must be whole.
    ledger.check_log(shop).await?;
    ledger.submit_the_open(shop).await?;
    ledger.check_log(shop).await?;
    ledger.check_arrivals(shop, sink, DELIVERED_WITHIN).await?;
    server.kill_9()?;
    server.restart().await?;
    ledger.check_log(shop).await?;
    shop.submit(&shop.events(1, 10)).await?;
    ledger.check_arrivals(shop, sink, DELIVERED_WITHIN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_refused_on_a_full_disk_and_none_is_lost_or_half_there() {
    nothing_is_lost_on_a_full_disk(SMALL_KIB).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_either_when_the_disk_is_full_in_the_middle_of_a_checkpoint() {
    nothing_is_lost_on_a_full_disk(LARGER_KIB).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_there_when_the_server_dies_on_a_full_disk() {
    let mut scene = Scene::open(SMALL_KIB).await.unwrap();
    scene.fill().await.unwrap();
    scene.server.kill_9().unwrap();
    scene.disk.delete_ballast().unwrap();
    scene.server.restart().await.unwrap();
    let Scene { shop, sink, ledger, .. } = &scene;
    ledger.check_log(shop).await.unwrap();
    ledger.submit_the_open(shop).await.unwrap();
    ledger.check_log(shop).await.unwrap();
    ledger.check_arrivals(shop, sink, DELIVERED_WITHIN).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_accepted_that_cannot_be_recorded() {
    let scene = Scene::open(SMALL_KIB).await.unwrap();
    scene.fill().await.unwrap();
    let visitor = Visitor::new().await.unwrap();
    let answer = scene.shop.widget.offer(visitor.offer()).await.unwrap();
    let problem = answer.problem().unwrap();
    assert!(problem.is(503, "unavailable"), "{problem:?}");
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    scene.make_room().await.unwrap();
    let call = scene.shop.widget.place().await.unwrap();
    scene.shop.widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let calls = scene.shop.api.calls(&scene.shop.app, "").await.unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn readyz_says_no_while_the_disk_is_full_and_yes_afterwards() {
    let scene = Scene::open(SMALL_KIB).await.unwrap();
    scene.fill().await.unwrap();
    let problem = scene.shop.api.get("/readyz").await.unwrap().problem().unwrap();
    assert!(problem.is(503, "unavailable"), "{problem:?}");
    scene.disk.delete_ballast().unwrap();
    // By itself: a balancer that heeds it sends no events.
    eventually("ready again", SOON, async || {
        let ready = scene.shop.api.get("/readyz").await?.status == 200;
        Ok(ready.then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_that_the_disk_is_full() {
    let scene = Scene::open(SMALL_KIB).await.unwrap();
    scene.fill().await.unwrap();
    let log = scene.server.log().unwrap();
    let told = log.lines().find(|line| line.contains("ERROR") && line.contains("disk is full"));
    assert!(told.is_some(), "{}", log.lines().last().unwrap_or_default());
}
