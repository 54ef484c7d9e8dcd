//! A design that is to be published at its time is published once, at whatever instant around it the
//! server is killed. `BELLPUSH_KILL_ROUNDS` sets how often, `BELLPUSH_KILL_SEED` repeats the moments.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    SOON,
    api::{Api, App},
    eventually,
    postgres::Database,
    server::{Options, ServerProcess},
};
use jiff::Timestamp;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Apps whose designs are due at the same instant: some are published when the server is killed, and
/// some are not.
const APPS: usize = 8;
/// So long before they are due, it is decided that they are to be.
const AHEAD_MS: i64 = 300;
/// A server is killed at most this long after they were due.
const LATEST_MS: i64 = 120;

/// What was seen, so that a run that has hit nothing is known.
#[derive(Debug, Default)]
struct Seen {
    acknowledged: usize,
    before: usize,
    after: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_design_is_published_once_when_the_server_on_sqlite_is_killed() {
    check(Options::sqlite(), 30).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_design_is_published_once_when_the_server_on_postgresql_is_killed() {
    let database = Database::create().await.unwrap();
    check(Options::postgres(&database).with("--lease-seconds", "3"), 10).await.unwrap();
}

async fn check(options: Options, rounds: u32) -> anyhow::Result<()> {
    let variable = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let rounds = variable("BELLPUSH_KILL_ROUNDS").unwrap_or(rounds.into());
    let seed = variable("BELLPUSH_KILL_SEED").unwrap_or_else(rand::random);
    eprintln!("{rounds} rounds; to repeat their moments: BELLPUSH_KILL_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut server = ServerProcess::start(options).await?;
    let api = server.api();
    let mut apps = Vec::new();
    for n in 0..APPS {
        apps.push(api.create_app(&json!({ "name": format!("Shop {n}") })).await?);
    }
    let mut seen = Seen::default();
    for round in 0..rounds {
        let note = format!("round {round}");
        let due = Timestamp::now().as_millisecond() + AHEAD_MS;
        // Mostly around the instant, and now and then while it is being decided.
        let earliest = if rng.random_ratio(1, 5) { -AHEAD_MS } else { -20 };
        let killed_at = due + rng.random_range(earliest..LATEST_MS);
        let mut deciding = JoinSet::new();
        for (index, app) in apps.iter().enumerate() {
            let (api, path, note) = (api.clone(), path(app, "schedule"), note.clone());
            let at = Timestamp::from_millisecond(due)?.to_string();
            deciding.spawn(async move {
                let body = json!({ "publishAt": at, "note": note });
                (index, api.put(&path, &body).await.is_ok_and(|answer| answer.status == 200))
            });
        }
        let wait = killed_at - Timestamp::now().as_millisecond();
        tokio::time::sleep(Duration::from_millis(wait.try_into().unwrap_or_default())).await;
        server.kill_9()?;
        let killed_at = Timestamp::now();
        let mut acknowledged = [false; APPS];
        for (index, was) in deciding.join_all().await {
            acknowledged[index] = was;
        }
        server.restart().await?;
        for (app, acknowledged) in apps.iter().zip(acknowledged) {
            let published = settled(&api, app, &note).await.with_context(|| note.clone())?;
            ensure!(published.len() <= 1, "{note}: published {} times", published.len());
            ensure!(!acknowledged || published.len() == 1, "{note}: it was promised, and is lost");
            seen.acknowledged += usize::from(acknowledged);
            for at in published {
                *(if at < killed_at { &mut seen.before } else { &mut seen.after }) += 1;
            }
        }
    }
    eprintln!("{seen:?}");
    ensure!(seen.before > 0 && seen.after > 0, "no server was killed in the middle: {seen:?}");
    Ok(())
}

/// When versions with a note were published, once nothing is to be published any more.
async fn settled(api: &Api, app: &App, note: &str) -> anyhow::Result<Vec<Timestamp>> {
    eventually("the design is published", SOON, async || {
        let schedule: Value = api.get(&path(app, "schedule")).await?.expect(200)?.json()?;
        Ok(schedule["schedule"].is_null().then_some(()))
    })
    .await?;
    let page: Value = api.get(&path(app, "versions?limit=100")).await?.expect(200)?.json()?;
    let versions = page["items"].as_array().context("no list")?;
    // Their numbers are in a row: none was taken back.
    for (place, version) in versions.iter().enumerate() {
        ensure!(version["version"] == json!(versions.len() - place), "{page}");
    }
    let of_note = versions.iter().filter(|version| version["note"] == note);
    of_note.map(|it| Ok(it["publishedAt"].as_str().context("no time")?.parse()?)).collect()
}

fn path(app: &App, rest: &str) -> String {
    format!("/v1/apps/{}/design/{rest}", app.id)
}
