//! Pages that submit events through a fault, and what the server has told them.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bellpush_test_support::{answer::Answer, sink::Sink};
use serde_json::Value;

use crate::shop::Shop;

/// A request that was not answered with 200.
#[derive(Debug)]
pub struct Refused {
    /// The answer.
    pub answer: Answer,
    /// How long it took.
    pub took: Duration,
}

/// Shared by all pages.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Entries>);

/// What pages know.
#[derive(Debug, Default)]
pub struct Entries {
    /// Submissions that were answered with 200.
    pub acknowledged: Vec<Value>,
    /// Requests whose last answer was another one.
    pub open: Vec<Vec<Value>>,
    /// The answers other than 200.
    pub refused: Vec<Refused>,
}

impl Ledger {
    /// What is in it.
    pub fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Submits events in one request. Returns whether they were acknowledged.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn submit(&self, shop: &Shop, batch: &[Value]) -> anyhow::Result<bool> {
        let asked_at = Instant::now();
        let answer = shop.widget.submit(batch).await.context("a submission has no answer")?;
        let took = asked_at.elapsed();
        let mut entries = self.entries();
        let accepted = answer.status == 200;
        if accepted {
            entries.acknowledged.extend_from_slice(batch);
        } else {
            entries.refused.push(Refused { answer, took });
        }
        Ok(accepted)
    }

    /// Submits new events until a request is not acknowledged.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn submit_until_refused(
        &self,
        shop: &Shop,
        count: usize,
        bytes: usize,
    ) -> anyhow::Result<()> {
        loop {
            let batch = shop.events(count, bytes);
            if !self.submit(shop, &batch).await? {
                self.entries().open.push(batch);
                return Ok(());
            }
        }
    }

    /// Submits new events without an end, each request until it is acknowledged.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn submit_for_ever(
        &self,
        shop: &Shop,
        count: usize,
        bytes: usize,
    ) -> anyhow::Result<()> {
        loop {
            let batch = shop.events(count, bytes);
            while !self.submit(shop, &batch).await? {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Submits again what was refused; all of it must be taken now.
    ///
    /// # Errors
    /// It is not.
    pub async fn submit_the_open(&self, shop: &Shop) -> anyhow::Result<()> {
        let open = std::mem::take(&mut self.entries().open);
        for batch in open {
            shop.submit(&batch).await?;
            self.entries().acknowledged.extend(batch);
        }
        Ok(())
    }

    /// All refusals were problem documents of 503 that say when to come back, and none took longer
    /// than this.
    ///
    /// # Errors
    /// One is otherwise, or there is none.
    pub fn check_refusals(&self, within: Duration) -> anyhow::Result<()> {
        let entries = self.entries();
        ensure!(!entries.refused.is_empty(), "nothing was refused");
        for Refused { answer, took } in &entries.refused {
            let problem = answer.problem()?;
            ensure!(problem.is(503, "unavailable"), "{problem:?}");
            let seconds: u64 = answer.header("retry-after").parse().context("Retry-After")?;
            ensure!((1..=60).contains(&seconds), "Retry-After: {seconds}");
            ensure!(*took <= within, "an answer took {took:?}: {problem:?}");
        }
        Ok(())
    }

    /// Everything that was acknowledged is in the log, once and unchanged; of a request that was
    /// refused, either all is there or nothing.
    ///
    /// # Errors
    /// What is not so.
    pub async fn check_log(&self, shop: &Shop) -> anyhow::Result<()> {
        let log = shop.log().await?;
        let entries = self.entries();
        let id = |event: &Value| event["id"].as_str().unwrap_or_default().to_owned();
        for event in &entries.acknowledged {
            let id = id(event);
            let recorded = log.get(&id).with_context(|| format!("{id} is lost"))?;
            ensure!(recorded.envelope()? == event["event"], "{id} was changed");
        }
        for batch in &entries.open {
            let there = batch.iter().filter(|event| log.contains_key(&id(event))).count();
            let whole = there == 0 || there == batch.len();
            ensure!(whole, "{there} of {} events of a refused request are there", batch.len());
        }
        Ok(())
    }

    /// Every event of the log arrives at the endpoint, in the bytes of the log, and its delivery
    /// says so.
    ///
    /// # Errors
    /// What is not so within this time.
    pub async fn check_arrivals(
        &self,
        shop: &Shop,
        sink: &Sink,
        within: Duration,
    ) -> anyhow::Result<()> {
        let log = shop.log().await?;
        let mut missing: HashSet<&str> = log.keys().map(String::as_str).collect();
        let mut looked_at = 0;
        let received = sink
            .wait_until(within, |received| {
                for request in &received[looked_at..] {
                    missing.remove(request.id());
                }
                looked_at = received.len();
                missing.is_empty()
            })
            .await?;
        for request in received {
            let event = log.get(request.id()).with_context(|| format!("unknown: {request:?}"))?;
            ensure!(request.body == event.event.get().as_bytes(), "other bytes: {request:?}");
            ensure!(request.signed == Some(true), "a wrong signature: {request:?}");
        }
        bellpush_test_support::eventually("no delivery waits", within, async || {
            let waits =
                shop.has_deliveries("pending").await? || shop.has_deliveries("dead").await?;
            Ok((!waits).then_some(()))
        })
        .await
    }
}
