//! The edge to the SIP stack below: sockets, transactions, and who gets which request.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, UdpSocket as StdUdpSocket},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota};
use rsipstack::{
    EndpointBuilder,
    platform::net::UdpSocket as StackSocket,
    sip::{Header, HeadersExt as _, Method, Request, Response, SipMessage, StatusCode},
    transaction::{
        Endpoint,
        endpoint::{EndpointInnerRef, EndpointOption},
        key::{TransactionKey, TransactionRole},
        transaction::Transaction,
    },
    transport::{
        SipAddr, SipConnection, TransportLayer, transport_layer::DomainResolver, udp::UdpConnection,
    },
};
use rustls::ClientConfig;
use tokio::{net::UdpSocket, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    Credentials, SipTransport, TrunksConfig, digest,
    message_parts::{ALLOW, USER_AGENT, header, host_port},
    resolver::{Hop, Resolver},
    stream,
};

/// Responses of one transaction, or requests of one call, that may wait to be read.
const QUEUE: usize = 32;
/// Datagrams in a second, at most: what is over is dropped before it is read.
const MAX_DATAGRAMS: u32 = 20_000;
/// Requests outside of any call that are answered in a second, at most. The rest is dropped, so
/// that nobody uses this server to send to somebody else.
const MAX_OUT_OF_DIALOG: u32 = 50;

/// The one SIP stack of this server.
pub(super) struct Stack {
    endpoint: Endpoint,
    udp: SipConnection,
    pub(super) resolver: Arc<Resolver>,
    pub(super) config: TrunksConfig,
    /// The UDP address in use.
    pub(super) local: SocketAddr,
    streams: tokio::sync::Mutex<HashMap<(Hop, TlsKey), Flow>>,
    calls: Calls,
}

/// Where the requests of each call go, by its Call-ID. In boxes: a channel makes room for 32
/// messages at once, for the whole of a call, and a transaction has almost a kilobyte.
type Calls = Arc<Mutex<HashMap<String, mpsc::Sender<Box<Transaction>>>>>;

/// Connections with other trusted certificates are other connections.
type TlsKey = usize;

/// How one far side is reached (RFC 5626 section 2): a connection, or the UDP socket and an address.
#[derive(Clone)]
pub(super) struct Flow {
    connection: SipConnection,
    pub(super) hop: Hop,
    /// The address that the far side reaches us by.
    pub(super) local: SocketAddr,
    /// Cancelled when a connection is closed; datagrams have none.
    pub(super) closed: CancellationToken,
}

/// Why a request has no final response.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// There is no connection, or it broke.
    #[error("{0}")]
    Connect(#[from] io::Error),
    /// Nobody answered.
    #[error("no answer")]
    Timeout,
}

/// The far side's requests with one Call-ID. Dropping it ends that.
pub(super) struct IncomingRequests {
    call_id: String,
    calls: Calls,
    pub(super) requests: mpsc::Receiver<Box<Transaction>>,
}

impl Stack {
    pub(super) async fn start(config: TrunksConfig) -> io::Result<Arc<Self>> {
        let socket = UdpSocket::bind(config.bind).await?;
        let local = socket.local_addr()?;
        let other = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        let resolver = Arc::new(Resolver::new(config.dns).map_err(|error| other(&error))?);
        let quota = |rate| {
            Quota::per_second(std::num::NonZeroU32::new(rate).unwrap_or(std::num::NonZeroU32::MIN))
        };
        let cancel = CancellationToken::new();
        let contacts = ContactResolver(Arc::clone(&resolver));
        let layer = TransportLayer::new_with_domain_resolver(cancel.clone(), Box::new(contacts));
        let socket = LimitedSocket {
            socket,
            limiter: DefaultDirectRateLimiter::direct(quota(MAX_DATAGRAMS)),
        };
        let udp = UdpConnection::from_socket(Arc::new(socket), None, Some(cancel.child_token()))
            .await
            .map_err(|error| other(&error))?;
        let udp = SipConnection::Udp(udp);
        layer.add_transport(udp.clone());
        let option = EndpointOption {
            t1: config.t1,
            t1x64: config.t1 * 64,
            // How long a call may ring is decided above, see `Route::ring_timeout`.
            timerc: Duration::from_secs(3_600),
            ..EndpointOption::default()
        };
        let endpoint = EndpointBuilder::new()
            .with_user_agent(USER_AGENT)
            .with_transport_layer(layer)
            .with_cancel_token(cancel)
            .with_option(option)
            .build();
        let out_of_dialog = endpoint.incoming_transactions().map_err(|error| other(&error))?;
        let inner = Arc::clone(&endpoint.inner);
        tokio::spawn(async move {
            if let Err(error) = inner.serve().await {
                tracing::error!(%error, "the SIP stack stopped");
            }
        });
        let calls = Calls::default();
        let limiter = DefaultDirectRateLimiter::direct(quota(MAX_OUT_OF_DIALOG));
        tokio::spawn(dispatch(out_of_dialog, Arc::clone(&calls), limiter));
        Ok(Arc::new(Self {
            endpoint,
            udp,
            resolver,
            config,
            local,
            streams: tokio::sync::Mutex::default(),
            calls,
        }))
    }

    /// 64 times T1: how long a transaction waits for its end.
    pub(super) fn transaction_timeout(&self) -> Duration {
        self.config.t1 * 64
    }

    /// A flow to a hop: for datagrams at once, else a connection, a present one if there is.
    pub(super) async fn flow(
        &self,
        hop: &Hop,
        tls: Option<&Arc<ClientConfig>>,
    ) -> io::Result<Flow> {
        if hop.transport == SipTransport::Udp {
            return self.datagrams(hop);
        }
        let key = (hop.clone(), tls.map_or(0, |config| Arc::as_ptr(config) as usize));
        if let Some(flow) = self.streams.lock().await.get(&key)
            && !flow.closed.is_cancelled()
        {
            return Ok(flow.clone());
        }
        // Not under the lock: a far side that does not answer must not hold up the others.
        let tls = if hop.transport == SipTransport::Tls { tls.cloned() } else { None };
        let stream = stream::connect(hop, self.config.bind, tls).await?;
        self.endpoint.inner.transport_layer.add_connection(stream.connection.clone());
        let flow = Flow {
            connection: stream.connection,
            hop: hop.clone(),
            local: SocketAddr::new(self.advertised(stream.local.ip()), stream.local.port()),
            closed: stream.closed,
        };
        let mut streams = self.streams.lock().await;
        streams.retain(|_, flow| !flow.closed.is_cancelled());
        streams.insert(key, flow.clone());
        Ok(flow)
    }

    fn datagrams(&self, hop: &Hop) -> io::Result<Flow> {
        // Ask the routing table which of our addresses the far side sees; nothing is sent.
        let ip = if self.local.ip().is_unspecified() {
            let probe = StdUdpSocket::bind(SocketAddr::new(self.local.ip(), 0))?;
            probe.connect(hop.address)?;
            probe.local_addr()?.ip()
        } else {
            self.local.ip()
        };
        Ok(Flow {
            connection: self.udp.clone(),
            hop: hop.clone(),
            local: SocketAddr::new(self.advertised(ip), self.local.port()),
            closed: CancellationToken::new(),
        })
    }

    fn advertised(&self, seen: IpAddr) -> IpAddr {
        // A socket for both families has a prefix before addresses of IPv4.
        self.config.advertised.unwrap_or_else(|| seen.to_canonical())
    }

    /// Sends a request. Its responses come out of the channel, which closes after the last one, or
    /// without any when it could not be sent. A time-out is a 408 of our own.
    ///
    /// The transaction goes on when nobody reads them: 2xx to an INVITE are acknowledged as often
    /// as they come.
    pub(super) fn send(&self, request: Request, flow: &Flow) -> mpsc::Receiver<Box<Response>> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Client) else {
            return receiver;
        };
        let inner: EndpointInnerRef = Arc::clone(&self.endpoint.inner);
        let mut transaction =
            Transaction::new_client(key, request, inner, Some(flow.connection.clone()));
        transaction.destination = Some(flow.hop.sip_addr());
        tokio::spawn(async move {
            if let Err(error) = transaction.send().await {
                tracing::debug!(%error, "a request can't be sent");
                return;
            }
            while let Some(message) = transaction.receive().await {
                if let SipMessage::Response(response) = message {
                    // Without a reader, the transaction is still to be driven to its end.
                    let _ = sender.send(Box::new(response)).await;
                }
            }
        });
        receiver
    }

    /// Sends a request and returns its final response, answering a challenge on the way.
    /// `next_cseq` numbers the repeated request.
    pub(super) async fn exchange(
        &self,
        mut request: Request,
        flow: &Flow,
        credentials: Option<&Credentials>,
        mut next_cseq: impl FnMut() -> u32,
    ) -> Result<Response, SendError> {
        loop {
            let response = self.final_response(&request, flow).await?;
            let is_challenge = matches!(response.status_code.code(), 401 | 407);
            let answer = credentials
                .filter(|_| is_challenge)
                .and_then(|credentials| digest::answer(&response, &request, credentials));
            let Some(answer) = answer else { return Ok(response) };
            repeat(&mut request, flow, next_cseq(), answer);
        }
    }

    async fn final_response(&self, request: &Request, flow: &Flow) -> Result<Response, SendError> {
        let mut responses = self.send(request.clone(), flow);
        loop {
            tokio::select! {
                response = responses.recv() => match response {
                    None if flow.closed.is_cancelled() => return Err(broken().into()),
                    None => return Err(SendError::Timeout),
                    Some(response) if response.status_code.code() < 200 => {}
                    Some(response) => return Ok(*response),
                },
                () = flow.closed.cancelled() => return Err(broken().into()),
            }
        }
    }

    /// The far side's requests with this Call-ID, from now on.
    pub(super) fn incoming_requests(&self, call_id: &str) -> IncomingRequests {
        let (sender, requests) = mpsc::channel(QUEUE);
        lock(&self.calls).insert(call_id.to_owned(), sender);
        IncomingRequests { call_id: call_id.to_owned(), calls: Arc::clone(&self.calls), requests }
    }

    /// Calls whose requests are taken, and transactions that have not ended.
    pub(super) fn load(&self) -> (usize, usize) {
        (lock(&self.calls).len(), self.endpoint.inner.get_stats().running_transactions)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.endpoint.shutdown();
    }
}

impl Drop for IncomingRequests {
    fn drop(&mut self) {
        lock(&self.calls).remove(&self.call_id);
    }
}

impl Hop {
    pub(super) fn sip_addr(&self) -> SipAddr {
        let transport = match self.transport {
            SipTransport::Udp => rsipstack::sip::Transport::Udp,
            SipTransport::Tcp => rsipstack::sip::Transport::Tcp,
            SipTransport::Tls => rsipstack::sip::Transport::Tls,
        };
        SipAddr { r#type: Some(transport), addr: self.address.into() }
    }
}

impl Flow {
    /// A Via header with a new branch.
    pub(super) fn via(&self) -> Header {
        let transport = self.hop.transport.name().to_ascii_uppercase();
        let branch = rand::random::<u128>();
        Header::Via(
            format!(
                "SIP/2.0/{transport} {};branch=z9hG4bK{branch:032x};rport",
                host_port(self.local)
            )
            .into(),
        )
    }

    /// The address of ours that the far side sends its requests to.
    pub(super) fn contact(&self, user: &str) -> String {
        let at = host_port(self.local);
        match self.hop.transport {
            SipTransport::Udp => format!("<sip:{user}@{at}>"),
            transport => format!("<sip:{user}@{at};transport={}>", transport.name()),
        }
    }
}

/// Makes a request ready to be sent again: new branch, new number, with this header.
pub(super) fn repeat(request: &mut Request, flow: &Flow, cseq: u32, answer: Header) {
    let method = request.method;
    for header in request.headers.iter_mut() {
        match header {
            Header::Via(_) => *header = flow.via(),
            Header::CSeq(_) => *header = Header::CSeq(format!("{cseq} {method}").into()),
            _ => {}
        }
    }
    request.headers.unique_push(answer);
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives each request to its call, and answers the rest.
async fn dispatch(
    mut requests: mpsc::UnboundedReceiver<Transaction>,
    calls: Calls,
    limiter: DefaultDirectRateLimiter,
) {
    while let Some(transaction) = requests.recv().await {
        let call_id = transaction.original.call_id_header().map(|id| id.value().to_owned());
        let call = call_id.ok().and_then(|id| lock(&calls).get(&id).cloned());
        match call {
            // A call that does not keep up is asked again: the far side repeats its request.
            Some(call) => drop(call.try_send(Box::new(transaction))),
            None if limiter.check().is_ok() => reject(transaction).await,
            None => {}
        }
    }
}

/// Answers a request that belongs to no call: nobody can call this server.
async fn reject(mut transaction: Transaction) {
    let request = &transaction.original;
    let has_tag = request.to_header().is_ok_and(|to| matches!(to.tag(), Ok(Some(_))));
    let status = match request.method {
        Method::Options => StatusCode::OK,
        Method::Ack => return,
        _ if has_tag => StatusCode::CallTransactionDoesNotExist,
        Method::Invite => StatusCode::Forbidden,
        _ => StatusCode::MethodNotAllowed,
    };
    if request.method == Method::Invite {
        // Without a transaction: a refusal that is repeated until it is acknowledged could be aimed
        // at somebody else.
        let response = transaction.endpoint_inner.make_response(request, status, None);
        let to = transaction.endpoint_inner.get_destination_from_request(request).await;
        if let Some(connection) = &transaction.connection {
            let _ = connection.send(response.into(), to.as_ref()).await;
        }
        return;
    }
    let _ = transaction.reply_with(status, vec![header("Allow", ALLOW)], None).await;
}

/// The server's UDP socket, which drops what is too much before anybody parses it.
struct LimitedSocket {
    socket: UdpSocket,
    limiter: DefaultDirectRateLimiter,
}

#[async_trait::async_trait]
impl StackSocket for LimitedSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        loop {
            let received = self.socket.recv_from(buffer).await?;
            if self.limiter.check().is_ok() {
                return Ok(received);
            }
        }
    }

    async fn send_to(&self, datagram: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(datagram, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Resolves the names in Contact headers that acknowledgements are sent to.
struct ContactResolver(Arc<Resolver>);

#[async_trait::async_trait]
impl DomainResolver for ContactResolver {
    async fn resolve(&self, target: &SipAddr) -> rsipstack::Result<SipAddr> {
        let transport = match target.r#type {
            Some(rsipstack::sip::Transport::Tcp) => SipTransport::Tcp,
            Some(rsipstack::sip::Transport::Tls) => SipTransport::Tls,
            _ => SipTransport::Udp,
        };
        let port = target.addr.port.map(|port| port.value());
        let hops = self.0.hops(&target.addr.host.to_string(), port, transport).await;
        hops.ok()
            .and_then(|hops| Some(hops.first()?.sip_addr()))
            .ok_or_else(|| rsipstack::Error::DnsResolutionError(target.addr.to_string()))
    }
}
