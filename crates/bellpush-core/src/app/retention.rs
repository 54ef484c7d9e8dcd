//! For how long what visitors leave is kept.

use serde::{Deserialize, Serialize};

use crate::field_error::FieldError;

/// Days that can be set, at most: ten years.
const MAX_DAYS: u32 = 3_650;

crate::schema::forms! {
    /// Days that something is kept.
    RetentionDays: integer(1, MAX_DAYS);
}

/// A kind of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetainedKind {
    /// Visits of pages with the widget, with the context that pages gave: what calls and events are
    /// searched by.
    Visits,
    /// Events, with their deliveries.
    Events,
    /// Deliveries that have ended, with their attempts and what endpoints answered.
    Deliveries,
    /// Calls that are over, with all that is kept of each.
    Calls,
    /// What was written into forms, and answers to surveys; the calls stay.
    Forms,
    /// Requests to be called back.
    Callbacks,
    /// SIP messages and samples of calls.
    Records,
}

impl RetainedKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Visits,
        Self::Events,
        Self::Deliveries,
        Self::Calls,
        Self::Forms,
        Self::Callbacks,
        Self::Records,
    ];
}

/// Days that each kind is kept; `null`: until it is deleted with the app. What is older is deleted
/// within the hour, or, where much of it is kept on PostgreSQL, a sixteenth of its time later at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// Of visits, with the context that pages gave.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub visits: Option<u32>,
    /// Of events, with their deliveries.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub events: Option<u32>,
    /// Of deliveries that have ended, with their attempts.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub deliveries: Option<u32>,
    /// Of calls that are over, with all that is kept of each.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub calls: Option<u32>,
    /// Of what was written into forms, and answers to surveys.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub forms: Option<u32>,
    /// Of requests to be called back.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub callbacks: Option<u32>,
    /// Of SIP messages and samples of calls; never longer than the server keeps them.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RetentionDays>))]
    pub records: Option<u32>,
}

impl Retention {
    /// Days that a kind is kept.
    #[must_use]
    pub const fn of(&self, kind: RetainedKind) -> Option<u32> {
        match kind {
            RetainedKind::Visits => self.visits,
            RetainedKind::Events => self.events,
            RetainedKind::Deliveries => self.deliveries,
            RetainedKind::Calls => self.calls,
            RetainedKind::Forms => self.forms,
            RetainedKind::Callbacks => self.callbacks,
            RetainedKind::Records => self.records,
        }
    }

    /// How long those of them keep each kind that keep it longest: `None` where one keeps it for good, or
    /// there is none. Deliveries that go with their events are counted as kept no longer than those.
    #[must_use]
    pub fn longest<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let shorter = |one: Option<u32>, other: Option<u32>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            _ => one.or(other),
        };
        let mut all = all
            .into_iter()
            .map(|it| Self { deliveries: shorter(it.deliveries, it.events), ..it.clone() });
        let first = all.next().unwrap_or_default();
        let longer = |one: Option<u32>, other: Option<u32>| Some(one?.max(other?));
        all.fold(first, |one, other| Self {
            visits: longer(one.visits, other.visits),
            events: longer(one.events, other.events),
            deliveries: longer(one.deliveries, other.deliveries),
            calls: longer(one.calls, other.calls),
            forms: longer(one.forms, other.forms),
            callbacks: longer(one.callbacks, other.callbacks),
            records: longer(one.records, other.records),
        })
    }

    /// # Errors
    /// The first one that is too short or too long.
    pub(super) fn check(&self, place: &str) -> Result<(), FieldError> {
        let fields = serde_json::to_value(self).unwrap_or_default();
        for (name, days) in fields.as_object().into_iter().flatten() {
            let days = days.as_u64();
            if days.is_some_and(|days| days == 0 || days > u64::from(MAX_DAYS)) {
                let message = format!("it is kept 1 to {MAX_DAYS} days, or null: for good");
                return Err(FieldError::new(format!("{place}/{name}"), message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_for_good_where_one_keeps_it_so() {
        let of = |visits, events, deliveries| Retention {
            visits,
            events,
            deliveries,
            ..Retention::default()
        };
        let longest = |all: &[Retention]| {
            let found = Retention::longest(all);
            (found.visits, found.events, found.deliveries)
        };
        assert_eq!(longest(&[]), (None, None, None));
        assert_eq!(longest(&[of(Some(7), None, None)]), (Some(7), None, None));
        let both = [of(Some(7), Some(30), None), of(Some(9), Some(5), Some(90))];
        assert_eq!(longest(&both), (Some(9), Some(30), Some(30)));
        let good = [of(Some(7), None, Some(3)), of(None, Some(5), Some(2))];
        assert_eq!(longest(&good), (None, None, Some(3)));
    }
}
