//! A wall clock that is set forward and back under a running server: calls and deliveries go by a
//! steady clock, and what is written down stays sensible.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like the tests")]

use std::time::Duration;

use bellpush_fault_tests::{clock::WallClock, shop::Shop};
use bellpush_test_support::{
    SOON, eventually,
    postgres::{Database, execute},
    server::{Options, ServerProcess},
    sink::{Reply, Sink},
};
use serde_json::{Value, json};

const HOUR: i64 = 3_600;
/// Far longer than the wait before a first retry, and far shorter than any of the jumps.
const RETRIED_WITHIN: Duration = Duration::from_secs(30);
/// Calls of lost servers are looked for every 3 s.
const UNTIL_LOST_CALLS_ARE_LOOKED_FOR: Duration = Duration::from_secs(4);

struct Scene {
    clock: WallClock,
    server: ServerProcess,
    sink: Sink,
    shop: Shop,
}

impl Scene {
    async fn open(options: Options) -> anyhow::Result<Self> {
        let clock = WallClock::new()?;
        let server = ServerProcess::start(clock.give(options)).await?;
        let sink = Sink::start().await?;
        let shop = Shop::open(&server, &sink.url()).await?;
        Ok(Self { clock, server, sink, shop })
    }

    /// Sets the clock, and makes sure that the server sees it.
    async fn jump_to(&self, hours: i64) -> anyhow::Result<()> {
        self.clock.jump_to(hours * HOUR)?;
        let session = json!({ "appId": self.shop.app.id, "origin": "https://shop.example" });
        let server_time: jiff::Timestamp =
            self.shop.api.create_session(&session).await?.server_time.parse()?;
        let ahead = server_time.duration_since(jiff::Timestamp::now()).as_secs();
        anyhow::ensure!((ahead - hours * HOUR).abs() < 60, "the server's clock: {server_time}");
        Ok(())
    }

    /// The envelopes of a call's events.
    async fn story(&self, call_id: &str) -> anyhow::Result<Vec<Value>> {
        let events = self.shop.api.events(&self.shop.app, &format!("callId={call_id}")).await?;
        events.iter().map(|event| event.envelope()).collect()
    }
}

fn milliseconds(envelope: &Value) -> i64 {
    let text = envelope["timestamp"].as_str().unwrap_or_default();
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

async fn a_call_lasts_as_long_as_it_does_over_a_jump_of(hours: i64) {
    let scene = Scene::open(Options::sqlite()).await.unwrap();
    let Scene { shop, sink, .. } = &scene;
    let call = shop.widget.place().await.unwrap();
    scene.jump_to(hours).await.unwrap();
    tokio::time::sleep(UNTIL_LOST_CALLS_ARE_LOOKED_FOR).await;
    let live = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    assert_eq!(live.state, "live", "{live:?}");
    shop.widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    let ended = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    assert_eq!(ended.state, "ended", "{ended:?}");
    let seconds = ended.duration.unwrap();
    assert!((4..60).contains(&seconds), "{ended:?}");
    let story = scene.story(&call.call_id).await.unwrap();
    let [started, over] = &story[..] else { panic!("{story:?}") };
    assert_eq!((&over["name"], &over["data"]["duration"]), (&json!("call_ended"), &json!(seconds)));
    let lasted = milliseconds(over) - milliseconds(started);
    assert_eq!(lasted / 1_000, i64::try_from(seconds).unwrap(), "{story:?}");
    sink.event("call_ended", SOON).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_lasts_as_long_as_it_does_when_the_clock_jumps_forward() {
    a_call_lasts_as_long_as_it_does_over_a_jump_of(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_lasts_as_long_as_it_does_when_the_clock_jumps_back() {
    a_call_lasts_as_long_as_it_does_over_a_jump_of(-6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_and_new_events_are_sent_in_time_whatever_the_clock_says() {
    let scene = Scene::open(Options::sqlite()).await.unwrap();
    let Scene { shop, sink, .. } = &scene;
    sink.fail_first(1);
    for hours in [6, 48, 0, -6] {
        let event = shop.events(1, 10);
        let id = event[0]["id"].as_str().unwrap();
        shop.submit(&event).await.unwrap();
        let attempts = |number| {
            move |received: &[bellpush_test_support::sink::Received]| {
                received.iter().filter(|attempt| attempt.id() == id).count() == number
            }
        };
        sink.wait_until(SOON, attempts(1)).await.unwrap();
        scene.jump_to(hours).await.unwrap();
        sink.wait_until(RETRIED_WITHIN, attempts(2)).await.unwrap();
        // What the server itself stamps is of the new time.
        let retry = sink.received().pop().unwrap();
        let stamped: i64 = retry.header("webhook-timestamp").parse().unwrap();
        let now = jiff::Timestamp::now().as_second() + hours * HOUR;
        assert!((stamped - now).abs() < 60, "{hours} h ahead, and stamped {stamped} at {now}");
        // The next round's event is submitted by a clock that is right.
        scene.jump_to(0).await.unwrap();
    }
}

/// One of them begins a call that the other ends, and neither knows that its clock is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_lasts_as_long_as_it_does_at_servers_whose_clocks_differ() {
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database).as_node();
    let (behind, ahead) = (WallClock::new().unwrap(), WallClock::new().unwrap());
    behind.jump_to(-10).unwrap();
    ahead.jump_to(10).unwrap();
    let one = ServerProcess::start(behind.give(options.clone())).await.unwrap();
    let key = one.data_dir().join("master.key").to_string_lossy().into_owned();
    let options = options.with("--master-key-file", &key);
    let other = ServerProcess::start(ahead.give(options)).await.unwrap();
    let sink = Sink::start().await.unwrap();
    let shop = Shop::open(&one, &sink.url()).await.unwrap();
    for (from, to) in [(&one, &other), (&other, &one)] {
        let began = std::time::Instant::now();
        let mut call = shop.widget.at(&from.url()).place().await.unwrap();
        call.media.wait_until(SOON, |heard| heard.connected).await.unwrap();
        let at_next = shop.widget.at(&to.url());
        let mut taken = at_next.take_over(&call.call_id, &call.resume_token).await.unwrap();
        taken.media.wait_until(SOON, |heard| heard.connected).await.unwrap();
        taken.widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
        let longest = began.elapsed().as_millis() as i64 + 1_000;
        let ended = shop.api.call(&shop.app, &call.call_id).await.unwrap();
        let events = format!("callId={}", call.call_id);
        let events = shop.api.events(&shop.app, &events).await.unwrap();
        let [started, over] = &events[..] else { panic!("{events:?}") };
        let (started, over) = (started.envelope().unwrap(), over.envelope().unwrap());
        let lasted = milliseconds(&over) - milliseconds(&started);
        assert!((0..=longest).contains(&lasted), "{lasted} ms of {longest}");
        assert!(ended.duration.unwrap() as i64 * 1_000 <= longest, "{ended:?}");
        // By a clock that is right.
        let off = jiff::Timestamp::now().as_millisecond() - milliseconds(&over);
        assert!((-1_000..5_000).contains(&off), "{off} ms");
    }
}

async fn what_a_lost_server_left_is_ended_and_sent_though_the_clock_went_back(options: Options) {
    let mut scene = Scene::open(options).await.unwrap();
    scene.sink.reply(|_| Reply::Hang);
    let call = scene.shop.widget.place().await.unwrap();
    let events = scene.shop.events(3, 10);
    scene.shop.submit(&events).await.unwrap();
    scene.server.kill_9().unwrap();
    scene.sink.reply(|_| Reply::Status(200));
    scene.clock.jump_to(-24 * HOUR).unwrap();
    scene.server.restart().await.unwrap();
    let Scene { shop, sink, .. } = &scene;

    let error = sink.event("call_error", RETRIED_WITHIN).await.unwrap();
    let lost = shop.api.call(&shop.app, &call.call_id).await.unwrap();
    assert_eq!(lost.error_code.as_deref(), Some("server_shutdown"), "{lost:?}");
    let story = scene.story(&call.call_id).await.unwrap();
    let [started, over] = &story[..] else { panic!("{story:?}") };
    assert_eq!(&error.envelope().unwrap(), over);
    assert!(milliseconds(over) >= milliseconds(started), "{story:?}");
    let answered = |received: &bellpush_test_support::sink::Received| received.answered.is_some();
    let arrived = |event: &Value, received: &[bellpush_test_support::sink::Received]| {
        received.iter().filter(|one| answered(one)).any(|one| event["id"] == one.id())
    };
    sink.wait_until(RETRIED_WITHIN, |received| events.iter().all(|event| arrived(event, received)))
        .await
        .unwrap();
    eventually("no delivery waits", SOON, async || {
        Ok((!shop.has_deliveries("pending").await?).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_server_on_sqlite_left_does_not_wait_for_a_clock_that_went_back() {
    what_a_lost_server_left_is_ended_and_sent_though_the_clock_went_back(Options::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_server_on_postgresql_left_does_not_wait_for_a_clock_that_went_back() {
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database);
    what_a_lost_server_left_is_ended_and_sent_though_the_clock_went_back(options).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_by_the_database_goes_and_nothing_else_whatever_a_servers_clock_says() {
    let database = Database::create().await.unwrap();
    let mut scene = Scene::open(Options::postgres(&database)).await.unwrap();
    let (app, kept) = (&scene.shop.app.id, json!({ "retention": { "events": 30, "visits": 30 } }));
    let patched = scene.shop.api.patch(&format!("/v1/apps/{app}"), &kept).await.unwrap();
    patched.expect(200).unwrap();
    scene.shop.submit(&scene.shop.events(4, 10)).await.unwrap();
    let events = async || database.ask("SELECT COUNT(*)::TEXT FROM events").await.unwrap().unwrap();
    let all = events().await;
    let old = "UPDATE events SET recorded_at = recorded_at - 31 * 86400000::BIGINT
               WHERE seq = (SELECT MIN(seq) FROM events)";
    execute(database.url(), old).await.unwrap();
    scene.server.kill_9().unwrap();
    scene.clock.jump_to(40 * 24 * HOUR).unwrap();
    scene.server.restart().await.unwrap();
    eventually("what is old is gone", RETRIED_WITHIN, async || {
        Ok((events().await != all).then_some(()))
    })
    .await
    .unwrap();
    // Partitions come before rows: none has been dropped by then.
    let left = all.parse::<u32>().unwrap() - 1;
    assert_eq!(events().await, left.to_string());
    let sessions = database.ask("SELECT COUNT(*)::TEXT FROM sessions").await.unwrap();
    assert_ne!(sessions.as_deref(), Some("0"));
}
