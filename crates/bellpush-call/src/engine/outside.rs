//! All that a shard's calls share of the world: sockets, ports, and the way to the trunks.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bellpush_core::ids::CallId;
use mio::{Interest, Registry, Waker, net::UdpSocket};
use tokio::sync::mpsc;

use super::{
    dial::{Dial, FarEvents},
    meters::Meters,
    rtp_ports::{RtpPair, RtpPorts},
    shard::{self, Command},
    socket::MediaSocket,
    tcp::TcpPort,
};
use crate::{
    bridge::Edge,
    legs::{
        sip::LocalMedia,
        webrtc::{Protocol, Remote, ToBrowser},
    },
    trunk::{SipTarget, TrunkCommand},
};

/// What there is once in a shard.
pub(super) struct Outside {
    pub(super) registry: Registry,
    pub(super) media: MediaSocket,
    pub(super) tcp: TcpPort,
    pub(super) rtp: RtpPorts,
    pub(super) dial: Arc<dyn Dial>,
    pub(super) commands: mpsc::WeakSender<Command>,
    pub(super) waker: Arc<Waker>,
    pub(super) meters: Meters,
}

/// Where a browser sends from, and how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) remote: SocketAddr,
    pub(super) via: Via,
}

/// How datagrams come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    /// By the UDP port, with the machine's address that the browser sends to.
    Udp { local: Option<IpAddr> },
    /// In frames on this TCP connection.
    Tcp { connection: usize },
}

impl Via {
    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Udp { .. } => Protocol::Udp,
            Self::Tcp { .. } => Protocol::Tcp,
        }
    }
}

/// What a call has open towards its far side.
#[derive(Debug)]
pub(super) struct FarWire {
    pub(super) pair: RtpPair,
    trunk: mpsc::Sender<TrunkCommand>,
}

/// What a token of a call's socket stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Rtp,
    Rtcp,
}

impl Outside {
    /// Closes what a call had open.
    pub(super) fn close(&mut self, mut wire: FarWire) {
        for socket in [&mut wire.pair.rtp, &mut wire.pair.rtcp] {
            if let Err(error) = self.registry.deregister(socket) {
                tracing::debug!(%error, "a port was not registered");
            }
        }
        self.rtp.close(wire.pair);
        self.meters.rtp_ports.decrement(1.0);
    }

    fn open(&mut self, key: usize, events: FarEvents) -> io::Result<FarWire> {
        let mut pair = self.rtp.open()?;
        let register = |socket: &mut UdpSocket, channel| {
            self.registry.register(socket, shard::far_token(key, channel), Interest::READABLE)
        };
        let registered = register(&mut pair.rtp, Channel::Rtp)
            .and_then(|()| register(&mut pair.rtcp, Channel::Rtcp));
        if let Err(error) = registered {
            self.rtp.close(pair);
            return Err(error);
        }
        self.meters.rtp_ports.increment(1.0);
        Ok(FarWire { pair, trunk: self.dial.open(events) })
    }
}

/// The world of one call.
pub(super) struct CallEdge<'a> {
    pub(super) id: CallId,
    pub(super) key: usize,
    pub(super) outside: &'a mut Outside,
    /// The way that the present input came by.
    pub(super) via: Option<Way>,
    pub(super) ways: &'a [Way],
    pub(super) wire: &'a mut Option<FarWire>,
    pub(super) dialled: &'a mut u32,
}

impl Edge for CallEdge<'_> {
    fn to_browser(&mut self, packet: &ToBrowser<'_>) {
        let Outside { media, tcp, meters, .. } = &mut *self.outside;
        let ToBrowser { remote: Remote { protocol, address }, datagram } = *packet;
        let mut ways = self.via.iter().chain(self.ways);
        let way = ways.find(|way| way.remote == address && way.via.protocol() == protocol);
        let sent = match (way.map(|way| way.via), protocol) {
            (Some(Via::Tcp { connection }), _) => tcp.send(connection, datagram),
            (Some(Via::Udp { local }), _) => media.send(datagram, address, local),
            (None, Protocol::Udp) => media.send(datagram, address, None),
            (None, _) => Err(io::ErrorKind::NotConnected.into()),
        };
        meters.sent(sent.is_ok());
    }

    fn rtp(&mut self, to: SocketAddr, packet: &[u8]) {
        if let Some(wire) = self.wire {
            self.outside.meters.sent(wire.pair.rtp.send_to(packet, to).is_ok());
        }
    }

    fn rtcp(&mut self, to: SocketAddr, packet: &[u8]) {
        if let Some(wire) = self.wire {
            self.outside.meters.sent(wire.pair.rtcp.send_to(packet, to).is_ok());
        }
    }

    fn dial(&mut self, target: &SipTarget) -> Option<LocalMedia> {
        self.close_far_side();
        *self.dialled = self.dialled.wrapping_add(1);
        let events = FarEvents {
            call_id: self.id,
            dialled: *self.dialled,
            commands: self.outside.commands.clone(),
            waker: Arc::clone(&self.outside.waker),
        };
        let wire = match self.outside.open(self.key, events) {
            Ok(wire) => wire,
            Err(error) => {
                tracing::error!(call_id = %self.id, %error, "no port for the far side's media");
                return None;
            }
        };
        let rtp_port = wire.pair.port();
        *self.wire = Some(wire);
        Some(LocalMedia {
            address: self.outside.rtp.announced(),
            rtp_port,
            rtcp_port: rtp_port + 1,
            codecs: target.codecs.offer.clone(),
            srtp: target.srtp,
            key_material: rand::random(),
            session_id: rand::random::<u64>() >> 1,
        })
    }

    fn to_trunk(&mut self, message: TrunkCommand) -> bool {
        self.wire.as_ref().is_some_and(|wire| wire.trunk.try_send(message).is_ok())
    }

    fn close_far_side(&mut self) {
        if let Some(wire) = self.wire.take() {
            self.outside.close(wire);
        }
    }
}
