//! Alert rules, as they are set up.

use bellpush_core::{
    FieldError,
    alerts::{AlertRuleSettings, MAX_ALERT_RULES, Progress, Reading},
    configuration::AlertRuleConfiguration,
    events::EventTime,
    ids::{AlertId, AlertRuleId, AppId},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

use super::history;
use crate::{
    Edit, SaveError, Store, StoreError,
    access::audit::{self, Actor, AuditAction, Line},
    alerts::history::AlertEnd,
    db::{self, Row, to_json},
    revision::Subject,
};

/// An alert rule, and how it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRule {
    /// Its id.
    pub id: AlertRuleId,
    /// Its app.
    pub app_id: AppId,
    /// Its settings.
    pub settings: AlertRuleSettings,
    /// How it stands.
    pub progress: Progress,
    /// The same as it is kept, with what only newer versions know of it.
    pub(super) kept_progress: String,
    /// What was read last.
    pub reading: Reading,
    /// The alert that is not over yet.
    pub alert_id: Option<AlertId>,
    /// The alert that people were told of, and of whose end they were not told.
    pub told_alert_id: Option<AlertId>,
    /// Until when nobody is to be told of it.
    pub silenced_until: Option<EventTime>,
    /// When it was made.
    pub created_at: EventTime,
    /// When its settings were last changed.
    pub updated_at: EventTime,
    /// Counts its changes, from 1.
    pub revision: u64,
}

pub(crate) const OF_APP: &str = concat!(
    "
    SELECT ",
    db::columns!(alert_rules),
    "
    FROM alert_rules
    WHERE app_id = $1
    ORDER BY id"
);

/// The rules of several apps, each one's oldest first.
pub(crate) const OF_APPS: &str = concat!(
    "
    SELECT ",
    db::columns!(alert_rules),
    "
    FROM alert_rules
    WHERE app_id IN (SELECT value ->> 0 FROM jsonb_each($1))
    ORDER BY id"
);

const ONE: &str = concat!(
    "
    SELECT ",
    db::columns!(alert_rules),
    "
    FROM alert_rules
    WHERE id = $1
      AND app_id = $2"
);

const ACTIVE: &str = concat!(
    "
    SELECT ",
    db::columns!(alert_rules),
    "
    FROM alert_rules
    JOIN apps ON apps.id = alert_rules.app_id
    WHERE alert_rules.active
    ORDER BY alert_rules.app_id, alert_rules.id"
);

impl Store {
    /// An app's alert rules, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alert_rules(&self, app_id: AppId) -> Result<Vec<AlertRule>, StoreError> {
        let values = [app_id.to_string().into()];
        db::readable(db::all(&self.db().read, OF_APP, values).await?, rule)
    }

    /// The active alert rules of all apps, those of one app together.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn active_alert_rules(&self) -> Result<Vec<AlertRule>, StoreError> {
        db::readable(db::all(&self.db().read, ACTIVE, []).await?, rule)
    }

    /// One alert rule of an app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alert_rule(
        &self,
        app_id: AppId,
        id: AlertRuleId,
    ) -> Result<Option<AlertRule>, StoreError> {
        let values = [id.to_string().into(), app_id.to_string().into()];
        db::one(&self.db().read, ONE, values).await?.as_ref().map(rule).transpose()
    }

    /// Makes an alert rule.
    ///
    /// # Errors
    /// [`SaveError::UnknownApp`], [`SaveError::TooManyAlertRules`], [`SaveError::Field`] when what it
    /// watches is not there, or when the database fails.
    pub async fn create_alert_rule(
        &self,
        app_id: AppId,
        settings: &AlertRuleSettings,
        actor: &Actor,
    ) -> Result<AlertRule, SaveError> {
        let (id, at) = (AlertRuleId::from_uuid(Uuid::now_v7()), db::now());
        let transaction = self.db().begin_configuration().await?;
        let sql = "SELECT COUNT(*) AS rules FROM alert_rules WHERE app_id = $1";
        let row = db::one(&transaction, sql, [app_id.to_string().into()]).await?;
        let rules: i64 = row.map_or(Ok(0), |row| row.get("rules"))?;
        if rules >= i64::from(MAX_ALERT_RULES) {
            return Err(SaveError::TooManyAlertRules);
        }
        let made = insert(&transaction, (app_id, id, at), settings, actor).await?;
        db::commit(transaction).await?;
        Ok(made)
    }

    /// Replaces an alert rule's settings; `None` when the app has no such rule. One that watches
    /// something else from now on, or nothing, begins anew, and its alert is over.
    ///
    /// # Errors
    /// [`SaveError::Field`] when what it watches is not there, [`SaveError::Outdated`], or when the
    /// database fails.
    pub async fn update_alert_rule<'a>(
        &self,
        app_id: AppId,
        id: AlertRuleId,
        settings: &AlertRuleSettings,
        edit: impl Into<Edit<'a>>,
    ) -> Result<Option<AlertRule>, SaveError> {
        let (edit, at) = (edit.into(), db::now());
        let transaction = self.db().begin_configuration().await?;
        let Some(present) = locked(&transaction, app_id, id).await? else { return Ok(None) };
        check_revision(&transaction, &present, edit).await?;
        overwrite(&transaction, (&present, at), settings, edit.actor).await?;
        let updated = locked(&transaction, app_id, id).await?;
        db::commit(transaction).await?;
        Ok(updated)
    }

    /// Silences an alert rule until a time, or ends its silence; `None` when the app has no such rule.
    /// It is looked at as before, but nobody is told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn silence_alert_rule(
        &self,
        app_id: AppId,
        id: AlertRuleId,
        until: Option<EventTime>,
        actor: &Actor,
    ) -> Result<Option<AlertRule>, StoreError> {
        let transaction = self.db().begin_configuration().await?;
        let Some(present) = locked(&transaction, app_id, id).await? else { return Ok(None) };
        let sql = "
            UPDATE alert_rules
            SET silenced_until = $2
            WHERE id = $1";
        let values = [id.to_string().into(), until.map(EventTime::millis).into()];
        db::execute(&transaction, sql, values).await?;
        let told = |until| serde_json::json!({ "silencedUntil": until });
        let line = line(AuditAction::AlertRuleSilenced, &present);
        let line = line.between(&told(present.silenced_until), &told(until));
        audit::write(&transaction, actor, db::now(), line).await?;
        db::commit(transaction).await?;
        Ok(Some(AlertRule { silenced_until: until, ..present }))
    }

    /// Deletes an alert rule; `false` when the app has none such. What it has found stays.
    ///
    /// # Errors
    /// [`SaveError::Outdated`], or when the database fails.
    pub async fn delete_alert_rule<'a>(
        &self,
        app_id: AppId,
        id: AlertRuleId,
        edit: impl Into<Edit<'a>>,
    ) -> Result<bool, SaveError> {
        let (edit, at) = (edit.into(), db::now());
        let transaction = self.db().begin_configuration().await?;
        let Some(present) = locked(&transaction, app_id, id).await? else { return Ok(false) };
        check_revision(&transaction, &present, edit).await?;
        remove(&transaction, (&present, at), edit.actor).await?;
        db::commit(transaction).await?;
        Ok(true)
    }
}

/// An app's alert rules, oldest first.
pub(crate) async fn rules(
    connection: &impl ConnectionTrait,
    app_id: AppId,
) -> Result<Vec<AlertRule>, StoreError> {
    db::read(db::all(connection, OF_APP, [app_id.to_string().into()]).await?, rule)
}

/// Makes the alert rules of an app these ones, whose number is checked.
pub(crate) async fn replace_all(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    wanted: &[AlertRuleConfiguration],
    edit: Edit<'_>,
    at: EventTime,
) -> Result<(), SaveError> {
    for gone in rules(transaction, app_id).await? {
        if !wanted.iter().any(|it| it.id == gone.id) {
            remove(transaction, (&gone, at), edit.actor).await?;
        }
    }
    for AlertRuleConfiguration { id, settings } in wanted {
        match locked(transaction, app_id, *id).await? {
            Some(present) if present.settings == *settings => {}
            Some(present) => overwrite(transaction, (&present, at), settings, edit.actor).await?,
            None => {
                let sql = "SELECT id FROM alert_rules WHERE id = $1";
                if db::one(transaction, sql, [id.to_string().into()]).await?.is_some() {
                    let message = format!("another app has the alert rule {id}");
                    return Err(FieldError { pointer: String::new(), message }.into());
                }
                insert(transaction, (app_id, *id, at), settings, edit.actor).await?;
            }
        }
    }
    Ok(())
}

async fn insert(
    transaction: &DatabaseTransaction,
    (app_id, id, at): (AppId, AlertRuleId, EventTime),
    settings: &AlertRuleSettings,
    actor: &Actor,
) -> Result<AlertRule, SaveError> {
    check_subject(transaction, app_id, settings).await?;
    let sql = concat!(
        "
        INSERT INTO alert_rules
            (id, app_id, settings, active, created_at, updated_at, progress, looked_at, sample)
        SELECT $1, id, $3, $4, $5, $5, $6, 0, 0
        FROM apps
        WHERE id = $2
        RETURNING ",
        db::columns!(alert_rules)
    );
    let values = [
        id.to_string().into(),
        app_id.to_string().into(),
        to_json(settings).into(),
        settings.active.into(),
        at.millis().into(),
        to_json(&Progress::default()).into(),
    ];
    let row = db::one(transaction, sql, values).await?.ok_or(SaveError::UnknownApp)?;
    let made = rule(&row)?;
    let line = line(AuditAction::AlertRuleMade, &made).between(&(), settings);
    audit::write(transaction, actor, at, line).await?;
    Ok(made)
}

/// Replaces the settings of a rule that is locked.
async fn overwrite(
    transaction: &DatabaseTransaction,
    (present, at): (&AlertRule, EventTime),
    settings: &AlertRuleSettings,
    actor: &Actor,
) -> Result<(), SaveError> {
    check_subject(transaction, present.app_id, settings).await?;
    let changed = AlertRule { settings: settings.clone(), ..present.clone() };
    let line = line(AuditAction::AlertRuleUpdated, &changed);
    let line = line.between(&present.settings, settings);
    let sql = "
        UPDATE alert_rules
        SET settings = $2, active = $3, updated_at = $4, revision = revision + $5
        WHERE id = $1";
    let kept = "SELECT settings AS kept FROM alert_rules WHERE id = $1";
    let values = [
        present.id.to_string().into(),
        db::rewritten(transaction, kept, present.id, settings).await?.into(),
        settings.active.into(),
        at.millis().into(),
        i64::from(line.has_changes()).into(),
    ];
    db::execute(transaction, sql, values).await?;
    if !settings.active || !settings.watches_the_same_as(&present.settings) {
        begin_anew(transaction, present, at).await?;
    }
    audit::write_update(transaction, actor, at, line).await?;
    Ok(())
}

async fn remove(
    transaction: &DatabaseTransaction,
    (present, at): (&AlertRule, EventTime),
    actor: &Actor,
) -> Result<(), StoreError> {
    begin_anew(transaction, present, at).await?;
    let sql = "DELETE FROM alert_rules WHERE id = $1";
    db::execute(transaction, sql, [present.id.to_string().into()]).await?;
    let line = line(AuditAction::AlertRuleDeleted, present).between(&present.settings, &());
    audit::write(transaction, actor, at, line).await?;
    Ok(())
}

/// The rule, which nobody else changes until the transaction ends: looks are written row by row, and
/// PostgreSQL would let one in between.
async fn locked(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    id: AlertRuleId,
) -> Result<Option<AlertRule>, StoreError> {
    let touch = concat!(
        "UPDATE alert_rules SET active = active WHERE id = $1 AND app_id = $2 RETURNING ",
        db::columns!(alert_rules)
    );
    let values = [id.to_string().into(), app_id.to_string().into()];
    db::one(transaction, touch, values).await?.as_ref().map(rule).transpose()
}

/// Ends a rule's alert, and forgets what was seen.
async fn begin_anew(
    transaction: &DatabaseTransaction,
    rule: &AlertRule,
    at: EventTime,
) -> Result<(), StoreError> {
    if let Some(alert_id) = rule.alert_id {
        history::end(transaction, alert_id, AlertEnd::RuleChanged, at).await?;
    }
    let sql = "
        UPDATE alert_rules
        SET progress = $2, looked_at = 0, value = NULL, sample = 0, alert_id = NULL,
            told_alert_id = NULL
        WHERE id = $1";
    let values = [rule.id.to_string().into(), to_json(&Progress::default()).into()];
    db::execute(transaction, sql, values).await?;
    Ok(())
}

/// Whether what a rule watches is there. Changes of the configuration come one at a time, so that it
/// still is at the commit.
async fn check_subject(
    transaction: &DatabaseTransaction,
    app_id: AppId,
    settings: &AlertRuleSettings,
) -> Result<(), SaveError> {
    let refuse = |pointer: &str, message: String| {
        Err(SaveError::Field(FieldError { pointer: pointer.into(), message }))
    };
    if let Some(id) = settings.trunk_id {
        let sql = "SELECT id FROM trunks WHERE id = $1";
        if db::one(transaction, sql, [id.to_string().into()]).await?.is_none() {
            return refuse("/trunkId", format!("there is no trunk {id}"));
        }
    }
    if let Some(id) = settings.integration_id {
        let sql = "SELECT id FROM integrations WHERE id = $1 AND app_id = $2";
        let values = [id.to_string().into(), app_id.to_string().into()];
        if db::one(transaction, sql, values).await?.is_none() {
            return refuse("/integrationId", format!("the app has no integration {id}"));
        }
    }
    Ok(())
}

async fn check_revision(
    transaction: &DatabaseTransaction,
    present: &AlertRule,
    edit: Edit<'_>,
) -> Result<(), SaveError> {
    let id = present.id.to_string();
    let subject = Subject { id: Some(&id), actions: &[AuditAction::AlertRuleUpdated] };
    edit.expected.check(transaction, present.revision, subject).await
}

fn line(action: AuditAction, rule: &AlertRule) -> Line {
    Line::new(action).in_app(rule.app_id).on(rule.id).named(&rule.settings.name)
}

pub(crate) fn rule(row: &Row) -> Result<AlertRule, StoreError> {
    Ok(AlertRule {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        settings: row.json("settings")?,
        progress: row.json("progress")?,
        kept_progress: row.get("progress")?,
        reading: Reading { value: row.get("value")?, sample: row.count("sample")? },
        alert_id: row.parse_opt("alert_id")?,
        told_alert_id: row.parse_opt("told_alert_id")?,
        silenced_until: row.time_opt("silenced_until")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        revision: row.count("revision")?,
    })
}
