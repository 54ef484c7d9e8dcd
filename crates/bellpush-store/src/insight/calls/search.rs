//! The queries of a search.

use bellpush_core::{
    events::EventTime,
    ids::{AppId, CallId, DestinationId},
    quality::QualityGrade,
};
use sea_orm::Value;

use super::filter::{CallFilter, CallStateName};
use crate::{
    PageRequest,
    db::{
        columns,
        page::{Conditions, Query},
    },
    insight::context::ByContext,
};

/// A count goes no further.
pub(crate) const MAX_COUNT: u32 = 10_000;
/// The clock may have been put back by so much, at most, between a call's id and its start.
const CLOCK_STEP_MS: i64 = 3_600_000;

/// By which index a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Driver {
    Context,
    Live,
    Error,
    Stars,
    Answerer,
    Quality,
    Profile,
    App,
}

/// A search of an app's calls.
pub(crate) struct Search<'a> {
    pub(crate) app_id: AppId,
    pub(crate) filter: &'a CallFilter,
    /// How its context is looked for, if it has one.
    pub(crate) by_context: ByContext,
}

impl Search<'_> {
    fn driver(&self) -> Driver {
        let CallFilter { context, answered_by, state, error_code, rating, quality, .. } =
            self.filter;
        match () {
            () if context.is_some() && self.by_context == ByContext::Sessions => Driver::Context,
            () if *state == Some(CallStateName::Live) => Driver::Live,
            () if error_code.is_some() => Driver::Error,
            () if rating.is_some() => Driver::Stars,
            () if answered_by.is_some() => Driver::Answerer,
            () if quality.is_some_and(|quality| quality != QualityGrade::Good) => Driver::Quality,
            () if self.filter.profile_id.is_some() => Driver::Profile,
            () if quality.is_some() => Driver::Quality,
            () => Driver::App,
        }
    }

    /// Whether it looks at rows that it may then pass over, without an end in sight.
    pub(super) fn looks_at_rows(&self) -> bool {
        let driver = self.driver();
        // The sessions of a context are few, and so are live calls.
        let bounded = matches!(driver, Driver::Context | Driver::Live);
        !bounded && self.conditions_beside(driver) > 0
    }

    /// Conditions that the index of the driver does not answer.
    fn conditions_beside(&self, driver: Driver) -> usize {
        let CallFilter {
            context,
            profile_id,
            kind,
            answered_by,
            state,
            reason,
            error_code,
            rating,
            quality,
            min_duration,
            max_duration,
            from: _,
            to: _,
            preview,
        } = self.filter;
        [
            context.is_some() && driver != Driver::Context,
            profile_id.is_some() && driver != Driver::Profile,
            kind.is_some(),
            answered_by.is_some() && driver != Driver::Answerer,
            // What failed has a code.
            state.is_some_and(|state| match state {
                CallStateName::Live => driver != Driver::Live,
                CallStateName::Error => driver != Driver::Error,
                CallStateName::Ended => true,
            }),
            reason.is_some(),
            error_code.is_some() && driver != Driver::Error,
            rating.is_some() && driver != Driver::Stars,
            quality.is_some() && driver != Driver::Quality,
            min_duration.is_some() || max_duration.is_some(),
            preview.is_some(),
        ]
        .into_iter()
        .filter(|beside| *beside)
        .count()
    }

    /// The newest ones, and one more than the limit.
    pub(crate) fn newest(&self, page: &PageRequest<CallId>, floor: Option<CallId>) -> Query {
        let mut conditions = self.driven(page.after);
        self.and_floor(&mut conditions, floor);
        self.and_beside(&mut conditions);
        let order = format!("ORDER BY {} DESC", self.id());
        conditions.query(&self.select(concat!("SELECT ", columns!(calls))), &order, page)
    }

    /// The call that is so many rows further on; none when there are not so many.
    pub(crate) fn floor(&self, after: Option<CallId>, scan: i64) -> Query {
        let mut conditions = self.driven(after);
        let offset = conditions.placeholder(scan - 1);
        let (id, select) = (self.id(), self.select(&format!("SELECT {} AS id", self.id())));
        let Query { sql, values } = conditions.all(&select);
        Query { sql: format!("{sql}\nORDER BY {id} DESC\nLIMIT 1 OFFSET {offset}"), values }
    }

    /// How many there are, up to one more than is counted.
    pub(crate) fn count(&self, floor: Option<CallId>) -> Query {
        let mut conditions = self.driven(None);
        self.and_floor(&mut conditions, floor);
        self.and_beside(&mut conditions);
        let limit = conditions.placeholder(i64::from(MAX_COUNT) + 1);
        // In the order of the index, so that no database goes through all of them by another one.
        let order = format!("ORDER BY {} DESC", self.id());
        let Query { sql, values } = conditions.all(&self.select("SELECT 1"));
        let sql = format!(
            "SELECT COUNT(*) AS found FROM (\n{sql}\n{order}\nLIMIT {limit}\n) AS first_ones"
        );
        Query { sql, values }
    }

    /// Whether it goes through surveys, and from them to their calls.
    pub(super) fn is_by_survey(&self) -> bool {
        self.driver() == Driver::Stars
    }

    fn id(&self) -> &'static str {
        if self.is_by_survey() { "survey_responses.call_id" } else { "calls.id" }
    }

    /// SQLite goes through the tables of a cross join in their order; PostgreSQL decides by itself.
    fn select(&self, columns: &str) -> String {
        let from = if self.is_by_survey() {
            "FROM survey_responses CROSS JOIN calls"
        } else {
            "FROM calls"
        };
        format!("{columns}\n{from}")
    }

    /// What the index of the driver answers.
    fn driven(&self, after: Option<CallId>) -> Conditions {
        let mut conditions = Conditions::default();
        let app_id = self.app_id.to_string();
        let CallFilter { context, profile_id, answered_by, error_code, rating, quality, .. } =
            self.filter;
        let mut and = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                conditions.and(condition, value);
            }
        };
        let driver = self.driver();
        match driver {
            // Its sessions are the app's, and so are their calls.
            Driver::Context => {}
            Driver::Stars => {
                and("survey_responses.call_app_id = $", Some(app_id.into()));
                and("survey_responses.stars = $", rating.map(|stars| i64::from(stars).into()));
            }
            // In a form that no index serves, so that it goes by the profile.
            Driver::Profile => and("calls.app_id || '' = $", Some(app_id.into())),
            _ => and("calls.app_id = $", Some(app_id.into())),
        }
        let profile = |id: &Option<DestinationId>| id.map(|id| id.to_string().into());
        match driver {
            Driver::Error => {
                and("calls.error_code = $", error_code.map(|code| code.as_str().into()));
            }
            Driver::Answerer => and("calls.answered_by = $", profile(answered_by)),
            Driver::Profile => and("calls.profile_id = $", profile(profile_id)),
            Driver::Quality => {
                and("calls.quality_grade = $", quality.map(|grade| grade.as_str().into()));
            }
            Driver::Context | Driver::Stars | Driver::Live | Driver::App => {}
        }
        let id = self.id();
        and(&format!("{id} < $"), after.map(|id| id.to_string().into()));
        let CallFilter { from, to, .. } = self.filter;
        let bound = |time: &EventTime, by| id_at(time.millis().saturating_add(by)).into();
        and(&format!("{id} >= $"), from.as_ref().map(|from| bound(from, -CLOCK_STEP_MS)));
        and(&format!("{id} < $"), to.as_ref().map(|to| bound(to, CLOCK_STEP_MS)));
        match (driver, context) {
            (Driver::Context, Some(pair)) => conditions.and_context(self.app_id, pair),
            (Driver::Stars, _) => conditions.and_always("calls.id = survey_responses.call_id"),
            (Driver::Live, _) => conditions.and_always("calls.state = 'live'"),
            _ => {}
        }
        conditions
    }

    fn and_floor(&self, conditions: &mut Conditions, floor: Option<CallId>) {
        if let Some(floor) = floor {
            conditions.and(&format!("{} >= $", self.id()), floor.to_string());
        }
    }

    /// What is looked at row by row.
    fn and_beside(&self, conditions: &mut Conditions) {
        let driver = self.driver();
        let CallFilter {
            context,
            profile_id,
            kind,
            answered_by,
            state,
            reason,
            error_code,
            rating,
            quality,
            min_duration,
            max_duration,
            from,
            to,
            preview,
        } = self.filter;
        if let Some(pair) = context.as_ref().filter(|_| driver != Driver::Context) {
            conditions.and_context_of(self.app_id, pair, "calls.session_id");
        }
        if let Some(kind) = kind {
            let kind = conditions.placeholder(kind.as_str());
            conditions.and_row_of(&format!(
                "destinations
                WHERE destinations.id = calls.profile_id
                  AND destinations.kind = {kind}"
            ));
        }
        if let Some(preview) = preview {
            let word = if *preview { "" } else { "NOT " };
            conditions.and_row_of(&format!(
                "sessions
                WHERE sessions.id = calls.session_id
                  AND {word}sessions.preview"
            ));
        }
        let word = match state {
            Some(CallStateName::Live) if driver != Driver::Live => Some("live"),
            Some(CallStateName::Ended) => Some("ended"),
            Some(CallStateName::Error) => Some("error"),
            _ => None,
        };
        let mut and = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                conditions.and(condition, value);
            }
        };
        let profile = |id: &Option<DestinationId>| id.map(|id| id.to_string().into());
        and("calls.state = $", word.map(Into::into));
        and("calls.profile_id = $", profile(profile_id).filter(|_| driver != Driver::Profile));
        and("calls.answered_by = $", profile(answered_by).filter(|_| driver != Driver::Answerer));
        and("calls.end_reason = $", reason.map(|reason| reason.as_str().into()));
        let code = error_code.filter(|_| driver != Driver::Error);
        and("calls.error_code = $", code.map(|code| code.as_str().into()));
        let grade = quality.filter(|_| driver != Driver::Quality);
        and("calls.quality_grade = $", grade.map(|grade| grade.as_str().into()));
        and("calls.duration >= $", min_duration.map(|seconds| i64::from(seconds).into()));
        and("calls.duration <= $", max_duration.map(|seconds| i64::from(seconds).into()));
        and("calls.started_at >= $", from.as_ref().map(|from| from.millis().into()));
        and("calls.started_at < $", to.as_ref().map(|to| to.millis().into()));
        if let Some(stars) = rating.filter(|_| driver != Driver::Stars) {
            let stars = conditions.placeholder(i64::from(stars));
            conditions.and_row_of(&format!(
                "survey_responses
                WHERE survey_responses.call_id = calls.id
                  AND survey_responses.stars = {stars}"
            ));
        }
    }
}

/// The least id that a call of this time may have: the first 48 bits of a UUIDv7 are its time.
fn id_at(millis: i64) -> String {
    let millis = u64::try_from(millis).unwrap_or_default() & 0xffff_ffff_ffff;
    format!("{}{millis:012x}{:020}", CallId::PREFIX, 0)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_bound_of_a_time_lies_between_the_calls_before_and_after_it() {
        let call = CallId::from_uuid(Uuid::now_v7());
        let (seconds, nanos) = call.uuid().get_timestamp().unwrap().to_unix();
        let millis = i64::try_from(seconds).unwrap() * 1_000 + i64::from(nanos) / 1_000_000;
        let id = call.to_string();
        assert!(id_at(millis) <= id && id < id_at(millis + 1), "{id} {}", id_at(millis));
        assert!(id_at(-5) < id && id < id_at(i64::MAX));
    }
}
