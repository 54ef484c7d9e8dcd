//! The edge to the SIP stack below: sockets and transactions.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, UdpSocket as StdUdpSocket},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rsipstack::{
    EndpointBuilder,
    sip::{Method, Request, Response, SipMessage, Transport},
    transaction::{
        Endpoint,
        endpoint::{EndpointInnerRef, EndpointOption},
        key::{TransactionKey, TransactionRole},
        transaction::Transaction,
    },
    transport::{
        SipAddr, SipConnection, TransportEvent, TransportLayer, channel::ChannelConnection,
        udp::UdpConnection,
    },
};
use rustls::ClientConfig;
use tokio::{net::UdpSocket, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    SipTransport, TrunksConfig,
    authentication::Authentication,
    flow::{Flow, renew},
    incoming::{Heard, Incoming, NoNames},
    message_parts::USER_AGENT,
    peers::Peers,
    resolver::{Hop, Resolver, can_send},
    stream,
    tap::Tap,
    udp::{BudgetedSocket, LargeMessage},
};

/// Responses of one transaction that may wait to be read.
const QUEUE: usize = 32;

/// The one SIP stack of this server.
pub(super) struct Stack {
    endpoint: Endpoint,
    udp: SipConnection,
    pub(super) resolver: Arc<Resolver>,
    pub(super) config: TrunksConfig,
    /// The UDP address in use.
    pub(super) local: SocketAddr,
    streams: Mutex<HashMap<(Hop, TlsKey), Slot>>,
    pub(super) incoming: Incoming,
    pub(super) tap: Tap,
    peers: Arc<Peers>,
}

/// Connections with other trusted certificates are other connections.
type TlsKey = usize;

/// A connection, once there is one.
type Slot = Arc<tokio::sync::Mutex<Option<Flow>>>;

/// Why a request has no final response.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// There is no connection, or it broke.
    #[error("{0}")]
    Connect(#[from] io::Error),
    /// Nobody answered.
    #[error("no answer")]
    Timeout,
    /// It was never sent, as it can't be: that says nothing of the far side.
    #[error("the request can't be sent")]
    Unsent,
}

/// The responses to one request.
pub(super) struct Responses {
    receiver: mpsc::Receiver<Box<Response>>,
    /// What has been heard of the request so far.
    pub(super) heard: Arc<Heard>,
    method: Method,
    /// How often something had come by the connection before.
    arrivals: u64,
    unsent: Arc<AtomicBool>,
}

impl Responses {
    /// Whether there are none because the request was never sent.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent.load(Ordering::Acquire)
    }

    /// The next response; `None` after the last.
    pub(super) async fn recv(&mut self) -> Option<Box<Response>> {
        self.receiver.recv().await
    }
}

/// A request as it was sent last, and its final response.
pub(super) struct Exchange {
    pub(super) request: Request,
    pub(super) response: Response,
    /// More 2xx to it, if it is an INVITE.
    pub(super) responses: Responses,
}

impl Stack {
    pub(super) async fn start(config: TrunksConfig) -> io::Result<Arc<Self>> {
        let socket = UdpSocket::bind(config.bind).await?;
        let local = socket.local_addr()?;
        let other = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
        let resolver =
            Arc::new(Resolver::new(config.dns, local.ip()).map_err(|error| other(&error))?);
        let cancel = CancellationToken::new();
        let layer = TransportLayer::new_with_domain_resolver(cancel.clone(), Box::new(NoNames));
        let peers = Arc::new(Peers::new());
        let (socket, large) = BudgetedSocket::new(socket, Arc::clone(&peers));
        let udp = UdpConnection::from_socket(Arc::new(socket), None, Some(cancel.child_token()))
            .await
            .map_err(|error| other(&error))?;
        let udp = SipConnection::Udp(udp);
        layer.add_transport(udp.clone());
        let tap = Tap::new(config.recorder.clone());
        let incoming =
            Incoming::new(Arc::clone(&peers), tap.clone(), Instant::now() + config.taking_up);
        let option = EndpointOption {
            t1: config.t1,
            t1x64: config.t1 * 64,
            // How long a call may ring is decided above, see `Route::ring_timeout`.
            timerc: Duration::from_secs(3_600),
            ..EndpointOption::default()
        };
        let mut builder = EndpointBuilder::new();
        builder
            .with_user_agent(USER_AGENT)
            .with_transport_layer(layer)
            .with_cancel_token(cancel)
            .with_option(option)
            .with_transport_inspector(Box::new(incoming.clone()));
        if config.recorder.is_on() {
            builder.with_inspector(Box::new(tap.clone()));
        }
        let endpoint = builder.build();
        let requests = endpoint.incoming_transactions().map_err(|error| other(&error))?;
        let inner = Arc::clone(&endpoint.inner);
        tokio::spawn(async move {
            if let Err(error) = inner.serve().await {
                tracing::error!(%error, "the SIP stack stopped");
            }
        });
        tokio::spawn(incoming.clone().dispatch(requests));
        let stack = Arc::new(Self {
            endpoint,
            udp,
            resolver,
            config,
            local,
            streams: Mutex::default(),
            incoming,
            tap,
            peers,
        });
        let to_stack = stack.way_beside_udp().await.map_err(|error| other(&error))?;
        tokio::spawn(Self::take_large(Arc::downgrade(&stack), large, to_stack));
        Ok(stack)
    }

    /// Another way to the stack below, for messages that came as datagrams.
    async fn way_beside_udp(&self) -> rsipstack::Result<mpsc::UnboundedSender<TransportEvent>> {
        let ((to_stack, events), (back, _)) = (mpsc::unbounded_channel(), mpsc::channel(1));
        let address = self.udp.get_addr().clone();
        let way = ChannelConnection::create_connection_bounded(events, back, address, None).await?;
        self.endpoint.inner.transport_layer.add_connection(SipConnection::Channel(way));
        Ok(to_stack)
    }

    /// Takes the messages for which the stack's buffer for datagrams has no room.
    async fn take_large(
        stack: Weak<Self>,
        mut messages: mpsc::Receiver<LargeMessage>,
        to_stack: mpsc::UnboundedSender<TransportEvent>,
    ) {
        while let Some((message, from)) = messages.recv().await {
            // The socket is the stack's: whoever holds that holds this.
            let Some(stack) = stack.upgrade() else { return };
            let from = SipAddr { r#type: Some(Transport::Udp), addr: from.into() };
            let event = TransportEvent::Incoming(message, stack.udp.clone(), from);
            if to_stack.send(event).is_err() {
                return;
            }
        }
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
        self.peers.add(hop.address, Instant::now());
        if hop.transport == SipTransport::Udp {
            return self.datagrams(hop);
        }
        let slot = self.slot(hop, tls);
        // One of those that want a connection opens it; the others wait for that.
        let mut slot = slot.lock().await;
        if let Some(flow) = slot.as_ref().filter(|flow| !flow.closed.is_cancelled()) {
            return Ok(Flow { is_reused: true, ..flow.clone() });
        }
        let tls = if hop.transport == SipTransport::Tls { tls.cloned() } else { None };
        let stream = stream::connect(hop, self.config.bind, tls).await?;
        self.endpoint.inner.transport_layer.add_connection(stream.connection.clone());
        let flow = Flow {
            connection: stream.connection,
            hop: hop.clone(),
            local: SocketAddr::new(self.advertised(stream.local.ip()), stream.local.port()),
            closed: stream.closed,
            arrivals: stream.arrivals,
            is_reused: false,
        };
        *slot = Some(flow.clone());
        Ok(flow)
    }

    /// Where the connection to a hop is, or will be. A far side that does not answer holds up nobody who
    /// wants another.
    fn slot(&self, hop: &Hop, tls: Option<&Arc<ClientConfig>>) -> Slot {
        let key = (hop.clone(), tls.map_or(0, |config| Arc::as_ptr(config) as usize));
        // A map of values that are whole at any time: a panic elsewhere does not make it wrong.
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = streams.get(&key) {
            return Arc::clone(slot);
        }
        streams.retain(|_, slot| {
            let is_open = |flow: &Flow| !flow.closed.is_cancelled();
            // Whoever else has it is about to connect.
            Arc::strong_count(slot) > 1
                || slot.try_lock().is_ok_and(|flow| flow.as_ref().is_some_and(is_open))
        });
        Arc::clone(streams.entry(key).or_default())
    }

    /// Closes the connections that trust these certificates: whoever opened them is gone.
    pub(super) fn close(&self, tls: &Arc<ClientConfig>) {
        let trusted = Arc::as_ptr(tls) as usize;
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, slot) in streams.extract_if(|(_, key), _| *key == trusted) {
            if let Ok(slot) = slot.try_lock()
                && let Some(flow) = slot.as_ref()
            {
                flow.closed.cancel();
            }
        }
    }

    fn datagrams(&self, hop: &Hop) -> io::Result<Flow> {
        if !can_send(self.local.ip(), hop.address.ip()) {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
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
            arrivals: Arc::default(),
            is_reused: false,
        })
    }

    fn advertised(&self, seen: IpAddr) -> IpAddr {
        // A socket for both families has a prefix before addresses of IPv4.
        self.config.advertised.unwrap_or_else(|| seen.to_canonical())
    }

    /// Notes where a trunk's requests may go.
    pub(super) fn expect(&self, hops: &[Hop]) {
        let now = Instant::now();
        for hop in hops {
            self.peers.add(hop.address, now);
        }
    }

    /// Sends a request. Its responses come out of the channel, which closes after the last one, or
    /// without any when it could not be sent ([`Responses::is_unsent`]). A time-out is a 408 of our own.
    ///
    /// 2xx to an INVITE come out as often as they come in, for 64 times T1 (RFC 6026 section 7.2):
    /// whoever sent it acknowledges each by [`Self::acknowledge`].
    pub(super) fn send(&self, request: Request, flow: &Flow) -> Responses {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let method = request.method;
        let Ok(key) = TransactionKey::from_request(&request, TransactionRole::Client) else {
            tracing::warn!(%method, "a request names no transaction: it is not sent");
            let (heard, unsent) = (Arc::default(), Arc::new(true.into()));
            return Responses { receiver, heard, method, arrivals: 0, unsent };
        };
        let (connection, arrivals) = (flow.clone(), flow.arrivals.count());
        let unsent = Arc::<AtomicBool>::default();
        let is_unsent = Arc::clone(&unsent);
        let mut successes = self.incoming.successes(key.clone());
        let heard = Arc::clone(&successes.heard);
        let inner: EndpointInnerRef = Arc::clone(&self.endpoint.inner);
        let mut transaction =
            Transaction::new_client(key, request, inner, Some(flow.connection.clone()));
        transaction.destination = Some(flow.hop.sip_addr());
        let (accepted_for, tap) = (self.transaction_timeout(), self.tap.clone());
        tokio::spawn(async move {
            let (mut refusal, mut is_accepted) = (None, false);
            if let Err(error) = transaction.send().await {
                tracing::warn!(%error, "a request can't be sent");
                is_unsent.store(true, Ordering::Release);
                return;
            }
            loop {
                tokio::select! {
                    message = transaction.receive() => match message {
                        // Without a reader, the transaction is still to be driven to its end.
                        Some(SipMessage::Response(response)) => {
                            let is_unanswered = is_unanswered(&response, &successes.heard);
                            let is_lossy = method == Method::Invite && connection.is_datagrams();
                            if response.status_code.code() >= 300 && is_lossy && !is_unanswered {
                                refusal = Some(response.clone());
                            }
                            let _ = sender.send(Box::new(response)).await;
                            if !is_unanswered {
                                connection.arrivals.answered(method);
                            } else if connection.is_dead(method, arrivals) {
                                // RFC 5626 section 4.4.
                                connection.closed.cancel();
                            }
                        }
                        Some(SipMessage::Request(_)) => {}
                        None => break,
                    },
                    Some(response) = successes.responses.recv() => {
                        // The transaction has not acknowledged the first one yet.
                        if response.status_code.code() >= 300 {
                            continue;
                        }
                        let _ = sender.send(response).await;
                        is_accepted = true;
                        break;
                    }
                }
            }
            let deadline = tokio::time::Instant::now() + accepted_for;
            if !is_accepted {
                drop(sender);
                let Some(refusal) = refusal else { return };
                let ack = transaction.endpoint_inner.make_ack(&transaction.original, &refusal);
                let Ok(ack) = ack else { return };
                drop(transaction);
                while let Ok(Some(again)) =
                    tokio::time::timeout_at(deadline, successes.responses.recv()).await
                {
                    if again.status_code.code() >= 300 {
                        acknowledge(&tap, ack.clone(), &connection).await;
                    }
                }
                return;
            }
            // RFC 3261 section 17.1.1.2: a 2xx ends the transaction.
            drop(transaction);
            while let Ok(Some(response)) =
                tokio::time::timeout_at(deadline, successes.responses.recv()).await
            {
                let _ = sender.send(response).await;
            }
        });
        Responses { receiver, heard, method, arrivals, unsent }
    }

    /// Sends the ACK of a 2xx, which is part of no transaction.
    pub(super) async fn acknowledge(&self, ack: Request, flow: &Flow) {
        acknowledge(&self.tap, ack, flow).await;
    }

    /// Sends a request and returns its final response, answering challenges on the way.
    /// `next_cseq` numbers the repeated request.
    pub(super) async fn exchange(
        &self,
        mut request: Request,
        flow: &Flow,
        authentication: &mut Authentication<'_>,
        mut next_cseq: impl FnMut() -> u32,
    ) -> Result<Exchange, SendError> {
        loop {
            let mut responses = self.send(request.clone(), flow);
            let response = final_response(&mut responses, flow).await?;
            if !authentication.is_challenged_by_trunk(&response).await {
                return Ok(Exchange { request, response, responses });
            }
            renew(&mut request, flow, next_cseq());
            authentication.authorize(&mut request);
        }
    }

    /// Calls whose requests are taken, and transactions that have not ended.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.incoming.calls(), self.endpoint.inner.get_stats().running_transactions)
    }
}

async fn acknowledge(tap: &Tap, ack: Request, flow: &Flow) {
    let to = flow.hop.sip_addr();
    let ack = ack.into();
    tap.heard(&ack, true, Some(flow.hop.address));
    if let Err(error) = flow.connection.send(ack, Some(&to)).await {
        tracing::debug!(%error, "an ACK can't be sent");
    }
}

impl Exchange {
    /// Whether nobody answered: then the response is the stack's own.
    pub(super) fn is_unanswered(&self) -> bool {
        is_unanswered(&self.response, &self.responses.heard)
    }
}

/// Whether a response is the stack's own, which says so when nobody answers.
fn is_unanswered(response: &Response, heard: &Heard) -> bool {
    response.status_code.code() == 408 && heard.source().is_none()
}

async fn final_response(responses: &mut Responses, flow: &Flow) -> Result<Response, SendError> {
    loop {
        tokio::select! {
            response = responses.recv() => match response {
                None if flow.closed.is_cancelled() => return Err(broken().into()),
                None if responses.is_unsent() => return Err(SendError::Unsent),
                None => return Err(SendError::Timeout),
                Some(response) if response.status_code.code() < 200 => {}
                Some(response)
                    if is_unanswered(&response, &responses.heard)
                        && flow.is_dead(responses.method, responses.arrivals) =>
                {
                    flow.closed.cancel();
                    return Err(broken().into());
                }
                Some(response) => return Ok(*response),
            },
            () = flow.closed.cancelled() => return Err(broken().into()),
        }
    }
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.endpoint.shutdown();
    }
}
