//! A visitor's way by TCP: each packet in a frame of its own (RFC 4571).

use std::{io, net::SocketAddr};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

/// A connection to the far end.
pub(super) struct Net {
    local: SocketAddr,
    remote: SocketAddr,
    received: mpsc::UnboundedReceiver<Vec<u8>>,
    to_send: mpsc::UnboundedSender<Vec<u8>>,
}

impl Net {
    /// Connects to the first TCP candidate of an answer.
    pub(super) fn connect(answer: &str) -> anyhow::Result<Self> {
        let candidate = answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=candidate:"))
            .map(|candidate| candidate.split(' ').collect::<Vec<_>>())
            .find(|fields| fields.get(2) == Some(&"tcp"))
            .context("the answer has no TCP candidate")?;
        let remote = SocketAddr::new(candidate[4].parse()?, candidate[5].parse()?);
        let stream = std::net::TcpStream::connect(remote)?;
        stream.set_nonblocking(true)?;
        let local = stream.local_addr()?;
        let (mut reader, mut writer) = TcpStream::from_std(stream)?.into_split();
        let (frames, received) = mpsc::unbounded_channel();
        let (to_send, mut orders) = mpsc::unbounded_channel::<Vec<u8>>();
        tokio::spawn(async move {
            while let Ok(length) = reader.read_u16().await {
                let mut frame = vec![0; length.into()];
                if reader.read_exact(&mut frame).await.is_err() || frames.send(frame).is_err() {
                    break;
                }
            }
        });
        tokio::spawn(async move {
            while let Some(frame) = orders.recv().await {
                if writer.write_all(&frame).await.is_err() {
                    break;
                }
            }
        });
        Ok(Self { local, remote, received, to_send })
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    pub(super) async fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let Some(frame) = self.received.recv().await else {
            // Closed: nothing comes any more.
            return std::future::pending().await;
        };
        let length = frame.len().min(buffer.len());
        buffer[..length].copy_from_slice(&frame[..length]);
        Ok((length, self.remote))
    }

    pub(super) fn send(&self, packet: &[u8]) {
        let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
        let frame = [&length.to_be_bytes()[..], packet].concat();
        // As on any network, what can't be sent is lost.
        let _ = self.to_send.send(frame);
    }
}
