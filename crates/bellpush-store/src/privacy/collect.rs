//! Reads out what is kept of a person.

use std::collections::BTreeSet;

use bellpush_core::ids::{AppId, SessionId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::find::{ANSWERED, IDS, OF_CALLS, OF_SESSIONS, SentTo, db_list};
use crate::{
    Store, StoreError,
    db::{self, Row},
};

/// Rows of one kind that are read out, at most.
const MAX_ROWS: i64 = 20_000;

/// What is kept of a person, kind by kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonRecords {
    /// Sessions, with the context that the page gave.
    pub sessions: Vec<Map<String, Value>>,
    /// Calls, with what was written into forms, and consent.
    pub calls: Vec<Map<String, Value>>,
    /// Answers to surveys.
    pub surveys: Vec<Map<String, Value>>,
    /// Requests to be called back.
    pub callbacks: Vec<Map<String, Value>>,
    /// Events, as they were sent.
    pub events: Vec<Map<String, Value>>,
    /// To which endpoints the data was sent.
    pub sent_to: Vec<SentTo>,
}

enum Column {
    Text(&'static str),
    Time(&'static str),
    Json(&'static str),
    Number(&'static str),
}

impl Column {
    const fn name(&self) -> &'static str {
        match self {
            Self::Text(name) | Self::Time(name) | Self::Json(name) | Self::Number(name) => name,
        }
    }
}

impl Store {
    /// What is kept of these sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person_records(
        &self,
        app_id: AppId,
        sessions: &BTreeSet<SessionId>,
    ) -> Result<PersonRecords, StoreError> {
        use Column::{Json, Number, Text, Time};
        let ids: Vec<_> = sessions.iter().copied().collect();
        let of_sessions = OF_SESSIONS;
        let all = async |from: String, columns: &[Column]| {
            let names: Vec<_> = columns.iter().map(Column::name).collect();
            let sql = format!("SELECT {} FROM {from} LIMIT $2", names.join(", "));
            let rows = db::all(&self.db().read, &sql, [db_list(&ids), MAX_ROWS.into()]).await?;
            db::read(rows, |row| fields(row, columns))
        };
        Ok(PersonRecords {
            sessions: all(
                format!("sessions WHERE id IN ({IDS}) ORDER BY id"),
                &[
                    Text("id"),
                    Time("created_at"),
                    Text("origin"),
                    Json("context"),
                    Text("routing_key"),
                ],
            )
            .await?,
            calls: all(
                format!("calls WHERE {of_sessions} ORDER BY id"),
                &[
                    Text("id"),
                    Text("session_id"),
                    Time("started_at"),
                    Time("connected_at"),
                    Time("ended_at"),
                    Number("duration"),
                    Text("end_reason"),
                    Text("error_code"),
                    Json("form_values"),
                    Json("consent"),
                ],
            )
            .await?,
            surveys: all(
                format!("survey_responses WHERE {OF_CALLS} AND {ANSWERED} ORDER BY call_id"),
                &[Text("call_id"), Json("answers")],
            )
            .await?,
            callbacks: all(
                format!("callback_requests WHERE {of_sessions} ORDER BY id"),
                &[
                    Text("id"),
                    Text("session_id"),
                    Text("call_id"),
                    Time("requested_at"),
                    Text("reason"),
                    Json("form_values"),
                ],
            )
            .await?,
            events: all(
                format!("events WHERE {of_sessions} ORDER BY seq"),
                &[
                    Text("id"),
                    Text("session_id"),
                    Text("call_id"),
                    Time("recorded_at"),
                    Json("envelope"),
                ],
            )
            .await?,
            sent_to: self.footprint(app_id, sessions).await?.sent_to,
        })
    }
}

/// A row under the names of the API; what is not there is left out.
fn fields(row: &Row, columns: &[Column]) -> Result<Map<String, Value>, StoreError> {
    let mut fields = Map::new();
    for column in columns {
        let (name, value) = match *column {
            Column::Text(name) => (name, row.get::<Option<String>>(name)?.map(Value::from)),
            Column::Time(name) => {
                let at = row.time_opt(name)?;
                (name, at.and_then(|at| serde_json::to_value(at).ok()))
            }
            Column::Json(name) => (name, row.json_opt(name)?),
            Column::Number(name) => (name, row.get::<Option<i64>>(name)?.map(Value::from)),
        };
        if let Some(value) = value {
            fields.insert(camel(name), value);
        }
    }
    Ok(fields)
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}
