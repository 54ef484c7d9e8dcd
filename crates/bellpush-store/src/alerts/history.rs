//! Alerts that there were, and what people were told of them.

use std::collections::HashMap;

use bellpush_core::{
    alerts::{AlertKind, AlertRuleSettings, NoticeKind, Reading},
    events::EventTime,
    ids::{AlertId, AlertRuleId, AppId, EventId},
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Page, PageRequest, Store, StoreError,
    db::{
        self, Row,
        page::{Conditions, Query},
        to_json,
    },
};

/// How an alert ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertEnd {
    /// All was well again.
    Recovered,
    /// Its rule was changed, switched off or deleted.
    RuleChanged,
}

impl AlertEnd {
    /// The word that it is kept as.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::RuleChanged => "rule_changed",
        }
    }
}

/// An alert: a rule that fired, until it was over.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The rule; it may be gone.
    pub rule_id: AlertRuleId,
    /// The rule's name, as it was when it fired.
    pub rule_name: String,
    /// What the rule watched.
    pub kind: AlertKind,
    /// When it fired.
    pub fired_at: EventTime,
    /// When it was over, and how.
    pub end: Option<(EventTime, AlertEnd)>,
    /// The value at which it fired, of so many calls.
    pub value: f64,
    /// The worst value of it.
    pub worst: f64,
    /// Calls that the first value was of.
    pub sample: u32,
    /// What people were told of it, in that order.
    pub notices: Vec<AlertNotice>,
}

/// What people were told of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNotice {
    /// Its event.
    pub event_id: EventId,
    /// What.
    pub kind: NoticeKind,
    /// When.
    pub created_at: EventTime,
    /// Who got a mail of it.
    pub mails: Vec<NoticeMail>,
}

/// A mail that tells of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeMail {
    /// To whom.
    pub address: String,
    /// When the mail server took it.
    pub sent_at: Option<EventTime>,
    /// Why the last attempt failed.
    pub failure: Option<String>,
    /// Whether there will be no other attempt.
    pub given_up: bool,
}

pub(crate) const NOTICES: &str = concat!(
    "
    SELECT ",
    db::columns!(alert_notices),
    "
    FROM alert_notices
    WHERE alert_id IN (SELECT value ->> 0 FROM jsonb_each($1))
    ORDER BY event_id"
);

pub(crate) const MAILS: &str = concat!(
    "
    SELECT ",
    db::columns!(alert_mails),
    "
    FROM alert_mails
    WHERE event_id IN (SELECT value ->> 0 FROM jsonb_each($1))
    ORDER BY event_id, address"
);

/// What was over before. One that fired later can't be.
const FORGET: &str = "DELETE FROM alerts WHERE id < $1 AND ended_at < $2";

/// Notices stay as long as their alerts.
const FORGET_NOTICES: &str = "
    DELETE FROM alert_notices
    WHERE event_id < $1
      AND logged_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.id = alert_notices.alert_id)";

impl Store {
    /// An app's alerts, or those of one of its rules, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alerts(
        &self,
        app_id: AppId,
        rule_id: Option<AlertRuleId>,
        page: PageRequest<AlertId>,
    ) -> Result<Page<Alert, AlertId>, StoreError> {
        let query = search(app_id, rule_id, page);
        let read = &self.db().read;
        let mut found = Page::read(read, query, page.limit, alert, |alert| alert.id).await?;
        let ids: Vec<_> = found.items.iter().map(|alert| (alert.id,)).collect();
        let mut notices = HashMap::<AlertId, Vec<AlertNotice>>::new();
        for row in db::all(read, NOTICES, [to_json(&ids).into()]).await? {
            let Some(notice) = db::if_readable(notice(&row))? else { continue };
            notices.entry(row.parse("alert_id")?).or_default().push(notice);
        }
        let ids: Vec<_> = notices.values().flatten().map(|notice| (notice.event_id,)).collect();
        let mut mails = HashMap::<EventId, Vec<NoticeMail>>::new();
        for row in db::all(read, MAILS, [to_json(&ids).into()]).await? {
            mails.entry(row.parse("event_id")?).or_default().push(mail(&row)?);
        }
        for alert in &mut found.items {
            alert.notices = notices.remove(&alert.id).unwrap_or_default();
            for notice in &mut alert.notices {
                notice.mails = mails.remove(&notice.event_id).unwrap_or_default();
            }
        }
        Ok(found)
    }

    /// Removes the alerts that were over before, with what people were told of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_alerts(&self, before: EventTime) -> Result<(), StoreError> {
        // Ids begin with the time.
        let millis = u64::try_from(before.millis()).unwrap_or(0);
        let first = Uuid::from_u128(u128::from(millis) << 80);
        let values = [AlertId::from_uuid(first).to_string().into(), before.millis().into()];
        db::execute(&self.db().write, FORGET, values).await?;
        db::execute(&self.db().write, FORGET_NOTICES, [first.to_string().into()]).await?;
        Ok(())
    }
}

pub(crate) fn search(
    app_id: AppId,
    rule_id: Option<AlertRuleId>,
    page: PageRequest<AlertId>,
) -> Query {
    let mut conditions = Conditions::default();
    if let Some(rule_id) = rule_id {
        conditions.and("rule_id = $", rule_id.to_string());
    }
    conditions.and("app_id = $", app_id.to_string());
    if let Some(after) = page.after {
        conditions.and("id < $", after.to_string());
    }
    conditions.query(
        concat!("SELECT ", db::columns!(alerts), " FROM alerts"),
        "ORDER BY id DESC",
        &page,
    )
}

/// An alert begins.
pub(super) async fn begin(
    transaction: &DatabaseTransaction,
    id: AlertId,
    (app_id, rule_id): (AppId, AlertRuleId),
    rule: &AlertRuleSettings,
    (reading, at): (Reading, EventTime),
) -> Result<(), StoreError> {
    let sql = "
        INSERT INTO alerts
            (id, app_id, rule_id, rule_name, kind, fired_at, value, worst, sample)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
    let values = [
        id.to_string().into(),
        app_id.to_string().into(),
        rule_id.to_string().into(),
        rule.name.clone().into(),
        rule.kind.as_str().into(),
        at.millis().into(),
        reading.value.unwrap_or_default().into(),
        i64::from(reading.sample).into(),
    ];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

/// Keeps a value that is worse than those before.
pub(super) async fn keep_worst(
    transaction: &DatabaseTransaction,
    id: AlertId,
    kind: AlertKind,
    reading: Reading,
) -> Result<(), StoreError> {
    let Some(value) = reading.value else { return Ok(()) };
    let sql = if kind.is_bad_below() {
        "UPDATE alerts SET worst = $2 WHERE id = $1 AND worst > $2"
    } else {
        "UPDATE alerts SET worst = $2 WHERE id = $1 AND worst < $2"
    };
    db::execute(transaction, sql, [id.to_string().into(), value.into()]).await?;
    Ok(())
}

/// An alert is over.
pub(super) async fn end(
    transaction: &DatabaseTransaction,
    id: AlertId,
    how: AlertEnd,
    at: EventTime,
) -> Result<(), StoreError> {
    let sql = "
        UPDATE alerts
        SET ended_at = $2, ended_by = $3
        WHERE id = $1
          AND ended_at IS NULL";
    let values = [id.to_string().into(), at.millis().into(), how.as_str().into()];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

/// When an alert fired, and when it was over.
pub(super) async fn times(
    transaction: &DatabaseTransaction,
    id: AlertId,
) -> Result<Option<(EventTime, Option<EventTime>)>, StoreError> {
    let sql = "SELECT fired_at, ended_at FROM alerts WHERE id = $1";
    let row = db::one(transaction, sql, [id.to_string().into()]).await?;
    row.map(|row| Ok((row.time("fired_at")?, row.time_opt("ended_at")?))).transpose()
}

fn alert(row: &Row) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: row.parse("id")?,
        rule_id: row.parse("rule_id")?,
        rule_name: row.get("rule_name")?,
        kind: row.word("kind")?,
        fired_at: row.time("fired_at")?,
        end: row.time_opt("ended_at")?.zip(row.word_opt("ended_by")?),
        value: row.get("value")?,
        worst: row.get("worst")?,
        sample: row.count("sample")?,
        notices: Vec::new(),
    })
}

fn notice(row: &Row) -> Result<AlertNotice, StoreError> {
    Ok(AlertNotice {
        event_id: row.parse("event_id")?,
        kind: row.word("kind")?,
        created_at: row.time("created_at")?,
        mails: Vec::new(),
    })
}

fn mail(row: &Row) -> Result<NoticeMail, StoreError> {
    let sent_at = row.time_opt("sent_at")?;
    Ok(NoticeMail {
        address: row.get("address")?,
        sent_at,
        failure: row.get("failure")?,
        given_up: sent_at.is_none() && row.get::<Option<i64>>("next_due")?.is_none(),
    })
}
