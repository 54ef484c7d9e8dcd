//! A call over a trunk, as the engine would make it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bellpush_call::{
    ByeCause, Callee, CallerIdentity, CodecPolicy, EventSink, Latching, SipTarget, SipTransport,
    SipUser, SrtpPolicy, TrunkCommand, TrunkConfig, TrunkEvent, Trunks, TrunksConfig,
};
use bellpush_core::{
    ids::{CallId, DestinationId, TrunkId},
    trunk::{DialogSnapshot, SipFailure},
};
use tokio::sync::mpsc;

use crate::peer::{PATIENCE, Peer};

/// An offer of one codec.
pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

/// Trunks on loopback, with timers that a test has the patience for.
#[must_use]
pub fn trunks_config() -> TrunksConfig {
    TrunksConfig {
        t1: Duration::from_millis(100),
        target_timeout: Duration::from_millis(1_000),
        min_session_interval: Duration::from_secs(2),
        ..TrunksConfig::new(([127, 0, 0, 1], 0).into())
    }
}

/// These trunks, running.
///
/// # Errors
/// The UDP port can't be opened.
pub async fn trunks(configs: Vec<TrunkConfig>) -> anyhow::Result<Trunks> {
    let trunks = Trunks::start(trunks_config()).await?;
    trunks.set(configs);
    Ok(trunks)
}

/// A static UDP trunk to a port of loopback.
#[must_use]
pub fn trunk(port: u16) -> TrunkConfig {
    TrunkConfig {
        id: TrunkId::from_uuid(uuid::Uuid::now_v7()),
        domain: "127.0.0.1".into(),
        outbound_proxy: None,
        port: Some(port),
        transport: SipTransport::Udp,
        credentials: None,
        realms: Vec::new(),
        registration: None,
        keep_alive: None,
        caller: CallerIdentity::default(),
        rewrite_contact: true,
        trusted_certificates: None,
    }
}

/// A call to extension 100 over a trunk.
///
/// # Panics
/// Never: 100 is a user.
#[must_use]
pub fn target(trunk: &TrunkConfig) -> SipTarget {
    let user = SipUser::try_from("100");
    SipTarget {
        profile_id: DestinationId::from_uuid(uuid::Uuid::nil()),
        trunk_id: trunk.id,
        to: user.map(Callee::User).unwrap_or_else(|_| unreachable!("100 is a user")),
        caller: CallerIdentity::default(),
        headers: Vec::new(),
        codecs: CodecPolicy::default(),
        srtp: SrtpPolicy::Off,
        latching: Latching::Signalling,
        session_timer: None,
        open: None,
    }
}

/// A call to a peer by a trunk that is changed first.
///
/// # Errors
/// The trunk can't be started.
pub async fn call_by(
    peer: &Peer,
    change: impl FnOnce(&mut TrunkConfig),
) -> anyhow::Result<(Trunks, Call)> {
    let mut trunk = trunk(peer.port);
    change(&mut trunk);
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let call = Call::start(&trunks, target).await?;
    Ok((trunks, call))
}

/// One call.
pub struct Call {
    to_trunk: mpsc::Sender<TrunkCommand>,
    from_trunk: mpsc::Receiver<TrunkEvent>,
}

impl Call {
    /// Calls a target.
    ///
    /// # Errors
    /// The trunk's task is gone.
    pub async fn start(trunks: &Trunks, target: SipTarget) -> anyhow::Result<Self> {
        Self::by(target, |events| trunks.call(events)).await
    }

    /// Calls a target, with an id by which the call is known.
    ///
    /// # Errors
    /// The trunk's task is gone.
    pub async fn start_as(id: CallId, trunks: &Trunks, target: SipTarget) -> anyhow::Result<Self> {
        Self::by(target, |events| trunks.recorded_call(id, events)).await
    }

    /// Goes on with a call by a dialog that was another process's.
    ///
    /// # Errors
    /// The trunk's task is gone.
    pub async fn go_on(
        id: CallId,
        trunks: &Trunks,
        trunk: &TrunkConfig,
        open: DialogSnapshot,
    ) -> anyhow::Result<Self> {
        let target = SipTarget { open: Some(Box::new(open)), ..target(trunk) };
        Self::start_as(id, trunks, target).await
    }

    async fn by(
        target: SipTarget,
        start: impl FnOnce(EventSink) -> mpsc::Sender<TrunkCommand>,
    ) -> anyhow::Result<Self> {
        let (sender, from_trunk) = mpsc::channel(8);
        let to_trunk = start(Box::new(move |message| {
            let sender = sender.clone();
            Box::pin(async move {
                // Of interest for media and records alone.
                if !matches!(message, TrunkEvent::SignallingAddress(_) | TrunkEvent::Calling { .. })
                {
                    let _ = sender.send(message).await;
                }
            })
        }));
        let call = Self { to_trunk, from_trunk };
        call.send(TrunkCommand::Invite { target: Box::new(target), sdp: OFFER.into() }).await?;
        Ok(call)
    }

    /// Tells the trunk something.
    ///
    /// # Errors
    /// The call is over.
    pub async fn send(&self, message: TrunkCommand) -> anyhow::Result<()> {
        self.to_trunk.send(message).await.context("the call is over")
    }

    /// Hangs up an answered call.
    ///
    /// # Errors
    /// The call is over.
    pub async fn hang_up(&self) -> anyhow::Result<()> {
        self.send(TrunkCommand::Bye { cause: ByeCause::NORMAL }).await
    }

    /// What the trunk tells next, but for the details of a failure.
    ///
    /// # Errors
    /// Nothing comes.
    pub async fn next(&mut self) -> anyhow::Result<TrunkEvent> {
        loop {
            match self.event().await? {
                TrunkEvent::Trying | TrunkEvent::Rejected(_) => {}
                event => return Ok(event),
            }
        }
    }

    /// What the phone system said to a call that it did not take.
    ///
    /// # Errors
    /// Something else comes.
    pub async fn failure(&mut self) -> anyhow::Result<SipFailure> {
        loop {
            match self.event().await? {
                TrunkEvent::Trying | TrunkEvent::Ringing => {}
                TrunkEvent::Rejected(failure) => return Ok(*failure),
                other => bail!("{other:?} came instead of a failure"),
            }
        }
    }

    async fn event(&mut self) -> anyhow::Result<TrunkEvent> {
        match tokio::time::timeout(PATIENCE, self.from_trunk.recv()).await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => bail!("the call was dropped without a word"),
            Err(_) => bail!("nothing came for {PATIENCE:?}"),
        }
    }

    /// What the trunk tells until the call is answered, in a word each, and the answer.
    ///
    /// # Errors
    /// It is not answered.
    pub async fn answer(&mut self) -> anyhow::Result<(Vec<&'static str>, String)> {
        let mut before = Vec::new();
        loop {
            match self.next().await? {
                TrunkEvent::Answered { sdp, .. } => return Ok((before, sdp)),
                TrunkEvent::Ringing => before.push("ringing"),
                TrunkEvent::EarlyMedia { .. } => before.push("early media"),
                other => bail!("{other:?} came before the answer"),
            }
        }
    }

    /// Waits until the trunk has told all.
    ///
    /// # Errors
    /// It tells something more, or does not end.
    pub async fn end(mut self) -> anyhow::Result<()> {
        match tokio::time::timeout(PATIENCE, self.from_trunk.recv()).await {
            Ok(None) => Ok(()),
            Ok(Some(message)) => bail!("{message:?} came after the end"),
            Err(_) => bail!("the call does not end"),
        }
    }
}
