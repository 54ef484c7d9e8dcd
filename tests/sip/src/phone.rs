//! A telephone: SIPp for the signalling, and sockets of ours for its media.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use bellpush_test_support::ports::free_port;
use tokio::{net::UdpSocket, time};

use crate::{PATIENCE, Scenario, Sipp};

/// Bytes of an RTP header without extensions.
const HEADER: usize = 12;
const SSRC: u32 = 0x7e1e_f01e;

/// A telephone. Its SDP names its sockets.
pub struct Phone {
    /// Its signalling.
    pub sipp: Sipp,
    /// Where its RTP comes and goes.
    pub rtp: UdpSocket,
    /// Where its RTCP comes and goes.
    pub rtcp: UdpSocket,
    /// Where it sends its RTP to, once it has heard something.
    peer: Option<SocketAddr>,
    seq: u16,
}

/// A packet of RTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The codec, by its number.
    pub payload_type: u8,
    /// The sequence number.
    pub seq: u16,
    /// The timestamp.
    pub timestamp: u32,
    /// The stream.
    pub ssrc: u32,
    /// What it holds.
    pub payload: Vec<u8>,
}

impl Phone {
    /// A telephone that follows this scenario.
    ///
    /// # Errors
    /// SIPp can't be started.
    pub async fn start(name: &str) -> anyhow::Result<Self> {
        Self::run(Scenario::new(name)).await
    }

    /// A telephone that follows this scenario.
    ///
    /// # Errors
    /// SIPp can't be started.
    pub async fn run(scenario: Scenario<'_>) -> anyhow::Result<Self> {
        let (rtp, rtcp) = sockets(scenario.ip).await?;
        let port = rtp.local_addr()?.port().to_string();
        let replacements = [&[("[media_port]", &*port)], scenario.replacements].concat();
        // SIPp would echo what comes to a port of its own.
        let sipp = Sipp::run(Scenario { replacements: &replacements, ..scenario }).await?;
        Ok(Self { sipp, rtp, rtcp, peer: None, seq: 65_000 })
    }

    /// The next packet of RTP that comes.
    ///
    /// # Errors
    /// None comes.
    pub async fn hear(&mut self) -> anyhow::Result<Packet> {
        let mut buffer = [0; 2_000];
        let received = time::timeout(PATIENCE, self.rtp.recv_from(&mut buffer)).await;
        let (length, from) = received.context("the telephone hears nothing")??;
        self.peer = Some(from);
        Packet::read(&buffer[..length])
    }

    /// The next packets up to one that fulfils a condition, and that.
    ///
    /// # Errors
    /// Nothing comes any more, or too much else.
    pub async fn hear_until(
        &mut self,
        mut condition: impl FnMut(&Packet) -> bool,
    ) -> anyhow::Result<Vec<Packet>> {
        let mut heard = Vec::new();
        while heard.len() < 2_000 {
            let packet = self.hear().await?;
            let is_last = condition(&packet);
            heard.push(packet);
            if is_last {
                return Ok(heard);
            }
        }
        bail!("the telephone does not hear what it should; the last is {:?}", heard.last())
    }

    /// Says these frames of 160 samples, one every 20 ms, to where its RTP came from.
    ///
    /// # Errors
    /// Nothing has come yet, or nothing can be sent.
    pub async fn say(
        &mut self,
        payload_type: u8,
        frames: impl IntoIterator<Item = Vec<u8>>,
    ) -> anyhow::Result<()> {
        let peer = self.peer.context("the telephone has not heard anything")?;
        let mut pace = time::interval(Duration::from_millis(20));
        for payload in frames {
            pace.tick().await;
            let (seq, timestamp) = (self.seq, u32::from(self.seq).wrapping_mul(160));
            self.seq = seq.wrapping_add(1);
            let packet = Packet { payload_type, seq, timestamp, ssrc: SSRC, payload };
            self.rtp.send_to(&packet.to_bytes(), peer).await?;
        }
        Ok(())
    }

    /// Tells where its RTP goes before it has heard anything: by the INVITE that it got.
    ///
    /// # Errors
    /// It got none.
    pub async fn learn_peer(&mut self, ip: IpAddr) -> anyhow::Result<SocketAddr> {
        self.sipp.heard("m=audio ").await?;
        let messages = self.sipp.messages();
        let (_, after) = messages.split_once("m=audio ").context("no INVITE came")?;
        let port = after.split(' ').next().and_then(|port| port.parse().ok());
        let peer = SocketAddr::new(ip, port.context("the INVITE names no port")?);
        self.peer = Some(peer);
        Ok(peer)
    }

    /// Where its peer takes RTCP.
    ///
    /// # Errors
    /// Nothing has come yet.
    pub fn rtcp_peer(&self) -> anyhow::Result<SocketAddr> {
        let rtp = self.peer.context("the telephone has not heard anything")?;
        Ok(SocketAddr::new(rtp.ip(), rtp.port() + 1))
    }
}

impl Packet {
    fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let (header, payload) = bytes.split_at_checked(HEADER).context("no RTP")?;
        let word = |at: usize| -> anyhow::Result<u32> {
            Ok(u32::from_be_bytes(header[at..at + 4].try_into()?))
        };
        Ok(Self {
            payload_type: header[1] & 0x7f,
            seq: u16::from_be_bytes([header[2], header[3]]),
            timestamp: word(4)?,
            ssrc: word(8)?,
            payload: payload.to_vec(),
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0x80, self.payload_type];
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }
}

/// Sockets on neighbouring ports, the first of which is even.
async fn sockets(ip: IpAddr) -> anyhow::Result<(UdpSocket, UdpSocket)> {
    let port = free_port()?;
    Ok((UdpSocket::bind((ip, port)).await?, UdpSocket::bind((ip, port + 1)).await?))
}
