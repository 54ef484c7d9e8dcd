//! A database that goes away and comes back: what can't be kept is refused, what was accepted is
//! neither lost nor changed, every call ends once, and all goes on by itself.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bellpush_fault_tests::{cluster::Cluster, ledger::Ledger, shop::Shop, wire::Wire};
use bellpush_test_support::{
    SOON, eventually,
    postgres::{Database, execute},
    server::{Options, ServerProcess},
    sink::Sink,
    visitor::Visitor,
};

/// The wait for a connection, 3 s, behind another group that waits for one, and some more.
const REFUSED_WITHIN: Duration = Duration::from_secs(10);
/// The time that the database is given for an answer, and some more.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// The time that a group is given, behind another one, and some more.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(30);
/// The same as for one that falls silent, for the last group that it had, and then for a connection that waits.
const REPLACED_WITHIN: Duration = Duration::from_secs(25);
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
const TERMINATIONS: u32 = 30;

/// A server on PostgreSQL. Parts are dropped in this order.
struct Scene {
    server: ServerProcess,
    shop: Shop,
    sink: Sink,
    ledger: Ledger,
}

impl Scene {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let options = Options::sqlite().with("--database-url", url);
        let server = ServerProcess::start(options).await?;
        let sink = Sink::start().await?;
        let shop = Shop::open(&server, &sink.url()).await?;
        sink.check_signatures(&shop.integration.signing_secret)?;
        Ok(Self { server, shop, sink, ledger: Ledger::default() })
    }

    async fn is_ready_by_itself(&self) -> anyhow::Result<()> {
        eventually("ready again", SOON, async || {
            Ok((self.shop.api.get("/readyz").await?.status == 200).then_some(()))
        })
        .await
    }

    /// What the log has, by the names of its events, of the only call that there is.
    async fn only_call(&self) -> anyhow::Result<(String, Vec<String>)> {
        let calls = self.shop.api.calls(&self.shop.app, "").await?;
        let [call] = &calls[..] else { anyhow::bail!("not one call: {calls:?}") };
        let filter = format!("callId={}", call.id);
        let events = self.shop.api.events(&self.shop.app, &filter).await?;
        let names = events.iter().map(|event| event.name()).collect();
        Ok((call.state.clone(), names))
    }

    async fn all_is_kept_and_delivered(&self) -> anyhow::Result<()> {
        let Self { shop, sink, ledger, .. } = self;
        ledger.check_log(shop).await?;
        ledger.submit_the_open(shop).await?;
        ledger.check_log(shop).await?;
        ledger.check_arrivals(shop, sink, DELIVERED_WITHIN).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_database_is_killed_and_comes_back() {
    let cluster = Cluster::start().unwrap();
    let scene = Scene::open(&cluster.url()).await.unwrap();
    let Scene { server, shop, ledger, .. } = &scene;
    let call = shop.widget.place().await.unwrap();
    let page = || ledger.submit_until_refused(shop, 3, 100);
    let outage = async {
        eventually("some events", SOON, async || {
            Ok((ledger.entries().acknowledged.len() > 100).then_some(()))
        })
        .await?;
        cluster.go_away()
    };
    tokio::try_join!(page(), page(), page(), page(), outage).unwrap();
    ledger.check_refusals(REFUSED_WITHIN).unwrap();
    let not_ready = shop.api.get("/readyz").await.unwrap().problem().unwrap();
    assert!(not_ready.is(503, "unavailable"), "{not_ready:?}");
    assert_eq!(shop.api.get("/healthz").await.unwrap().status, 200);
    let visitor = Visitor::new().await.unwrap();
    let refused = shop.widget.offer(visitor.offer()).await.unwrap().problem().unwrap();
    assert!(refused.is(503, "unavailable"), "{refused:?}");

    // The visitor hangs up meanwhile: the answer waits, in vain at first.
    let hung_up = shop.widget.hang_up(&call.call_id);
    let back = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.come_back()
    };
    let (_, back) = tokio::join!(hung_up, back);
    back.unwrap();
    scene.is_ready_by_itself().await.unwrap();
    eventually("the end of the call", SOON, async || {
        Ok((scene.only_call().await?.0 != "live").then_some(()))
    })
    .await
    .unwrap();
    let (state, names) = scene.only_call().await.unwrap();
    assert_eq!(
        (state.as_str(), &names[..]),
        ("ended", &["call_started", "call_ended"].map(String::from)[..])
    );
    scene.all_is_kept_and_delivered().await.unwrap();
    let log = server.log().unwrap();
    for sentence in ["events can't be recorded", "events are recorded again"] {
        assert!(log.contains(sentence), "nothing about: {sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_connections_are_terminated_again_and_again() {
    let database = Database::create().await.unwrap();
    let scene = Scene::open(database.url()).await.unwrap();
    let Scene { shop, ledger, .. } = &scene;
    let call = shop.widget.place().await.unwrap();
    let page = || ledger.submit_for_ever(shop, 3, 100);
    let terminations = async {
        for _ in 0..TERMINATIONS {
            execute(
                database.url(),
                "SELECT pg_terminate_backend(pid)
                 FROM pg_stat_activity
                 WHERE datname = current_database()
                   AND application_name = 'bellpush'",
            )
            .await?;
            let before = ledger.entries().acknowledged.len();
            eventually("events are taken again", SOON, async || {
                Ok((ledger.entries().acknowledged.len() > before).then_some(()))
            })
            .await?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        done = terminations => done.unwrap(),
        failed = async { tokio::try_join!(page(), page(), page(), page()) } => {
            panic!("{:?}", failed.err());
        }
    }
    let (state, names) = scene.only_call().await.unwrap();
    assert_eq!((state.as_str(), names.len()), ("live", 1), "nobody has hung up: {names:?}");
    shop.widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let (state, names) = scene.only_call().await.unwrap();
    assert_eq!((state.as_str(), names.len()), ("ended", 2), "{names:?}");
    scene.all_is_kept_and_delivered().await.unwrap();
}

/// A server whose wire to the database has lost the answer to the commit of one request.
async fn answer_lost(
    ask: impl AsyncFnOnce(&Shop) -> anyhow::Result<u16>,
) -> anyhow::Result<(Database, Wire, Scene)> {
    let database = Database::create().await?;
    let wire = Wire::to(database.url()).await?;
    let scene = Scene::open(wire.url()).await?;
    wire.lose_the_answer_to_the_next_commit();
    let status = ask(&scene.shop).await?;
    ensure!(status == 503 && wire.has_lost_it(), "answered {status}");
    Ok((database, wire, scene))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_though_the_answer_to_its_commit_was_lost() {
    let (_database, _wire, scene) = answer_lost(async |shop| {
        let event = shop.events(1, 10);
        Ok(shop.widget.submit(&event).await?.status)
    })
    .await
    .unwrap();
    let Scene { shop, sink, ledger, .. } = &scene;
    // Nobody asks again: what is in the log is delivered.
    assert_eq!(shop.log().await.unwrap().len(), 1, "the commit was done");
    ledger.check_arrivals(shop, sink, SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_its_end_though_the_answer_to_the_commit_of_its_start_was_lost() {
    let (_database, _wire, scene) = answer_lost(async |shop| {
        let visitor = Visitor::new().await?;
        Ok(shop.widget.offer(visitor.offer()).await?.status)
    })
    .await
    .unwrap();
    let names = eventually("the end of the call", SOON, async || {
        let (state, names) = scene.only_call().await?;
        Ok((state == "error").then_some(names))
    })
    .await
    .unwrap();
    assert_eq!(names, ["call_started", "call_error"]);
    let Scene { shop, sink, ledger, .. } = &scene;
    ledger.check_arrivals(shop, sink, SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_once_though_the_answer_to_the_commit_of_its_end_was_lost() {
    let database = Database::create().await.unwrap();
    let wire = Wire::to(database.url()).await.unwrap();
    let scene = Scene::open(wire.url()).await.unwrap();
    let Scene { shop, sink, ledger, .. } = &scene;
    let call = shop.widget.place().await.unwrap();
    sink.event("call_started", SOON).await.unwrap();
    eventually("no delivery waits", SOON, async || {
        Ok((!shop.has_deliveries("pending").await?).then_some(()))
    })
    .await
    .unwrap();
    wire.lose_the_answer_to_the_next_commit();
    shop.widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    assert!(wire.has_lost_it());
    let (state, names) = scene.only_call().await.unwrap();
    assert_eq!((state.as_str(), names.len()), ("ended", 2), "{names:?}");
    ledger.check_arrivals(shop, sink, SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_does_not_leave_pages_without_an_answer() {
    let database = Database::create().await.unwrap();
    let wire = Wire::to(database.url()).await.unwrap();
    let scene = Scene::open(wire.url()).await.unwrap();
    let Scene { shop, ledger, .. } = &scene;
    shop.submit(&shop.events(1, 10)).await.unwrap();
    wire.be_silent(true);
    let page = || ledger.submit_until_refused(shop, 3, 100);
    tokio::try_join!(page(), page()).unwrap();
    ledger.check_refusals(GIVEN_UP_WITHIN).unwrap();
    wire.be_silent(false);
    eventually("events are taken again", SOON, async || {
        Ok(ledger.submit(shop, &shop.events(1, 1)).await?.then_some(()))
    })
    .await
    .context("after the silence")
    .unwrap();
    scene.all_is_kept_and_delivered().await.unwrap();
}

/// A machine that dies says nothing, and another has its address a moment later.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_will_never_answer_are_replaced_soon() {
    let database = Database::create().await.unwrap();
    let wire = Wire::to(database.url()).await.unwrap();
    let scene = Scene::open(wire.url()).await.unwrap();
    let Scene { shop, ledger, .. } = &scene;
    // So that one dies in the middle of a group.
    let page = || ledger.submit_for_ever(shop, 3, 100);
    let dies = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        wire.let_those_there_be_mute();
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        () = dies => {}
        failed = async { tokio::try_join!(page(), page(), page(), page()) } => {
            panic!("{:?}", failed.err());
        }
    }
    eventually("events are taken again", REPLACED_WITHIN, async || {
        Ok(ledger.submit(shop, &shop.events(1, 1)).await?.then_some(()))
    })
    .await
    .unwrap();
    scene.is_ready_by_itself().await.unwrap();
    scene.all_is_kept_and_delivered().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_does_not_leave_api_clients_without_an_answer() {
    let database = Database::create().await.unwrap();
    let wire = Wire::to(database.url()).await.unwrap();
    let scene = Scene::open(wire.url()).await.unwrap();
    let api = &scene.shop.api;
    let app = format!("/v1/apps/{}", scene.shop.app.id);
    let paths = ["", "/calls", "/events", "/integrations", "/destinations"];
    let paths = paths.map(|path| format!("{app}{path}"));
    let refused = async |path: &str| {
        let asked_at = Instant::now();
        let problem = api.get(path).await?.problem()?;
        ensure!(problem.is(503, "unavailable"), "GET {path}: {problem:?}");
        ensure!(asked_at.elapsed() < ANSWERED_WITHIN, "GET {path}: {:?}", asked_at.elapsed());
        anyhow::Ok(())
    };
    let change = serde_json::json!({ "name": "Other" });
    wire.be_silent(true);
    // More of them than there are connections: one that is given up is not taken for ever.
    for _ in 0..3 {
        let [app, calls, events, integrations, profiles] = &paths;
        let (reads, ready, changed) = tokio::join!(
            async {
                tokio::try_join!(
                    refused(app),
                    refused(calls),
                    refused(events),
                    refused(integrations),
                    refused(profiles)
                )
            },
            refused("/readyz"),
            api.patch(app, &change)
        );
        reads.unwrap();
        ready.unwrap();
        let changed = changed.unwrap().problem().unwrap();
        assert!(changed.is(503, "unavailable"), "{changed:?}");
    }
    wire.be_silent(false);
    for path in &paths {
        eventually(path, SOON, async || Ok((api.get(path).await?.status == 200).then_some(())))
            .await
            .unwrap();
    }
    scene.is_ready_by_itself().await.unwrap();
}
