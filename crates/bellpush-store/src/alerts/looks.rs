//! What was seen of rules, kept with what follows from it: in one transaction, so that no notice is
//! without its alert, and none goes out twice.

use bellpush_core::{
    alerts::{
        AlertState, MAX_GAP_MINUTES, Notice, NoticeKind, Reading, Step, Transition, minute_of,
    },
    events::EventTime,
    ids::{AlertId, EventId},
};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{history, notices, rules::AlertRule};
use crate::{Store, StoreError, alerts::history::AlertEnd, db};

/// What was seen of a rule, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The rule, as it was before.
    pub rule: AlertRule,
    /// When.
    pub at: EventTime,
    /// What was read.
    pub reading: Reading,
    /// What follows.
    pub step: Step,
}

/// Nothing happens where the minute has been looked at already, or the rule was changed meanwhile. A minute
/// that is yet to come for long was looked at by a clock that has been set back since, and counts for nothing.
const KEEP: &str = "
    UPDATE alert_rules
    SET progress = $4, looked_at = $3, value = $5, sample = $6, alert_id = $7, told_alert_id = $8
    WHERE id = $1
      AND revision = $2
      AND (looked_at < $3 OR looked_at > $9)
      AND active";

impl Store {
    /// Keeps looks at rules with what follows from them: alerts, their ends, and notices of both. Says
    /// how many notices there are to send now. A look at a minute that was looked at before, by this
    /// node or another, or at a rule that was changed meanwhile, is passed over.
    ///
    /// # Errors
    /// When the database fails; nothing is kept then.
    pub async fn keep_looks(&self, looks: &[Look]) -> Result<u32, StoreError> {
        let mut told = 0;
        let transaction = self.db().begin().await?;
        for look in looks {
            told += keep(&transaction, look).await?;
        }
        db::commit(transaction).await?;
        Ok(told)
    }
}

/// Keeps one look; how many notices there are of it.
async fn keep(transaction: &DatabaseTransaction, look: &Look) -> Result<u32, StoreError> {
    let Look { rule, at, reading, step } = look;
    let begins = step.transition == Some(Transition::Fired);
    let alert_id = if begins { Some(AlertId::from_uuid(Uuid::now_v7())) } else { rule.alert_id };
    let goes_on = alert_id.filter(|_| step.progress.state.fired_at().is_some());
    let told = match step.notices.last() {
        Some(NoticeKind::Fired) => alert_id,
        Some(NoticeKind::Recovered) => None,
        None => rule.told_alert_id,
    };
    let text = |id: Option<AlertId>| id.map(|id| id.to_string());
    let values = [
        rule.id.to_string().into(),
        i64::try_from(rule.revision).unwrap_or(i64::MAX).into(),
        minute_of(*at).into(),
        db::over(&rule.kept_progress, &step.progress)?.into(),
        reading.value.into(),
        i64::from(reading.sample).into(),
        text(goes_on).into(),
        text(told).into(),
        (minute_of(*at) + MAX_GAP_MINUTES).into(),
    ];
    if db::execute(transaction, KEEP, values).await? == 0 {
        return Ok(0);
    }
    if let Some(alert_id) = alert_id {
        if begins {
            let ids = (rule.app_id, rule.id);
            let seen = (*reading, *at);
            history::begin(transaction, alert_id, ids, &rule.settings, seen).await?;
        } else if matches!(step.progress.state, AlertState::Firing { .. }) {
            history::keep_worst(transaction, alert_id, rule.settings.kind, *reading).await?;
        }
        if step.transition == Some(Transition::Recovered) {
            history::end(transaction, alert_id, AlertEnd::Recovered, *at).await?;
        }
    }
    let mut told = 0;
    for kind in step.notices {
        let of = match kind {
            NoticeKind::Fired => alert_id,
            // Of the alert that they know of, though others may have come meanwhile.
            NoticeKind::Recovered => rule.told_alert_id,
        };
        told += u32::from(tell(transaction, look, *kind, of).await?);
    }
    Ok(told)
}

async fn tell(
    transaction: &DatabaseTransaction,
    look: &Look,
    kind: NoticeKind,
    alert_id: Option<AlertId>,
) -> Result<bool, StoreError> {
    let Some(alert_id) = alert_id else { return Ok(false) };
    let Some((fired_at, recovered_at)) = history::times(transaction, alert_id).await? else {
        return Ok(false);
    };
    let Some(event_id) = EventId::from_uuid(Uuid::now_v7()) else { return Ok(false) };
    let rule = &look.rule;
    let notice = Notice {
        kind,
        alert_id,
        rule_id: rule.id,
        rule: &rule.settings,
        reading: look.reading,
        fired_at,
        recovered_at,
    };
    notices::write(transaction, event_id, rule.app_id, &notice, look.at).await?;
    Ok(true)
}
