//! Which API key a request shows, and when each was last used: kept at most once a minute for each
//! key, and waited for by no request.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bellpush_core::{events::EventTime, ids::ApiKeyId};
use bellpush_store::ApiKeys;
use moka::sync::Cache;

use crate::{
    clock::now,
    http::{client_ip::LimitKey, headers, lookups::FailedLookups, problem::Problem},
    tokens::ApiKey,
};

/// How long a use stands for those that follow it.
const KEPT_EVERY: Duration = Duration::from_secs(60);
/// Keys that are remembered at once; of others uses may be kept more often.
const REMEMBERED_KEYS: u64 = 10_000;

/// Who may use the management API. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct ApiAccess {
    keys: ApiKeys,
    lookups: Arc<FailedLookups>,
    /// The keys whose use was kept a moment ago.
    kept: Cache<ApiKeyId, ()>,
}

impl ApiAccess {
    /// By these keys.
    pub(crate) fn new(keys: ApiKeys, lookups: Arc<FailedLookups>) -> Self {
        let kept = Cache::builder().max_capacity(REMEMBERED_KEYS).time_to_live(KEPT_EVERY).build();
        Self { keys, lookups, kept }
    }

    /// The API key of a request. It is looked up each time, so that a revoked one ends at once.
    ///
    /// # Errors
    /// 401 without a valid key, 429 when this address has shown too many unknown ones.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        LimitKey(address): LimitKey,
    ) -> Result<ApiKeyId, Problem> {
        let invalid =
            || Problem::api_key_invalid("send a valid API key as Authorization: Bearer bp_…");
        let key = headers::bearer(headers).and_then(ApiKey::parse).ok_or_else(invalid)?;
        let lookup = async { Ok(self.keys.by_hash(&key.hash()).await?) };
        let id = self.lookups.count(address, lookup).await?.ok_or_else(invalid)?.id;
        self.note_use(id, now());
        Ok(id)
    }

    fn note_use(&self, id: ApiKeyId, at: EventTime) {
        if !is_due(&self.kept, id) {
            return;
        }
        let keys = self.keys.clone();
        tokio::spawn(async move {
            if let Err(error) = keys.record_use(id, at).await {
                tracing::warn!(key = %id, %error, "the use of an API key can't be kept");
            }
        });
    }
}

/// Whether no use of a key was kept for a while; one is from now on.
fn is_due(kept: &Cache<ApiKeyId, ()>, id: ApiKeyId) -> bool {
    kept.entry(id).or_insert(()).is_fresh()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_that_is_used_all_the_time_is_kept_once() {
        let kept = Cache::builder().time_to_live(KEPT_EVERY).build();
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let due = (0..1_000).filter(|_| is_due(&kept, ApiKeyId::from_uuid(one))).count();
        assert_eq!(due, 1);
        assert!(is_due(&kept, ApiKeyId::from_uuid(other)), "each key has its own minute");
    }
}
