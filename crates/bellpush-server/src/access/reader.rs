//! Who reads what goes on for a while, a stream or a long file, and whether they still may.

use std::{net::IpAddr, time::Duration};

use axum::http::{HeaderMap, StatusCode};
use bellpush_core::{
    access::{Permission, Resource},
    ids::AppId,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{Access, Caller};
use crate::clock::now;

/// How often it is looked whether the reader may still read: another server, or the command line, may
/// have taken that away.
const LOOK: Duration = Duration::from_secs(3);
/// How soon after the end of a sign-in or a key it is looked again, should the clocks differ.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Who reads: as the request said it, and as they are known now.
#[derive(Debug)]
pub(crate) struct Reader {
    access: Access,
    headers: HeaderMap,
    address: IpAddr,
    caller: Caller,
    resource: Resource,
    /// Where; `None`: in any app.
    app_id: Option<AppId>,
    changes: watch::Receiver<()>,
    next_look: Instant,
}

impl Reader {
    /// The sender of a request, whom the guard has let in to read what is of this kind, in this app.
    pub(crate) fn new(
        access: Access,
        (headers, address, caller): (HeaderMap, IpAddr, Caller),
        resource: Resource,
        app_id: Option<AppId>,
    ) -> Self {
        let changes = access.changes();
        // What has changed since the guard looked is seen at once.
        let next_look = Instant::now();
        Self { access, headers, address, caller, resource, app_id, changes, next_look }
    }

    /// Who they are, as they are known now.
    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether they may read what is of this kind there.
    pub(crate) fn may_read(&self, resource: Resource) -> bool {
        match self.app_id {
            Some(app_id) => self.caller.may_read(resource, app_id),
            None => self.caller.authority().has(Permission::read(resource)),
        }
    }

    /// Waits until it has to be looked again.
    pub(crate) async fn is_due(&mut self) {
        tokio::select! {
            changed = self.changes.changed() => {
                if changed.is_ok() {
                    self.next_look = Instant::now();
                } else {
                    // The store is closed: nothing changes any more.
                    sleep_until(self.next_look).await;
                }
            }
            () = sleep_until(self.next_look) => {}
        }
    }

    /// Whether they may still read: looked up again where something has changed, and every few seconds.
    pub(crate) async fn may_still_read(&mut self) -> bool {
        let has_changed = self.changes.has_changed().unwrap_or(false);
        if !has_changed && Instant::now() < self.next_look {
            return true;
        }
        // Before it is looked: what changes meanwhile is looked at once more.
        self.changes.mark_unchanged();
        match self.access.identify_again(&self.caller, &self.headers, self.address).await {
            Ok(known) => self.caller = known,
            Err(problem)
                if matches!(problem.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) =>
            {
                return false;
            }
            // A store that is away for a moment ends nobody's right.
            Err(_) => {
                self.next_look = Instant::now() + LOOK;
                return true;
            }
        }
        self.next_look = Instant::now() + self.until_next_look();
        self.may_read(self.resource)
    }

    fn until_next_look(&self) -> Duration {
        let Some(until) = self.caller.until() else { return LOOK };
        let left = u64::try_from(until.millis() - now().millis()).unwrap_or_default();
        Duration::from_millis(left).clamp(LOOK_AGAIN, LOOK)
    }
}
