//! Notices on their way: into the event log, from where integrations get them, and by mail.

use bellpush_core::{
    alerts::Notice,
    events::{Envelope, EventTime},
    ids::{AppId, EventId},
};
use sea_orm::DatabaseTransaction;

use crate::{
    Store, StoreError,
    db::{self, Row, to_json},
};

/// Attempts at one mail.
const MAX_ATTEMPTS: i64 = 10;
/// After the first attempt at a mail the next one is due so much later, and twice as long after each
/// further one. Until then nobody else sends it.
const FIRST_WAIT_MS: i64 = 60_000;
/// No wait is longer.
const LONGEST_WAIT_MS: i64 = 3_600_000;
/// Due by whichever clock.
const AT_ONCE: i64 = 0;
/// Mails that are looked at for one to take: some may be of a newer version, and others taken meanwhile.
const CANDIDATES: i64 = 20;
/// Characters that are kept of a failure.
const FAILURE_CHARS: usize = 300;

/// A notice that is not in the event log yet.
#[derive(Debug, Clone, PartialEq)]
pub struct UnloggedNotice {
    /// The id that its event is to have: by it the log takes it once, however often it is put there.
    pub event_id: EventId,
    /// The app.
    pub app_id: AppId,
    /// The event.
    pub envelope: Envelope,
}

/// A mail that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMail {
    /// The notice's event.
    pub event_id: EventId,
    /// To whom.
    pub address: String,
    /// Its subject.
    pub title: String,
    /// What it tells, in a sentence or two.
    pub text: String,
    /// The app's id and name.
    pub app: (AppId, String),
}

pub(crate) const UNLOGGED: &str = "
    SELECT event_id, app_id, envelope
    FROM alert_notices
    WHERE logged_at IS NULL
    ORDER BY event_id
    LIMIT $1";

pub(crate) const DUE: &str = "
    SELECT alert_mails.event_id, address, attempts, title, envelope, apps.id AS app_id,
        apps.settings
    FROM alert_mails
    JOIN alert_notices ON alert_notices.event_id = alert_mails.event_id
    JOIN apps ON apps.id = alert_notices.app_id
    WHERE next_due IS NOT NULL
      AND (next_due <= $1 OR next_due > $2)
    ORDER BY next_due
    LIMIT $3";

/// Nothing happens where another node was faster. What is due later than anything is put off was put off by a
/// clock that has been set back since: it is due.
const TAKE: &str = "
    UPDATE alert_mails
    SET attempts = attempts + 1, next_due = $4
    WHERE event_id = $1
      AND address = $2
      AND (next_due <= $3 OR next_due > $5)";

/// A notice is written, with the mails that are to go out.
pub(super) async fn write(
    transaction: &DatabaseTransaction,
    event_id: EventId,
    app_id: AppId,
    notice: &Notice<'_>,
    at: EventTime,
) -> Result<(), StoreError> {
    let sql = "
        INSERT INTO alert_notices
            (event_id, app_id, alert_id, kind, title, envelope, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        event_id.to_string().into(),
        app_id.to_string().into(),
        notice.alert_id.to_string().into(),
        notice.kind.as_str().into(),
        notice.title().into(),
        to_json(&notice.envelope(at)).into(),
        at.millis().into(),
    ];
    db::execute(transaction, sql, values).await?;
    for address in &notice.rule.emails {
        let sql = "
            INSERT INTO alert_mails (event_id, address, attempts, next_due)
            VALUES ($1, $2, 0, $3)";
        let values = [event_id.to_string().into(), address.as_str().into(), AT_ONCE.into()];
        db::execute(transaction, sql, values).await?;
    }
    Ok(())
}

impl Store {
    /// Notices that are not in the event log yet, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unlogged_notices(&self, limit: u32) -> Result<Vec<UnloggedNotice>, StoreError> {
        let rows = db::all(&self.db().read, UNLOGGED, [i64::from(limit).into()]).await?;
        db::read(rows, |row| {
            Ok(UnloggedNotice {
                event_id: row.parse("event_id")?,
                app_id: row.parse("app_id")?,
                envelope: row.json("envelope")?,
            })
        })
    }

    /// A notice is in the event log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notice_logged(&self, event_id: EventId) -> Result<(), StoreError> {
        let sql = "UPDATE alert_notices SET logged_at = $2 WHERE event_id = $1";
        let values = [event_id.to_string().into(), db::now().millis().into()];
        db::execute(&self.db().write, sql, values).await?;
        Ok(())
    }

    /// A mail that is due, for this node to send now: it is due again later unless it is said to be sent, by
    /// the clock that all nodes share.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_due_mail(&self) -> Result<Option<DueMail>, StoreError> {
        let now = self.clock().await?.millis();
        let latest = now + LONGEST_WAIT_MS;
        let values = [now.into(), latest.into(), CANDIDATES.into()];
        let rows = db::all(&self.db().read, DUE, values).await?;
        for row in rows {
            let Some(mail) = db::if_readable(due(&row))? else { continue };
            let attempts: u32 = row.count("attempts")?;
            let wait = FIRST_WAIT_MS.checked_shl(attempts).unwrap_or(LONGEST_WAIT_MS);
            let values = [
                mail.event_id.to_string().into(),
                mail.address.clone().into(),
                now.into(),
                (now + wait.clamp(FIRST_WAIT_MS, LONGEST_WAIT_MS)).into(),
                latest.into(),
            ];
            if db::execute(&self.db().write, TAKE, values).await? > 0 {
                return Ok(Some(mail));
            }
        }
        Ok(None)
    }

    /// The mail server took a mail, or why it did not. After ten attempts it is given up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mail_tried(
        &self,
        mail: &DueMail,
        outcome: Result<(), String>,
    ) -> Result<(), StoreError> {
        let (id, address) = (mail.event_id.to_string(), mail.address.clone());
        match outcome {
            Ok(()) => {
                let sql = "
                    UPDATE alert_mails
                    SET sent_at = $3, next_due = NULL, failure = NULL
                    WHERE event_id = $1
                      AND address = $2";
                let values = [id.into(), address.into(), db::now().millis().into()];
                db::execute(&self.db().write, sql, values).await?;
            }
            Err(why) => {
                let why: String = why.chars().take(FAILURE_CHARS).collect();
                let sql = "
                    UPDATE alert_mails
                    SET failure = $3,
                        next_due = CASE WHEN attempts >= $4 THEN NULL ELSE next_due END
                    WHERE event_id = $1
                      AND address = $2";
                let values = [id.into(), address.into(), why.into(), MAX_ATTEMPTS.into()];
                db::execute(&self.db().write, sql, values).await?;
            }
        }
        Ok(())
    }
}

fn due(row: &Row) -> Result<DueMail, StoreError> {
    let envelope: Envelope = row.json("envelope")?;
    let settings: bellpush_core::app::AppSettings = row.json("settings")?;
    let text = envelope.data.get("text").and_then(|text| text.as_str()).unwrap_or_default();
    Ok(DueMail {
        event_id: row.parse("event_id")?,
        address: row.get("address")?,
        title: row.get("title")?,
        text: text.to_owned(),
        app: (row.parse("app_id")?, settings.name),
    })
}
