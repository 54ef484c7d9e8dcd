use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    Codec,
    legs::sip::{Direction, Format},
};

const FRAME: Duration = Duration::from_millis(20);
const SECOND: Duration = Duration::from_secs(1);
/// Branches of a fork on one host, and others.
const A: &str = "203.0.113.5:4000";
const B: &str = "203.0.113.5:5000";

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn plan(remote: SocketAddr) -> MediaPlan {
    MediaPlan {
        remote,
        rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
        codec: Codec::Pcma,
        payload_type: 8,
        receive: vec![(8, Format::Speech(Codec::Pcma))],
        telephone_event: None,
        direction: Direction::SendReceive,
        ptime: FRAME,
        srtp: None,
        rtcp_mux: false,
        comfort_noise: None,
    }
}

/// A selection on simulated time.
struct Test {
    selection: SourceSelection,
    now: Instant,
}

impl Test {
    fn new(stale: Vec<RtpSource>) -> Self {
        let selection = SourceSelection::new(Latching::Signalling, None, stale);
        Self { selection, now: Instant::now() }
    }

    fn agreed(remote: &str) -> Self {
        let mut test = Self::new(Vec::new());
        test.agree(remote);
        test
    }

    fn agree(&mut self, remote: &str) {
        self.selection.agree(self.now, &plan(at(remote)));
    }

    /// Each of these sends a packet every 20 ms for so long. How many of each are heard, and how often
    /// it changed.
    fn send<const N: usize>(
        &mut self,
        duration: Duration,
        sources: [(&str, u32); N],
    ) -> ([u32; N], u32) {
        let (mut heard, mut changes) = ([0; N], 0);
        let end = self.now + duration;
        while self.now < end {
            for (n, (remote, ssrc)) in sources.into_iter().enumerate() {
                match self.selection.select(self.now, at(remote), ssrc) {
                    Selected::Present => heard[n] += 1,
                    Selected::New => (heard[n], changes) = (heard[n] + 1, changes + 1),
                    Selected::Other => {}
                }
            }
            self.now += FRAME;
        }
        (heard, changes)
    }
}

#[test]
fn a_branch_that_lost_stays_unheard_however_long_it_goes_on() {
    let mut test = Test::agreed(A);
    assert_eq!(test.send(SECOND, [(A, 1)]), ([50], 1));
    test.agree(B);
    test.selection.answered(test.now);
    assert_eq!(test.send(3 * SECOND, [(A, 1), (B, 2)]), ([0, 150], 1));
    // Neither when the winner pauses: it has to stop first.
    assert_eq!(test.send(20 * SECOND, [(A, 1)]), ([0], 0));
    test.now += LOST_FOR;
    assert_eq!(test.send(SECOND, [(A, 1)]), ([50], 1));
    // Also before the winner says anything.
    test.agree(A);
    test.agree(B);
    assert_eq!(test.send(SECOND, [(B, 2)]), ([50], 1));
    test.agree("203.0.113.5:6000");
    assert_eq!(test.send(SECOND, [(B, 2)]), ([0], 0));
}

#[test]
fn a_branch_behind_the_same_port_gives_way_to_the_one_that_answered() {
    let mut test = Test::agreed(A);
    test.send(SECOND, [(A, 1)]);
    test.selection.answered(test.now);
    let (heard, changes) = test.send(3 * SECOND, [(A, 1), (A, 2)]);
    assert!(heard[0] <= 1 && heard[1] >= 149 && changes == 1, "{heard:?}");
}

#[test]
fn of_two_streams_only_one_is_heard_until_it_stops() {
    for other in [(A, 2), (B, 1), (B, 2)] {
        let mut test = Test::agreed(A);
        test.send(SECOND / 5, [(A, 1)]);
        // The answer is some time ago.
        test.now += 3 * SECOND;
        assert_eq!(test.send(5 * SECOND, [(A, 1), other]), ([250, 0], 0), "{other:?}");
        let (heard, changes) = test.send(SECOND, [other]);
        assert!((39..=41).contains(&heard[0]) && changes == 1, "{heard:?}");
    }
}

#[test]
fn the_port_that_was_named_comes_before_any_other_of_its_host() {
    let mut test = Test::agreed(A);
    // It sends from elsewhere, which is taken after a while.
    let (heard, _) = test.send(SECOND, [(B, 1)]);
    assert!((38..=41).contains(&heard[0]), "{heard:?}");
    assert_eq!(test.send(SECOND, [(B, 1), (A, 2)]).0[1], 50);
    assert_eq!(test.send(SECOND, [(B, 1)]), ([0], 0));
}

#[test]
fn what_the_call_before_heard_is_not_heard_in_this_one() {
    let stale = RtpSource { remote: at(A), ssrc: 1 };
    let mut test = Test::new(vec![stale]);
    test.agree(A);
    assert_eq!(test.send(SECOND, [(A, 1)]), ([0], 0));
    assert_eq!(test.send(2 * SECOND, [(A, 1), (A, 2)]), ([0, 100], 1));
    // A telephone whose SSRC is always the same is heard in the end.
    let mut test = Test::new(vec![stale]);
    test.agree(A);
    let (heard, _) = test.send(10 * SECOND, [(A, 1)]);
    assert!((245..=251).contains(&heard[0]), "{heard:?}");
}

#[test]
fn a_hold_changes_nobody() {
    let mut test = Test::agreed(A);
    test.send(SECOND, [(A, 1)]);
    test.agree("0.0.0.0:4000");
    assert_eq!(test.send(SECOND, [(A, 1)]), ([50], 0));
    test.agree(A);
    assert_eq!(test.send(SECOND, [(A, 1)]), ([50], 0));
}

#[test]
fn who_is_named_again_is_heard_again() {
    let mut test = Test::agreed(A);
    test.send(SECOND, [(A, 1)]);
    test.agree(B);
    test.send(SECOND, [(B, 2)]);
    test.agree(A);
    assert_eq!(test.send(SECOND, [(A, 1), (B, 2)]), ([50, 0], 1));
}

#[test]
fn a_named_telephone_is_heard_at_once_whoever_was_first() {
    let (telephone, other_port, stranger) =
        ("192.168.1.5:4000", "192.168.1.5:4002", "203.0.113.9:6000");
    for latching in [Latching::Any, Latching::Signalling] {
        for from in [telephone, other_port] {
            let mut test = Test::new(Vec::new());
            test.selection = SourceSelection::new(latching, None, Vec::new());
            test.selection.set_signalling("203.0.113.9".parse().unwrap());
            test.agree(telephone);
            assert_eq!(test.send(SECOND, [(stranger, 1)]), ([50], 1));
            let plan = plan(at(telephone));
            assert_eq!(test.selection.address().rtp(&plan), at(stranger));
            // The stranger goes on all the same, and does so after the telephone has stopped.
            assert_eq!(test.send(SECOND, [(stranger, 1), (from, 2)]), ([1, 50], 1), "{from}");
            assert_eq!(test.selection.address().rtp(&plan), at(telephone));
            assert_eq!(test.send(10 * SECOND, [(stranger, 1), (stranger, 3)]), ([0, 0], 0));
            assert_eq!(test.send(SECOND, [(from, 2)]), ([50], 0));
        }
    }
}

#[test]
fn whoever_says_each_packet_by_another_stream_is_heard_by_one_new_one_a_second() {
    // Always from the port that is named, and from there and another in turns.
    for ports in [[A, A], [A, B]] {
        let mut test = Test::agreed(A);
        let mut changes = 0;
        for n in 0..100 {
            let selected = test.selection.select(test.now, at(ports[n % 2]), n as u32);
            changes += usize::from(selected == Selected::New);
            test.now += STOPPED;
        }
        // The first in 20 s is not one, but was awaited.
        assert!((8..=21).contains(&changes), "{changes}");
    }
}

#[test]
fn a_telephone_that_changes_its_stream_without_a_word_is_heard_within_a_second() {
    let mut test = Test::agreed(A);
    test.send(3 * SECOND, [(A, 1)]);
    for ssrc in 2..20 {
        let (heard, changes) = test.send(SECOND * 3 / 2, [(A, ssrc)]);
        assert!(heard[0] >= 25 && changes == 1, "{heard:?}");
    }
}

/// What happens to a selection.
#[derive(Debug, Clone)]
enum Step {
    Passes(u64),
    Agree(usize),
    Answered,
    Signalling(usize),
    Packet(usize, u32),
}

/// Hosts of every kind, each with two ports.
const ADDRESSES: [&str; 10] = [
    "10.0.0.5:4000",
    "10.0.0.5:4002",
    "10.0.0.6:4000",
    "203.0.113.5:4000",
    "203.0.113.5:4002",
    "198.51.100.7:4000",
    "198.51.100.7:4002",
    "[2001:db8::5]:4000",
    "[fd00::5]:4000",
    "0.0.0.0:4000",
];

fn any_step() -> impl Strategy<Value = Step> {
    let any_address = || 0..ADDRESSES.len();
    prop_oneof![
        3 => (0_u64..400).prop_map(Step::Passes),
        1 => any_address().prop_map(Step::Agree),
        1 => Just(Step::Answered),
        1 => any_address().prop_map(Step::Signalling),
        12 => (any_address(), 1_u32..3).prop_map(|(address, ssrc)| Step::Packet(address, ssrc)),
    ]
}

fn is_internal(ip: IpAddr) -> bool {
    ["10.0.0.5", "10.0.0.6", "fd00::5", "0.0.0.0"]
        .map(|ip| ip.parse::<IpAddr>().unwrap())
        .contains(&ip)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// No order of packets and signalling lets a stranger in, or lets two be heard at once.
    #[test]
    fn nobody_is_heard_but_who_was_named_or_signals_and_only_one_at_a_time(
        steps in proptest::collection::vec(any_step(), 1..120),
    ) {
        let mut selection = SourceSelection::new(Latching::Signalling, None, Vec::new());
        let mut now = Instant::now();
        let (mut named, mut signalling) = (None::<SocketAddr>, None::<IpAddr>);
        // Hosts that were heard since the host that is named was.
        let mut is_pinned = false;
        let mut heard: Option<(RtpSource, Instant)> = None;
        let mut signalled: Option<Instant> = None;
        for step in steps {
            match step {
                Step::Passes(millis) => now += Duration::from_millis(millis),
                Step::Agree(address) => {
                    let address = at(ADDRESSES[address]);
                    if !(address.ip().is_unspecified() && named.is_some()) {
                        is_pinned &= named.is_some_and(|named| named.ip() == address.ip());
                        named = Some(address);
                    }
                    signalled = Some(now);
                    selection.agree(now, &plan(address));
                }
                Step::Answered => {
                    signalled = Some(now);
                    selection.answered(now);
                }
                Step::Signalling(address) => {
                    signalling = Some(at(ADDRESSES[address]).ip());
                    selection.set_signalling(at(ADDRESSES[address]).ip());
                }
                Step::Packet(address, ssrc) => {
                    let remote = at(ADDRESSES[address]);
                    let selected = selection.select(now, remote, ssrc);
                    if selected == Selected::Other {
                        continue;
                    }
                    let named_ip = named.expect("heard before anything was agreed on").ip();
                    let source = RtpSource { remote, ssrc };
                    let latches = is_internal(named_ip)
                        && !is_internal(remote.ip())
                        && (signalling == Some(remote.ip())
                            || heard.is_some_and(|(before, _)| before.remote == remote));
                    prop_assert!(
                        remote.ip() == named_ip || (latches && !is_pinned),
                        "{} is heard, though {:?} is named and {:?} signals", remote, named, signalling,
                    );
                    is_pinned |= remote.ip() == named_ip;
                    prop_assert_eq!(selection.source(), Some(source));
                    if let Some((before, last)) = heard.filter(|(before, _)| *before != source) {
                        // The port that is named, its host, and then whoever is latched on.
                        let rank = |source: RtpSource| match named {
                            Some(named) if source.remote == named => 0,
                            Some(named) if source.remote.ip() == named.ip() => 1,
                            _ => 2,
                        };
                        prop_assert!(
                            now - last >= STOPPED
                                || signalled.is_some_and(|at| now - at < CHANGING)
                                || rank(source) < rank(before),
                            "{:?} takes the place of {:?}", source, before,
                        );
                        prop_assert_eq!(selected, Selected::New);
                    }
                    heard = Some((source, now));
                }
            }
        }
    }
}

#[test]
fn reports_are_of_the_source_that_is_heard() {
    let mut test = Test::agreed(A);
    let plan = plan(at(A));
    let may_report = |test: &Test, remote: &str| test.selection.may_report(at(remote), &plan);
    // As long as nothing is heard, the named host may send them from any port.
    assert!(may_report(&test, B) && !may_report(&test, "203.0.113.6:4001"));
    test.send(SECOND, [(A, 1)]);
    for (remote, expected) in [
        (A, true),
        ("203.0.113.5:4001", true),
        ("[::ffff:203.0.113.5]:4001", true),
        // Another branch of the fork, and anybody else on that host.
        (B, false),
        ("203.0.113.5:5001", false),
        ("203.0.113.6:4001", false),
    ] {
        assert_eq!(may_report(&test, remote), expected, "{remote}");
    }
    assert!(test.selection.is_of_present(1) && !test.selection.is_of_present(2));
}

#[test]
fn behind_a_nat_reports_come_from_any_port_of_its_host() {
    let mut test = Test::agreed("10.0.0.5:4000");
    test.selection.set_signalling("203.0.113.5".parse().unwrap());
    test.send(SECOND, [(A, 1)]);
    let plan = plan(at("10.0.0.5:4000"));
    assert!(test.selection.may_report(at("203.0.113.5:61000"), &plan));
    assert!(!test.selection.may_report(at("203.0.113.6:4001"), &plan));
}
