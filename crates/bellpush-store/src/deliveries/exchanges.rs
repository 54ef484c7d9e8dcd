//! What attempts sent and what came back: as it goes into the log of deliveries, and out of it.

use base64::{Engine, prelude::BASE64_STANDARD};
use bellpush_core::delivery::{AttemptRecord, DeliveryKey, exchange::Exchange};

use crate::{
    db::{Row, to_json},
    error::StoreError,
    insight::sealed::{fold, unfold},
    vault::DataKey,
};

/// An attempt that is to be kept. What it sent is folded before it is waited for others.
#[derive(Debug)]
pub(crate) struct EndedAttempt {
    pub(crate) record: AttemptRecord,
    pub(super) folded: Option<String>,
}

impl EndedAttempt {
    pub(crate) fn new(key: &DataKey, mut record: AttemptRecord) -> Result<Self, StoreError> {
        let exchange = record.exchange.take();
        let folded = exchange.map(|exchange| {
            let identity = identity(record.key, record.number);
            let body = fold(key, &identity, to_json(&*exchange).as_bytes())?;
            Ok::<_, StoreError>(BASE64_STANDARD.encode(body))
        });
        Ok(Self { folded: folded.transpose()?, record })
    }
}

/// Reads what an attempt sent, if that was kept.
pub(crate) fn exchange(
    key: &DataKey,
    row: &Row,
    record: &AttemptRecord,
) -> Result<Option<Box<Exchange>>, StoreError> {
    let corrupt = || StoreError::Corrupt { column: "attempts.exchange" };
    let Some(text) = row.get::<Option<String>>("exchange")? else { return Ok(None) };
    let body = BASE64_STANDARD.decode(text).map_err(|_| corrupt())?;
    let plain = unfold(key, &identity(record.key, record.number), &body)?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| corrupt())
}

fn identity(key: DeliveryKey, number: u32) -> String {
    format!("attempt:{}:{}:{number}", key.integration_id, key.seq)
}
