//! What the calls of a shard share: sockets, ports and the dialer; and the edge of one call onto it.

use std::{io, net::SocketAddr, sync::Arc, time::Instant};

use bellpush_core::ids::CallId;
use mio::{Interest, Registry, Waker, net::UdpSocket};
use tokio::sync::mpsc::{self, error::TrySendError};
use zeroize::Zeroizing;

use super::{
    command::Command,
    dial::{Dialer, TrunkEventSender},
    meters::Meters,
    path::{BoundPath, Path, Transport},
    rtp_ports::{RtpPair, RtpPorts},
    socket::MediaSocket,
    tcp::{TcpPort, network},
    token::{self, Component},
};
use crate::{
    bridge::Edge,
    legs::{
        sip::LocalMedia,
        webrtc::{Probes, Protocol, ToBrowser},
    },
    media::RtpSource,
    token_bucket::SharedBuckets,
    trunk::{ByeCause, SipTarget, TrunkCommand},
};

/// What there is once in a shard, for all of its calls.
pub(super) struct Context {
    pub(super) registry: Registry,
    pub(super) media: MediaSocket,
    pub(super) tcp: TcpPort,
    pub(super) rtp: RtpPorts,
    pub(super) dialer: Arc<dyn Dialer>,
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) waker: Arc<Waker>,
    pub(super) meters: Meters,
    pub(super) probes: Arc<Probes>,
    /// Of checks without a call, by the network that they come from.
    pub(super) probe_budgets: SharedBuckets,
}

/// What carries a call's far side: ports for its media, and the queue of its trunk.
#[derive(Debug)]
pub(super) struct FarTransport {
    pub(super) pair: RtpPair,
    trunk: mpsc::Sender<TrunkCommand>,
}

impl FarTransport {
    /// Has the trunk let go of the call. A queue that is full tells it so by its end.
    pub(super) fn release(&self) {
        let _ = self.trunk.try_send(TrunkCommand::Release);
    }
}

impl Context {
    /// Answers a check that is no call's, where it is one for which this server has given out a name.
    pub(super) fn answer_probe(&mut self, now: Instant, path: Path, datagram: &[u8]) -> bool {
        let Self { probes, probe_budgets, media, tcp, meters, .. } = self;
        let host = path.remote.ip().to_canonical();
        if !Probes::may_answer(datagram) || !probe_budgets.take(now, network(host)) {
            return false;
        }
        let Some(answer) = probes.answer(now, path.remote, datagram) else { return false };
        let sent = match path.transport {
            Transport::Tcp { connection } => tcp.send(connection, &answer),
            Transport::Udp { local } => media.send(&answer, path.remote, local),
        };
        meters.sent(sent.is_ok());
        true
    }

    /// Closes what a call had open.
    pub(super) fn close(&mut self, mut far: FarTransport) {
        for socket in [&mut far.pair.rtp, &mut far.pair.rtcp] {
            if let Err(error) = self.registry.deregister(socket) {
                tracing::debug!(%error, "a port was not registered");
            }
        }
        self.rtp.close(far.pair);
        self.meters.rtp_ports.decrement(1.0);
    }

    fn open(&mut self, key: usize, events: TrunkEventSender) -> io::Result<FarTransport> {
        let mut pair = self.rtp.open()?;
        let register = |socket: &mut UdpSocket, component| {
            self.registry.register(socket, token::far_token(key, component), Interest::READABLE)
        };
        let registered = register(&mut pair.rtp, Component::Rtp)
            .and_then(|()| register(&mut pair.rtcp, Component::Rtcp));
        if let Err(error) = registered {
            self.rtp.close(pair);
            return Err(error);
        }
        self.meters.rtp_ports.increment(1.0);
        Ok(FarTransport { pair, trunk: self.dialer.open(events) })
    }
}

/// The edge of one call.
pub(super) struct CallEdge<'a> {
    pub(super) id: CallId,
    pub(super) key: usize,
    pub(super) context: &'a mut Context,
    /// The path that the present input came by.
    pub(super) arrival: Option<Path>,
    pub(super) paths: &'a [BoundPath],
    pub(super) far: &'a mut Option<FarTransport>,
    pub(super) dialled: &'a mut u32,
}

impl CallEdge<'_> {
    /// Brings what another far side's trunk reports to the call, and nothing of the one before.
    fn dialled(&mut self) -> TrunkEventSender {
        self.close_far_side();
        *self.dialled = self.dialled.wrapping_add(1);
        TrunkEventSender {
            call_id: self.id,
            dialled: *self.dialled,
            commands: self.context.commands.clone(),
            waker: Arc::clone(&self.context.waker),
        }
    }
}

impl Edge for CallEdge<'_> {
    fn to_browser(&mut self, packet: &ToBrowser<'_>) {
        let Context { media, tcp, meters, .. } = &mut *self.context;
        let ToBrowser { remote, datagram } = *packet;
        let mut paths = self.arrival.iter().chain(self.paths.iter().map(|bound| &bound.path));
        let path = paths.find(|path| path.transport_address() == remote);
        let address = remote.address;
        let sent = match (path.map(|path| path.transport), remote.protocol) {
            (Some(Transport::Tcp { connection }), _) => tcp.send(connection, datagram),
            (Some(Transport::Udp { local }), _) => media.send(datagram, address, local),
            (None, Protocol::Udp) => media.send(datagram, address, None),
            (None, _) => Err(io::ErrorKind::NotConnected.into()),
        };
        meters.sent(sent.is_ok());
    }

    fn rtp(&mut self, to: SocketAddr, packet: &[u8]) {
        if let Some(far) = self.far {
            self.context.meters.sent(far.pair.rtp.send_to(packet, to).is_ok());
        }
    }

    fn rtcp(&mut self, to: SocketAddr, packet: &[u8]) {
        if let Some(far) = self.far {
            self.context.meters.sent(far.pair.rtcp.send_to(packet, to).is_ok());
        }
    }

    fn rtp_source(&mut self, source: RtpSource) {
        if let Some(far) = self.far {
            far.pair.heard(source);
        }
    }

    fn dial(&mut self, target: &SipTarget) -> Option<LocalMedia> {
        let events = self.dialled();
        let far = match self.context.open(self.key, events) {
            Ok(far) => far,
            Err(error) => {
                tracing::error!(call_id = %self.id, %error, "no port for the far side's media");
                return None;
            }
        };
        let (rtp_port, stale_sources) = (far.pair.port(), far.pair.stale_sources().to_vec());
        *self.far = Some(far);
        Some(LocalMedia {
            address: self.context.rtp.announced(),
            own_address: self.context.rtp.own_address(),
            rtp_port,
            rtcp_port: rtp_port + 1,
            codecs: target.codecs.offer.clone(),
            srtp: target.srtp,
            key_material: Zeroizing::new(rand::random()),
            stale_sources,
            session_id: rand::random::<u64>() >> 1,
        })
    }

    fn end_dialog(&mut self, target: &SipTarget, cause: ByeCause) {
        let events = self.dialled();
        let trunk = self.context.dialer.open(events);
        // The offer is never made: both are in the queue when the trunk looks at it.
        let invite = TrunkCommand::Invite { target: Box::new(target.clone()), sdp: String::new() };
        for command in [invite, TrunkCommand::Bye { cause }] {
            if trunk.try_send(command).is_err() {
                tracing::warn!(call_id = %self.id, "the trunk takes no message");
            }
        }
    }

    fn to_trunk(&mut self, message: TrunkCommand) -> bool {
        self.far.as_ref().is_some_and(|far| match far.trunk.try_send(message) {
            // One key too many is no reason to end the call.
            Err(TrySendError::Full(TrunkCommand::Info { .. })) => true,
            sent => sent.is_ok(),
        })
    }

    fn close_far_side(&mut self) {
        if let Some(far) = self.far.take() {
            self.context.close(far);
        }
    }
}
