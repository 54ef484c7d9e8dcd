//! Where calls are in traces.

use bellpush_core::{ids::CallId, trace_context::TraceParent};

use crate::{Store, StoreError, db};

/// A call's first event is its `call_started`.
pub(crate) const OF_CALL: &str = "
    SELECT trace_parent
    FROM event_traces
    WHERE event_seq = (
        SELECT seq
        FROM events
        WHERE call_id = $1
        ORDER BY seq
        LIMIT 1
    )";

impl Store {
    /// The place of a call's span, as its first event was kept with it; `None` of a call that was
    /// placed while nothing was traced.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trace_of_call(&self, call_id: CallId) -> Result<Option<TraceParent>, StoreError> {
        let row = db::one(&self.db().read, OF_CALL, [call_id.to_string().into()]).await?;
        row.map(|row| row.parse("trace_parent")).transpose()
    }
}
