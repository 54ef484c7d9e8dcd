//! Ends the dialogs that other processes left behind: each far side gets its BYE.
//!
//! Who answers for a dialog is one field of its row, which only one taker can change. So one node sends
//! the BYE; when that dies over it, the next one does, with a higher number.

use std::{sync::Arc, time::Duration};

use bellpush_call::ByeAnswer;
use bellpush_core::trunk::{DialogChange, OpenDialog};
use bellpush_store::StoreError;
use metrics::{counter, describe_counter};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    calls::{recovery::leases::Leases, state::Calls},
    trunks::RunningTrunks,
};

/// How often dialogs of lost nodes are looked for.
const EVERY: Duration = Duration::from_secs(3);
/// Dialogs that are ended at once.
const AT_ONCE: usize = 200;

const ENDED: &str = "bellpush_left_dialogs_total";

/// Ends dialogs of lost nodes until the server is told to stop. Those under way then are found by the
/// next process.
pub(crate) async fn end_left_behind(calls: Arc<Calls>, stopped: CancellationToken) {
    describe_counter!(ENDED, "Dialogs of lost servers that this one has ended, by outcome.");
    let mut tick = tokio::time::interval(EVERY);
    let mut under_way = JoinSet::new();
    let mut has_more = false;
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            Some(_) = under_way.join_next() => {
                if !has_more || under_way.len() > AT_ONCE / 2 {
                    continue;
                }
            }
            _ = tick.tick() => {}
        }
        // One that is not sure of its own lease does not judge others.
        if calls.store.is_shared() && !calls.cluster.is_sure() {
            continue;
        }
        let room = AT_ONCE - under_way.len();
        match take(&calls, room).await {
            Ok(taken) => {
                has_more = taken.len() == room;
                for dialog in taken {
                    under_way.spawn(end(Arc::clone(&calls), dialog));
                }
            }
            Err(error) => error!(%error, "dialogs of lost servers can't be ended yet"),
        }
    }
}

async fn take(calls: &Calls, most: usize) -> Result<Vec<OpenDialog>, StoreError> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let Leases { present, latest } = Leases::now(calls).await?;
    calls.store.take_left_dialogs(calls.node_id, present, latest, most).await
}

/// Ends a dialog that this node answers for, and says what came of it.
pub(in crate::calls) async fn end(calls: Arc<Calls>, dialog: OpenDialog) {
    let OpenDialog { call_id, trunk_id, snapshot, .. } = &dialog;
    let sip_call_id = &snapshot.sip_call_id;
    let outcome = loop {
        match bye(&calls.trunks, &dialog).await {
            Ok(outcome) => break outcome,
            Err(error) => {
                error!(call = %call_id, sip_call_id, %error, "its trunk can't be read; trying again");
                tokio::time::sleep(EVERY).await;
            }
        }
    };
    counter!(ENDED, "outcome" => outcome).increment(1);
    if outcome == "answered" {
        info!(call = %call_id, trunk = %trunk_id, sip_call_id, "ended the dialog of a lost server");
    } else {
        warn!(
            call = %call_id, trunk = %trunk_id, sip_call_id, outcome,
            "the phone system was not told that a lost server's call is over",
        );
    }
    let over = DialogChange::Over { sip_call_id: sip_call_id.clone() };
    let keep = || calls.store.keep_dialogs(calls.node_id, calls.clock.now(), vec![over.clone()]);
    while let Err(error) = keep().await {
        error!(call = %call_id, sip_call_id, %error, "its row can't be taken out; trying again");
        tokio::time::sleep(EVERY).await;
    }
}

/// Sends the BYE; what came of it, in a word.
async fn bye(trunks: &RunningTrunks, dialog: &OpenDialog) -> Result<&'static str, StoreError> {
    Ok(match trunks.end_dialog(dialog).await? {
        Some(ByeAnswer::Status(_)) => "answered",
        Some(ByeAnswer::None) => "unanswered",
        Some(ByeAnswer::Unreachable) => "unreachable",
        Some(ByeAnswer::Unreadable) => "unreadable",
        None => "no_trunk",
    })
}
