//! Who a request comes from: an API key, or a browser that is signed in. Both are looked up each time,
//! with the role as it is now, so that whatever is taken away ends at once. When each was last used is
//! kept at most once a minute, and waited for by no request.

use std::{hash::Hash, net::IpAddr, sync::Arc, time::Duration};

use axum::http::HeaderMap;
use bellpush_core::{
    events::EventTime,
    ids::{ApiKeyId, SignInId},
};
use bellpush_store::{Accounts, ApiKey, ApiKeys, SignedIn};
use moka::sync::Cache;
use tokio::sync::watch;

use super::callers::{Caller, Identity};
use crate::{
    clock::now,
    http::{client_ip::limit_key, headers, lookups::FailedLookups, problem::Problem},
    sign_in::{cookie::Cookies, idle_since},
    tokens::ApiKey as ShownKey,
};

/// How long a use stands for those that follow it.
const KEPT_EVERY: Duration = Duration::from_secs(60);
/// Keys and browsers that are remembered at once; of others uses may be kept more often.
const REMEMBERED: u64 = 10_000;

/// Who may use the management API. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    keys: ApiKeys,
    accounts: Accounts,
    cookies: Cookies,
    lookups: Arc<FailedLookups>,
    /// The keys and browsers whose use was kept a moment ago.
    kept: Cache<Used, ()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Used {
    Key(ApiKeyId),
    Browser(SignInId, IpAddr),
}

impl Access {
    /// By these keys and accounts.
    pub(crate) fn new(
        keys: ApiKeys,
        accounts: Accounts,
        cookies: Cookies,
        lookups: Arc<FailedLookups>,
    ) -> Self {
        let kept = Cache::builder().max_capacity(REMEMBERED).time_to_live(KEPT_EVERY).build();
        Self { keys, accounts, cookies, lookups, kept }
    }

    /// Tells of changes to who may do what, as far as this server makes them.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.accounts.changes()
    }

    /// Who a request comes from that was let in before. It is no guess: it is not counted, and what others
    /// guess from this address does not hinder it. A browser is known by its sign-in, since its cookie becomes
    /// another one when it is proved again who sits there.
    ///
    /// # Errors
    /// 401 when the key or the sign-in is not valid any more.
    pub(crate) async fn identify_again(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Caller, Problem> {
        let identity = match caller.identity() {
            Identity::Person(before) => {
                let (id, at) = (before.sign_in.id, now());
                let found = self.accounts.signed_in_by_id(id, at, idle_since(at)).await?;
                self.person(found, address)?
            }
            Identity::Key(_) => Identity::Key(self.key(headers, address, None).await?),
        };
        Ok(Caller::new(identity, address))
    }

    /// Who a request comes from. A key goes before a cookie.
    ///
    /// # Errors
    /// 401 without a valid key or cookie, 429 when this address has shown too many unknown ones.
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Caller, Problem> {
        let identity = match self.cookies.token(headers) {
            Some(token) if headers::bearer(headers).is_none() => {
                let at = now();
                let lookup =
                    async { Ok(self.accounts.signed_in(&token.hash(), at, idle_since(at)).await?) };
                self.person(self.lookups.count(limit_key(address), lookup).await?, address)?
            }
            _ => Identity::Key(self.key(headers, address, Some(&*self.lookups)).await?),
        };
        Ok(Caller::new(identity, address))
    }

    /// The person who sits at a browser, which is used from this address.
    fn person(&self, found: Option<SignedIn>, address: IpAddr) -> Result<Identity, Problem> {
        let signed_in = found
            .ok_or_else(|| Problem::signed_out("you are not signed in any more; sign in again"))?;
        self.note_browser(&signed_in, address);
        Ok(Identity::Person(signed_in))
    }

    /// The API key of a request.
    async fn key(
        &self,
        headers: &HeaderMap,
        address: IpAddr,
        counted: Option<&FailedLookups>,
    ) -> Result<ApiKey, Problem> {
        let invalid =
            || Problem::api_key_invalid("send a valid API key as Authorization: Bearer bp_…");
        let key = headers::bearer(headers).and_then(ShownKey::parse).ok_or_else(invalid)?;
        let at = now();
        let lookup = async { Ok(self.keys.by_hash(&key.hash(), at).await?) };
        let found = match counted {
            Some(lookups) => lookups.count(limit_key(address), lookup).await?,
            None => lookup.await?,
        };
        let key = found.ok_or_else(invalid)?;
        self.note_key(key.id, at);
        Ok(key)
    }

    fn note_key(&self, id: ApiKeyId, at: EventTime) {
        if !is_due(&self.kept, Used::Key(id)) {
            return;
        }
        let keys = self.keys.clone();
        tokio::spawn(async move {
            if let Err(error) = keys.record_use(id, at).await {
                tracing::warn!(key = %id, %error, "the use of an API key can't be kept");
            }
        });
    }

    fn note_browser(&self, signed_in: &SignedIn, address: IpAddr) {
        let sign_in = signed_in.sign_in.clone();
        if !is_due(&self.kept, Used::Browser(sign_in.id, address)) {
            return;
        }
        let accounts = self.accounts.clone();
        tokio::spawn(async move {
            if let Err(error) = accounts.record_sign_in_use(&sign_in, address, now()).await {
                tracing::warn!(sign_in = %sign_in.id, %error, "the use of a browser can't be kept");
            }
        });
    }
}

/// Whether no use was kept for a while; one is from now on.
fn is_due<K: Hash + Eq + Send + Sync + 'static>(kept: &Cache<K, ()>, used: K) -> bool {
    kept.entry(used).or_insert(()).is_fresh()
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
