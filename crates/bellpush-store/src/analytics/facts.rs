//! What an event adds to the roll-ups, with what is known of its call and session.

use bellpush_core::{
    analytics::{
        Amounts, DURATION_BOUNDS, Dimension, End, Outcome, Segment, WAIT_BOUNDS, bucket_of,
    },
    events::{CALLBACK_REQUESTED, EventName},
};
use serde::Deserialize;

use crate::{db::Row, error::StoreError};

/// An event as it counts.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) app_id: String,
    /// When it counts, in milliseconds: what is of a call, when the call started.
    pub(super) at: i64,
    pub(super) segment: Segment,
    pub(super) outcome: Outcome,
    pub(super) amounts: Amounts,
}

/// What the data of an event says, of those that are looked into.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data {
    error_code: Option<String>,
    reason: Option<String>,
}

/// How a call sounded.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Quality {
    visitor: Option<Stream>,
    far_side: Option<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    mos: f64,
}

/// What a row of an event counts; `None` where there is nothing left that it could be counted of.
pub(super) fn fact(row: &Row) -> Result<Option<Fact>, StoreError> {
    let name: String = row.get("name")?;
    let started_at: Option<i64> = row.get("started_at")?;
    let segment = Segment::default()
        .with(Dimension::Page, row.get::<Option<String>>("origin")?)
        .with(Dimension::Browser, row.get::<Option<String>>("browser")?)
        .with(Dimension::Language, row.get::<Option<String>>("language")?);
    let of_call = |segment: Segment| -> Result<Segment, StoreError> {
        Ok(segment.with(Dimension::Profile, row.get::<Option<String>>("profile_id")?))
    };
    let over = |segment: Segment| -> Result<Segment, StoreError> {
        Ok(of_call(segment)?.with(Dimension::Network, row.get::<Option<String>>("network")?))
    };
    let app_id: String = row.get("app_id")?;
    let recorded_at: i64 = row.get("recorded_at")?;
    let fact = |at, segment, outcome, amounts| Some(Fact { app_id, at, segment, outcome, amounts });
    if name == CALLBACK_REQUESTED {
        let Some(reason) = data(row)?.reason else { return Ok(None) };
        let outcome = Outcome::CallbackRequested { reason };
        return Ok(fact(recorded_at, segment, outcome, Amounts::one()));
    }
    let is_of_call = row.get::<Option<String>>("call_id")?.is_some();
    Ok(match (name.parse(), started_at) {
        (Ok(EventName::WidgetLoaded), _) => {
            fact(recorded_at, segment, Outcome::Loaded, Amounts::one())
        }
        (Ok(EventName::CallError), _) if !is_of_call => {
            let Some(code) = data(row)?.error_code else { return Ok(None) };
            fact(recorded_at, segment, Outcome::Refused { code }, Amounts::one())
        }
        (Ok(EventName::CallStarted), Some(at)) => {
            fact(at, of_call(segment)?, Outcome::Live, Amounts::one())
        }
        (Ok(EventName::CallEnded), Some(at)) => {
            let seconds = row.get::<Option<i64>>("duration")?.unwrap_or_default();
            let seconds = u64::try_from(seconds).unwrap_or_default();
            let end = End::Ended {
                reason: row.get::<Option<String>>("end_reason")?.unwrap_or_default(),
                length: bucket_of(&DURATION_BOUNDS, seconds),
            };
            let (outcome, amounts) = end_of_call(row, at, end)?;
            fact(at, over(segment)?, outcome, Amounts { seconds, ..amounts })
        }
        (Ok(EventName::CallError), Some(at)) => {
            let code = row.get::<Option<String>>("error_code")?.unwrap_or_default();
            let (outcome, amounts) = end_of_call(row, at, End::Failed { code })?;
            fact(at, over(segment)?, outcome, amounts)
        }
        (Ok(EventName::SurveySubmitted), Some(at)) => {
            let stars = row.get::<Option<i64>>("stars")?.and_then(|it| u8::try_from(it).ok());
            let Some(stars @ 1..=5) = stars else { return Ok(None) };
            fact(at, over(segment)?, Outcome::Rated { stars }, Amounts::one())
        }
        _ => None,
    })
}

/// The rest of what is known of a call that is over.
fn end_of_call(row: &Row, started_at: i64, end: End) -> Result<(Outcome, Amounts), StoreError> {
    let connected_at: Option<i64> = row.get("connected_at")?;
    let wait_ms =
        connected_at.map(|at| u64::try_from(at.saturating_sub(started_at)).unwrap_or_default());
    let wait = wait_ms.map(|wait| bucket_of(&WAIT_BOUNDS, wait / 1_000));
    let grade: Option<String> = row.get("quality_grade")?;
    let score = match &grade {
        Some(_) => score(row)?,
        None => None,
    };
    let amounts = Amounts {
        wait_ms: wait_ms.unwrap_or_default(),
        score: score.unwrap_or_default(),
        scored: u64::from(score.is_some()),
        ..Amounts::one()
    };
    Ok((Outcome::Over { end, wait, grade }, amounts))
}

/// Hundredths of the score of the worse side, where both were heard.
fn score(row: &Row) -> Result<Option<u64>, StoreError> {
    let Some(text) = row.get::<Option<String>>("quality")? else { return Ok(None) };
    let Quality { visitor, far_side } = serde_json::from_str(&text).unwrap_or_default();
    let worse = visitor.zip(far_side).map(|(one, other)| one.mos.min(other.mos));
    // A score lies between 1 and 5.
    Ok(worse.filter(|mos| (0.0..=5.0).contains(mos)).map(|mos| (mos * 100.0).round() as u64))
}

fn data(row: &Row) -> Result<Data, StoreError> {
    let text: Option<String> = row.get("envelope")?;
    Ok(text.and_then(|text| serde_json::from_str::<Envelope>(&text).ok()).unwrap_or_default().data)
}
