//! A far side that says exactly what a test tells it to, over UDP.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    net::UdpSocket,
    time,
};

/// How long a far side may take for one step.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// An answer of one codec.
pub const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40002 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

/// The header that goes with [`ANSWER`].
pub const SDP: &str = "Content-Type: application/sdp\r\n";

/// A socket that speaks SIP.
pub struct Peer {
    socket: UdpSocket,
    /// Its port on loopback.
    pub port: u16,
}

/// A message that came, or one to send.
#[derive(Debug, Clone)]
pub struct Message {
    /// All of it.
    pub text: String,
    /// Where it came from.
    pub from: SocketAddr,
}

impl Message {
    /// The value of a header.
    ///
    /// # Errors
    /// There is none.
    pub fn header(&self, name: &str) -> anyhow::Result<&str> {
        self.headers(name).next().with_context(|| format!("no {name} in {}", self.text))
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        head.split("\r\n").skip(1).filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The first line.
    #[must_use]
    pub fn start_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The URI of the Contact.
    ///
    /// # Errors
    /// There is none.
    pub fn contact(&self) -> anyhow::Result<&str> {
        let contact = self.header("Contact")?;
        let uri = contact.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        uri.map(|(uri, _)| uri).with_context(|| format!("no URI in {contact}"))
    }
}

impl Peer {
    /// Opens one on 127.0.0.1.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> anyhow::Result<Self> {
        Self::on([127, 0, 0, 1]).await
    }

    /// Opens one on an address of loopback.
    ///
    /// # Errors
    /// No port is free.
    pub async fn on(ip: [u8; 4]) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((std::net::Ipv4Addr::from(ip), 0)).await?;
        let port = socket.local_addr()?.port();
        Ok(Self { socket, port })
    }

    /// Its address.
    ///
    /// # Errors
    /// It has none.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// The next message that begins like this; what else comes is passed over.
    ///
    /// # Errors
    /// None comes.
    pub async fn receive(&self, start: &str) -> anyhow::Result<Message> {
        let wait = time::timeout(PATIENCE, async {
            loop {
                let message = self.next().await?;
                if message.text.starts_with(start) {
                    return Ok(message);
                }
            }
        });
        wait.await.with_context(|| format!("no {start} came"))?
    }

    /// The next message within this time.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn within(&self, limit: Duration) -> anyhow::Result<Option<Message>> {
        match time::timeout(limit, self.next()).await {
            Ok(message) => message.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn next(&self) -> anyhow::Result<Message> {
        let mut buffer = vec![0; 65_536];
        let (length, from) = self.socket.recv_from(&mut buffer).await?;
        Ok(Message { text: String::from_utf8_lossy(&buffer[..length]).into_owned(), from })
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// They can't be sent.
    pub async fn send(&self, bytes: &[u8], to: SocketAddr) -> anyhow::Result<()> {
        let sent = self.socket.send_to(bytes, to).await?;
        ensure!(sent == bytes.len(), "a datagram was cut");
        Ok(())
    }

    /// Answers a request: status and phrase, more headers (each with its line break), and a body.
    ///
    /// # Errors
    /// It can't be sent.
    pub async fn reply(
        &self,
        request: &Message,
        status: &str,
        more: &str,
        body: &str,
    ) -> anyhow::Result<()> {
        self.reply_bytes(request, status, more, body.as_bytes()).await
    }

    /// The same with a body that is no text.
    ///
    /// # Errors
    /// It can't be sent.
    pub async fn reply_bytes(
        &self,
        request: &Message,
        status: &str,
        more: &str,
        body: &[u8],
    ) -> anyhow::Result<()> {
        self.send(&reply(request, status, more, body)?, request.from).await
    }

    /// Answers with 200, an SDP answer and our Contact.
    ///
    /// # Errors
    /// It can't be sent.
    pub async fn answer(&self, invite: &Message) -> anyhow::Result<()> {
        let more = format!("Contact: <sip:peer@127.0.0.1:{}>\r\n{SDP}", self.port);
        self.reply(invite, "200 OK", &more, ANSWER).await
    }

    /// A request in the dialog of an INVITE that was answered, with more headers and a body.
    ///
    /// # Errors
    /// The INVITE lacks a header.
    pub fn request(
        &self,
        invite: &Message,
        method: &str,
        cseq: u32,
        more: &str,
        body: &str,
    ) -> anyhow::Result<String> {
        Ok(format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=peer\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:peer@127.0.0.1:{port}>\r\n{more}Content-Length: {}\r\n\r\n{body}",
            invite.contact()?,
            invite.header("To")?,
            invite.header("From")?,
            invite.header("Call-ID")?,
            body.len(),
            port = self.port,
            branch = uuid::Uuid::now_v7().simple(),
        ))
    }
}

/// The answer to a request: status and phrase, more headers (each with its line break), and a body.
///
/// # Errors
/// The request lacks a header.
pub fn reply(request: &Message, status: &str, more: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut response = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let value = request.header(name)?;
        let needs_tag = name == "To" && !value.contains(";tag=") && !status.starts_with("100");
        let tag = if needs_tag { ";tag=peer" } else { "" };
        response += &format!("{name}: {value}{tag}\r\n");
    }
    response += &format!("{more}Content-Length: {}\r\n\r\n", body.len());
    Ok([response.as_bytes(), body].concat())
}

/// The next message over a connection.
///
/// # Errors
/// The connection is broken, or what comes is no message.
pub async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Message> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await?);
    }
    let from = ([127, 0, 0, 1], 0).into();
    let mut message = Message { text: String::from_utf8(bytes)?, from };
    let mut body = vec![0; message.header("Content-Length")?.parse()?];
    stream.read_exact(&mut body).await?;
    message.text += &String::from_utf8(body)?;
    Ok(message)
}
