//! A page with a widget: places calls and submits events until the server is gone, and goes on with
//! what was left when there is a server again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{
    SOON,
    answer::Answer,
    visitor::Visitor,
    widget::{Embed, Widget, call_id},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::ledger::{Ledger, id};

/// The event of the pages' custom code.
pub(crate) const CUSTOM_EVENT: &str = "cart_changed";
/// What one request may hold.
const MAX_EVENTS: usize = 20;
/// Pages do not ask again at once.
const LONGEST_PAUSE_MS: u64 = 25;
/// A server gives a call up whose media does not come by then.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The server is gone.
struct Gone;

/// An open page.
pub(crate) struct Page {
    widget: Widget,
    server: String,
    /// Whether its calls have real media and are ended by the far side.
    with_media: bool,
    /// Submissions that were not acknowledged yet. They are sent again as they are.
    outbox: Vec<Value>,
    rng: StdRng,
}

impl Page {
    pub(crate) async fn open(embed: &Embed, number: usize, seed: u64) -> anyhow::Result<Self> {
        let widget = embed.open(json!({ "orderId": format!("A-{number}") })).await?;
        let outbox = vec![widget.event("widget_loaded", json!({ "isPreview": false }))];
        Ok(Self {
            widget,
            server: embed.server.clone(),
            with_media: number == 0,
            outbox,
            rng: StdRng::seed_from_u64(seed),
        })
    }

    /// Calls and submits until the server is gone.
    pub(crate) async fn live(&mut self, ledger: &Ledger) {
        // Connections to the server before are of no use.
        self.widget = Widget::new(&self.server, self.widget.session.clone());
        while !ledger.entries().closing && self.visit(ledger).await.is_ok() {}
    }

    /// Submits what was never acknowledged.
    pub(crate) async fn submit_the_rest(&mut self, ledger: &Ledger) -> anyhow::Result<()> {
        self.widget = Widget::new(&self.server, self.widget.session.clone());
        // Its database may be back for a moment only.
        let since = Instant::now();
        loop {
            let submitted = self.submit(ledger).await;
            ensure!(submitted.is_ok(), "the server is gone, though nobody killed it");
            let left = self.outbox.len();
            if left == 0 {
                return Ok(());
            }
            let strange = ledger.entries().strange.clone();
            ensure!(since.elapsed() < SOON, "{left} events are still not taken: {strange:?}");
        }
    }

    /// One call, with events before, within and after it.
    async fn visit(&mut self, ledger: &Ledger) -> Result<(), Gone> {
        let label = json!({ "label": "Our shop", "action": "link" });
        self.outbox.push(self.widget.event("custom_button_clicked", label));
        self.submit(ledger).await?;

        let visitor = Visitor::new().await.map_err(|_| Gone)?;
        let placed = Instant::now();
        let Some(answer) = self.expect(ledger, 201, self.widget.offer(visitor.offer()).await)?
        else {
            return Ok(());
        };
        let Ok(call) = call_id(&answer) else { return Ok(()) };
        ledger.entries().accepted_calls.insert(call.clone());

        for _ in 0..self.rng.random_range(1..=4) {
            let items = self.rng.random_range(1..100);
            let mut event = self.widget.event(CUSTOM_EVENT, json!({ "items": items }));
            event["callId"] = call.as_str().into();
            self.outbox.push(event);
        }
        self.submit(ledger).await?;

        if self.with_media {
            return self.have_the_far_side_hang_up(ledger, &call, visitor, &answer.text()).await;
        }
        let end = match self.rng.random_range(0..10) {
            0..6 => self.widget.hang_up(&call).await,
            6..8 => self.widget.leave(&call).await,
            // Another live call for the server to find when it is back.
            _ => return self.pause().await,
        };
        // While a database is away, requests wait: whoever hangs up too late has no call any more, and is
        // told that it is over, too.
        let was_in_time = placed.elapsed() < CONNECT_TIMEOUT;
        if self.expect(ledger, 204, end)?.is_some() && was_in_time {
            ledger.entries().ended_calls.insert(call.clone());
            let rating = self.rng.random_range(1..=5);
            self.outbox.push(self.widget.survey(&call, &[("sound", rating)], None));
            self.submit(ledger).await?;
        }
        self.pause().await
    }

    async fn have_the_far_side_hang_up(
        &mut self,
        ledger: &Ledger,
        call: &str,
        visitor: Visitor,
        answer: &str,
    ) -> Result<(), Gone> {
        let ended = async {
            let mut messages = self.widget.follow(call, 0).await?;
            let media = visitor.accept(answer)?;
            while messages.next().await?.context("the stream ended too soon")?.data["phase"]
                != "connected"
            {}
            self.widget.press(call, '*').await?.expect(204)?;
            let rest = messages.rest().await?;
            drop(media);
            anyhow::Ok(rest.last().is_some_and(|last| last.data["event"]["name"] == "call_ended"))
        };
        // Whatever breaks here, breaks because the server was killed, or the checks find it.
        if ended.await.map_err(|_| Gone)? {
            ledger.entries().ended_calls.insert(call.to_owned());
        }
        Ok(())
    }

    async fn submit(&mut self, ledger: &Ledger) -> Result<(), Gone> {
        while !self.outbox.is_empty() {
            let batch = &self.outbox[..self.outbox.len().min(MAX_EVENTS)];
            ledger.entries().sent.extend(batch.iter().map(|event| (id(event), event.clone())));
            let answer = self.widget.submit(batch).await;
            let is_refused = answer.as_ref().is_ok_and(|answer| answer.status == 409);
            if is_refused && ledger.entries().calls_may_be_lost {
                self.outbox.retain(|event| !event.to_string().contains("survey_submitted"));
                continue;
            }
            let ids: Vec<_> = batch.iter().map(id).collect();
            if self.expect(ledger, 200, answer)?.is_none() {
                return self.pause().await;
            }
            self.outbox.drain(..ids.len());
            ledger.entries().acknowledged.extend(ids);
        }
        Ok(())
    }

    /// An answer of this status; `None` for another one, which is written down unless the server
    /// may say so at any time.
    fn expect<E>(
        &self,
        ledger: &Ledger,
        status: u16,
        answer: Result<Answer, E>,
    ) -> Result<Option<Answer>, Gone> {
        let answer = answer.map_err(|_| Gone)?;
        if answer.status == status {
            return Ok(Some(answer));
        }
        if answer.status != 503 {
            ledger.entries().strange.push(format!("{}: {}", answer.status, answer.text()));
        }
        Ok(None)
    }

    async fn pause(&mut self) -> Result<(), Gone> {
        let pause = Duration::from_millis(self.rng.random_range(0..=LONGEST_PAUSE_MS));
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
