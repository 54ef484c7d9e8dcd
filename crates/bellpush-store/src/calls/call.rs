//! Calls, as the log left them.

use bellpush_core::{
    app::Answers,
    design::ConsentRecord,
    events::EventTime,
    ids::{AppId, CallId, DestinationId, NodeId, SessionId},
    quality::QualityGrade,
    routing::{AnsweredBy, SipDialog},
    trunk::SipFailure,
};
use serde_json::{Map, Value};

use crate::{
    Store, StoreError,
    calls::state::{CallState, ENDED, FAILED, LIVE},
    db::{self, Row},
};

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Its app.
    pub app_id: AppId,
    /// Its session.
    pub session_id: SessionId,
    /// The profile asked for; `None` for the default one.
    pub destination_id: Option<DestinationId>,
    /// The profile that was chosen.
    pub profile_id: DestinationId,
    /// The session's routing key.
    pub routing_key: Option<String>,
    /// The node that it lives, or lived, on.
    pub node_id: NodeId,
    /// What the form before the call held, if it was used.
    pub form_values: Option<Map<String, Value>>,
    /// What the visitor consented to before it.
    pub consent: Option<ConsentRecord>,
    /// When it was accepted.
    pub started_at: EventTime,
    /// When both sides heard each other first; known once it is over.
    pub connected_at: Option<EventTime>,
    /// Who took it, if anybody did; known once it is over.
    pub answered_by: Option<AnsweredBy>,
    /// How it sounded; known once it is over, of calls that went by a trunk.
    pub quality: Option<Value>,
    /// The same in a word.
    pub quality_grade: Option<QualityGrade>,
    /// What the phone system said to it, if nobody took it; known once it is over.
    pub sip_failure: Option<SipFailure>,
    /// Where it stands.
    pub state: CallState,
    /// When it was noticed that its node is gone; `None` as long as that lives.
    pub orphaned_at: Option<EventTime>,
}

impl Store {
    /// One call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call(&self, id: CallId) -> Result<Option<Call>, StoreError> {
        let sql = concat!(
            "
            SELECT ",
            db::columns!(calls),
            "
            FROM calls
            JOIN apps ON apps.id = calls.app_id
            WHERE calls.id = $1"
        );
        let row = db::one(&self.db().read, sql, [id.to_string().into()]).await?;
        row.as_ref().map(call).transpose()
    }

    /// What the visitor answered after a call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn survey_answers(&self, call_id: CallId) -> Result<Option<Answers>, StoreError> {
        let sql = "SELECT answers FROM survey_responses WHERE call_id = $1";
        let row = db::one(&self.db().read, sql, [call_id.to_string().into()]).await?;
        let answers: Option<Answers> = row.map(|row| row.json("answers")).transpose()?;
        // Of answers that were kept for their time, it is only known that there were some.
        Ok(answers.filter(|answers| !answers.answers.is_empty()))
    }
}

pub(crate) fn call(row: &Row) -> Result<Call, StoreError> {
    let state = match row.get::<String>("state")?.as_str() {
        LIVE => CallState::Live,
        ENDED => CallState::Ended {
            at: row.time("ended_at")?,
            reason: row.word("end_reason")?,
            duration: row.count("duration")?,
        },
        FAILED => CallState::Failed { at: row.time("ended_at")?, code: row.parse("error_code")? },
        _ => return Err(StoreError::Corrupt { column: "state" }),
    };
    Ok(Call {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        session_id: row.parse("session_id")?,
        destination_id: row.parse_opt("destination_id")?,
        profile_id: row.parse("profile_id")?,
        routing_key: row.get("routing_key")?,
        node_id: row.parse("node_id")?,
        form_values: row.json_opt("form_values")?,
        consent: row.json_opt("consent")?,
        started_at: row.time("started_at")?,
        connected_at: row.time_opt("connected_at")?,
        answered_by: answered_by(row)?,
        quality: row.json_opt("quality")?,
        quality_grade: row.known_word("quality_grade")?,
        sip_failure: row.json_opt("sip_failure")?,
        state,
        orphaned_at: row.time_opt("orphaned_at")?,
    })
}

fn answered_by(row: &Row) -> Result<Option<AnsweredBy>, StoreError> {
    let Some(profile_id) = row.parse_opt("answered_by")? else { return Ok(None) };
    let dialog = match row.parse_opt("trunk_id")? {
        Some(trunk_id) => Some(SipDialog { trunk_id, call_id: row.get("sip_call_id")? }),
        None => None,
    };
    Ok(Some(AnsweredBy { profile_id, dialog }))
}
