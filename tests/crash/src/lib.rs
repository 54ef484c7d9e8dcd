//! Kill tests: a server under load is killed as by `kill -9` at random moments, again and again, and
//! what it had promised is compared with what its log, its API and a webhook endpoint hold.

mod checks;
mod ledger;
mod load;
mod nodes;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    SOON,
    api::{Api, App, Integration},
    eventually,
    server::{Options, ServerProcess},
    sink::{Reply, Sink},
    widget::Embed,
};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use tokio::task::JoinSet;

pub use nodes::{Story, chaos_and_check};

use checks::{Evidence, accepted};
use ledger::Ledger;
use load::Page;

/// Pages with a widget that are open at the same time.
const PAGES: usize = 4;
/// A server may be killed at most this long after it was ready, or with its next delivery.
const LONGEST_LIFE_MS: u64 = 450;
const LONGEST_IDLE: Duration = Duration::from_secs(8);
/// Now and then a server is killed again, at most this long after its start: while it recovers.
const LONGEST_START_MS: u64 = 120;
/// The endpoint takes its time, up to this long, so that there are deliveries in flight to be hit.
const LONGEST_ANSWER_MS: u64 = 150;
/// How long all deliveries may take at the end: some wait for a retry, some for a time-out.
const DELIVERED_WITHIN: Duration = Duration::from_secs(90);
const ORIGIN: &str = "https://shop.example";

/// What the integration asks for: everything that the pages and the server emit.
const EVENTS: [&str; 7] = [
    "widget_loaded",
    "call_started",
    "call_ended",
    "call_error",
    "survey_submitted",
    "custom_button_clicked",
    load::CUSTOM_EVENT,
];

/// Kills and restarts the server until it was hit so many times with deliveries in flight, then
/// checks everything. Calls of a killed server are over within `patience` of the last start.
/// `BELLPUSH_KILL_ROUNDS` sets another number of kills.
///
/// # Errors
/// What was promised and not kept.
pub async fn kill_and_check(
    options: Options,
    patience: Duration,
    rounds: u32,
) -> anyhow::Result<()> {
    let rounds = variable("BELLPUSH_KILL_ROUNDS").unwrap_or(rounds);
    let seed = variable("BELLPUSH_KILL_SEED").unwrap_or_else(rand::random);
    eprintln!("{rounds} rounds; to repeat their moments: BELLPUSH_KILL_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);

    let mut server = ServerProcess::start(options).await?;
    let api = server.api();
    let sink = Sink::start().await?;
    let (app, integration) = set_up(&api, &sink, rng.next_u64()).await?;
    let key = api.create_widget_key(&app).await?.key;
    let embed = Embed { server: server.url(), app: app.clone(), key, origin: ORIGIN.into() };
    let ledger = Arc::new(Ledger::default());
    let mut pages = Vec::new();
    for number in 0..PAGES {
        pages.push(Page::open(&embed, number, rng.next_u64()).await?);
    }

    let (mut round, mut hits) = (0, 0);
    while hits < rounds {
        round += 1;
        ensure!(round <= rounds * 3, "of {round} kills, {hits} hit deliveries in flight");
        let mut alive = JoinSet::new();
        for mut page in pages.drain(..) {
            let ledger = Arc::clone(&ledger);
            alive.spawn(async move {
                page.live(&ledger).await;
                page
            });
        }
        wait_up_to(LONGEST_LIFE_MS, &mut rng).await;
        // Within its time there always is one, or the checks at the end find out why not.
        let _ = eventually("a delivery in flight", LONGEST_IDLE, async || {
            Ok((sink.in_flight() > 0).then_some(()))
        })
        .await;
        hits += u32::from(sink.in_flight() > 0);
        server.kill_9().with_context(|| format!("round {round}"))?;
        pages = alive.join_all().await;
        if rng.random_bool(0.2) {
            server.spawn()?;
            wait_up_to(LONGEST_START_MS, &mut rng).await;
            server.kill_9().with_context(|| format!("round {round}, while starting"))?;
        }
        server.restart().await.with_context(|| format!("round {round}"))?;
    }

    eprintln!("{round} kills, {hits} of them with deliveries in flight");
    for page in &mut pages {
        page.submit_the_rest(&ledger).await?;
    }
    eventually("the end of all calls of dead servers", patience, async || {
        Ok((live_calls(&api, &app, "limit=500").await? == 0).then_some(()))
    })
    .await?;
    let evidence = gather(&api, &app, &sink).await?;
    let faults = checks::faults(&ledger, &evidence);
    let deliveries = format!("/v1/apps/{}/integrations/{}/deliveries", app.id, integration.id);
    eventually("the end of all deliveries", SOON, async || {
        let waiting = count(&api, &format!("{deliveries}?limit=1&status=pending")).await?;
        Ok((waiting == 0).then_some(()))
    })
    .await?;
    let dead = count(&api, &format!("{deliveries}?limit=1&status=dead")).await?;
    eprintln!("{ledger}\n{evidence}");
    ensure!(
        faults.is_empty(),
        "{} promises were not kept (seed {seed}):\n{}",
        faults.len(),
        faults.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
    ensure!(dead == 0, "a delivery was given up");
    ensure!(ledger.calls() >= rounds as usize, "too few calls to mean anything: {ledger}");
    Ok(())
}

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

async fn wait_up_to(longest_ms: u64, rng: &mut StdRng) {
    let moment = Duration::from_millis(rng.random_range(0..=longest_ms));
    tokio::time::sleep(moment).await;
}

/// An app with a survey, and an integration whose endpoint is slow and fails now and then.
async fn set_up(api: &Api, sink: &Sink, seed: u64) -> anyhow::Result<(App, Integration)> {
    let app = api
        .create_app(&json!({
            // Who leaves is gone at once: nobody comes back here.
            "resumeSeconds": 0,
            "name": "Shop",
            "allowedOrigins": [ORIGIN],
            "survey": { "questions": [{ "id": "sound", "label": "How was the sound?" }] },
        }))
        .await?;
    let integration = api.create_integration(&app, &sink.url(), &EVENTS).await?;
    sink.check_signatures(&integration.signing_secret)?;
    let mut rng = StdRng::seed_from_u64(seed);
    sink.reply(move |received| {
        // A second failure would make deliveries wait for half a minute.
        if received.header("bellpush-attempt") != "1" {
            return Reply::Status(200);
        }
        match rng.random_range(0..1_000) {
            0..30 => Reply::Status(500),
            30..34 => Reply::Hang,
            34..500 => Reply::Status(204),
            _ => {
                let time = Duration::from_millis(rng.random_range(0..=LONGEST_ANSWER_MS));
                Reply::After(time, 204)
            }
        }
    });
    Ok((app, integration))
}

/// How many items a page of a list has.
async fn count(api: &Api, path: &str) -> anyhow::Result<usize> {
    let page: serde_json::Value = api.get(path).await?.expect(200)?.json()?;
    Ok(page["items"].as_array().context("not a list")?.len())
}

/// How many of the newest calls are live.
async fn live_calls(api: &Api, app: &App, limit: &str) -> anyhow::Result<usize> {
    let answer = api.get(&format!("/v1/apps/{}/calls?{limit}", app.id)).await?.expect(200)?;
    let page: serde_json::Value = answer.json()?;
    let calls = page["items"].as_array().context("no list of calls")?;
    Ok(calls.iter().filter(|call| call["state"] == "live").count())
}

/// Waits until the endpoint has accepted every event of the log, and takes all of it down.
async fn gather(api: &Api, app: &App, sink: &Sink) -> anyhow::Result<Evidence> {
    let calls = api.calls(app, "").await?;
    let events = api.events(app, "").await?;
    let mut wanted: std::collections::HashSet<String> =
        events.iter().map(|event| event.id.clone()).collect();
    let mut looked_at = 0;
    let received = sink
        .wait_until(DELIVERED_WITHIN, |received| {
            for request in received.iter().skip(looked_at).filter(|request| accepted(request)) {
                wanted.remove(request.id());
            }
            looked_at = received.len();
            wanted.is_empty()
        })
        .await;
    // What never came is named by the checks.
    let received = received.unwrap_or_else(|_| sink.received());
    Ok(Evidence { calls, events, received })
}
