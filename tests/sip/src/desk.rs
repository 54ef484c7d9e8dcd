//! A far side that takes every call at once, sends back whatever it hears, and keeps a book of its dialogs:
//! what was opened, what was offered anew, and what was ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Certificate,
    peer::{Message, read_message, reply},
};

/// Over what it is called.
#[derive(Clone, Copy)]
pub enum Line<'a> {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS, with this certificate.
    Tls(&'a Certificate),
}

/// The running far side. Dropping it makes it silent.
pub struct Desk {
    /// Where it takes SIP.
    pub address: SocketAddr,
    book: Arc<Book>,
    tasks: [JoinHandle<()>; 2],
}

/// What became of one dialog.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The call that it belongs to.
    pub call_id: String,
    /// When it was answered first.
    pub answered_at: Instant,
    /// Whether its answer was acknowledged: until then it is not open.
    pub acknowledged: bool,
    /// The numbers of the requests that offered its session anew.
    pub offers: BTreeSet<u32>,
    /// The numbers of the requests that ended it: more than one where somebody could not know of the other.
    pub byes: BTreeSet<u32>,
    /// Where its other side is, by its last INVITE.
    pub contact: String,
    cseq: u32,
}

struct Book {
    /// Where media is taken, as answers name it.
    media: SocketAddr,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// By Call-ID.
    entries: BTreeMap<String, Entry>,
    strange: Vec<String>,
}

impl Desk {
    /// One on UDP and IPv4.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> anyhow::Result<Self> {
        Self::on(Ipv4Addr::LOCALHOST.into(), Line::Udp).await
    }

    /// One on an address of loopback.
    ///
    /// # Errors
    /// No port is free, or the certificate can't be read.
    pub async fn on(ip: IpAddr, line: Line<'_>) -> anyhow::Result<Self> {
        let media = UdpSocket::bind((ip, 0)).await?;
        let book = Arc::new(Book { media: media.local_addr()?, pages: Mutex::default() });
        let echo = tokio::spawn(echo(media));
        let of_line = Arc::clone(&book);
        let (address, line) = match line {
            Line::Udp => {
                let socket = UdpSocket::bind((ip, 0)).await?;
                (socket.local_addr()?, tokio::spawn(take_datagrams(socket, of_line)))
            }
            Line::Tcp => {
                let listener = TcpListener::bind((ip, 0)).await?;
                (listener.local_addr()?, tokio::spawn(take_connections(listener, None, of_line)))
            }
            Line::Tls(certificate) => {
                let listener = TcpListener::bind((ip, 0)).await?;
                let acceptor = Some(certificate.acceptor()?);
                let address = listener.local_addr()?;
                (address, tokio::spawn(take_connections(listener, acceptor, of_line)))
            }
        };
        Ok(Self { address, book, tasks: [echo, line] })
    }

    /// All dialogs so far, by Call-ID.
    #[must_use]
    pub fn dialogs(&self) -> BTreeMap<String, Entry> {
        self.book.pages().entries.clone()
    }

    /// The one dialog of a call.
    ///
    /// # Errors
    /// It has none, or several.
    pub fn dialog_of(&self, call_id: &str) -> anyhow::Result<Entry> {
        let all = self.dialogs();
        let mut of_call = all.into_values().filter(|entry| entry.call_id == call_id);
        let one = of_call.next().with_context(|| format!("{call_id} has no dialog"))?;
        ensure!(of_call.next().is_none(), "{call_id} has several dialogs");
        Ok(one)
    }

    /// What nobody may send, and dialogs that are open.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.faults_but(|_| false)
    }

    /// The same without dialogs that may be left open.
    #[must_use]
    pub fn faults_but(&self, may_be_open: impl Fn(&Entry) -> bool) -> Vec<String> {
        let pages = self.book.pages();
        let open = pages.entries.iter();
        let open = open.filter(|(_, entry)| entry.is_open() && !may_be_open(entry));
        let open = open.map(|(id, entry)| format!("the dialog {id} was never ended: {entry:?}"));
        pages.strange.iter().cloned().chain(open).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Entry {
    /// Whether it was begun and not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.acknowledged && self.byes.is_empty()
    }
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The response to a request; `None` to what has none.
    fn answer(&self, message: &Message, port: u16) -> anyhow::Result<Option<Vec<u8>>> {
        let method = message.start_line().split(' ').next().unwrap_or_default();
        let plain = |status| reply(message, status, "", b"").map(Some);
        if method.starts_with("SIP/") {
            return Ok(None);
        }
        let number = message.header("CSeq")?.split(' ').next().unwrap_or_default();
        let number: u32 = number.parse().context("no number")?;
        let id = message.header("Call-ID")?;
        let mut pages = self.pages();
        let Pages { entries, strange } = &mut *pages;
        match method {
            "INVITE" if !message.header("To")?.contains(";tag=") => {
                let call_id = message.header("X-Bellpush-Call")?.to_owned();
                let contact = message.contact()?.to_owned();
                entries.entry(id.to_owned()).or_insert_with(|| Entry {
                    call_id,
                    answered_at: Instant::now(),
                    acknowledged: false,
                    offers: BTreeSet::new(),
                    byes: BTreeSet::new(),
                    contact,
                    cseq: number,
                });
            }
            "ACK" => {
                if let Some(entry) = entries.get_mut(id) {
                    entry.acknowledged = true;
                }
                return Ok(None);
            }
            "INVITE" | "BYE" => {
                let Some(entry) = entries.get_mut(id) else {
                    return plain("481 Call/Transaction Does Not Exist");
                };
                if number < entry.cseq {
                    // Of somebody who does not know that the dialog is another's.
                    strange.push(format!("{method} {number} came to {id} after {}", entry.cseq));
                    return plain("500 Out Of Order");
                }
                entry.cseq = number;
                if method == "BYE" {
                    let is_first = entry.byes.is_empty() || entry.byes.contains(&number);
                    entry.byes.insert(number);
                    return plain(if is_first { "200 OK" } else { "481 It is over" });
                }
                if !entry.byes.is_empty() {
                    return plain("481 It is over");
                }
                entry.offers.insert(number);
                message.contact()?.clone_into(&mut entry.contact);
            }
            _ => return plain("200 OK"),
        }
        let (ip, media) = (self.media.ip(), self.media.port());
        let family = if ip.is_ipv6() { 6 } else { 4 };
        let more = format!(
            "Contact: <sip:desk@{}{}>\r\nContent-Type: application/sdp\r\n",
            SocketAddr::new(ip, port),
            transport_of(message)?
        );
        let body = format!(
            "v=0\r\no=- 1 1 IN IP{family} {ip}\r\ns=-\r\nc=IN IP{family} {ip}\r\nt=0 0\r\n\
             m=audio {media} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
        );
        reply(message, "200 OK", &more, body.as_bytes()).map(Some)
    }
}

/// The parameter by which requests come to it over what this one came.
fn transport_of(request: &Message) -> anyhow::Result<&'static str> {
    let via = request.header("Via")?;
    Ok(match via.split(' ').next() {
        Some("SIP/2.0/TLS") => ";transport=tls",
        Some("SIP/2.0/TCP") => ";transport=tcp",
        _ => "",
    })
}

async fn echo(media: UdpSocket) {
    let mut packet = [0; 2_000];
    loop {
        // A server that is gone refuses what is sent to it, which is told here.
        if let Ok((length, from)) = media.recv_from(&mut packet).await {
            let _ = media.send_to(&packet[..length], from).await;
        }
    }
}

async fn take_datagrams(socket: UdpSocket, book: Arc<Book>) {
    let Ok(own) = socket.local_addr() else { return };
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        match book.answer(&Message { text, from }, own.port()) {
            Ok(Some(response)) => drop(socket.send_to(&response, from).await),
            Ok(None) => {}
            Err(error) => book.pages().strange.push(format!("{error:#}")),
        }
    }
}

async fn take_connections(listener: TcpListener, tls: Option<TlsAcceptor>, book: Arc<Book>) {
    let Ok(own) = listener.local_addr() else { return };
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (book, tls) = (Arc::clone(&book), tls.clone());
        connections.spawn(async move {
            match tls {
                None => take_stream(stream, &book, own.port()).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        take_stream(stream, &book, own.port()).await;
                    }
                }
            }
        });
    }
}

async fn take_stream(mut stream: impl AsyncRead + AsyncWrite + Unpin, book: &Book, port: u16) {
    // It ends with the connection: a server that is killed has none.
    while let Ok(message) = read_message(&mut stream).await {
        match book.answer(&message, port) {
            Ok(Some(response)) => {
                let written = stream.write_all(&response).await;
                if written.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
            Ok(None) => {}
            Err(error) => book.pages().strange.push(format!("{error:#}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, number: u32, to_tag: &str) -> Message {
        let text = format!(
            "{method} sip:desk@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9\r\n\
             From: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:desk@127.0.0.1>{to_tag}\r\nCall-ID: c\r\n\
             CSeq: {number} {method}\r\nContact: <sip:a@127.0.0.1:5060>\r\nX-Bellpush-Call: call_1\r\n\
             Content-Length: 0\r\n\r\n"
        );
        Message { text, from: ([127, 0, 0, 1], 5060).into() }
    }

    /// What is answered to these requests of one dialog, and what is at fault then.
    async fn after(requests: &[(&str, u32)]) -> (Vec<String>, Vec<String>) {
        let desk = Desk::start().await.unwrap();
        let mut answers = Vec::new();
        for (place, (method, number)) in requests.iter().enumerate() {
            let to_tag = if place == 0 { "" } else { ";tag=peer" };
            let answer = desk.book.answer(&request(method, *number, to_tag), 5060).unwrap();
            let status = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes[8..11]).into_owned();
            answers.extend(answer.map(status));
        }
        (answers, desk.faults())
    }

    #[tokio::test]
    async fn a_dialog_is_open_until_it_is_ended_and_then_over() {
        let opened = [("INVITE", 1), ("ACK", 1), ("INVITE", 10_002), ("ACK", 10_002)];
        let (answers, faults) = after(&opened).await;
        assert_eq!(answers, ["200", "200"]);
        assert!(faults.len() == 1 && faults[0].contains("was never ended"), "{faults:?}");
        // The BYE of one who could not know of the other's, and what comes after both.
        let rest = [("BYE", 10_003), ("BYE", 10_003), ("BYE", 20_003), ("INVITE", 20_004)];
        let (answers, faults) = after(&[&opened[..], &rest].concat()).await;
        assert_eq!(answers, ["200", "200", "200", "200", "481", "481"]);
        assert_eq!(faults, Vec::<String>::new());
    }

    #[tokio::test]
    async fn an_answer_that_nobody_acknowledged_opens_nothing() {
        assert_eq!(after(&[("INVITE", 1)]).await.1, Vec::<String>::new());
    }

    #[tokio::test]
    async fn whoever_has_lost_a_dialog_and_speaks_in_it_is_at_fault() {
        for method in ["BYE", "INVITE"] {
            let requests = [("INVITE", 1), ("ACK", 1), ("INVITE", 10_002), ("ACK", 10_002)];
            let (answers, faults) = after(&[&requests[..], &[(method, 2)]].concat()).await;
            assert_eq!(answers, ["200", "200", "500"]);
            assert!(faults[0].contains(&format!("{method} 2 came to c after 10002")), "{faults:?}");
        }
    }
}
