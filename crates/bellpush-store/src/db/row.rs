//! Values as they go into columns and come out of them.

use std::{borrow::Cow, str::FromStr};

use bellpush_core::{events::EventTime, kept};
use jiff::Timestamp;
use sea_orm::{QueryResult, TryGetable, Value};
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// Now, by the system's clock.
pub(crate) fn now() -> EventTime {
    EventTime::new(Timestamp::now())
}

/// PostgreSQL keeps no NUL in a text. It becomes U+FFFD, on both databases, when a text is written
/// and when it is looked for.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { text.into() }
}

/// A count as it goes into a column.
pub(crate) fn number(count: u64) -> Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

/// Reads every row by the same function.
pub(crate) fn read<T>(
    rows: Vec<Row>,
    row: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(row).collect()
}

/// Reads every row of a list by the same function. One that holds what only a newer version knows is
/// passed over, and the log says so: it must not hide all others.
pub(crate) fn readable<T>(
    rows: Vec<Row>,
    row: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().filter_map(|it| if_readable(row(it)).transpose()).collect()
}

/// What was read of a row; `None`, with a line in the log, when only a newer version can read it.
pub(crate) fn if_readable<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Corrupt { column }) => {
            tracing::warn!(column, "a row that this version can't read is passed over");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A row of an answer. What can't be read is [`StoreError::Corrupt`], named by its column.
pub(crate) struct Row(pub(super) QueryResult);

impl Row {
    pub(crate) fn get<T: TryGetable>(&self, column: &'static str) -> Result<T, StoreError> {
        self.0.try_get("", column).map_err(|_| StoreError::Corrupt { column })
    }

    /// An id, or another type that is kept in its written form.
    pub(crate) fn parse<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| StoreError::Corrupt { column })
    }

    pub(crate) fn parse_opt<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse()).transpose().map_err(|_| StoreError::Corrupt { column })
    }

    /// What was written as JSON, without what only newer versions know in it.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        kept::read(&text).map_err(|_| StoreError::Corrupt { column })
    }

    /// What was written as JSON, if this version knows all of it: of conditions, one that is passed over
    /// would let through what was not asked for.
    pub(crate) fn json_whole<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt { column })
    }

    pub(crate) fn json_opt<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| kept::read(&text)).transpose().map_err(|_| StoreError::Corrupt { column })
    }

    /// One of the words that serde writes an enum's values as.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        word(column, self.get(column)?)
    }

    pub(crate) fn word_opt<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(column)?.map(|text| word(column, text)).transpose()
    }

    /// The same, of what a row can do without: a word of a newer version is none.
    pub(crate) fn known_word<T: DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text = self.get::<Option<String>>(column)?;
        Ok(text.and_then(|text| word(column, text).ok()))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<EventTime, StoreError> {
        EventTime::from_millis(self.get(column)?).ok_or(StoreError::Corrupt { column })
    }

    pub(crate) fn time_opt(&self, column: &'static str) -> Result<Option<EventTime>, StoreError> {
        self.get::<Option<i64>>(column)?
            .map(|millis| EventTime::from_millis(millis).ok_or(StoreError::Corrupt { column }))
            .transpose()
    }

    /// A count that is never negative.
    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.get(column)?).map_err(|_| StoreError::Corrupt { column })
    }
}

fn word<T: DeserializeOwned>(column: &'static str, text: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|_| StoreError::Corrupt { column })
}

/// JSON of something that serde can always write: our own types, and maps with text for keys.
pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
