//! Takes away what deleted apps and integrations leave: events, calls, sessions, deliveries and
//! attempts, which may be millions.
//!
//! An integration is gone with its row, and an app when its row says so. The rest goes in short
//! transactions, so that events never wait for it long, and after a restart it goes on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::Value;
use tokio::sync::{Notify, oneshot};

use crate::{
    StoreError,
    background::Background,
    db::{self, Db, Row},
};

/// Rows that are taken away in one transaction.
const STEP: i64 = 500;
/// After a step it rests for so many times as long as the step took: nobody waits for the removal,
/// and others wait for the same connection or lock.
const REST: u32 = 3;
/// It rests for as long at least.
const SHORTEST_REST: Duration = Duration::from_millis(10);
/// After a failure, such as that of the database.
const BEFORE_ANOTHER_TRY: Duration = Duration::from_secs(10);

/// Finds the last row of a step: at most $3 rows of an owner, those after $2 in the order of a key.
macro_rules! last_of_step {
    ($table:literal of $owner:literal by $key:literal) => {
        concat!(
            "SELECT MAX(",
            $key,
            ") AS last FROM (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $owner,
            " = $1 AND ",
            $key,
            " > $2 ORDER BY ",
            $key,
            " LIMIT $3) AS step"
        )
    };
}

/// What a step takes away: an owner's rows after $2, up to $3.
macro_rules! rows_of_step {
    ($table:literal of $owner:literal by $key:literal) => {
        concat!($table, " WHERE ", $owner, " = $1 AND ", $key, " > $2 AND ", $key, " <= $3")
    };
}

pub(crate) const LAST_DELIVERY: &str =
    last_of_step!("deliveries" of "integration_id" by "event_seq");
pub(crate) const LAST_EVENT: &str = last_of_step!("events" of "app_id" by "seq");
pub(crate) const LAST_CALL: &str = last_of_step!("calls" of "app_id" by "id");
pub(crate) const LAST_SESSION: &str = last_of_step!("sessions" of "app_id" by "id");
pub(crate) const LAST_CALLBACK: &str = last_of_step!("callback_requests" of "app_id" by "id");
pub(crate) const LAST_HOUR: &str = last_of_step!("analytics_hours" of "app_id" by "hour");
pub(crate) const LAST_ALERT: &str = last_of_step!("alerts" of "app_id" by "id");

pub(crate) const REMOVE_ATTEMPTS: &str =
    concat!("DELETE FROM ", rows_of_step!("attempts" of "integration_id" by "event_seq"));
pub(crate) const REMOVE_DELIVERIES: &str =
    concat!("DELETE FROM ", rows_of_step!("deliveries" of "integration_id" by "event_seq"));
// Events are sorted, so that no database goes by the index with their names: it would read all of
// the app's events for each step.
pub(crate) const REMOVE_TRACES: &str = concat!(
    "DELETE FROM event_traces WHERE event_seq IN (SELECT seq FROM ",
    rows_of_step!("events" of "app_id" by "seq"),
    " ORDER BY seq)"
);
pub(crate) const REMOVE_EVENTS: &str = concat!(
    "DELETE FROM events WHERE seq IN (SELECT seq FROM ",
    rows_of_step!("events" of "app_id" by "seq"),
    " ORDER BY seq)"
);
pub(crate) const REMOVE_SURVEYS: &str = concat!(
    "DELETE FROM survey_responses WHERE call_id IN (SELECT id FROM ",
    rows_of_step!("calls" of "app_id" by "id"),
    ")"
);
pub(crate) const REMOVE_RECORDS: &str = concat!(
    "DELETE FROM call_records WHERE call_id IN (SELECT id FROM ",
    rows_of_step!("calls" of "app_id" by "id"),
    ")"
);
pub(crate) const REMOVE_CALLS: &str =
    concat!("DELETE FROM ", rows_of_step!("calls" of "app_id" by "id"));
/// Tokens and context go with them.
pub(crate) const REMOVE_SESSIONS: &str =
    concat!("DELETE FROM ", rows_of_step!("sessions" of "app_id" by "id"));

pub(crate) const REMOVE_CALLBACKS: &str =
    concat!("DELETE FROM ", rows_of_step!("callback_requests" of "app_id" by "id"));
pub(crate) const REMOVE_HOURS: &str =
    concat!("DELETE FROM ", rows_of_step!("analytics_hours" of "app_id" by "hour"));
/// Their notices and mails go with them.
pub(crate) const REMOVE_ALERTS: &str =
    concat!("DELETE FROM ", rows_of_step!("alerts" of "app_id" by "id"));

/// Rows that are taken away together.
#[derive(Debug, Clone, Copy)]
enum Rows {
    Deliveries,
    Events,
    Calls,
    Sessions,
    Callbacks,
    Hours,
    Alerts,
}

impl Rows {
    /// Before the first.
    fn beginning(self) -> Value {
        match self {
            Self::Deliveries | Self::Events | Self::Hours => 0_i64.into(),
            Self::Calls | Self::Sessions | Self::Callbacks | Self::Alerts => "".into(),
        }
    }

    /// Finds the last row of a step.
    const fn last(self) -> &'static str {
        match self {
            Self::Deliveries => LAST_DELIVERY,
            Self::Events => LAST_EVENT,
            Self::Calls => LAST_CALL,
            Self::Sessions => LAST_SESSION,
            Self::Callbacks => LAST_CALLBACK,
            Self::Hours => LAST_HOUR,
            Self::Alerts => LAST_ALERT,
        }
    }

    fn found(self, row: &Row) -> Result<Option<Value>, StoreError> {
        Ok(match self {
            Self::Deliveries | Self::Events | Self::Hours => {
                row.get::<Option<i64>>("last")?.map(Value::from)
            }
            Self::Calls | Self::Sessions | Self::Callbacks | Self::Alerts => {
                row.get::<Option<String>>("last")?.map(Value::from)
            }
        })
    }

    /// Takes a step's rows away, with what hangs on them.
    const fn removals(self) -> &'static [&'static str] {
        match self {
            Self::Deliveries => &[REMOVE_ATTEMPTS, REMOVE_DELIVERIES],
            Self::Events => &[REMOVE_TRACES, REMOVE_EVENTS],
            Self::Calls => &[REMOVE_SURVEYS, REMOVE_RECORDS, REMOVE_CALLS],
            Self::Sessions => &[REMOVE_SESSIONS],
            Self::Callbacks => &[REMOVE_CALLBACKS],
            Self::Hours => &[REMOVE_HOURS],
            Self::Alerts => &[REMOVE_ALERTS],
        }
    }

    /// What comes when these are gone.
    const fn then(self) -> Then {
        match self {
            Self::Deliveries => Then::End(&[
                "DELETE FROM attempt_hours WHERE integration_id = $1",
                "DELETE FROM removals WHERE integration_id = $1",
            ]),
            Self::Events => Then::Rows(Self::Calls),
            Self::Calls => Then::Rows(Self::Sessions),
            Self::Sessions => Then::Rows(Self::Callbacks),
            Self::Callbacks => Then::Rows(Self::Hours),
            Self::Hours => Then::Rows(Self::Alerts),
            // With the few rows that else hang on it.
            Self::Alerts => Then::End(&["DELETE FROM app_rows WHERE id = $1"]),
        }
    }
}

/// What comes when some rows are gone.
enum Then {
    Rows(Rows),
    /// The last statements.
    End(&'static [&'static str]),
}

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
                tracing::warn!(%error, "what a deleted app or integration left stays for now");
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

/// How far the removal of an app or integration has come.
struct Removal {
    /// The app's or integration's id.
    of: String,
    rows: Rows,
    /// Up to this one. The database skips what is deleted already, but not for nothing.
    done: Value,
}

impl Removal {
    fn begin(of: String, rows: Rows) -> Self {
        Self { of, rows, done: rows.beginning() }
    }
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
        None => match any(db).await? {
            Some(removal) => removal,
            None => return Ok(Step::Idle),
        },
    };
    // With the lock, so that results which are being recorded leave nothing.
    let transaction = db.begin_configuration().await?;
    let Removal { of, rows, done } = removal;
    let id = || Value::from(of.clone());
    let values = [id(), done.clone(), STEP.into()];
    let last = db::one(&transaction, rows.last(), values).await?;
    let last = last.map(|row| rows.found(&row)).transpose()?.flatten();
    let step = match (last, rows.then()) {
        (Some(last), _) => {
            for sql in rows.removals() {
                db::execute(&transaction, sql, [id(), done.clone(), last.clone()]).await?;
            }
            Step::Some(Removal { of, rows, done: last })
        }
        (None, Then::Rows(rows)) => Step::Some(Removal::begin(of, rows)),
        (None, Then::End(statements)) => {
            for sql in statements {
                db::execute(&transaction, sql, [id()]).await?;
            }
            Step::Last
        }
    };
    db::commit(transaction).await?;
    Ok(step)
}

/// A removal that there is to do.
async fn any(db: &Db) -> Result<Option<Removal>, StoreError> {
    for (sql, rows) in [
        ("SELECT integration_id AS id FROM removals LIMIT 1", Rows::Deliveries),
        ("SELECT id FROM app_rows WHERE removed LIMIT 1", Rows::Events),
    ] {
        if let Some(row) = db::one(&db.read, sql, []).await? {
            return Ok(Some(Removal::begin(row.get("id")?, rows)));
        }
    }
    Ok(None)
}
