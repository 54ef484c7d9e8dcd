//! What is kept of a call's dialog, so that it can be ended when this process no longer can.

use bellpush_core::{
    ids::{CallId, DestinationId},
    trunk::{DialogSnapshot, OpenDialog},
};

use crate::trunk::{
    open_dialogs::{EndWhen, Unkept},
    trunk::Trunk,
};

/// Whose dialog it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) call_id: CallId,
    pub(super) profile_id: DestinationId,
}

/// A dialog as it is kept.
pub(super) struct KeptDialog {
    owner: Owner,
    snapshot: DialogSnapshot,
    unkept: Option<Unkept>,
}

impl KeptDialog {
    /// Keeps a new dialog, and returns when it is on disk, but after T1 in any case: then the far side
    /// says its answer again.
    pub(super) async fn open(owner: Owner, trunk: &Trunk, snapshot: DialogSnapshot) -> Box<Self> {
        let mut kept = Self { owner, snapshot, unkept: None };
        let config = &trunk.stack.config;
        kept.unkept = config.dialogs.opened(kept.of(trunk), config.t1).await;
        Box::new(kept)
    }

    /// One that was kept by another process, and is ours by now.
    pub(super) fn of_another(owner: Owner, snapshot: DialogSnapshot) -> Box<Self> {
        Box::new(Self { owner, snapshot, unkept: None })
    }

    /// Whether it is to be ended here; then nobody takes it over any more.
    pub(super) async fn may_end(&mut self, trunk: &Trunk, when: EndWhen) -> bool {
        let (call_id, unkept) = (self.owner.call_id, self.unkept.take());
        let dialogs = &trunk.stack.config.dialogs;
        dialogs.may_end((call_id, self.sip_call_id()), when, unkept).await
    }

    /// Keeps it as it is now, if it leads elsewhere.
    pub(super) fn update(&mut self, trunk: &Trunk, now: DialogSnapshot) {
        if !now.differs_from(&self.snapshot) {
            return;
        }
        let before = std::mem::replace(&mut self.snapshot, now);
        if !trunk.stack.config.dialogs.changed(self.of(trunk)) {
            // With the next thing that happens.
            self.snapshot = before;
        }
    }

    /// The Call-ID.
    pub(super) fn sip_call_id(&self) -> &str {
        &self.snapshot.sip_call_id
    }

    fn of(&self, trunk: &Trunk) -> OpenDialog {
        let Owner { call_id, profile_id } = self.owner;
        let snapshot = self.snapshot.clone();
        OpenDialog { call_id, profile_id, trunk_id: trunk.config.id, snapshot }
    }
}
