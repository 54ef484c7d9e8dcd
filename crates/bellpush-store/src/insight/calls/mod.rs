//! Calls, as they are searched.
//!
//! A search goes through one index, the one that is likely to be the shortest way, newest first. What
//! else is asked for is looked at row by row, and only so far: a page then holds what was found up to
//! there, and names where to go on. So no search takes long, however rare what it looks for is.

mod filter;
pub(crate) mod search;

use std::collections::HashMap;

use bellpush_core::{
    app::Answers,
    context::Context,
    ids::{AppId, CallId, SessionId},
};

pub use filter::{CallFilter, CallStateName};
use search::{MAX_COUNT, Search};

use crate::{
    Page, PageRequest, Store, StoreError,
    calls::{Call, call::call},
    db::{self, page::Query, to_json},
    insight::context::{self, ByContext},
};

/// Rows that one page looks through, at most.
const PAGE_SCAN: i64 = 10_000;
/// The same where each row is one of a survey, whose call is to be looked up: as long as the former takes.
const PAGE_SCAN_OF_SURVEYS: i64 = 2_000;
/// Rows that a count looks through, at most.
const COUNT_SCAN: i64 = 50_000;

/// A call that was found, with what a list shows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundCall {
    /// The call.
    pub call: Call,
    /// Its session's context.
    pub context: Context,
    /// Whether it comes from a preview.
    pub preview: bool,
    /// The answers of its survey, if it was submitted.
    pub survey: Option<Answers>,
}

/// How many there are, as far as it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// So many were found, up to 10,000.
    pub count: u32,
    /// Whether these are all.
    pub is_exact: bool,
}

impl Store {
    /// An app's calls, newest first. A page may hold fewer than were asked for, or none, and still
    /// name where to go on: there it has looked through as many as one page may.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calls(
        &self,
        app_id: AppId,
        filter: &CallFilter,
        page: PageRequest<CallId>,
    ) -> Result<Page<FoundCall, CallId>, StoreError> {
        let search = self.search_of(app_id, filter).await?;
        let scan = if search.is_by_survey() { PAGE_SCAN_OF_SURVEYS } else { PAGE_SCAN };
        let floor = self.floor(&search, page.after, scan).await?;
        let read = &self.db().read;
        let query = search.newest(&page, floor);
        let found = Page::read(read, query, page.limit, call, |call| call.id).await?;
        let next = found.next.or(floor);
        Ok(Page { items: self.described(found.items).await?, next })
    }

    /// How many calls there are, up to 10,000.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_calls(
        &self,
        app_id: AppId,
        filter: &CallFilter,
    ) -> Result<Count, StoreError> {
        let search = self.search_of(app_id, filter).await?;
        let floor = self.floor(&search, None, COUNT_SCAN).await?;
        let Query { sql, values } = search.count(floor);
        let row = db::one(&self.db().read, &sql, values).await?;
        let found: u32 = row.map_or(Ok(0), |row| row.count("found"))?;
        let is_exact = found <= MAX_COUNT && floor.is_none();
        Ok(Count { count: found.min(MAX_COUNT), is_exact })
    }

    /// One call of an app, with what a list shows beside it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn found_call(
        &self,
        app_id: AppId,
        id: CallId,
    ) -> Result<Option<FoundCall>, StoreError> {
        let call = self.call(id).await?.filter(|call| call.app_id == app_id);
        Ok(self.described(call.into_iter().collect()).await?.pop())
    }

    async fn search_of<'a>(
        &self,
        app_id: AppId,
        filter: &'a CallFilter,
    ) -> Result<Search<'a>, StoreError> {
        let by_context = match &filter.context {
            Some(pair) => context::way(self.db(), app_id, pair).await?,
            None => ByContext::Rows,
        };
        Ok(Search { app_id, filter, by_context })
    }

    /// The last call that a search may look at; `None` when it may look at all.
    async fn floor(
        &self,
        search: &Search<'_>,
        after: Option<CallId>,
        scan: i64,
    ) -> Result<Option<CallId>, StoreError> {
        if !search.looks_at_rows() {
            return Ok(None);
        }
        let Query { sql, values } = search.floor(after, scan);
        let row = db::one(&self.db().read, &sql, values).await?;
        row.map(|row| row.parse("id")).transpose()
    }

    async fn described(&self, calls: Vec<Call>) -> Result<Vec<FoundCall>, StoreError> {
        let sessions: Vec<_> = calls.iter().map(|call| (call.session_id,)).collect();
        let ids: Vec<_> = calls.iter().map(|call| (call.id,)).collect();
        let mut contexts = HashMap::<SessionId, (Context, bool)>::new();
        let mut surveys = HashMap::<CallId, Answers>::new();
        let read = &self.db().read;
        for row in db::all(read, SESSIONS, [to_json(&sessions).into()]).await? {
            contexts.insert(row.parse("id")?, (row.json("context")?, row.get("preview")?));
        }
        for row in db::all(read, SURVEYS, [to_json(&ids).into()]).await? {
            let answers: Answers = row.json("answers")?;
            // Of answers that were kept for their time, it is only known that there were some.
            if !answers.answers.is_empty() {
                surveys.insert(row.parse("call_id")?, answers);
            }
        }
        Ok(calls
            .into_iter()
            .map(|call| {
                let (context, preview) =
                    contexts.get(&call.session_id).cloned().unwrap_or_default();
                let survey = surveys.remove(&call.id);
                FoundCall { call, context, preview, survey }
            })
            .collect())
    }
}

pub(crate) const SESSIONS: &str = "
    SELECT id, context, preview
    FROM sessions
    WHERE id IN (SELECT value ->> 0 FROM jsonb_each($1))";

pub(crate) const SURVEYS: &str = "
    SELECT call_id, answers
    FROM survey_responses
    WHERE call_id IN (SELECT value ->> 0 FROM jsonb_each($1))";
