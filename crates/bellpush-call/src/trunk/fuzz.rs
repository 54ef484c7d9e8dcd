//! What far sides send: messages one by one, and whole exchanges with the running trunks.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bellpush_core::ids::{DestinationId, TrunkId};
use bellpush_test_fuzz::Seeds;
use rsipstack::{
    sip::{Request, Response, SipMessage, Transport},
    transaction::key::{TransactionKey, TransactionRole},
    transport::SipConnection,
};
use tokio::{runtime::Runtime, sync::mpsc};
use uuid::Uuid;

use super::{
    authentication::Authentication,
    body::{response_sdp, sdp},
    dialog::{Dialog, to_tag},
    message_parts::{address, bye_cause, has_token, info_digit, split_list, uri, value},
    session_timer::{Negotiated, SessionTimer},
    *,
};
use crate::Codec;

const INVITE: &str = "INVITE sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;\
    branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\n\
    To: <sip:100@127.0.0.1>\r\nCall-ID: 1@x\r\nCSeq: 1 INVITE\r\n\
    Contact: <sip:a@127.0.0.1:5060>\r\nContent-Length: 0\r\n\r\n";

/// What goes before the body in every message of an exchange: filled in from our INVITE.
const DIALOG: &str = "Via: $V\r\nFrom: $F\r\nTo: $T;tag=far\r\nCall-ID: $I\r\n";
/// The same in a request of the far side.
const BACK: &str = "Via: SIP/2.0/UDP $A;branch=z9hG4bK$N;rport\r\nMax-Forwards: 70\r\n\
    From: $T;tag=far\r\nTo: $F\r\nCall-ID: $I\r\n";
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8\r\n";
/// Between two messages of an exchange.
const NEXT: &str = "\u{1e}";

/// Parts of SIP that a change at random would hardly make.
const WORDS: [&str; 23] = [
    "\r\n\r\n",
    "\r\n ",
    ",",
    ";",
    "Content-Length: 99999999999\r\n",
    "l: 0\r\n",
    "Session-Expires: 90;refresher=uac\r\n",
    "x: 18446744073709551615\r\n",
    "Min-SE: 4294967296\r\n",
    "Require: 100rel\r\nRSeq: 4294967295\r\n",
    "Reason: Q.850;cause=16;text=\"a, b\"\r\n",
    "Record-Route: <sip:127.0.0.1:9;lr>,<sip:[::1];lr>\r\n",
    "Contact: \"x <\\\"\" <sip:%41@[::1]:65535;transport=tcp?a=b>;expires=0\r\n",
    "Contact: *\r\n",
    "WWW-Authenticate: Digest realm=\"a\\\"b\", nonce=\"\", qop=\"auth,auth-int\", algorithm=SHA-256\r\n",
    "Proxy-Authenticate: Digest realm=x,nonce=y,stale=TRUE,opaque=\"\\",
    "RAck: 1 1 INVITE\r\n",
    "Via: SIP/2.0/UDP 127.0.0.1;received=::1;rport=0;maddr=224.0.0.1\r\n",
    "Content-Type: application/dtmf-relay\r\n\r\nSignal=%\r\n",
    "Retry-After: -1 (x)\r\n",
    "sip:%2525%00%ff@\u{e9}",
    "\r\nContent-Length:\r\n x\r\n",
    "CSeq: 4294967296 ",
];

fn response(status: &str, cseq: &str, more: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {status}\r\n{DIALOG}CSeq: {cseq}\r\nContact: <sip:100@$A>\r\n{more}{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn request(method: &str, cseq: u32, more: &str, body: &str) -> String {
    format!(
        "{method} $U SIP/2.0\r\n{BACK}CSeq: {cseq} {method}\r\nContact: <sip:100@$A>\r\n{more}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What far sides do in a call.
fn exchanges() -> Vec<String> {
    let ok = response("200 OK", "$C", "Session-Expires: 90;refresher=uac\r\n", SDP);
    let reliable = "Require: 100rel\r\nRSeq: 1\r\n";
    let kind = "Content-Type: application/sdp\r\n";
    let key = "Content-Type: application/dtmf-relay\r\n";
    let challenge = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"y\", qop=\"auth\", \
                     algorithm=SHA-256, opaque=\"z\"\r\n";
    [
        vec![response("180 Ringing", "$C", "", ""), ok.clone(), request("BYE", 1, "", "")],
        vec![
            response("183 Session Progress", "$C", reliable, SDP),
            request("UPDATE", 1, kind, SDP),
            response("200 OK", "2 PRACK", "", ""),
            ok.clone(),
        ],
        vec![
            ok.clone(),
            request("INVITE", 1, kind, SDP),
            request("INVITE", 2, "", ""),
            request("INFO", 3, key, "Signal=5\r\nDuration=160\r\n"),
            request("OPTIONS", 4, "", ""),
            request("REFER", 5, "Refer-To: <sip:x@y>\r\n", ""),
            request("UPDATE", 6, "Session-Expires: 90\r\nSupported: timer\r\n", ""),
            request("BYE", 7, "Reason: Q.850;cause=16\r\n", ""),
        ],
        vec![response("407 Proxy Authentication Required", "$C", challenge, ""), ok],
        vec![response("422 Session Interval Too Small", "$C", "Min-SE: 1800\r\n", "")],
        vec![response("302 Moved", "$C", "Contact: <sip:y@z>\r\n", "")],
        vec![response("503 Unavailable", "$C", "Retry-After: 5\r\n", "")],
        vec![INVITE.to_owned(), request("CANCEL", 1, "", ""), request("ACK", 1, "", "")],
    ]
    .map(|messages| messages.join(NEXT))
    .into()
}

/// Everything that this edge reads out of a message, without a socket.
#[test]
fn fuzz_messages_of_far_sides() {
    let messages = exchanges();
    let messages = messages.iter().flat_map(|exchange| exchange.split(NEXT));
    Seeds::new(messages).words(WORDS).run(4_000, |bytes| {
        if let Ok(Some(length)) = stream::frame(bytes) {
            assert!(0 < length && length <= bytes.len());
        }
        let Ok(message) = SipMessage::try_from(&*head::of_datagram(bytes)) else { return };
        let from: SocketAddr = (Ipv4Addr::LOCALHOST, 5_060).into();
        let Ok(message) = SipConnection::update_msg_received(message, from, Transport::Udp) else {
            return;
        };
        // What we repeat of it can be read again, if only by those who read it now.
        drop(SipMessage::try_from(&message.to_bytes()[..]));
        match message {
            SipMessage::Request(request) => read_request(&request),
            SipMessage::Response(response) => read_response(&response),
        }
    });
}

fn read_request(request: &Request) {
    drop(TransactionKey::from_request(request, TransactionRole::Server));
    let headers = &request.headers;
    let _ = (bye_cause(headers), sdp(headers, &request.body));
    let _ = info_digit(value(headers, "Content-Type").unwrap_or_default(), &request.body);
    if let Some(mut dialog) = dialog_with(&sample_response()) {
        dialog.match_request(request);
        dialog.refresh_target(headers, None);
        let _ = dialog.next_hop().map(|uri| uri.to_string());
    }
    check_timer(|timer, now| {
        if let Negotiated::Accepted(agreed) = timer.negotiate(headers) {
            timer.agree(now, agreed);
        }
    });
}

fn read_response(response: &Response) {
    drop(TransactionKey::from_response(response, TransactionRole::Client));
    let credentials = Credentials { username: "u\"".into(), password: "p".into() };
    let (realms, mut invite) = (Mutex::default(), sample_invite());
    let mut authentication = Authentication::new(Some(&credentials), &realms);
    if authentication.is_challenged(response) {
        authentication.authorize(&mut invite);
        for header in invite.headers.iter() {
            let line = header.to_string();
            assert!(!line.contains(['\r', '\n']), "{line:?}");
        }
    }
    let _ = (to_tag(response), response_sdp(response), response.status_code.code());
    let _ = has_token(&response.headers, "Require", "100rel");
    if let Some(dialog) = dialog_with(response) {
        let _ = dialog.next_hop().map(|uri| uri.to_string());
    }
    for header in response.headers.iter() {
        for part in split_list(header.value()) {
            let _ = address(part).and_then(uri).map(|uri| uri.to_string());
        }
    }
    check_timer(|timer, now| timer.on_response(now, &response.headers));
}

/// Whatever a timer is told, what it wants done lies ahead, and before the session's end.
fn check_timer(tell: impl Fn(&mut SessionTimer, Instant)) {
    let now = Instant::now();
    let mut timer = SessionTimer::new(Duration::from_secs(90));
    tell(&mut timer, now);
    if let (Some((at, _)), Some(end)) = (timer.next(), timer.expires_at()) {
        assert!(now < at && at < end);
    }
}

fn dialog_with(response: &Response) -> Option<Dialog> {
    Dialog::from_response(&sample_invite(), response, None, "us")
}

fn sample_invite() -> Request {
    match SipMessage::try_from(INVITE.as_bytes()) {
        Ok(SipMessage::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn sample_response() -> Response {
    let text = response("200 OK", "1 INVITE", "", "").replace("$A", "127.0.0.1");
    match SipMessage::try_from(text.as_bytes()) {
        Ok(SipMessage::Response(response)) => response,
        other => panic!("{other:?}"),
    }
}

/// A call whose INVITE has come to the far side.
struct Placed {
    invite: String,
    to_trunk: mpsc::Sender<TrunkCommand>,
    from_trunk: mpsc::Receiver<TrunkEvent>,
}

/// The trunks of this process, and a far side for them.
struct Exchange {
    runtime: Runtime,
    trunks: Trunks,
    trunk: Mutex<TrunkConfig>,
    stack: SocketAddr,
    far: UdpSocket,
    calls: AtomicUsize,
    panics: Arc<Mutex<Vec<String>>>,
}

/// The name of the threads whose panics are faults: elsewhere, tests panic on purpose.
const THREAD: &str = "fuzzed-trunks";

fn exchange() -> &'static Exchange {
    static EXCHANGE: OnceLock<Exchange> = OnceLock::new();
    EXCHANGE.get_or_init(|| {
        let panics: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, before) = (Arc::clone(&panics), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some(THREAD) {
                seen.lock().unwrap().push(panic.to_string());
            }
            before(panic);
        }));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(THREAD)
            .enable_all()
            .build()
            .unwrap();
        let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        far.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut config = TrunksConfig::new((Ipv4Addr::LOCALHOST, 0).into());
        config.t1 = Duration::from_millis(50);
        let trunks = runtime.block_on(Trunks::start(config)).unwrap();
        let trunk = TrunkConfig {
            id: TrunkId::from_uuid(Uuid::from_u128(1)),
            domain: "127.0.0.1".into(),
            outbound_proxy: None,
            port: Some(far.local_addr().unwrap().port()),
            transport: SipTransport::Udp,
            credentials: Some(Credentials { username: "u".into(), password: "p".into() }),
            realms: Vec::new(),
            registration: None,
            keep_alive: None,
            caller: CallerIdentity::default(),
            rewrite_contact: true,
            trusted_certificates: None,
        };
        runtime.block_on(async { trunks.set(vec![trunk.clone()]) });
        let stack = trunks.0.stack.local;
        let calls = AtomicUsize::new(0);
        Exchange { runtime, trunks, trunk: Mutex::new(trunk), stack, far, calls, panics }
    })
}

impl Exchange {
    /// The next that comes to the far side, of whatever call, and begins like this; `None` when
    /// nothing comes for a while.
    fn hear(&self, start: &str) -> Option<String> {
        let mut datagram = [0; 4_096];
        loop {
            let (length, _) = self.far.recv_from(&mut datagram).ok()?;
            let text = String::from_utf8_lossy(&datagram[..length]);
            if text.starts_with(start) {
                return Some(text.into_owned());
            }
        }
    }

    /// Takes another trunk to the same far side, of which nothing is known.
    fn renew_trunk(&self) {
        let mut trunk = self.trunk.lock().unwrap();
        trunk.id = TrunkId::from_uuid(Uuid::from_u128(trunk.id.uuid().as_u128() + 1));
        self.runtime.block_on(async { self.trunks.set(vec![trunk.clone()]) });
    }

    /// Places a call; its INVITE, and the ends of its task. `None` when no INVITE comes.
    fn place(&'static self, user: &str) -> Option<Placed> {
        let (sender, mut from_trunk) = mpsc::channel(64);
        let to_trunk = self.runtime.block_on(async {
            self.trunks.call(Box::new(move |message| {
                let sender = sender.clone();
                // Nobody has to read them.
                Box::pin(async move { drop(sender.try_send(message)) })
            }))
        });
        let target = SipTarget {
            profile_id: DestinationId::from_uuid(Uuid::nil()),
            trunk_id: self.trunk.lock().unwrap().id,
            to: Callee::User(SipUser::try_from(user).unwrap()),
            caller: CallerIdentity::default(),
            headers: Vec::new(),
            codecs: CodecPolicy { offer: vec![Codec::Pcma], opus_to_browser: false },
            srtp: SrtpPolicy::Off,
            latching: Latching::Signalling,
            session_timer: None,
            open: None,
        };
        let invite = TrunkCommand::Invite { target: Box::new(target), sdp: SDP.to_owned() };
        to_trunk.blocking_send(invite).expect("the call's task is gone");
        for _ in 0..20 {
            if let Some(invite) = self.hear(&format!("INVITE sip:{user}@")) {
                return Some(Placed { invite, to_trunk, from_trunk });
            }
            while let Ok(event) = from_trunk.try_recv() {
                if let TrunkEvent::Failed(_) = event {
                    return None;
                }
            }
        }
        None
    }

    /// One call, to which the far side says all of this.
    fn run(&'static self, input: &[u8]) {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let user = format!("call-{number}");
        let placed = self.place(&user).or_else(|| {
            // An earlier call was told by a 503 to leave the far side alone for a while.
            self.renew_trunk();
            self.place(&user)
        });
        let Placed { invite, to_trunk, mut from_trunk } = placed.expect("the trunks are silent");
        let field = |name: &str| {
            let line = invite.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        let contact = field("Contact: ");
        let contact = contact.trim_start_matches('<').split('>').next().unwrap_or_default();
        for (n, message) in String::from_utf8_lossy(input).split(NEXT).take(12).enumerate() {
            let message = message
                .replace("$V", &field("Via: "))
                .replace("$F", &field("From: "))
                .replace("$T", &field("To: "))
                .replace("$I", &field("Call-ID: "))
                .replace("$C", &field("CSeq: "))
                .replace("$A", &self.far.local_addr().unwrap().to_string())
                .replace("$N", &format!("{number}.{n}"))
                .replace("$U", contact);
            // One that is too long for a datagram is not sent.
            let _ = self.far.send_to(message.as_bytes(), self.stack);
            while let Ok(TrunkEvent::Offered { request, .. }) = from_trunk.try_recv() {
                let _ =
                    to_trunk.try_send(TrunkCommand::AnswerOffer { request, sdp: SDP.to_owned() });
            }
        }
        drop(to_trunk);
    }

    /// Whether the stack still answers everybody.
    fn answers(&self) {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let options = INVITE
            .replace("INVITE", "OPTIONS")
            .replace("Call-ID: 1", &format!("Call-ID: options-{number}"))
            .replace("z9hG4bK1", &format!("z9hG4bKoptions{number}"));
        // How many strangers are answered in a second is limited, and the inputs have been some.
        let is_answered = (0..40).any(|_| {
            self.far.send_to(options.as_bytes(), self.stack).unwrap();
            while let Some(text) = self.hear("SIP/2.0 200") {
                if text.contains(&format!("options-{number}")) {
                    return true;
                }
            }
            false
        });
        assert!(is_answered, "the stack is dead");
    }
}

#[test]
fn fuzz_exchanges_with_trunks() {
    Seeds::new(exchanges()).words(WORDS).run(250, |input| {
        let exchange = exchange();
        exchange.run(input);
        if exchange.calls.load(Ordering::Relaxed).is_multiple_of(100) {
            exchange.answers();
        }
        let panics = exchange.panics.lock().unwrap();
        assert!(panics.is_empty(), "{panics:?}");
    });
    exchange().answers();
}
