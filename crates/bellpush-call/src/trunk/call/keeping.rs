//! Keeping the dialog of an answered call.

use bellpush_core::trunk::{DialogSnapshot, SdpOrigin};

use super::{
    kept::{KeptDialog, Owner},
    session::Session,
};

impl Session {
    /// Keeps the new dialog. Until then its answer is not acknowledged: a far side that is never
    /// acknowledged ends the dialog by itself (RFC 3261 section 13.3.1.4).
    pub(super) async fn open(&self, owner: Option<Owner>) -> Option<Box<KeptDialog>> {
        Some(KeptDialog::open(owner?, &self.trunk, self.snapshot()?).await)
    }

    /// Keeps the dialog as it is now, if it is another than the one that is kept.
    pub(super) fn keep(&mut self) {
        if let Some(mut kept) = self.kept.take() {
            if let Some(now) = self.snapshot() {
                kept.update(&self.trunk, now);
            }
            self.kept = Some(kept);
        }
    }

    fn snapshot(&self) -> Option<DialogSnapshot> {
        Some(DialogSnapshot {
            origin: SdpOrigin::of(&self.offers.local_sdp),
            media_lines: DialogSnapshot::media_lines_of(&self.offers.local_sdp),
            session_seconds: self.timer.seconds(),
            ..self.dialog.snapshot(&self.flow.hop)?
        })
    }
}
