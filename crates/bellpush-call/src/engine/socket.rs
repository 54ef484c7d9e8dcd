//! The UDP port for browsers. It knows which of the machine's addresses a datagram came to, and
//! answers from there: a browser takes no answer from another address.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket},
};

use mio::{Interest, Registry, Token, net::UdpSocket};
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};

/// Buffers for one look at the socket. The system may put many datagrams of one sender into one
/// buffer, so that each holds the largest UDP datagram.
const BUFFERS: usize = quinn_udp::BATCH_SIZE;
const BUFFER_BYTES: usize = 64 * 1024;
/// What a busy thread may leave waiting in the system: 100 ms of 1,000 calls are about 1.5 MB.
const SYSTEM_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// The port.
pub(super) struct MediaSocket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl MediaSocket {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = StdSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The system may grant less, which only shows under load.
        for size in [
            state.set_recv_buffer_size(UdpSockRef::from(&socket), SYSTEM_BUFFER_BYTES),
            state.set_send_buffer_size(UdpSockRef::from(&socket), SYSTEM_BUFFER_BYTES),
        ] {
            if let Err(error) = size {
                tracing::debug!(%error, "the size of a socket buffer stays as it is");
            }
        }
        Ok(Self { socket: UdpSocket::from_std(socket), state, local })
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// Fills the buffers with what is there, without waiting. Fewer datagrams than there are
    /// buffers mean that nothing is left.
    pub(super) fn receive(&self, buffers: &mut Buffers) -> io::Result<()> {
        buffers.filled = 0;
        let mut slices = buffers.bytes.each_mut().map(|bytes| IoSliceMut::new(bytes));
        buffers.filled =
            self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut buffers.metas)?;
        Ok(())
    }

    /// Sends a datagram without waiting: media that can't go out now is late already.
    pub(super) fn send(
        &self,
        contents: &[u8],
        destination: SocketAddr,
        source: Option<IpAddr>,
    ) -> io::Result<()> {
        // Whether IPv4 goes out disguised as IPv6.
        let destination = if self.local.is_ipv6() { to_ipv6(destination) } else { destination };
        let transmit =
            Transmit { destination, ecn: None, contents, segment_size: None, src_ip: source };
        self.state.try_send(UdpSockRef::from(&self.socket), &transmit)
    }
}

/// A received datagram.
#[derive(Debug)]
pub(super) struct Datagram<'a> {
    pub(super) remote: SocketAddr,
    /// The machine's address that it was sent to, as the system takes it back for answers.
    pub(super) destination: Option<IpAddr>,
    pub(super) bytes: &'a mut [u8],
}

/// Where received datagrams are kept until they are dealt with.
pub(super) struct Buffers {
    bytes: [Vec<u8>; BUFFERS],
    metas: [RecvMeta; BUFFERS],
    filled: usize,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self {
            bytes: std::array::from_fn(|_| vec![0; BUFFER_BYTES]),
            metas: [RecvMeta::default(); BUFFERS],
            filled: 0,
        }
    }

    /// Whether the socket may have had more than what was received last.
    pub(super) fn are_full(&self) -> bool {
        self.filled == BUFFERS
    }

    /// What was received last.
    pub(super) fn datagrams(&mut self) -> impl Iterator<Item = Datagram<'_>> {
        self.bytes.iter_mut().zip(&self.metas).take(self.filled).flat_map(|(bytes, meta)| {
            let received = bytes.get_mut(..meta.len).unwrap_or_default();
            received.chunks_mut(meta.stride.max(1)).map(|bytes| Datagram {
                remote: canonical(meta.addr),
                destination: meta.dst_ip.map(|ip| ip.to_canonical()),
                bytes,
            })
        })
    }
}

/// An IPv4 address that came disguised as IPv6, as itself.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn to_ipv6(address: SocketAddr) -> SocketAddr {
    let ip: Ipv6Addr = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    SocketAddr::new(ip.into(), address.port())
}
