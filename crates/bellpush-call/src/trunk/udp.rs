//! The UDP socket for SIP: budgets of its sources, and one form for addresses of both families.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use rsipstack::{
    platform::net::UdpSocket as StackSocket, sip::SipMessage,
    transport::connection::KEEPALIVE_REQUEST,
};
use tokio::{
    net::UdpSocket,
    sync::{Mutex, mpsc},
};

use super::{head, null_tag, peers::Peers, unknown_method::not_implemented};

/// The longest datagram that there is (RFC 3261 section 18.1.1 wants all of them taken).
const MAX_DATAGRAM: usize = 65_535;
/// Large messages that may wait to be handed over.
const WAITING: usize = 32;

/// A message that the stack's buffer has no room for, and where it came from.
pub(super) type LargeMessage = (SipMessage, SocketAddr);

/// Drops what is beyond its source's budget before anybody parses it.
pub(super) struct BudgetedSocket {
    socket: UdpSocket,
    peers: Arc<Peers>,
    /// The datagram that came last.
    datagram: Mutex<Box<[u8]>>,
    large: mpsc::Sender<LargeMessage>,
}

impl BudgetedSocket {
    /// What is too large for the stack's buffer comes out of the channel.
    pub(super) fn new(
        socket: UdpSocket,
        peers: Arc<Peers>,
    ) -> (Self, mpsc::Receiver<LargeMessage>) {
        let (large, messages) = mpsc::channel(WAITING);
        let datagram = Mutex::new(vec![0; MAX_DATAGRAM].into());
        (Self { socket, peers, datagram, large }, messages)
    }
}

#[async_trait::async_trait]
impl StackSocket for BudgetedSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut datagram = self.datagram.lock().await;
        loop {
            let (length, from) = self.socket.recv_from(&mut datagram).await?;
            // A socket for both families has a prefix before addresses of IPv4.
            let from = SocketAddr::new(from.ip().to_canonical(), from.port());
            let now = Instant::now();
            if !self.peers.may_send(from, now) {
                continue;
            }
            let datagram = datagram.get(..length).unwrap_or_default();
            // The stack answers it by itself (RFC 5626 section 3.5.2).
            if datagram == KEEPALIVE_REQUEST && !self.peers.may_be_answered(from, now) {
                continue;
            }
            let read = head::of_datagram(datagram);
            if head::is_cut(&read) {
                continue;
            }
            match not_implemented(&read, from) {
                None => {
                    if let Some(length) = write(&read, buffer) {
                        return Ok((length, from));
                    }
                    if let Ok(message) = SipMessage::try_from(&*read) {
                        // One too many comes again, as one that is lost.
                        drop(self.large.try_send((message, from)));
                    }
                }
                Some(response) if self.peers.may_be_answered(from, now) => {
                    // One that is lost is asked for again.
                    drop(self.send_to(&SipMessage::Response(response).to_bytes(), from).await);
                }
                Some(_) => {}
            }
        }
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        let to = match (self.socket.local_addr()?, to.ip()) {
            (SocketAddr::V6(_), IpAddr::V4(ip)) => {
                SocketAddr::new(ip.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        // The stack expects that all of what it gave is sent.
        self.socket.send_to(&null_tag::take_off(datagram), to).await?;
        Ok(datagram.len())
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Puts a message into the stack's buffer. `None` when there is no room for it.
fn write(message: &[u8], buffer: &mut [u8]) -> Option<usize> {
    buffer.get_mut(..message.len())?.copy_from_slice(message);
    Some(message.len())
}
