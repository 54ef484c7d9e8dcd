//! Several servers on one PostgreSQL, under load: they are killed, stopped, told to end, made deaf to
//! each other, and lose their database, again and again.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bellpush_fault_tests::cluster::Cluster;
use bellpush_test_support::{
    api::{Api, App, Integration},
    eventually,
    postgres::execute,
    server::{Options, ServerProcess},
    sink::Sink,
    widget::Embed,
};
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::task::JoinSet;

use crate::{
    DELIVERED_WITHIN, ORIGIN, checks, count, gather, ledger::Ledger, live_calls, load::Page,
    set_up, variable,
};

const NODES: usize = 3;
/// Apps, each with an integration, an endpoint and a page at each server.
const SHOPS: usize = 4;
/// How long a server is taken for alive after its last word.
const LEASE: &str = "3";
/// Calls of lost servers are over by then, and everything is delivered.
const HEALED_WITHIN: Duration = Duration::from_secs(60);

/// An app and what its pages know. Its pages are at all servers.
struct Shop {
    api: Api,
    app: App,
    integration: Integration,
    sink: Sink,
    ledger: Arc<Ledger>,
}

/// What happens to a server, or to all.
#[derive(Debug, Clone, Copy)]
enum Misfortune {
    /// As by `kill -9`.
    Killed,
    /// As by `SIGSTOP`, for longer than its lease.
    Stopped(Duration),
    /// As by `SIGTERM`.
    ToldToEnd,
    /// All lose the connection by which they hear each other.
    Deaf,
    /// PostgreSQL crashes.
    NoDatabase(Duration),
}

impl Misfortune {
    fn draw(round: u32, rng: &mut StdRng) -> Self {
        let more_than_the_lease = Duration::from_millis(rng.random_range(3_500..7_000));
        // Each in its turn, so that none is left out of a short run.
        match round % 6 {
            0 | 4 => Self::Killed,
            1 => Self::Stopped(more_than_the_lease),
            2 => Self::Deaf,
            3 => Self::NoDatabase(Duration::from_millis(rng.random_range(0..8_000))),
            _ => Self::ToldToEnd,
        }
    }
}

/// Lets so many misfortunes happen, then checks everything that was promised. `BELLPUSH_CHAOS_ROUNDS`
/// sets another number, `BELLPUSH_KILL_SEED` repeats their moments.
///
/// # Errors
/// What was promised and not kept.
pub async fn chaos_and_check(rounds: u32) -> anyhow::Result<()> {
    let rounds = variable("BELLPUSH_CHAOS_ROUNDS").unwrap_or(rounds);
    let seed = variable("BELLPUSH_KILL_SEED").unwrap_or_else(rand::random);
    eprintln!("{rounds} rounds; to repeat their moments: BELLPUSH_KILL_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let database = Cluster::start()?;
    let mut nodes = start_nodes(&database).await?;
    let mut shops = Vec::new();
    for _ in 0..SHOPS {
        let (api, sink) = (nodes[0].api(), Sink::start().await?);
        let (app, integration) = set_up(&api, &sink, rng.next_u64()).await?;
        let ledger = Arc::new(Ledger::default());
        ledger.entries().calls_may_be_lost = true;
        shops.push(Shop { api, app, integration, sink, ledger });
    }
    let mut pages = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        for (of, shop) in shops.iter().enumerate() {
            let key = shop.api.create_widget_key(&shop.app).await?.key;
            let embed =
                Embed { server: node.url(), app: shop.app.clone(), key, origin: ORIGIN.into() };
            // Without media: its calls would not outlive a stop.
            let page = Page::open(&embed, 1 + at, rng.next_u64()).await?;
            pages.push(Some((at, of, page)));
        }
    }

    let mut living = JoinSet::new();
    for round in 0..rounds {
        for slot in &mut pages {
            let Some((at, of, mut page)) = slot.take() else { continue };
            let ledger = Arc::clone(&shops[of].ledger);
            living.spawn(async move {
                page.live(&ledger).await;
                (at, of, page)
            });
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(300..2_000))).await;
        let (at, what) = (rng.random_range(0..NODES), Misfortune::draw(round, &mut rng));
        eprintln!("round {round}: server {at} {what:?}");
        befall(&mut nodes[at], &database, what, &mut rng)
            .await
            .context(format!("round {round}"))?;
        while let Some(done) = living.try_join_next() {
            pages.push(Some(done?));
        }
    }
    // All servers are up. What is still alive at its page ends with the next failure: a page has to be
    // told that it is over.
    for shop in &shops {
        shop.ledger.entries().closing = true;
    }
    while let Some(done) = living.join_next().await {
        pages.push(Some(done?));
    }
    let healed = Instant::now();
    for (_, of, mut page) in pages.into_iter().flatten() {
        page.submit_the_rest(&shops[of].ledger).await?;
    }
    for shop in &shops {
        check(shop).await.with_context(|| format!("seed {seed}"))?;
    }
    let took = healed.elapsed();
    eprintln!("all was delivered {took:?} after the end of it");
    ensure!(took < HEALED_WITHIN + DELIVERED_WITHIN, "it took {took:?}");
    Ok(())
}

async fn start_nodes(database: &Cluster) -> anyhow::Result<Vec<ServerProcess>> {
    let options = Options::sqlite()
        .with("--database-url", &database.url())
        .with("--lease-seconds", LEASE)
        .as_node();
    let first = ServerProcess::start(options.clone()).await?;
    let key = first.data_dir().join("master.key").to_string_lossy().into_owned();
    let options = options.with("--master-key-file", &key);
    let mut nodes = vec![first];
    while nodes.len() < NODES {
        nodes.push(ServerProcess::start(options.clone()).await?);
    }
    Ok(nodes)
}

async fn befall(
    node: &mut ServerProcess,
    database: &Cluster,
    what: Misfortune,
    rng: &mut StdRng,
) -> anyhow::Result<()> {
    match what {
        Misfortune::Killed => {
            node.kill_9()?;
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..8_000))).await;
            node.restart().await
        }
        Misfortune::Stopped(time) => {
            let pid = node.pid().context("it does not run")?.to_string();
            let signal = |name: &str| Command::new("kill").args([name, &pid]).status();
            ensure!(signal("-STOP")?.success());
            tokio::time::sleep(time).await;
            ensure!(signal("-CONT")?.success());
            Ok(())
        }
        Misfortune::ToldToEnd => {
            ensure!(node.terminate().await?.success(), "it did not end well");
            node.restart().await
        }
        Misfortune::Deaf => {
            let sql =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
            execute(&database.url(), sql).await
        }
        Misfortune::NoDatabase(time) => {
            database.go_away()?;
            tokio::time::sleep(time).await;
            database.come_back()
        }
    }
}

async fn check(Shop { api, app, integration, sink, ledger }: &Shop) -> anyhow::Result<()> {
    eventually("the end of all calls of lost servers", HEALED_WITHIN, async || {
        Ok((live_calls(api, app, "limit=500").await? == 0).then_some(()))
    })
    .await?;
    let evidence = gather(api, app, sink).await?;
    // A server that was stopped took a visitor's end when others had ended the call already.
    for call in &evidence.calls {
        if call.error_code.as_deref() == Some("server_shutdown") {
            ledger.entries().ended_calls.remove(&call.id);
        }
    }
    let faults = checks::faults(ledger, &evidence);
    eprintln!("{ledger}\n{evidence}");
    ensure!(
        faults.is_empty(),
        "{} promises were not kept:\n{}",
        faults.len(),
        faults.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
    let path = format!("/v1/apps/{}/integrations/{}/deliveries", app.id, integration.id);
    eventually("the end of all deliveries", HEALED_WITHIN, async || {
        let waiting = count(api, &format!("{path}?limit=1&status=pending")).await?;
        Ok((waiting == 0).then_some(()))
    })
    .await?;
    ensure!(count(api, &format!("{path}?limit=1&status=dead")).await? == 0, "one was given up");
    ensure!(ledger.calls() > 0, "no call at all: {ledger}");
    Ok(())
}
