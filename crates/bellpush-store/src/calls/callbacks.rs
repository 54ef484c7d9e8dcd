//! Visitors who asked to be called back.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId, CallbackId, EventId, SessionId},
    submission::CallbackReason,
};
use serde_json::{Map, Value};

use crate::{
    Page, PageRequest, Store, StoreError,
    db::{
        self, Row,
        page::{Conditions, Query},
    },
};

/// A request to be called back.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackRequest {
    /// Its id.
    pub id: CallbackId,
    /// Its app.
    pub app_id: AppId,
    /// The visitor's session.
    pub session_id: SessionId,
    /// The event that told of it.
    pub event_id: EventId,
    /// The call that it is asked for in place of, if there was one.
    pub call_id: Option<CallId>,
    /// Why.
    pub reason: CallbackReason,
    /// What the visitor filled in.
    pub form_values: Map<String, Value>,
    /// When.
    pub requested_at: EventTime,
}

impl Store {
    /// An app's requests to be called back, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn callback_requests(
        &self,
        app_id: AppId,
        page: PageRequest<CallbackId>,
    ) -> Result<Page<CallbackRequest, CallbackId>, StoreError> {
        let query = query(app_id, page);
        Page::read(&self.db().read, query, page.limit, request, |request| request.id).await
    }
}

pub(crate) fn query(app_id: AppId, page: PageRequest<CallbackId>) -> Query {
    let mut conditions = Conditions::default();
    conditions.and("app_id = $", app_id.to_string());
    if let Some(after) = page.after {
        conditions.and("id < $", after.to_string());
    }
    conditions.query(
        concat!("SELECT ", db::columns!(callback_requests), " FROM callback_requests"),
        "ORDER BY id DESC",
        &page,
    )
}

pub(crate) fn request(row: &Row) -> Result<CallbackRequest, StoreError> {
    Ok(CallbackRequest {
        id: row.parse("id")?,
        app_id: row.parse("app_id")?,
        session_id: row.parse("session_id")?,
        event_id: row.parse("event_id")?,
        call_id: row.parse_opt("call_id")?,
        reason: row.word("reason")?,
        form_values: row.json("form_values")?,
        requested_at: row.time("requested_at")?,
    })
}
