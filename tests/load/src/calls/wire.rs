//! One UDP socket for thousands of ends. Each has a loopback address of its own, so that one look
//! at the socket brings the packets of many, and none of them needs a descriptor.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket};

/// Datagrams that one look at the socket brings.
pub(super) const BATCH: usize = 32;
/// How long a thread that has done all lets things gather: briefly, so that packets go out as evenly
/// as those of as many browsers would. Receive times are the system's.
pub(super) const ROUND: Duration = Duration::from_micros(250);
const DATAGRAM: usize = 2_048;
const SYSTEM_BUFFER: usize = 8 * 1024 * 1024;

/// The first two octets of a network whose addresses are all this machine's.
pub(super) type Net = [u8; 2];

/// The socket.
pub(super) struct Wire {
    socket: UdpSocket,
    state: UdpSocketState,
    /// The first octets of all addresses.
    net: Net,
    port: u16,
    buffers: Vec<Vec<u8>>,
    metas: Vec<RecvMeta>,
}

/// A datagram that was received.
pub(super) struct Received<'a> {
    /// Which end it is for.
    pub(super) end: usize,
    pub(super) from: SocketAddr,
    /// When the system received it, in nanoseconds since 1970.
    pub(super) at: u64,
    pub(super) bytes: &'a mut [u8],
}

impl Wire {
    /// To be called within the runtime of the thread that uses it.
    pub(super) fn open(net: Net) -> anyhow::Result<Self> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The system may grant less; then loss shows it.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), SYSTEM_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), SYSTEM_BUFFER);
        let port = socket.local_addr()?.port();
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            state,
            net,
            port,
            buffers: vec![vec![0; DATAGRAM]; BATCH],
            metas: vec![RecvMeta::default(); BATCH],
        })
    }

    /// Where an end is reached.
    pub(super) fn address(&self, end: usize) -> SocketAddr {
        SocketAddr::new(address(self.net, end), self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    pub(super) fn send(&self, end: usize, to: SocketAddr, contents: &[u8]) {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents,
            segment_size: None,
            src_ip: Some(address(self.net, end)),
        };
        // What can't be sent is lost, and counted as such by the other end.
        let _ = self.state.try_send(UdpSockRef::from(&self.socket), &transmit);
    }

    /// Takes what is there, without waiting.
    pub(super) fn receive(&mut self, mut take: impl FnMut(&Self, Received<'_>)) -> bool {
        let mut buffers = std::mem::take(&mut self.buffers);
        let mut metas = std::mem::take(&mut self.metas);
        let mut slices: Vec<IoSliceMut<'_>> =
            buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let count = self.socket.try_io(Interest::READABLE, || {
            self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas)
        });
        drop(slices);
        let count = count.unwrap_or(0);
        for (buffer, meta) in buffers.iter_mut().zip(&metas).take(count) {
            let Some(end) = meta.dst_ip.and_then(end) else { continue };
            let at = meta.timestamp.map_or_else(super::stream::now_ns, |at| at.as_nanos() as u64);
            let whole = buffer.get_mut(..meta.len).unwrap_or_default();
            for bytes in whole.chunks_mut(meta.stride.max(1)) {
                take(self, Received { end, from: meta.addr, at, bytes });
            }
        }
        self.buffers = buffers;
        self.metas = metas;
        count > 0
    }
}

/// a.b.x.y, from a.b.0.1 on.
pub(super) fn address([a, b]: Net, end: usize) -> IpAddr {
    let [.., high, low] = (end as u32 + 1).to_be_bytes();
    Ipv4Addr::new(a, b, high, low).into()
}

fn end(address: IpAddr) -> Option<usize> {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [_, _, high, low] = address.octets();
            usize::from(u16::from_be_bytes([high, low])).checked_sub(1)
        }
        IpAddr::V6(_) => None,
    }
}
