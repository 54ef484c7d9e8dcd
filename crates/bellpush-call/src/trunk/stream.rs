//! SIP over TCP and TLS: one connection to a far side.
//!
//! The stack below sees a pair of channels; the connection, its framing (RFC 3261 section 18.3)
//! and its certificates are handled here, so that TLS has the server's one crypto provider, and
//! everybody who uses a connection learns of its end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rsipstack::{
    sip::{SipMessage, Transport},
    transport::{SipAddr, SipConnection, TransportEvent, channel::ChannelConnection},
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpSocket,
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    SipTransport, flow::Arrivals, head, null_tag, resolver::Hop, unknown_method::not_implemented,
};

/// Bytes of one message, at most.
const MAX_MESSAGE: usize = 64 * 1024;
/// Frames in a row that are no message, before the connection is given up.
const MAX_UNREADABLE: u32 = 3;
/// Messages that may wait to be written.
const WAITING: usize = 64;
/// A double line break between messages asks whether we are there, a single one is the answer (RFC 5626
/// section 4.4.1).
const PING: usize = 4;
const PONG: &[u8] = b"\r\n";
/// Between two of these answers, at least.
const PONG_PAUSE: Duration = Duration::from_secs(1);
/// How long one message may take to be written before the connection is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long what was sent may not be acknowledged by the far side's machine (`TCP_USER_TIMEOUT`), in
/// milliseconds: one that is gone without a word is not waited for by what follows.
const SENT_TIMEOUT_MS: u32 = 10_000;

/// An open connection.
pub(super) struct Stream {
    pub(super) connection: SipConnection,
    pub(super) local: SocketAddr,
    /// Cancelled when the connection is closed; cancelling it closes the connection.
    pub(super) closed: CancellationToken,
    /// What has come.
    pub(super) arrivals: Arc<Arrivals>,
}

/// Connects to a far side from this address.
pub(super) async fn connect(
    hop: &Hop,
    from: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
) -> io::Result<Stream> {
    let socket = match hop.address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if from.is_ipv4() == hop.address.is_ipv4() && !from.ip().is_unspecified() {
        socket.bind(SocketAddr::new(from.ip(), 0))?;
    }
    let tcp = socket.connect(hop.address).await?;
    tcp.set_nodelay(true)?;
    rustix::net::sockopt::set_tcp_user_timeout(&tcp, SENT_TIMEOUT_MS)?;
    let local = tcp.local_addr()?;
    let Some(tls) = tls else {
        return serve(tcp, hop, local).await;
    };
    let name = ServerName::try_from(hop.name.clone())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let stream = tokio_rustls::TlsConnector::from(tls).connect(name, tcp).await?;
    serve(stream, hop, local).await
}

async fn serve<S>(stream: S, hop: &Hop, local: SocketAddr) -> io::Result<Stream>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let transport = match hop.transport {
        SipTransport::Tls => Transport::Tls,
        SipTransport::Tcp | SipTransport::Udp => Transport::Tcp,
    };
    let remote = SipAddr { r#type: Some(transport), addr: hop.address.into() };
    let closed = CancellationToken::new();
    // Unbounded in type only: the reader waits for the network, and the stack's loop, which takes
    // from it, for nothing.
    let (to_stack, from_network) = mpsc::unbounded_channel();
    let (to_network, messages) = mpsc::channel(WAITING);
    let connection = ChannelConnection::create_connection_bounded(
        from_network,
        to_network,
        remote.clone(),
        Some(closed.clone()),
    )
    .await
    .map_err(|error| io::Error::other(error.to_string()))?;
    let connection = SipConnection::Channel(connection);
    let (reader, writer) = tokio::io::split(stream);
    // One may wait: what asks twice gets one answer.
    let (pong, pongs) = mpsc::channel(1);
    let arrivals = Arc::<Arrivals>::default();
    let reading = Reader {
        reader,
        arrivals: Arc::clone(&arrivals),
        buffer: Vec::new(),
        address: hop.address,
        transport,
        remote,
        breaks: 0,
        pong,
        ponged_at: None,
        unreadable: 0,
    };
    let (token, way_back) = (closed.clone(), connection.clone());
    tokio::spawn(async move {
        // Also should it panic: nobody waits for a connection that nobody reads.
        let _closed = token.clone().drop_guard();
        let end = tokio::select! {
            end = reading.run(&to_stack, &way_back) => end,
            end = write(writer, messages, pongs) => end,
            () = token.cancelled() => Ok(()),
        };
        if let Err(error) = end {
            tracing::debug!(%error, "a SIP connection ended");
        }
    });
    Ok(Stream { connection, local, closed, arrivals })
}

async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut messages: mpsc::Receiver<TransportEvent>,
    mut pongs: mpsc::Receiver<()>,
) -> io::Result<()> {
    loop {
        let bytes = tokio::select! {
            event = messages.recv() => match event {
                Some(TransportEvent::Incoming(message, ..)) => message.to_bytes(),
                Some(_) => continue,
                None => return Ok(()),
            },
            Some(()) = pongs.recv() => PONG.to_vec(),
        };
        let written = async {
            writer.write_all(&null_tag::take_off(&bytes)).await?;
            writer.flush().await
        };
        tokio::time::timeout(WRITE_TIMEOUT, written).await??;
    }
}

struct Reader<R> {
    reader: R,
    arrivals: Arc<Arrivals>,
    buffer: Vec<u8>,
    address: SocketAddr,
    transport: Transport,
    remote: SipAddr,
    /// Bytes of line breaks since the last message, or the last that were answered.
    breaks: usize,
    pong: mpsc::Sender<()>,
    ponged_at: Option<Instant>,
    /// Frames in a row that were no message.
    unreadable: u32,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    async fn run(
        mut self,
        to_stack: &mpsc::UnboundedSender<TransportEvent>,
        connection: &SipConnection,
    ) -> io::Result<()> {
        loop {
            while let Some(length) = frame(&self.buffer)? {
                let bytes: Vec<u8> = self.buffer.drain(..length).collect();
                // RFC 5626 section 3.5.1: line breaks between messages keep the connection alive.
                if bytes.iter().all(|byte| b"\r\n".contains(byte)) {
                    self.line_breaks(bytes.len());
                    continue;
                }
                self.breaks = 0;
                let bytes = head::in_utf_8(&bytes);
                if let Some(response) = not_implemented(&bytes, self.address) {
                    let sent = connection.send(response.into(), None).await;
                    sent.map_err(|error| io::Error::other(error.to_string()))?;
                    continue;
                }
                let message = SipMessage::try_from(&*bytes).and_then(|message| {
                    SipConnection::update_msg_received(message, self.address, self.transport)
                        .map_err(|error| rsipstack::sip::Error::ParseError(error.to_string()))
                });
                let Ok(message) = message else {
                    // One may be the far side's mistake, and all calls of the connection end with it.
                    // After several in a row nothing that follows can be trusted, either.
                    self.unreadable += 1;
                    if self.unreadable < MAX_UNREADABLE {
                        continue;
                    }
                    return Err(io::ErrorKind::InvalidData.into());
                };
                self.unreadable = 0;
                let event =
                    TransportEvent::Incoming(message, connection.clone(), self.remote.clone());
                if to_stack.send(event).is_err() {
                    return Ok(());
                }
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(());
            }
            self.arrivals.add();
        }
    }
}

impl<R> Reader<R> {
    /// Takes line breaks between messages, and answers those that ask for it.
    fn line_breaks(&mut self, bytes: usize) {
        self.breaks += bytes;
        if self.breaks < PING {
            return;
        }
        self.breaks = 0;
        let now = Instant::now();
        if self.ponged_at.is_none_or(|at| now >= at + PONG_PAUSE) && self.pong.try_send(()).is_ok()
        {
            self.ponged_at = Some(now);
        }
    }
}

/// The length of the first message in a buffer, or of the line breaks before it; `None` when it
/// has not arrived in full.
pub(super) fn frame(buffer: &[u8]) -> io::Result<Option<usize>> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let breaks = buffer.iter().take_while(|byte| b"\r\n".contains(byte)).count();
    if breaks > 0 {
        return Ok(Some(breaks));
    }
    let Some(head) = head::head_length(buffer) else {
        return if buffer.len() > MAX_MESSAGE { Err(invalid()) } else { Ok(None) };
    };
    let mut body = 0;
    for length in head::fields(&buffer[..head]).filter_map(head::content_length) {
        body = length.ok_or_else(invalid)?;
    }
    if body > MAX_MESSAGE || head > MAX_MESSAGE {
        return Err(invalid());
    }
    let length = head + 4 + body;
    Ok((buffer.len() >= length).then_some(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::DuplexStream;

    use super::*;

    const MESSAGE: &[u8] = b"BYE sip:a@b SIP/2.0\r\nl: 3\r\n\r\nabc";

    #[test]
    fn messages_are_cut_out_of_the_stream_one_by_one() {
        assert_eq!(frame(MESSAGE).unwrap(), Some(MESSAGE.len()));
        let two = [MESSAGE, MESSAGE].concat();
        assert_eq!(frame(&two).unwrap(), Some(MESSAGE.len()));
        for cut in 0..MESSAGE.len() {
            assert_eq!(frame(&MESSAGE[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(frame(b"\r\n\r\nBYE").unwrap(), Some(4));
        // A header may go on in the next line.
        let folded = b"BYE sip:a@b SIP/2.0\r\nl:\r\n 3\r\n\r\nabcBYE";
        assert_eq!(frame(folded).unwrap(), Some(folded.len() - 3));
    }

    #[test]
    fn a_stream_that_is_not_sip_is_given_up() {
        assert!(frame(&vec![b'x'; MAX_MESSAGE + 1]).is_err());
        assert!(frame(b"BYE\r\nContent-Length: much\r\n\r\n").is_err());
        assert!(frame(b"BYE\r\nContent-Length: 99999999\r\n\r\n").is_err());
    }

    const REQUEST: &[u8] = b"BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\
        From: <sip:y@h>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\nl: 0\r\n\r\n";

    /// A connection, and its other end.
    async fn open() -> (Stream, DuplexStream) {
        let (ours, far_side) = tokio::io::duplex(1_024);
        let address = ([127, 0, 0, 1], 5060).into();
        let hop = Hop { address, transport: SipTransport::Tcp, name: "h".into() };
        (serve(ours, &hop, address).await.unwrap(), far_side)
    }

    #[tokio::test]
    async fn one_message_that_can_not_be_read_is_passed_over_and_several_end_the_connection() {
        let (stream, mut far_side) = open().await;
        let odd: &[u8] = b"SIP/2.0 ??? OK\r\nl: 0\r\n\r\n";
        for _ in 0..2 * MAX_UNREADABLE {
            far_side.write_all(odd).await.unwrap();
            far_side.write_all(REQUEST).await.unwrap();
        }
        let while_open =
            tokio::time::timeout(Duration::from_millis(100), stream.closed.cancelled());
        assert!(while_open.await.is_err(), "it was closed");
        for _ in 0..MAX_UNREADABLE {
            far_side.write_all(odd).await.unwrap();
        }
        tokio::time::timeout(Duration::from_secs(5), stream.closed.cancelled()).await.unwrap();
    }

    /// What comes back within a while.
    async fn answer(far_side: &mut DuplexStream) -> Vec<u8> {
        let mut bytes = [0; 64];
        match tokio::time::timeout(Duration::from_millis(100), far_side.read(&mut bytes)).await {
            Ok(length) => bytes[..length.unwrap()].to_vec(),
            Err(_) => Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_double_line_break_is_answered_by_a_single_one_once_in_a_second() {
        let (stream, mut far_side) = open().await;
        for parts in [
            &[&b"\r\n\r\n"[..]][..],
            &[b"\r\n", b"\r\n"],
            &[REQUEST, b"\r\n\r\n", REQUEST],
            &[&[REQUEST, b"\r\n\r\n", REQUEST].concat()],
        ] {
            for part in parts {
                far_side.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
            assert_eq!(answer(&mut far_side).await, b"\r\n", "{parts:?}");
            far_side.write_all(b"\r\n\r\n\r\n\r\n").await.unwrap();
            assert_eq!(answer(&mut far_side).await, b"", "that soon");
            tokio::time::sleep(PONG_PAUSE).await;
        }
        // A single one asks for nothing, nor do two with a message between them.
        for part in [b"\r\n", REQUEST, b"\r\n", REQUEST] {
            far_side.write_all(part).await.unwrap();
        }
        assert_eq!(answer(&mut far_side).await, b"");
        assert!(!stream.closed.is_cancelled());
    }

    proptest! {
        #[test]
        fn any_bytes_survive(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some(length)) = frame(&bytes) {
                prop_assert!(length > 0 && length <= bytes.len());
            }
        }
    }
}
