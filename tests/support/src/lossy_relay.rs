//! A network on the way of media that loses packets and brings others out of order, without a
//! privilege of any kind.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rand::RngExt as _;
use tokio::{net::UdpSocket, time};

/// The longest delay of a packet; the next one comes 20 ms after it, and so may overtake it.
const MAX_DELAY: Duration = Duration::from_millis(50);

/// Stands in front of a UDP port. Whoever sends to it speaks with that port, both ways, but some
/// packets of media do not arrive, and some late. Calls are set up without loss.
pub struct LossyRelay {
    front: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl LossyRelay {
    /// In front of this port; of 100 packets so many are lost, each way.
    ///
    /// # Errors
    /// No socket can be opened.
    pub async fn new(behind: SocketAddr, percent: u32) -> io::Result<Self> {
        let front = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let back = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let address = front.local_addr()?;
        let task = tokio::spawn(async move {
            let (mut going, mut coming) = (vec![0; 2_048], vec![0; 2_048]);
            let mut client = None;
            loop {
                // What can't be received, or is for nobody, is lost too.
                tokio::select! {
                    received = front.recv_from(&mut going) => {
                        if let Ok((length, from)) = received {
                            client = Some(from);
                            pass_on(&back, behind, &going[..length], percent);
                        }
                    }
                    received = back.recv_from(&mut coming) => {
                        if let (Ok((length, _)), Some(client)) = (received, client) {
                            pass_on(&front, client, &coming[..length], percent);
                        }
                    }
                }
            }
        });
        Ok(Self { front: address, task })
    }

    /// Where it takes packets.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.front.port()
    }
}

impl Drop for LossyRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn pass_on(by: &Arc<UdpSocket>, to: SocketAddr, packet: &[u8], percent: u32) {
    // RFC 7983: the rest are checks and the handshake.
    let is_media = packet.first().is_some_and(|first| (128..192).contains(first));
    let mut random = rand::rng();
    if is_media && random.random_ratio(percent, 100) {
        return;
    }
    let delay =
        if is_media { random.random_range(Duration::ZERO..MAX_DELAY) } else { Duration::ZERO };
    let (by, packet) = (Arc::clone(by), packet.to_vec());
    tokio::spawn(async move {
        time::sleep(delay).await;
        // A network makes no promise.
        let _ = by.send_to(&packet, to).await;
    });
}
