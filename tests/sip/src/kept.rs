//! A call whose dialog is kept, and one that goes on by it at another process.

use anyhow::{Context as _, bail};
use bellpush_call::{OpenDialogs, ToKeep, TrunkConfig, Trunks, TrunksConfig};
use bellpush_core::{
    ids::CallId,
    trunk::{DialogChange, OpenDialog},
};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    Call,
    call::{target, trunk, trunks, trunks_config},
    peer::{Message, PATIENCE, Peer},
};

/// A call of which is told what is to be kept.
pub struct KeptCall {
    /// Its id.
    pub id: CallId,
    /// The trunks that carry it.
    pub trunks: Trunks,
    /// The call.
    pub call: Call,
    /// What is to be kept.
    pub to_keep: mpsc::Receiver<ToKeep>,
}

impl KeptCall {
    /// Calls over a trunk.
    ///
    /// # Errors
    /// The trunks can't be started.
    pub async fn by(trunk: TrunkConfig) -> anyhow::Result<Self> {
        let (dialogs, to_keep) = OpenDialogs::channel(8);
        let trunks = Trunks::start(TrunksConfig { dialogs, ..trunks_config() }).await?;
        let target = target(&trunk);
        trunks.set(vec![trunk]);
        let id = CallId::from_uuid(Uuid::now_v7());
        let call = Call::start_as(id, &trunks, target).await?;
        Ok(Self { id, trunks, call, to_keep })
    }

    /// An answered call to a peer, as it is kept, and the INVITE.
    ///
    /// # Errors
    /// It is not answered.
    pub async fn answered(peer: &Peer) -> anyhow::Result<(Self, OpenDialog, Message)> {
        let mut call = Self::by(trunk(peer.port)).await?;
        let invite = peer.receive("INVITE").await?;
        peer.answer(&invite).await?;
        let open = call.open().await?;
        peer.receive("ACK").await?;
        call.call.answer().await?;
        Ok((call, open, invite))
    }

    /// A call that is answered at one process, and goes on at another; the INVITE of either.
    ///
    /// # Errors
    /// It is not answered, or not offered anew.
    pub async fn taken_over(peer: &Peer) -> anyhow::Result<(Self, Trunks, Call, [Message; 2])> {
        let (first, open, invite) = Self::answered(peer).await?;
        let trunk = trunk(peer.port);
        let next = trunks(vec![trunk.clone()]).await?;
        let call = Call::go_on(first.id, &next, &trunk, open.snapshot.taken_over()).await?;
        let again = peer.receive("INVITE").await?;
        Ok((first, next, call, [invite, again]))
    }

    /// What is to be kept next.
    ///
    /// # Errors
    /// Nothing is.
    pub async fn change(&mut self) -> anyhow::Result<ToKeep> {
        let next = tokio::time::timeout(PATIENCE, self.to_keep.recv()).await;
        next.context("nothing is to be kept")?.context("the trunks are gone")
    }

    /// How a dialog stands that is open, or stands otherwise. It is on disk then.
    ///
    /// # Errors
    /// It is over.
    pub async fn open(&mut self) -> anyhow::Result<OpenDialog> {
        let ToKeep { change, kept } = self.change().await?;
        if let Some(kept) = kept {
            let _ = kept.send(());
        }
        match change {
            DialogChange::Open(open) => Ok(open),
            other @ DialogChange::Over { .. } => bail!("{other:?} in place of an open dialog"),
        }
    }

    /// The Call-ID of a dialog that is over.
    ///
    /// # Errors
    /// It is open.
    pub async fn over(&mut self) -> anyhow::Result<String> {
        match self.change().await?.change {
            DialogChange::Over { sip_call_id } => Ok(sip_call_id),
            other @ DialogChange::Open(_) => bail!("{other:?} in place of the end"),
        }
    }
}
