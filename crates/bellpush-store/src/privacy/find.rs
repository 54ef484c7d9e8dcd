//! Finds what is kept of a person: the sessions that a value of their context, or of a form, names,
//! and all that hangs on these.

use std::collections::BTreeSet;

use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId, IntegrationId, SessionId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Store, StoreError,
    db::{self, to_json},
};

/// Sessions of one person, at most. A value that so many have is no person's.
pub const MAX_SESSIONS: usize = 10_000;
/// Rows with form values that are looked at in one query.
const STEP: i64 = 1_000;

/// By what a person is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonKey {
    /// A value of the context.
    Context {
        /** Its key. */
        key: String,
        /** The value. */
        value: String,
    },
    /// What somebody wrote into a form.
    Form {
        /** The field; `None`: any. */
        field: Option<String>,
        /** The value. */
        value: String,
    },
}

/// What is kept of a person, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Their sessions.
    pub sessions: u64,
    /// Events.
    pub events: u64,
    /// Calls.
    pub calls: u64,
    /// Calls with what they wrote into a form.
    pub forms: u64,
    /// Surveys.
    pub surveys: u64,
    /// Requests to be called back.
    pub callbacks: u64,
    /// Parts of the records of calls: SIP messages and samples.
    pub records: u64,
    /// Deliveries, with their attempts.
    pub deliveries: u64,
    /// When the first of the sessions was made.
    pub since: Option<EventTime>,
    /// To which endpoints their data was sent.
    pub sent_to: Vec<SentTo>,
}

/// An endpoint that a person's data was sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentTo {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its name, while it is there.
    pub name: Option<String>,
    /// Events that were sent, or tried to be.
    pub events: u64,
}

/// Sessions by their context.
pub(crate) const BY_CONTEXT: &str = "
    SELECT session_id
    FROM session_context
    WHERE app_id = $1
      AND key = $2
      AND value = $3
    LIMIT $4";

/// Calls that have the text in what was written into a form.
pub(crate) const CALLS_WITH: &str = r"
    SELECT id, session_id, form_values
    FROM calls
    WHERE app_id = $1
      AND id > $2
      AND form_values LIKE $3 ESCAPE '!'
    ORDER BY id
    LIMIT $4";

/// Surveys of which the answers are kept.
pub(super) const ANSWERED: &str = r#"answers <> '{"answers":[]}'"#;

/// Requests to be called back that have it.
pub(crate) const CALLBACKS_WITH: &str = r"
    SELECT id, session_id, form_values
    FROM callback_requests
    WHERE app_id = $1
      AND id > $2
      AND form_values LIKE $3 ESCAPE '!'
    ORDER BY id
    LIMIT $4";

impl Store {
    /// The sessions of a person; `None` when there are more than [`MAX_SESSIONS`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of_person(
        &self,
        app_id: AppId,
        key: &PersonKey,
    ) -> Result<Option<BTreeSet<SessionId>>, StoreError> {
        let mut sessions = BTreeSet::new();
        match key {
            PersonKey::Context { key, value } => {
                let most = i64::try_from(MAX_SESSIONS + 1).unwrap_or(i64::MAX);
                let value = db::without_nul(value).into_owned();
                let values =
                    [app_id.to_string().into(), key.clone().into(), value.into(), most.into()];
                for row in db::all(&self.db().read, BY_CONTEXT, values).await? {
                    sessions.insert(row.parse("session_id")?);
                }
            }
            PersonKey::Form { field, value } => {
                for sql in [CALLS_WITH, CALLBACKS_WITH] {
                    self.by_form(app_id, sql, (field.as_deref(), value), &mut sessions).await?;
                }
            }
        }
        Ok((sessions.len() <= MAX_SESSIONS).then_some(sessions))
    }

    async fn by_form(
        &self,
        app_id: AppId,
        sql: &'static str,
        (field, value): (Option<&str>, &str),
        sessions: &mut BTreeSet<SessionId>,
    ) -> Result<(), StoreError> {
        let pattern = pattern(value);
        let mut after = String::new();
        while sessions.len() <= MAX_SESSIONS {
            let values = [
                app_id.to_string().into(),
                after.clone().into(),
                pattern.clone().into(),
                STEP.into(),
            ];
            let rows = db::all(&self.db().read, sql, values).await?;
            for row in &rows {
                // The text may be a part of another, or the name of a field.
                let written: Map<String, Value> = row.json("form_values")?;
                if written.iter().any(|(name, it)| has(field, value, name, it)) {
                    sessions.insert(row.parse("session_id")?);
                }
            }
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.get("id")?;
        }
        Ok(())
    }

    /// What is kept of these sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn footprint(
        &self,
        app_id: AppId,
        sessions: &BTreeSet<SessionId>,
    ) -> Result<Footprint, StoreError> {
        let mut found = Footprint::default();
        let ids: Vec<_> = sessions.iter().copied().collect();
        for ids in ids.chunks(500) {
            let list = || db_list(ids);
            let count = async |sql: &str| {
                let row = db::one(&self.db().read, sql, [list()]).await?;
                row.map_or(Ok(0_u64), |row| row.count("found"))
            };
            found.events += count(&counted("events", OF_SESSIONS)).await?;
            found.calls += count(&counted("calls", OF_SESSIONS)).await?;
            found.forms +=
                count(&format!("{} AND form_values IS NOT NULL", counted("calls", OF_SESSIONS)))
                    .await?;
            found.callbacks += count(&counted("callback_requests", OF_SESSIONS)).await?;
            found.surveys +=
                count(&format!("{} AND {ANSWERED}", counted("survey_responses", OF_CALLS))).await?;
            found.records += count(&counted("call_records", OF_CALLS)).await?;
            let sql = format!(
                "SELECT COUNT(*) AS found, MIN(created_at) AS since FROM sessions
                WHERE id IN ({IDS})"
            );
            if let Some(row) = db::one(&self.db().read, &sql, [list()]).await? {
                found.sessions += row.count::<u64>("found")?;
                let since = row.time_opt("since")?;
                found.since = [found.since, since].into_iter().flatten().min();
            }
            for (id, name, events, attempted) in self.sent_to(app_id, ids).await? {
                found.deliveries += events;
                if attempted == 0 {
                    continue;
                }
                match found.sent_to.iter_mut().find(|it| it.integration_id == id) {
                    Some(sent) => sent.events += attempted,
                    None => {
                        found.sent_to.push(SentTo { integration_id: id, name, events: attempted });
                    }
                }
            }
        }
        Ok(found)
    }

    /// Of each integration: its name, how many deliveries there are, and how many were attempted.
    async fn sent_to(
        &self,
        app_id: AppId,
        sessions: &[SessionId],
    ) -> Result<Vec<(IntegrationId, Option<String>, u64, u64)>, StoreError> {
        let mut sent = Vec::new();
        for integration in self.integrations(app_id).await? {
            let sql = format!(
                "SELECT COUNT(*) AS found,
                    SUM(CASE WHEN attempts > 0 THEN 1 ELSE 0 END) AS attempted
                FROM deliveries
                WHERE integration_id = $2
                  AND {OF_EVENTS}"
            );
            let values = [db_list(sessions), integration.id.to_string().into()];
            let Some(row) = db::one(&self.db().read, &sql, values).await? else { continue };
            let attempted: Option<i64> = row.get("attempted")?;
            let attempted = u64::try_from(attempted.unwrap_or_default()).unwrap_or_default();
            let name = Some(integration.settings.name);
            sent.push((integration.id, name, row.count("found")?, attempted));
        }
        Ok(sent)
    }

    /// The calls of sessions that are under way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_calls_of(
        &self,
        sessions: &BTreeSet<SessionId>,
    ) -> Result<Vec<CallId>, StoreError> {
        let ids: Vec<_> = sessions.iter().copied().collect();
        let sql = format!("SELECT id FROM calls WHERE {OF_SESSIONS} AND state = 'live'");
        let rows = db::all(&self.db().read, &sql, [db_list(&ids)]).await?;
        rows.iter().map(|row| row.parse("id")).collect()
    }
}

/// The sessions of the first value, a list.
pub(super) const IDS: &str = "SELECT value ->> 0 FROM jsonb_each($1)";
/// Rows of these sessions.
pub(super) const OF_SESSIONS: &str = "session_id IN (SELECT value ->> 0 FROM jsonb_each($1))";
/// Rows of their calls.
pub(super) const OF_CALLS: &str = "call_id IN (
    SELECT id FROM calls WHERE session_id IN (SELECT value ->> 0 FROM jsonb_each($1)))";
/// Rows of their events.
pub(super) const OF_EVENTS: &str = "event_seq IN (
    SELECT seq FROM events WHERE session_id IN (SELECT value ->> 0 FROM jsonb_each($1)))";

fn counted(table: &str, which: &str) -> String {
    format!("SELECT COUNT(*) AS found FROM {table} WHERE {which}")
}

/// Ids as the statements take them.
pub(super) fn db_list(ids: &[SessionId]) -> sea_orm::Value {
    let ids: Vec<_> = ids.iter().map(|id| (id,)).collect();
    to_json(&ids).into()
}

/// What a text looks like within JSON, as a pattern of LIKE.
pub(super) fn pattern(value: &str) -> String {
    let written = to_json(&db::without_nul(value));
    // Without the quotes around it.
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let escaped = inner.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

fn has(field: Option<&str>, value: &str, name: &str, written: &Value) -> bool {
    let same = |it: &Value| match it {
        Value::String(text) => text == value,
        Value::Number(number) => number.to_string() == value,
        _ => false,
    };
    field.is_none_or(|field| field == name)
        && (same(written) || written.as_array().is_some_and(|all| all.iter().any(same)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_as_a_whole_and_in_its_field() {
        for (field, value, written, found) in [
            (None, "Ann", json!("Ann"), true),
            (None, "Ann", json!("Anna"), false),
            (Some("name"), "Ann", json!("Ann"), true),
            (Some("mail"), "Ann", json!("Ann"), false),
            (None, "7", json!(7), true),
            (None, "b", json!(["a", "b"]), true),
        ] {
            assert_eq!(has(field, value, "name", &written), found, "{field:?} {value} {written}");
        }
    }

    #[test]
    fn a_pattern_means_its_text_and_nothing_else() {
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
        assert_eq!(pattern("a \"b\""), r#"%a \"b\"%"#);
    }
}
