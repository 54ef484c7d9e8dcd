//! Acknowledging the 2xx of an INVITE (RFC 3261 section 13.2.2.4): once for each dialog, and again
//! whenever its 2xx comes again.

use std::collections::HashMap;

use rsipstack::sip::Request;

use super::{dialog::Dialog, flow::Flow, trunk::Trunk};

/// The ACKs of one INVITE, by the tags of their dialogs' far sides.
#[derive(Default)]
pub(super) struct Acks(HashMap<String, (Request, Flow)>);

impl Acks {
    /// Acknowledges a 2xx that made or changed this dialog.
    pub(super) async fn acknowledge(
        &mut self,
        trunk: &Trunk,
        dialog: &Dialog,
        invite: &Request,
        flow: &Flow,
    ) {
        let tag = dialog.remote_tag().unwrap_or_default();
        // What was written into a connection that broke then may have been read by nobody.
        let is_open = |(_, flow): &(Request, Flow)| !flow.closed.is_cancelled();
        if !self.0.get(tag).is_some_and(is_open) {
            let flow = trunk.flow_in_dialog(dialog, flow).await;
            self.0.insert(tag.to_owned(), (dialog.ack(invite, &flow), flow));
        }
        if let Some((ack, flow)) = self.0.get(tag) {
            trunk.stack.acknowledge(ack.clone(), flow).await;
        }
    }
}
