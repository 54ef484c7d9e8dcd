//! Going through the roll-ups of some hours.

use std::ops::Range;

use bellpush_core::{analytics::Hour, ids::AppId};
use bellpush_store::{Store, StoreError};

use crate::http::problem::Problem;

/// Adds each hour in turn to sums. Reading many of them is work for a processor, which no other
/// request waits for.
///
/// # Errors
/// When the store fails.
pub(super) async fn sum<T: Send + 'static>(
    store: &Store,
    app_id: AppId,
    hours: Range<i64>,
    mut sums: T,
    add: fn(&mut T, i64, &Hour),
) -> Result<T, Problem> {
    let hours = store.rolled_up_hours(app_id, hours).await?;
    let summing = tokio::task::spawn_blocking(move || {
        for hour in &hours {
            add(&mut sums, hour.index, &hour.open()?);
        }
        Ok::<_, StoreError>(sums)
    });
    let summed = summing.await.map_err(|error| {
        tracing::warn!(%error, "roll-ups could not be added up");
        Problem::internal("the figures could not be added up")
    })?;
    Ok(summed?)
}
