//! Exports: writes calls or events into files, little by little.
//!
//! How far each has come is on disk, in the same transaction as the part of the file: so it goes on
//! where it was after a crash, on whichever node is free.

pub(crate) mod csv;
mod rows;

use std::{collections::HashMap, time::Duration};

use bellpush_core::{delivery::Seq, ids::ExportId};
use bellpush_store::{Export, ExportFormat, ExportStep, Exported, PageRequest, Store, StoreError};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    api::{CallDetails, EventView},
    duties::Wake,
};

/// Rows of one step.
const STEP: u32 = 500;
/// Rows of a file, at most.
const MAX_ROWS: u64 = 2_000_000;
/// How often to look for exports that another node has left.
const LOOK: Duration = Duration::from_secs(30);
/// How often in a row a step may fail before the export is given up: each time is a lease after the one before.
const TRIES: u32 = 5;
/// After a step it rests as long as the step took, and so long at least: others wait for the store.
const SHORTEST_REST: Duration = Duration::from_millis(5);

/// What ends a JSON array that [`step`] has begun.
pub(crate) const JSON_END: &str = "\n]\n";

/// Runs the exports of this node. Clones are handles of the same runner.
#[derive(Debug, Clone)]
pub(crate) struct ExportRunner {
    store: Store,
    made: Wake,
}

/// The exports that this node could not go on with.
#[derive(Debug, Default)]
struct Failures(HashMap<ExportId, Failed>);

/// How often in a row, and where.
#[derive(Debug)]
struct Failed {
    parts: u32,
    times: u32,
}

impl Failures {
    /// Counts one; whether it was the last that may be.
    fn count(&mut self, export: &Export) -> bool {
        let parts = export.parts;
        let failed = self.0.entry(export.id).or_insert(Failed { parts, times: 0 });
        if failed.parts != parts {
            // It has gone on since, here or on another node.
            *failed = Failed { parts, times: 0 };
        }
        failed.times += 1;
        failed.times >= TRIES
    }

    fn forget(&mut self, id: ExportId) {
        self.0.remove(&id);
    }
}

/// Why a step can't be done.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Trying again would not help.
    #[error("{0}")]
    Hopeless(String),
}

impl ExportRunner {
    /// Exports of a store.
    pub(crate) fn new(store: Store) -> Self {
        Self { store, made: Wake::default() }
    }

    /// An export was made.
    pub(crate) fn wake(&self) {
        self.made.wake();
    }

    /// Runs exports until the server stops.
    pub(crate) async fn run(self, stopped: CancellationToken) {
        let mut failures = Failures::default();
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                () = self.work(&mut failures) => {}
            }
            if self.made.pause(LOOK, &stopped).await.is_stopped() {
                return;
            }
        }
    }

    /// Writes all that nobody else writes.
    async fn work(&self, failures: &mut Failures) {
        loop {
            match self.store.take_export().await {
                Ok(Some(export)) => self.write(export, failures).await,
                Ok(None) => return,
                Err(error) => return warn!(%error, "exports can't be read"),
            }
        }
    }

    async fn write(&self, mut export: Export, failures: &mut Failures) {
        let id = export.id;
        loop {
            let began = tokio::time::Instant::now();
            let stepped = match step(&self.store, &export).await {
                Ok(step) => self.store.advance_export(&export, &step).await.map_err(Into::into),
                Err(error) => Err(error),
            };
            match stepped {
                Ok(Some(next)) if next.ended_at.is_none() => export = next,
                Ok(done) => {
                    failures.forget(id);
                    let rows = done.map(|export| export.rows);
                    return info!(export = %id, rows, "an export has ended");
                }
                Err(StepError::Hopeless(why)) => {
                    failures.forget(id);
                    return self.give_up(id, &why).await;
                }
                Err(StepError::Store(error)) if failures.count(&export) => {
                    failures.forget(id);
                    let why = format!("it could not go on {TRIES} times in a row: {error}");
                    return self.give_up(id, &why).await;
                }
                Err(StepError::Store(error)) => {
                    // When its lease has run out, it is taken up again.
                    return warn!(export = %id, %error, "an export can't go on yet");
                }
            }
            tokio::time::sleep(began.elapsed().max(SHORTEST_REST)).await;
        }
    }

    async fn give_up(&self, id: ExportId, why: &str) {
        warn!(export = %id, why, "an export is given up");
        if let Err(error) = self.store.fail_export(id, why).await {
            warn!(export = %id, %error, "that can't be kept");
        }
    }
}

/// The next part of an export's file.
async fn step(store: &Store, export: &Export) -> Result<ExportStep, StepError> {
    if export.rows >= MAX_ROWS {
        let why = format!("it has more than {MAX_ROWS} rows; narrow the filter");
        return Err(StepError::Hopeless(why));
    }
    let (app_id, place) = (export.app_id, &export.place);
    let unreadable = || StepError::Hopeless("its place can't be read".into());
    let keys = &export.context_keys;
    match &export.exported {
        Exported::Calls(filter) => {
            let after = Some(place.parse().map_err(|_| unreadable())?);
            let page = store.calls(app_id, filter, PageRequest { after, limit: STEP }).await?;
            let next = page.next.map(|id| id.to_string());
            let rows = page.items.len();
            let text = match export.format {
                ExportFormat::Csv => {
                    let header = is_first(export).then(|| rows::call_columns(keys));
                    let items = page.items.iter().map(|call| rows::call(call, keys));
                    as_csv(header, items)?
                }
                ExportFormat::Json => {
                    as_json(export, page.items.into_iter().map(CallDetails::from))?
                }
            };
            Ok(ExportStep { text, rows: count(rows), next })
        }
        Exported::Events(filter) => {
            let after = Some(Seq(place.parse().map_err(|_| unreadable())?));
            let page = store.events(app_id, filter, PageRequest { after, limit: STEP }).await?;
            let next = page.next.map(|seq| seq.to_string());
            let rows = page.items.len();
            let text = match export.format {
                ExportFormat::Csv => {
                    let header = is_first(export).then(|| rows::event_columns(keys));
                    let items = page.items.iter().map(|event| rows::event(event, keys));
                    as_csv(header, items)?
                }
                ExportFormat::Json => {
                    let items: Result<Vec<_>, _> =
                        page.items.into_iter().map(EventView::try_from).collect();
                    as_json(export, items.map_err(|problem| StepError::Hopeless(problem.detail))?)?
                }
            };
            Ok(ExportStep { text, rows: count(rows), next })
        }
    }
}

fn is_first(export: &Export) -> bool {
    export.parts == 0
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

fn as_csv(
    header: Option<Vec<String>>,
    items: impl Iterator<Item = Vec<String>>,
) -> Result<String, StepError> {
    let text = csv::rows(header.into_iter().chain(items));
    text.map_err(|error| StepError::Hopeless(format!("a row can't be written: {error}")))
}

/// Items of an array, which [`JSON_END`] ends.
fn as_json(
    export: &Export,
    items: impl IntoIterator<Item = impl Serialize>,
) -> Result<String, StepError> {
    let mut text = String::from(if is_first(export) { "[" } else { "" });
    let mut is_first_item = export.rows == 0;
    for item in items {
        text.push_str(if is_first_item { "\n" } else { ",\n" });
        is_first_item = false;
        let json = serde_json::to_string(&item);
        text += &json.map_err(|error| StepError::Hopeless(error.to_string()))?;
    }
    Ok(text)
}
