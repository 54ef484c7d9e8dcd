//! Takes away what deleted integrations leave: their deliveries and attempts, which may be millions.
//!
//! An integration is gone with its row. The rest goes in short transactions, so that events never
//! wait for it long, and after a restart it goes on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};

use crate::{
    StoreError,
    background::Background,
    db::{self, Db},
};

/// Deliveries that are taken away in one transaction.
const STEP: i64 = 500;
/// After a step it rests for so many times as long as the step took: nobody waits for the removal,
/// and others wait for the same connection or lock.
const REST: u32 = 3;
/// It rests for as long at least.
const SHORTEST_REST: Duration = Duration::from_millis(10);
/// After a failure, such as that of the database.
const BEFORE_ANOTHER_TRY: Duration = Duration::from_secs(10);

pub(crate) const LAST_OF_STEP: &str = "
    SELECT MAX(event_seq) AS last
    FROM (
        SELECT event_seq
        FROM deliveries
        WHERE integration_id = $1
          AND event_seq > $2
        ORDER BY event_seq
        LIMIT $3
    ) AS step";

pub(crate) const REMOVE_ATTEMPTS: &str = "
    DELETE FROM attempts
    WHERE integration_id = $1
      AND event_seq > $2
      AND event_seq <= $3";

pub(crate) const REMOVE_DELIVERIES: &str = "
    DELETE FROM deliveries
    WHERE integration_id = $1
      AND event_seq > $2
      AND event_seq <= $3";

/// The task that takes away what is left.
#[derive(Debug)]
pub(crate) struct Remover {
    wake: Arc<Notify>,
    task: Background,
}

impl Remover {
    /// Begins with what was left before.
    pub(crate) fn start(db: Db) -> Self {
        let wake = Arc::new(Notify::new());
        let woken = Arc::clone(&wake);
        let task = Background::start(|stopped| run(db, woken, stopped));
        Self { wake, task }
    }

    /// There is more to take away.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

async fn run(db: Db, wake: Arc<Notify>, mut stopped: oneshot::Receiver<()>) {
    let mut removal = None;
    loop {
        let began = Instant::now();
        let stepped = step(&db, removal.take()).await;
        let rest = (began.elapsed() * REST).max(SHORTEST_REST);
        let pause = match stepped {
            Ok(Step::Idle) => None,
            Ok(Step::Some(next)) => {
                removal = Some(next);
                Some(rest)
            }
            Ok(Step::Last) => Some(rest),
            Err(error) => {
                tracing::warn!(%error, "what a deleted integration left stays for now");
                Some(BEFORE_ANOTHER_TRY)
            }
        };
        let woken = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => wake.notified().await,
            }
        };
        tokio::select! {
            _ = &mut stopped => return,
            () = woken => {}
        }
    }
}

/// How far the removal of an integration's deliveries has come.
struct Removal {
    integration_id: String,
    /// Up to this place in the log. The database skips what is deleted already, but not for nothing.
    done: i64,
}

/// What there was to do.
enum Step {
    /// Nothing.
    Idle,
    /// Some of it is done.
    Some(Removal),
    /// This was the end of a removal.
    Last,
}

/// Does a little, of this removal or of any.
async fn step(db: &Db, removal: Option<Removal>) -> Result<Step, StoreError> {
    let removal = match removal {
        Some(removal) => removal,
        None => {
            let sql = "SELECT integration_id FROM removals LIMIT 1";
            let Some(row) = db::one(&db.read, sql, []).await? else { return Ok(Step::Idle) };
            Removal { integration_id: row.get("integration_id")?, done: 0 }
        }
    };
    // With the lock, so that results which are being recorded leave nothing.
    let transaction = db.begin_configuration().await?;
    let Removal { integration_id, done } = removal;
    let id = || integration_id.clone().into();
    let values = [id(), done.into(), STEP.into()];
    let last = db::one(&transaction, LAST_OF_STEP, values).await?;
    let last: Option<i64> = last.map(|row| row.get("last")).transpose()?.flatten();
    if let Some(last) = last {
        for sql in [REMOVE_ATTEMPTS, REMOVE_DELIVERIES] {
            db::execute(&transaction, sql, [id(), done.into(), last.into()]).await?;
        }
    } else {
        for sql in [
            "DELETE FROM attempt_hours WHERE integration_id = $1",
            "DELETE FROM removals WHERE integration_id = $1",
        ] {
            db::execute(&transaction, sql, [id()]).await?;
        }
    }
    db::commit(transaction).await?;
    Ok(last.map_or(Step::Last, |done| Step::Some(Removal { integration_id, done })))
}
