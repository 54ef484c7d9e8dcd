mod consent;
mod nomination;

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use bellpush_test_fuzz::Seeds;

use super::{super::Protocol, path::Session, *};

const SECOND: Duration = Duration::from_secs(1);

/// A leg's ICE with a browser, in simulated time.
struct Simulation {
    now: Instant,
    ice: IceLite,
    remote: Credentials,
}

fn at(port: u16) -> TransportAddress {
    TransportAddress { protocol: Protocol::Udp, address: SocketAddr::from(([192, 0, 2, 1], port)) }
}

fn theirs() -> Credentials {
    Credentials { ufrag: "them".into(), password: "0123456789abcdef0123456789".into() }
}

/// A check, however right.
fn check(name: &str, password: &str, controlling: bool, nominates: bool) -> Vec<u8> {
    let check = StunMessage::binding_request(name, TransId::new(), controlling, 7, 1, nominates);
    bytes(check, password)
}

fn bytes(message: StunMessage<'_>, password: &str) -> Vec<u8> {
    let mut bytes = vec![0; 256];
    let length = message.to_bytes(Some(password.as_bytes()), &mut bytes, sha1_hmac).unwrap();
    bytes.truncate(length);
    bytes
}

impl Simulation {
    fn new() -> Self {
        Self { now: Instant::now(), ice: IceLite::new(theirs()), remote: theirs() }
    }

    /// Of a browser that is there, and has nominated this path.
    fn established(port: u16) -> Self {
        let mut call = Self::new();
        call.check(port, true);
        call.answer();
        assert_eq!(call.ice.media_path(call.now), Some(at(port)));
        call
    }

    /// A good check of the browser.
    fn good(&self, nominates: bool) -> Vec<u8> {
        let Credentials { ufrag, password } = self.ice.local();
        check(&format!("{ufrag}:{}", self.remote.ufrag), password, true, nominates)
    }

    /// A good check comes from this port, whoever has sent it.
    fn check(&mut self, port: u16, nominates: bool) -> StunOutcome {
        let check = self.good(nominates);
        self.ice.receive(self.now, at(port), &check)
    }

    /// What was sent: to which port, and what.
    fn sent(&mut self) -> Vec<(u16, Vec<u8>)> {
        let sent = std::iter::from_fn(|| self.ice.poll());
        sent.map(|(remote, bytes)| (remote.address.port(), bytes)).collect()
    }

    /// Whoever is at these ports answers our checks.
    fn answer_at(&mut self, is_there: impl Fn(u16) -> bool) {
        for (port, sent) in self.sent() {
            let message = StunMessage::parse(&sent).unwrap();
            if !message.is_binding_request() || !is_there(port) {
                continue;
            }
            let local = &self.ice.local().ufrag;
            assert_eq!(message.split_username(), Some((&*self.remote.ufrag, &**local)));
            assert!(message.verify(self.remote.password.as_bytes(), sha1_hmac));
            assert!(message.ice_controlled().is_some() && !message.use_candidate());
            let answer = StunMessage::binding_reply(message.trans_id(), at(port).address);
            let answer = bytes(answer, &self.remote.password);
            assert_eq!(self.ice.receive(self.now, at(port), &answer), StunOutcome::Consent);
        }
    }

    fn answer(&mut self) {
        self.answer_at(|_| true);
    }

    /// Lets time pass, with the browser at these ports.
    fn pass(&mut self, time: Duration, is_there: impl Fn(u16) -> bool) {
        let end = self.now + time;
        while let Some(at) = self.ice.next_deadline(self.now).filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.ice.tick(self.now);
            self.answer_at(&is_there);
        }
        self.now = end;
    }
}

#[test]
fn a_check_is_answered_with_where_it_came_from_after_one_of_ours() {
    let mut call = Simulation::new();
    assert!(call.ice.path(call.now).is_none());
    let check = call.good(false);
    assert_eq!(call.ice.receive(call.now, at(1), &check), StunOutcome::Check);
    let sent = call.sent();
    let [(1, ours), (1, answer)] = &sent[..] else { panic!("{sent:?}") };
    assert!(StunMessage::parse(ours).unwrap().is_binding_request());
    let answer = StunMessage::parse(answer).unwrap();
    assert!(answer.is_successful_binding_response());
    assert_eq!(answer.mapped_address(), Some(at(1).address));
    assert_eq!(answer.trans_id(), StunMessage::parse(&check).unwrap().trans_id());
    assert!(answer.verify(call.ice.local().password.as_bytes(), sha1_hmac));
    assert!(call.ice.knows(at(1)) && !call.ice.knows(at(2)));
    assert_eq!(call.ice.path(call.now), None, "nobody is known to be there");
}

#[test]
fn the_browser_nominates_a_path_and_may_change_its_mind() {
    let mut call = Simulation::new();
    for (port, nominates, selected) in
        [(1, false, None), (2, true, Some(2)), (3, false, Some(2)), (3, true, Some(3))]
    {
        call.check(port, nominates);
        call.answer();
        assert_eq!(call.ice.media_path(call.now), selected.map(at));
    }
    // The same port is another path by TCP, where the handshake has proved it.
    let by_tcp = TransportAddress { protocol: Protocol::Tcp, ..at(3) };
    assert!(!call.ice.knows(by_tcp));
    for selected in [at(3), by_tcp] {
        let check = call.good(true);
        call.ice.receive(call.now, by_tcp, &check);
        assert_eq!(call.ice.media_path(call.now), Some(selected));
    }
}

#[test]
fn nobody_else_is_answered() {
    let mut call = Simulation::new();
    let Credentials { ufrag, password } = call.ice.local().clone();
    let mut forged = call.good(true);
    forged[30] ^= 1;
    let mut response = call.good(true);
    response[0] = 1;
    let name = format!("{ufrag}:them");
    for (bytes, expected) in [
        (check(&name, "another password of theirs", true, true), StunOutcome::Foreign),
        (check(&format!("{ufrag}:they"), &password, true, true), StunOutcome::Foreign),
        (check("other:them", &password, true, true), StunOutcome::Foreign),
        (forged, StunOutcome::Foreign),
        (response, StunOutcome::Malformed),
        (vec![0; 20], StunOutcome::Malformed),
        (Vec::new(), StunOutcome::Malformed),
    ] {
        assert_eq!(call.ice.receive(call.now, at(1), &bytes), expected, "{bytes:?}");
    }
    assert!(!call.ice.knows(at(1)) && call.sent().is_empty());
}

#[test]
fn a_browser_that_does_not_want_to_control_is_told_to() {
    let mut call = Simulation::new();
    let Credentials { ufrag, password } = call.ice.local().clone();
    let check = check(&format!("{ufrag}:them"), &password, false, false);
    call.ice.receive(call.now, at(1), &check);
    let (_, answer) = call.sent().pop().unwrap();
    let answer = StunMessage::parse(&answer).unwrap();
    assert_eq!(answer.error_code().map(|(code, _)| code), Some(487));
}

#[test]
fn after_a_restart_only_new_checks_count_and_media_goes_on() {
    let mut call = Simulation::established(1);
    let old = call.good(true);
    let before = call.ice.local().clone();
    call.ice.restart(&theirs());
    assert!(*call.ice.local() == before, "the same credentials are no restart");
    call.remote.ufrag = "anew".into();
    call.ice.restart(&call.remote);
    assert!(*call.ice.local() != before);
    assert_eq!(call.ice.receive(call.now, at(2), &old), StunOutcome::Foreign);
    assert_eq!(call.ice.media_path(call.now), Some(at(1)));
    call.check(2, true);
    assert_eq!(call.ice.media_path(call.now), Some(at(1)), "the new one is not proved");
    call.answer();
    assert_eq!(call.ice.media_path(call.now), Some(at(2)));
}

#[test]
fn a_path_that_somebody_forges_gets_three_packets_and_no_media() {
    let mut call = Simulation::established(1);
    let mut to_forged = 0;
    for _ in 0..3 {
        assert_eq!(call.check(666, true), StunOutcome::Check);
    }
    for _ in 0..60 {
        to_forged += call.sent().iter().filter(|(port, _)| *port == 666).count();
        assert_eq!(call.ice.media_path(call.now), Some(at(1)));
        call.check(1, false);
        call.pass(SECOND, |port| port == 1);
    }
    assert!(to_forged <= 3, "{to_forged} packets");
    // An answer that somebody makes up is none: who is not there has not seen the question.
    let made_up = StunMessage::binding_reply(TransId::new(), at(666).address);
    let made_up = bytes(made_up, &call.remote.password);
    assert_eq!(call.ice.receive(call.now, at(666), &made_up), StunOutcome::Foreign);
    // Nor is one that comes from elsewhere.
    call.now += 10 * SECOND;
    call.check(666, true);
    let (_, ours) = call.sent().into_iter().find(|(port, _)| *port == 666).unwrap();
    let id = StunMessage::parse(&ours).unwrap().trans_id();
    let answer = bytes(StunMessage::binding_reply(id, at(1).address), &call.remote.password);
    assert_eq!(call.ice.receive(call.now, at(1), &answer), StunOutcome::Foreign);
    assert!(!call.ice.is_proved(call.now, at(666)));
}

#[test]
fn checks_that_are_replayed_from_elsewhere_never_take_the_place_of_the_path_in_use() {
    let mut call = Simulation::established(1);
    call.check(2, false);
    call.answer();
    let replayed = call.good(true);
    for port in 1_000..2_000 {
        call.ice.receive(call.now, at(port), &replayed);
        assert!(call.ice.knows(at(port)));
    }
    assert!(call.ice.knows(at(1)) && call.ice.knows(at(2)));
    assert_eq!(call.ice.media_path(call.now), Some(at(1)));
    assert_eq!(call.ice.paths.len(), MAX_PATHS);
}

#[test]
fn whoever_forges_many_addresses_has_three_packets_sent_to_a_host_and_ten_to_all() {
    let mut call = Simulation::established(1);
    // One host with another port each time, and many hosts.
    for hosts in [1, 40] {
        call.pass(10 * SECOND, |port| port == 1);
        call.sent();
        let check = call.good(true);
        let mut sent: Vec<(Instant, IpAddr)> = Vec::new();
        for n in 0..2_000_u16 {
            let ip = IpAddr::from([198, 51, 100, (n % hosts) as u8]);
            let address = SocketAddr::new(ip, 1_000 + n % 17);
            let remote = TransportAddress { protocol: Protocol::Udp, address };
            call.ice.receive(call.now, remote, &check);
            for (to, _) in std::mem::take(&mut call.ice.outgoing) {
                if to != at(1) {
                    assert_eq!(to, remote);
                    sent.push((call.now, to.address.ip()));
                }
            }
            call.pass(SECOND / 200, |port| port == 1);
        }
        // In any 5 s.
        for (n, (begin, host)) in sent.iter().enumerate() {
            let window = sent[n..].iter().filter(|(at, _)| *at - *begin < 5 * SECOND);
            assert!(window.clone().count() <= 10, "{hosts} hosts");
            assert!(window.filter(|(_, to)| to == host).count() <= 3, "{hosts} hosts");
        }
        assert!(sent.len() >= 6, "{hosts} hosts");
        assert_eq!(call.ice.media_path(call.now), Some(at(1)));
    }
    // Once that is over, the browser proves another path as ever.
    call.pass(5 * SECOND, |port| port == 1);
    call.check(2, true);
    call.answer();
    assert_eq!(call.ice.media_path(call.now), Some(at(2)));
}

/// The password of RFC 5769.
const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

fn vector(ufrag: &str) -> Credentials {
    Credentials { ufrag: ufrag.into(), password: PASSWORD.into() }
}

/// RFC 5769 sections 2.1 to 2.3.
#[test]
fn messages_are_those_of_rfc_5769() {
    let hex = |text: &str| -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
    };
    let request = hex("00010058 2112a442 b7e7a701bc34d686fa87dfae \
        80220010 5354554e207465737420636c69656e74 00240004 6e0001ff \
        80290008 932ff9b151263b36 00060009 6576746a3a68367659202020 \
        00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf");
    let by_ipv4 = hex("0101003c 2112a442 b7e7a701bc34d686fa87dfae \
        8022000b 7465737420766563746f7220 00200008 0001a147e112a643 \
        00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96");
    let by_ipv6 = hex("01010048 2112a442 b7e7a701bc34d686fa87dfae \
        8022000b 7465737420766563746f7220 \
        00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9 \
        00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c");
    let now = Instant::now();
    let new = || {
        let mut ice = IceLite::new(vector("h6vY"));
        ice.session = Arc::new(Session { local: vector("evtj"), remote: vector("h6vY") });
        ice
    };
    let mut ice = new();
    assert_eq!(ice.receive(now, at(1), &request), StunOutcome::Check);
    for (response, mapped) in
        [(by_ipv4, "192.0.2.1:32853"), (by_ipv6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
    {
        let mut ice = new();
        ice.receive(now, at(1), &request);
        let message = StunMessage::parse(&response).unwrap();
        assert_eq!(message.mapped_address(), Some(mapped.parse().unwrap()));
        ice.paths[0].checked(now, message.trans_id(), true);
        assert_eq!(ice.receive(now, at(1), &response), StunOutcome::Consent);
        // One bit of what is authenticated.
        let mut ice = new();
        ice.receive(now, at(1), &request);
        ice.paths[0].checked(now, message.trans_id(), true);
        let mut forged = response.clone();
        forged[40] ^= 1;
        assert_eq!(ice.receive(now, at(1), &forged), StunOutcome::Foreign);
    }
    let mut forged = request;
    forged[30] ^= 1;
    assert_eq!(new().receive(now, at(1), &forged), StunOutcome::Foreign);
}

/// A message with the right user name and these attributes, with its integrity, if wanted.
fn with_attributes(attributes: &[u8], is_signed: bool) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42];
    message.extend([7; 12]);
    message.extend([0, 6, 0, 9]);
    message.extend(b"evtj:h6vY\0\0\0");
    message.extend([0, 0x24, 0, 4, 0x6E, 0, 1, 0xFF]);
    message.extend(attributes);
    message.resize(message.len().next_multiple_of(4), 0);
    let length = message.len() - 20 + if is_signed { 24 } else { 0 };
    message[2..4].copy_from_slice(&(length as u16).to_be_bytes());
    if is_signed {
        let integrity = sha1_hmac(PASSWORD.as_bytes(), &[&message]);
        message.extend([0, 8, 0, 20]);
        message.extend(integrity);
    }
    message
}

/// A right user name, and odd attributes: whoever does not know the password is not answered, and
/// nothing breaks.
#[test]
fn fuzz_checks_with_odd_attributes() {
    let seeds: [&[u8]; 7] = [
        &[1, 0x80, 0x29, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x25, 0, 0],
        &[0, 0, 1, 0, 0, 0, 10, 0, 0, 0x80, 0x23, 0, 0, 0xC0, 0x57, 0, 1, 9, 0, 0, 0],
        &[0, 0, 9, 0, 4, 0, 0, 4, 0, 0, 0x20, 0, 4, 0, 1, 0, 0],
        &[1, 0, 8, 0, 20, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9],
        &[1, 0, 6, 0, 5, b'a', b':', b'b', 0xFF, 0, 0, 0, 0],
        &[0, 0x80, 0x28, 0, 4, 1, 2, 3, 4],
        &[1],
    ];
    let words = [&[0, 1, 0, 0][..], &[0, 8, 0, 20], &[0x80, 0x28, 0, 4], &[0, 0x12, 0, 0]];
    Seeds::new(seeds).words(words).run(5_000, |input| {
        let Some((kind, attributes)) = input.split_first() else { return };
        let is_signed = kind % 2 == 1;
        let mut ice = IceLite::new(vector("h6vY"));
        ice.session = Arc::new(Session { local: vector("evtj"), remote: vector("h6vY") });
        let message = with_attributes(attributes, is_signed);
        let outcome = ice.receive(Instant::now(), at(1), &message);
        assert!(is_signed || !matches!(outcome, StunOutcome::Check | StunOutcome::Consent));
        assert_eq!(outcome == StunOutcome::Check, ice.poll().is_some());
        if message.len() > 1_280 {
            assert_eq!(outcome, StunOutcome::Malformed);
        }
    });
}

/// Each byte is something that happens; at the odd ports there is nobody. However addresses change,
/// what is not small goes to nobody who has not answered, and little goes there at all.
#[test]
fn fuzz_changes_of_address() {
    let seeds: [&[u8]; 4] =
        [&[0, 8, 1, 16], &[0, 8, 9, 9, 9, 24, 1, 8], &[8, 32, 0, 40, 9, 17, 25], &[12; 40]];
    Seeds::new(seeds).run(3_000, |input| {
        let mut call = Simulation::new();
        let mut forged = 0_usize;
        let mut to_nobody = 0_usize;
        let is_there = |port: u16| port.is_multiple_of(2);
        for byte in input.iter().take(300) {
            let port = u16::from(byte & 7);
            let nominates = byte & 8 != 0;
            match byte >> 4 {
                0..=5 => {
                    forged += usize::from(!is_there(port));
                    call.check(port, nominates);
                }
                6 => {
                    call.ice.heard(call.now, at(port));
                }
                7 => {
                    call.remote.ufrag = format!("them{port}");
                    call.ice.restart(&call.remote);
                }
                // Nobody hears.
                8 => drop(call.sent()),
                9 => {
                    let far = 1_000 + 2 * u16::from(*byte) + 1;
                    forged += 1;
                    call.check(far, nominates);
                }
                seconds => call.now += SECOND * u32::from(seconds - 9),
            }
            call.ice.tick(call.now);
            let sent = std::mem::take(&mut call.ice.outgoing);
            to_nobody += sent.iter().filter(|(to, _)| !is_there(to.address.port())).count();
            assert!(sent.iter().all(|(_, bytes)| bytes.len() <= MESSAGE_BYTES));
            call.ice.outgoing = sent;
            answer_of_present_session(&mut call, is_there);
            for path in [call.ice.path(call.now), call.ice.media_path(call.now)] {
                assert!(path.is_none_or(|path| is_there(path.address.port())), "{path:?}");
            }
            assert!(call.ice.paths.len() <= MAX_PATHS);
        }
        assert!(to_nobody <= 2 * forged, "{to_nobody} packets for {forged} forged checks");
    });
}

/// As [`Simulation::answer_at`], of a browser that has forgotten its last session.
fn answer_of_present_session(call: &mut Simulation, is_there: impl Fn(u16) -> bool) {
    for (port, sent) in call.sent() {
        let Ok(message) = StunMessage::parse(&sent) else { continue };
        if message.is_binding_request()
            && is_there(port)
            && message.verify(call.remote.password.as_bytes(), sha1_hmac)
        {
            let answer = StunMessage::binding_reply(message.trans_id(), at(port).address);
            let answer = bytes(answer, &call.remote.password);
            call.ice.receive(call.now, at(port), &answer);
        }
    }
}
