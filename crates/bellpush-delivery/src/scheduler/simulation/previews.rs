//! Previews, and rehearsals that they meet.

use std::time::Duration;

use bellpush_core::{
    delivery::DeliveryKey,
    events::EventTime,
    ids::{CallId, IntegrationId, RehearsalId},
    rehearsal::{EndpointFault, Running},
};
use uuid::Uuid;

use super::Simulation;

impl Simulation {
    /// Puts a delivery of a preview on disk, and announces it a moment later.
    pub(in super::super) fn publish_preview(
        &mut self,
        id: IntegrationId,
        call: Option<CallId>,
    ) -> DeliveryKey {
        let key = self.commit(id, call).key;
        let row = self.rows.get_mut(&key).unwrap();
        row.pending.preview = true;
        let pending = row.pending.clone();
        self.announce(vec![pending]);
        key
    }

    /// Begins a rehearsal, or ends the one that there is.
    pub(in super::super) fn rehearse(
        &mut self,
        id: IntegrationId,
        fault: Option<(EndpointFault, Duration)>,
    ) {
        let number = u128::try_from(self.take_seq().0).unwrap();
        let ends = |during: Duration| self.wall().millis() + during.as_millis() as i64;
        let rehearsal = fault.map(|(fault, during)| Running {
            id: RehearsalId::from_uuid(Uuid::from_u128(number)),
            fault,
            ends_at: EventTime::from_millis(ends(during)).unwrap(),
        });
        if let Some((_, rules)) = self.endpoints.get_mut(&id) {
            rules.rehearsal = rehearsal;
            self.announce_endpoints();
        }
    }
}
