//! Several servers on one PostgreSQL, under load: they are killed, stopped, told to end, made deaf to
//! each other, cut off, and lose their database, again and again.

mod callers;
mod dead_endpoint;
mod firewall;
mod misfortune;
mod patient;
mod restless;
mod shop;
mod site;
mod story;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bellpush_test_support::widget::Embed;
use rand::{Rng as _, RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::task::JoinSet;

use self::{
    callers::Callers,
    dead_endpoint::DeadEndpoint,
    misfortune::Misfortune,
    shop::{HEALED_WITHIN, Shop},
    site::Site,
};
use crate::{ORIGIN, load::Page, variable};
pub use story::Story;

/// Apps, each with an integration, an endpoint and a page at each server.
const SHOPS: usize = 4;

/// Lets so many misfortunes happen, then checks everything that was promised. `BELLPUSH_CHAOS_ROUNDS`
/// sets another number, `BELLPUSH_KILL_SEED` repeats their moments.
///
/// # Errors
/// What was promised and not kept.
pub async fn chaos_and_check(story: Story, rounds: u32) -> anyhow::Result<()> {
    let rounds = variable("BELLPUSH_CHAOS_ROUNDS").unwrap_or(rounds);
    let seed = variable("BELLPUSH_KILL_SEED").unwrap_or_else(rand::random);
    eprintln!("{rounds} rounds; to repeat their moments: BELLPUSH_KILL_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut site = Site::start(story).await?;
    let mut shops = Vec::new();
    for _ in 0..SHOPS {
        shops.push(Shop::open(site.nodes[0].api(), rng.next_u64()).await?);
    }
    let dead = DeadEndpoint::open(site.nodes[0].api()).await?;
    let mut pages = Vec::new();
    for (at, node) in site.nodes.iter().enumerate() {
        let apps = shops.iter().map(|shop| (&shop.api, &shop.app, &shop.ledger));
        for (api, app, ledger) in apps.chain([(&dead.api, &dead.app, &dead.ledger)]) {
            let key = api.create_widget_key(app).await?.key;
            let embed = Embed { server: node.url(), app: app.clone(), key, origin: ORIGIN.into() };
            // Without media: those that have some are the callers'.
            let page = Page::open(&embed, 1 + at, rng.next_u64()).await?;
            pages.push(Some((Arc::clone(ledger), page)));
        }
    }
    let mut callers = Callers::start(&site, &mut rng).await?;

    let mut must_move = false;
    let mut living = JoinSet::new();
    for round in 0..rounds {
        for slot in &mut pages {
            let Some((ledger, mut page)) = slot.take() else { continue };
            living.spawn(async move {
                page.live(&ledger).await;
                (ledger, page)
            });
        }
        if round == 0 {
            dead.is_given_up(&site).await?;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(300..2_000))).await;
        let at = rng.random_range(0..site.nodes.len());
        let what = Misfortune::draw(story, round, &mut rng);
        eprintln!("round {round}: server {at} {what:?}");
        must_move |= what.is_a_server_away();
        let since = Instant::now();
        what.befall(&mut site, at, &mut rng).await.with_context(|| format!("round {round}"))?;
        if what.is_database_away() {
            callers.had_no_database_since(since);
        }
        while let Some(done) = living.try_join_next() {
            pages.push(Some(done?));
        }
    }
    let healed = Instant::now();
    // All servers are up. What is still alive at its page ends with the next failure: a page has to be
    // told that it is over.
    for ledger in shops.iter().map(|shop| &shop.ledger).chain([&dead.ledger]) {
        ledger.entries().closing = true;
    }
    while let Some(done) = living.join_next().await {
        pages.push(Some(done?));
    }
    callers.hang_up(must_move).await.with_context(|| format!("seed {seed}"))?;
    for (ledger, mut page) in pages.into_iter().flatten() {
        page.submit_the_rest(&ledger).await?;
    }
    for shop in &shops {
        shop.check().await.with_context(|| format!("seed {seed}"))?;
    }
    callers.check().await.with_context(|| format!("seed {seed}"))?;
    let took = healed.elapsed();
    eprintln!("all was delivered {took:?} after the end of it");
    ensure!(took < HEALED_WITHIN, "it took {took:?}");
    dead.check().await.with_context(|| format!("seed {seed}"))
}
