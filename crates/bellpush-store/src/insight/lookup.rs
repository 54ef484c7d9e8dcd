//! Where a pasted text leads: an id, a SIP Call-ID, or a value of a context such as an order's number
//! or a telephone number.

use bellpush_core::ids::{AppId, CallId, CallbackId, EventId, IntegrationId};

use crate::{
    Store, StoreError,
    db::{self, Row, to_json},
};

/// Places that one text leads to, at most.
const MAX_PLACES: i64 = 20;
/// Characters of a text that is looked up, at most: a context's value is no longer.
const MAX_CHARS: usize = 512;

/// Where a text leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An app.
    App(AppId),
    /// A call.
    Call(AppId, CallId),
    /// A call-back request.
    Callback(AppId, CallbackId),
    /// An integration.
    Integration(AppId, IntegrationId),
    /// An event, with its call.
    Event(AppId, EventId, Option<CallId>),
    /// The delivery of an event to an integration.
    Delivery(AppId, IntegrationId, EventId),
    /// Sessions whose context has this key and value.
    Context(AppId, String, String),
}

impl Place {
    /// The app that it is in.
    #[must_use]
    pub const fn app_id(&self) -> AppId {
        match self {
            Self::App(app_id)
            | Self::Call(app_id, _)
            | Self::Callback(app_id, _)
            | Self::Integration(app_id, _)
            | Self::Event(app_id, ..)
            | Self::Delivery(app_id, ..)
            | Self::Context(app_id, ..) => *app_id,
        }
    }
}

pub(crate) const CALL: &str = "
    SELECT calls.app_id
    FROM calls
    JOIN apps ON apps.id = calls.app_id
    WHERE calls.id = $1";

pub(crate) const CALLBACK: &str = "
    SELECT callback_requests.app_id
    FROM callback_requests
    JOIN apps ON apps.id = callback_requests.app_id
    WHERE callback_requests.id = $1";

pub(crate) const EVENT: &str = "
    SELECT events.app_id, events.call_id
    FROM events
    JOIN apps ON apps.id = events.app_id
    WHERE events.id = $1";

pub(crate) const DELIVERY: &str = "
    SELECT integrations.app_id
    FROM events
    JOIN deliveries ON deliveries.event_seq = events.seq
    JOIN integrations ON integrations.id = deliveries.integration_id
    WHERE events.id = $1
      AND deliveries.integration_id = $2";

/// Whether a form of the value stands at a key of an app. An EXISTS, which a planner may join, would have PostgreSQL read all
/// values of all apps.
macro_rules! has_form {
    () => {
        "(
            SELECT 1
            FROM session_context
            WHERE session_context.app_id = found.app_id
              AND session_context.key = found.key
              AND session_context.value = forms.form
            LIMIT 1
        ) IS NOT NULL"
    };
}

/// The newest calls of each app at whose keys is looked first.
const NEWEST_CALLS: i64 = 100;

/// The same as [`VALUES`] at the keys that the newest calls of the apps have, first those that most of them have: anybody
/// can begin sessions with any number of keys.
pub(crate) const VALUES_OF_CALLS: &str = concat!(
    "
    WITH found (app_id, key, calls) AS (
        SELECT given.value ->> 0, session_context.key, COUNT(*)
        FROM jsonb_each($1) AS given
        CROSS JOIN calls
        CROSS JOIN session_context
        WHERE calls.app_id = given.value ->> 0
          AND calls.id >= COALESCE(
            (SELECT earlier.id
             FROM calls AS earlier
             WHERE earlier.app_id = given.value ->> 0
             ORDER BY earlier.id DESC
             LIMIT 1 OFFSET $5),
            '')
          AND session_context.session_id = calls.session_id
        GROUP BY given.value ->> 0, session_context.key
    )
    SELECT found.app_id, found.key, forms.form
    FROM found
    CROSS JOIN (SELECT $2 AS form UNION SELECT $3 AS form) AS forms
    WHERE ",
    has_form!(),
    "
    ORDER BY found.calls DESC, found.app_id, found.key
    LIMIT $4"
);

/// In which apps of a list, and at which keys, contexts have one of two values. Goes from key to key
/// by the primary key, however many values each has.
pub(crate) const VALUES: &str = concat!(
    "
    WITH RECURSIVE found (app_id, key, place) AS (
        SELECT
            given.value ->> 0,
            (SELECT MIN(session_context.key)
             FROM session_context
             WHERE session_context.app_id = given.value ->> 0),
            1
        FROM jsonb_each($1) AS given
        UNION ALL
        SELECT
            found.app_id,
            (SELECT MIN(session_context.key)
             FROM session_context
             WHERE session_context.app_id = found.app_id
               AND session_context.key > found.key),
            found.place + 1
        FROM found
        WHERE found.key IS NOT NULL
          AND found.place < 200
    )
    SELECT found.app_id, found.key, forms.form
    FROM found
    CROSS JOIN (SELECT $2 AS form UNION SELECT $3 AS form) AS forms
    WHERE found.key IS NOT NULL
      AND ",
    has_form!(),
    "
    LIMIT $4"
);

impl Store {
    /// Where a text leads, in these apps: ids first. Values of contexts are found as they are, and
    /// telephone numbers also without what is only there for the eye.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_up(&self, apps: &[AppId], text: &str) -> Result<Vec<Place>, StoreError> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_CHARS {
            return Ok(Vec::new());
        }
        let mut places = self.of_id(text).await?;
        if places.is_empty() {
            places = self.of_context(apps, text).await?;
        }
        places.retain(|place| apps.contains(&place.app_id()));
        Ok(places)
    }

    /// What an id names, of whatever kind it is.
    async fn of_id(&self, text: &str) -> Result<Vec<Place>, StoreError> {
        let app = |row: &Row| row.parse::<AppId>("app_id");
        let read = async |sql: &str| db::one(&self.db().read, sql, [text.into()]).await;
        let place = if let Ok(id) = text.parse::<CallId>() {
            read(CALL).await?.map(|row| Ok(Place::Call(app(&row)?, id)))
        } else if let Ok(id) = text.parse::<CallbackId>() {
            read(CALLBACK).await?.map(|row| Ok(Place::Callback(app(&row)?, id)))
        } else if let Ok(id) = text.parse::<EventId>() {
            let found = read(EVENT).await?;
            found.map(|row| Ok(Place::Event(app(&row)?, id, row.parse_opt("call_id")?)))
        } else if let Ok(id) = text.parse::<AppId>() {
            self.app(id).await?.map(|app| Ok(Place::App(app.id)))
        } else if let Ok(id) = text.parse::<IntegrationId>() {
            let found = read("SELECT app_id FROM integrations WHERE id = $1").await?;
            found.map(|row| Ok(Place::Integration(app(&row)?, id)))
        } else if let Some((integration, event)) = text.split_once([':', '/'])
            && let (Ok(integration), Ok(event)) =
                (integration.parse::<IntegrationId>(), event.parse::<EventId>())
        {
            let values = [event.to_string().into(), integration.to_string().into()];
            let found = db::one(&self.db().read, DELIVERY, values).await?;
            found.map(|row| Ok(Place::Delivery(app(&row)?, integration, event)))
        } else {
            None
        };
        place.into_iter().collect()
    }

    async fn of_context(&self, apps: &[AppId], text: &str) -> Result<Vec<Place>, StoreError> {
        let apps: Vec<_> = apps.iter().map(|app_id| (app_id,)).collect();
        let number = telephone_number(text).unwrap_or_else(|| text.to_owned());
        let values =
            || [to_json(&apps).into(), text.into(), number.clone().into(), MAX_PLACES.into()];
        let mut places = Vec::new();
        let of_calls = values().into_iter().chain([NEWEST_CALLS.into()]);
        for (sql, values) in
            [(VALUES_OF_CALLS, of_calls.collect::<Vec<_>>()), (VALUES, values().into())]
        {
            for row in db::all(&self.db().read, sql, values).await? {
                let place = Place::Context(row.parse("app_id")?, row.get("key")?, row.get("form")?);
                if !places.contains(&place) && places.len() < MAX_PLACES as usize {
                    places.push(place);
                }
            }
        }
        Ok(places)
    }
}

/// A telephone number without what is only there for the eye; `None` for anything else.
fn telephone_number(text: &str) -> Option<String> {
    let is_for_the_eye = |char: char| matches!(char, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    let number: String = text.chars().filter(|char| !is_for_the_eye(*char)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_number = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_is_known_however_it_is_written() {
        for (text, number) in [
            ("+49 (30) 1234-56", Some("+4930123456")),
            ("030/123456", Some("030123456")),
            ("A-123456", None),
            ("1234", None),
            ("++49301234", None),
            ("", None),
        ] {
            assert_eq!(telephone_number(text).as_deref(), number, "{text}");
        }
    }
}
