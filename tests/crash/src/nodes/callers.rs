//! Visitors in calls with a telephone, while servers come and go. Some stay in one call from the first to the
//! last, and take it up wherever it is to be had: it must never be lost. Others call again and again, and
//! leave calls behind that somebody has to end.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bellpush_sip_tests::{Desk, Entry};
use bellpush_test_support::{
    eventually,
    widget::{Embed, Widget},
};
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::{
    patient::Patient,
    restless,
    shop::{HEALED_WITHIN, Shop},
    site::Site,
};
use crate::ORIGIN;

/// So long after its database is back a server tries again to keep what it could not.
const KEPT_AGAIN_WITHIN: Duration = Duration::from_secs(2);
/// What an app gives its pages to come back, in seconds: as much as there is.
const PATIENCE: u64 = 30;

pub(super) struct Callers {
    desk: Desk,
    /// Of those who stay in their calls.
    patient: Shop,
    /// Of the others.
    restless: Shop,
    over: watch::Sender<bool>,
    living: JoinSet<anyhow::Result<usize>>,
    /// When a server could not keep what it had.
    outages: Vec<Range<Instant>>,
}

impl Callers {
    /// One of each kind at each server, the former in their calls by then.
    pub(super) async fn start(site: &Site, rng: &mut StdRng) -> anyhow::Result<Self> {
        let desk = Desk::start().await?;
        let api = site.nodes[0].api();
        let trunk = json!({
            "name": "Desk", "domain": "127.0.0.1", "port": desk.address.port(),
            "register": false, "keepAliveSeconds": null,
        });
        let trunk: Value = api.post("/v1/trunks", &trunk).await?.expect(201)?.json()?;
        let mut shops = Vec::new();
        for resume_seconds in [PATIENCE, 0] {
            let shop = Shop::open(site.nodes[0].api(), rng.next_u64()).await?;
            let app = format!("/v1/apps/{}", shop.app.id);
            let settings = json!({ "resumeSeconds": resume_seconds });
            api.patch(&app, &settings).await?.expect(200)?;
            let profile = json!({
                "name": "Desk", "kind": "sip", "trunkId": trunk["id"], "to": "100",
                "isDefault": true,
            });
            api.post(&format!("{app}/destinations"), &profile).await?.expect(201)?;
            shops.push(shop);
        }
        let [patient, restless]: [Shop; 2] =
            shops.try_into().ok().context("there are two kinds of callers")?;
        let (over, _) = watch::channel(false);
        let mut callers =
            Self { desk, patient, restless, over, living: JoinSet::new(), outages: Vec::new() };
        callers.call(site, rng).await?;
        Ok(callers)
    }

    async fn call(&mut self, site: &Site, rng: &mut StdRng) -> anyhow::Result<()> {
        let servers: Vec<String> = site.nodes.iter().map(|node| node.url()).collect();
        for (at, server) in servers.iter().enumerate() {
            let mut widgets = Vec::new();
            for shop in [&self.patient, &self.restless] {
                let key = shop.api.create_widget_key(&shop.app).await?.key;
                let (server, app) = (server.clone(), shop.app.clone());
                let embed = Embed { server, app, key, origin: ORIGIN.into() };
                widgets.push(embed.open(json!({ "orderId": format!("B-{at}") })).await?);
            }
            let [patient, restless]: [Widget; 2] =
                widgets.try_into().ok().context("there is one of each kind")?;
            let ledger = Arc::clone(&self.patient.ledger);
            let patient = Patient::call(patient, &servers, at, ledger).await?;
            self.living.spawn(patient.stay(self.over.subscribe()));
            let ledger = Arc::clone(&self.restless.ledger);
            let (over, seed) = (self.over.subscribe(), rng.next_u64());
            self.living.spawn(async move {
                restless::live(restless, ledger, over, seed).await;
                Ok(0)
            });
        }
        Ok(())
    }

    /// From then on until now a server was without its database.
    pub(super) fn had_no_database_since(&mut self, since: Instant) {
        self.outages.push(since..Instant::now() + KEPT_AGAIN_WITHIN);
    }

    /// All hang up; those who stayed still hear each other. Nothing befalls any server now. `must_move`: a
    /// server was away.
    pub(super) async fn hang_up(&mut self, must_move: bool) -> anyhow::Result<()> {
        self.over.send_replace(true);
        let mut moved = 0;
        while let Some(done) = self.living.join_next().await {
            moved += done??;
        }
        // A story in which no call had to move has shown nothing.
        ensure!(moved > 0 || !must_move, "no call was taken up by another server");
        eprintln!("calls were taken up by other servers {moved} times");
        Ok(())
    }

    /// Whether all calls ended as they should, at both sides.
    pub(super) async fn check(&self) -> anyhow::Result<()> {
        for shop in [&self.patient, &self.restless] {
            shop.check().await?;
        }
        for call in self.patient.api.calls(&self.patient.app, "").await? {
            ensure!(call.reason.as_deref() == Some("user_hangup"), "a call was lost: {call:?}");
        }
        // What was answered while its server could not keep it, and had no time to do so later, is left to the
        // far side's own time-outs.
        let may_be_open =
            |dialog: &Entry| self.outages.iter().any(|outage| outage.contains(&dialog.answered_at));
        let ended = eventually("the end of all dialogs", HEALED_WITHIN, async || {
            Ok(self.desk.faults_but(may_be_open).is_empty().then_some(()))
        });
        let (ended, dialogs) = (ended.await, self.desk.dialogs());
        let opened = dialogs.values().filter(|dialog| dialog.acknowledged).count();
        let offers: usize = dialogs.values().map(|dialog| dialog.offers.len()).sum();
        let left = dialogs.values().filter(|dialog| dialog.is_open()).count();
        eprintln!(
            "telephone: {opened} dialogs opened, {left} left open, sessions offered anew {offers} times"
        );
        ended.with_context(|| self.desk.faults_but(may_be_open).join("\n"))
    }
}
