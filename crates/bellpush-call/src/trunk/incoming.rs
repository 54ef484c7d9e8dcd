//! What comes in, in the order in which it came: answers go back to its source, requests to their
//! call, and the 2xx of an INVITE to whoever sent that.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use rsipstack::{
    sip::{
        HeadersExt as _, Method, Param, Request, Response, SipMessage, StatusCode,
        prelude::ToTypedHeader as _, uri::Received,
    },
    transaction::{
        endpoint::TransportEventInspector,
        key::{TransactionKey, TransactionRole},
        transaction::Transaction,
    },
    transport::{SipAddr, SipConnection, TransportEvent, transport_layer::DomainResolver},
};
use tokio::sync::{Semaphore, mpsc};

use super::{
    message_parts::{ALLOW, header, tag},
    notice::tell_apart,
    null_tag,
    peers::Peers,
    tap::Tap,
};

/// Requests of one call, or 2xx of one INVITE, that may wait to be read.
const QUEUE: usize = 32;

/// Answers to requests of no call that may be on their way at once.
const MAX_REFUSALS: usize = 256;

/// Where what comes in goes.
#[derive(Clone)]
pub(super) struct Incoming {
    peers: Arc<Peers>,
    tap: Tap,
    calls: Arc<Mutex<Calls>>,
    /// Calls that another process goes on with by now, and until when their far sides may not know that.
    released: Arc<Mutex<HashMap<String, Instant>>>,
    /// Until when calls of a process that died may be taken up.
    taking_up_until: Instant,
    sent: Arc<Mutex<Sent>>,
}

/// Where the requests of each call go, by its Call-ID. In boxes: a channel makes room for 32
/// messages at once, for the whole of a call, and a transaction has almost a kilobyte.
type Calls = HashMap<String, Call>;

struct Call {
    local_tag: String,
    requests: mpsc::Sender<Box<Transaction>>,
    finals: Arc<AtomicU32>,
}

/// Whose a request is.
enum Owner {
    Call(mpsc::Sender<Box<Transaction>>),
    /// It is an INVITE of ours, or what belongs to one, that has come back to us.
    Ourselves,
    /// Another process's, which goes on with the call by now, or is gone, so that the call may be taken up.
    Another,
    Nobody,
}

/// The requests of ours that wait for responses. The 2xx of an INVITE go to whoever sent it: it is
/// the transaction user that acknowledges them, each time that one comes (RFC 3261 section
/// 13.2.2.4).
type Sent = HashMap<TransactionKey, SentRequest>;

struct SentRequest {
    successes: mpsc::Sender<Box<Response>>,
    heard: Arc<Heard>,
    /// Whether it was refused: that ends the stack's transaction, and what is repeated then comes the way of
    /// the 2xx, to be acknowledged each time (RFC 3261 section 17.1.1.2).
    is_refused: bool,
}

/// What has been heard of a request, as of the last message that came in.
#[derive(Debug, Default)]
pub(super) struct Heard {
    source: Mutex<Option<SocketAddr>>,
}

impl Heard {
    /// Where its last response came from.
    pub(super) fn source(&self) -> Option<SocketAddr> {
        *lock(&self.source)
    }
}

/// The far side's requests with one Call-ID. Dropping it ends that.
pub(super) struct IncomingRequests {
    call_id: String,
    calls: Arc<Mutex<Calls>>,
    pub(super) requests: mpsc::Receiver<Box<Transaction>>,
    finals: Arc<AtomicU32>,
}

impl IncomingRequests {
    /// How many final responses to INVITEs with this Call-ID have come in.
    pub(super) fn finals(&self) -> u32 {
        self.finals.load(Ordering::Relaxed)
    }
}

/// The 2xx to a request, if it is an INVITE, and repeated refusals. Dropping it ends that.
pub(super) struct IncomingSuccesses {
    key: TransactionKey,
    sent: Arc<Mutex<Sent>>,
    pub(super) responses: mpsc::Receiver<Box<Response>>,
    pub(super) heard: Arc<Heard>,
}

impl Incoming {
    pub(super) fn new(peers: Arc<Peers>, tap: Tap, taking_up_until: Instant) -> Self {
        let (calls, released, sent) = Default::default();
        Self { peers, tap, calls, released, taking_up_until, sent }
    }

    /// The far side's requests with this Call-ID, from now on.
    pub(super) fn requests(&self, call_id: &str, local_tag: &str) -> IncomingRequests {
        let (sender, requests) = mpsc::channel(QUEUE);
        let finals = Arc::<AtomicU32>::default();
        let call =
            Call { local_tag: local_tag.to_owned(), requests: sender, finals: Arc::clone(&finals) };
        lock(&self.calls).insert(call_id.to_owned(), call);
        lock(&self.released).remove(call_id);
        let calls = Arc::clone(&self.calls);
        IncomingRequests { call_id: call_id.to_owned(), calls, requests, finals }
    }

    /// Another process goes on with the dialog. What its far side asks here is refused for now, for so long
    /// as it may not know that: 481 would be the end of the call (RFC 5057 section 5.1).
    pub(super) fn release(&self, call_id: &str, time: Duration) {
        let now = Instant::now();
        let mut released = lock(&self.released);
        released.retain(|_, until| now < *until);
        released.insert(call_id.to_owned(), now + time);
    }

    /// What is heard of this request, from now on.
    pub(super) fn successes(&self, key: TransactionKey) -> IncomingSuccesses {
        let (successes, responses) = mpsc::channel(QUEUE);
        let heard = Arc::<Heard>::default();
        let request = SentRequest { successes, heard: Arc::clone(&heard), is_refused: false };
        lock(&self.sent).insert(key.clone(), request);
        IncomingSuccesses { key, sent: Arc::clone(&self.sent), responses, heard }
    }

    /// Calls whose requests are taken.
    pub(super) fn calls(&self) -> usize {
        lock(&self.calls).len()
    }

    /// Gives each request to its call, and rejects the others.
    pub(super) async fn dispatch(self, mut requests: mpsc::UnboundedReceiver<Transaction>) {
        let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
        while let Some(transaction) = requests.recv().await {
            let owner = self.owner(&transaction.original);
            if let Owner::Call(call) = owner {
                // A call that does not keep up is asked again: the far side repeats its request.
                drop(call.try_send(Box::new(transaction)));
                continue;
            }
            // Whoever does not read holds up nobody else. One too many is asked again, too.
            if let Ok(permit) = Arc::clone(&refusals).try_acquire_owned() {
                tokio::spawn(async move {
                    reject(transaction, &owner).await;
                    drop(permit);
                });
            }
        }
    }

    /// Whose a request is: it names the call by its Call-ID and by our tag, which no request but one of ours
    /// leaves out.
    fn owner(&self, request: &Request) -> Owner {
        let Ok(id) = request.call_id_header() else { return Owner::Nobody };
        let named = request.to_header().ok().and_then(|to| tag(to.value()));
        let calls = lock(&self.calls);
        let Some(call) = calls.get(id.value()) else {
            let released_until = lock(&self.released).get(id.value()).copied();
            let until = released_until
                .map_or(self.taking_up_until, |until| until.max(self.taking_up_until));
            let is_anothers = named.is_some() && Instant::now() < until;
            return if is_anothers { Owner::Another } else { Owner::Nobody };
        };
        match named {
            Some(named) if named == call.local_tag => Owner::Call(call.requests.clone()),
            Some(_) => Owner::Nobody,
            None => Owner::Ourselves,
        }
    }

    /// Whether a request is taken: one of a call, or within the limit of those that are answered all
    /// the same.
    fn takes(&self, request: &Request, from: SocketAddr) -> bool {
        // It has no answer, and none of ours may wait for it in vain.
        if request.method == Method::Ack {
            return true;
        }
        matches!(self.owner(request), Owner::Call(_))
            || self.peers.may_be_answered(from, Instant::now())
    }

    /// Takes a response; what is for the stack below comes back.
    fn respond(&self, response: Response, from: SocketAddr) -> Option<Response> {
        let Ok(key) = TransactionKey::from_response(&response, TransactionRole::Client) else {
            return Some(response);
        };
        let mut sent = lock(&self.sent);
        let Some(request) = sent.get_mut(&key) else { return Some(response) };
        *lock(&request.heard.source) = Some(from);
        let is_of_invite = response
            .cseq_header()
            .is_ok_and(|cseq| cseq.method().is_ok_and(|method| method == Method::Invite));
        let code = response.status_code.code();
        if !is_of_invite || code < 200 {
            return Some(response);
        }
        let is_repeated = code >= 300 && std::mem::replace(&mut request.is_refused, true);
        if !is_repeated
            && let Ok(id) = response.call_id_header()
            && let Some(call) = lock(&self.calls).get(id.value())
        {
            call.finals.fetch_add(1, Ordering::Relaxed);
        }
        if code >= 300 && !is_repeated {
            return Some(response);
        }
        // One for which there is no room comes again: it was not acknowledged.
        drop(request.successes.try_send(Box::new(response)));
        None
    }
}

#[async_trait::async_trait]
impl TransportEventInspector for Incoming {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        let TransportEvent::Incoming(message, connection, from) = event else { return Some(event) };
        let source = from.get_socketaddr().ok()?;
        let message = match message {
            SipMessage::Request(request) => {
                if !self.takes(&request, source) {
                    return None;
                }
                let message = SipMessage::Request(request);
                self.tap.heard(&message, false, Some(source));
                let SipMessage::Request(mut request) = message else { return None };
                null_tag::give(&mut request);
                if matches!(connection, SipConnection::Udp(_)) {
                    answer_to(&mut request, source)?;
                }
                SipMessage::Request(request)
            }
            SipMessage::Response(response) => {
                let message = SipMessage::Response(response);
                self.tap.heard(&message, false, Some(source));
                let SipMessage::Response(mut response) = message else { return None };
                tell_apart(&mut response);
                SipMessage::Response(self.respond(response, source)?)
            }
        };
        Some(TransportEvent::Incoming(message, connection, from))
    }
}

/// Writes into a request where it came from, which the stack below sends its answers to: never
/// where the Via itself leads (RFC 3581 section 4). `None` when it has no Via that can be read.
pub(super) fn answer_to(request: &mut Request, source: SocketAddr) -> Option<()> {
    let via = request.via_header_mut().ok()?;
    via.update_first_value(|via| {
        let mut via = via.typed()?;
        via.params.retain(|parameter| {
            !matches!(parameter, Param::Received(_) | Param::Rport(_) | Param::Maddr(_))
        });
        via.params.push(Param::Received(Received::new(source.ip().to_string())));
        via.params.push(Param::Rport(Some(source.port())));
        Ok(via.into())
    })
    .ok()
}

/// Where a request came from, as [`answer_to`] wrote it; `None` for one over a connection.
pub(super) fn source_of(request: &Request) -> Option<SocketAddr> {
    let via = request.via_header().ok()?.first_value().ok()?.typed().ok()?;
    let ip: IpAddr = via.received()?.ok()?;
    Some(SocketAddr::new(ip, via.rport()??))
}

/// Answers a request that belongs to no call: nobody can call this server, nor do we call ourselves.
async fn reject(mut transaction: Transaction, owner: &Owner) {
    let request = &transaction.original;
    let has_tag = request.to_header().is_ok_and(|to| tag(to.value()).is_some());
    let is_loop = matches!(owner, Owner::Ourselves);
    let status = match request.method {
        Method::Options => StatusCode::OK,
        Method::Ack => return,
        Method::Bye if has_tag => StatusCode::CallTransactionDoesNotExist,
        _ if matches!(owner, Owner::Another) => StatusCode::ServerInternalError,
        Method::Invite if is_loop => StatusCode::LoopDetected,
        _ if has_tag || is_loop => StatusCode::CallTransactionDoesNotExist,
        Method::Invite => StatusCode::Forbidden,
        _ => StatusCode::MethodNotAllowed,
    };
    let more = match status {
        StatusCode::ServerInternalError => header("Retry-After", "1"),
        _ => header("Allow", ALLOW),
    };
    if request.method == Method::Invite {
        // Without a transaction: a refusal that is repeated until it is acknowledged could be aimed
        // at somebody else.
        let mut response = transaction.endpoint_inner.make_response(request, status, None);
        response.headers.push(more);
        if let Some(connection) = &transaction.connection {
            let _ = connection.send(response.into(), None).await;
        }
        return;
    }
    let _ = transaction.reply_with(status, vec![more], None).await;
}

/// The stack below resolves nothing: where requests go is known before, answers go where their
/// request came from.
pub(super) struct NoNames;

#[async_trait::async_trait]
impl DomainResolver for NoNames {
    async fn resolve(&self, target: &SipAddr) -> rsipstack::Result<SipAddr> {
        Err(rsipstack::Error::DnsResolutionError(target.addr.to_string()))
    }
}

impl Drop for IncomingRequests {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        // A call that was let go of may have come back meanwhile.
        if calls.get(&self.call_id).is_some_and(|call| Arc::ptr_eq(&call.finals, &self.finals)) {
            calls.remove(&self.call_id);
        }
    }
}

impl Drop for IncomingSuccesses {
    fn drop(&mut self) {
        lock(&self.sent).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Recorder;

    fn request(via: &str) -> Request {
        let text = format!(
            "OPTIONS sip:x@h SIP/2.0\r\nVia: {via}\r\nFrom: <sip:y@h>;tag=1\r\nTo: <sip:x@h>\r\n\
             Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whoever_lets_go_of_a_call_id_takes_it_from_nobody_who_has_it_by_now() {
        let incoming =
            Incoming::new(Arc::new(Peers::new()), Tap::new(Recorder::off()), Instant::now());
        let before = incoming.requests("1", "a");
        let now = incoming.requests("1", "b");
        drop(before);
        assert_eq!(incoming.calls(), 1);
        drop(now);
        assert_eq!(incoming.calls(), 0);
    }

    #[test]
    fn answers_go_to_the_source_whatever_the_via_says() {
        for source in ["192.0.2.7:4000", "[2001:db8::7]:4000"] {
            let source: SocketAddr = source.parse().unwrap();
            for via in [
                "SIP/2.0/UDP victim.example;branch=z9hG4bK1",
                "SIP/2.0/UDP victim.example:9;branch=z9hG4bK1;rport",
                "SIP/2.0/UDP 198.51.100.1:9;branch=z9hG4bK1;received=198.51.100.2;rport=7",
                "SIP/2.0/UDP [2001:db8::1]:9;branch=z9hG4bK1;maddr=224.0.0.1;received=[::1]",
                "SIP/2.0/UDP 198.51.100.1, SIP/2.0/UDP 198.51.100.2",
            ] {
                let mut request = request(via);
                answer_to(&mut request, source).unwrap();
                assert_eq!(source_of(&request), Some(source), "{via}");
                let via = request.via_header().unwrap();
                let (_, to) = SipConnection::parse_target_from_via(via).unwrap();
                assert_eq!(SocketAddr::try_from(to).unwrap(), source, "{via}");
            }
        }
    }
}
