//! The leg with a browser at the other end, in simulated time.

use std::collections::VecDeque;

use str0m::{
    change::SdpAnswer,
    media::{Direction, MediaKind},
};

use super::*;

const FRAME: Duration = Duration::from_millis(20);

/// A network between a leg and a browser that takes its time and loses nothing.
struct Simulation {
    now: Instant,
    /// One way.
    delay: Duration,
    leg: WebRtcLeg,
    leg_due: Instant,
    browser: Rtc,
    browser_due: Instant,
    on_the_way: VecDeque<(Instant, Vec<u8>, Toward)>,
    told: Vec<LegEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Toward {
    Leg,
    Browser,
}

fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 10_000))
}

fn home() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 7], 40_000))
}

impl Simulation {
    fn start(delay: Duration) -> Self {
        let now = Instant::now();
        let mut browser = Rtc::builder().set_rtp_mode(true).build(now);
        browser.add_local_candidate(str0m::Candidate::host(home(), "udp").unwrap());
        let mut changes = browser.sdp_api();
        changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let answerer = Answerer::new(&[server()], &Identity::new().unwrap()).unwrap();
        let offer = Offer::parse(&offer.to_sdp_string()).unwrap();
        let (leg, answer) = answerer.answer(now, offer, &[Codec::Opus]).unwrap();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        browser.sdp_api().accept_answer(pending, answer).unwrap();
        let (on_the_way, told) = (VecDeque::new(), Vec::new());
        let (leg_due, browser_due) = (now, now);
        Self { now, delay, leg, leg_due, browser, browser_due, on_the_way, told }
    }

    /// Has time pass, with everything that happens in it.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let arrival = self.on_the_way.front().map(|(at, ..)| *at);
            let next = [Some(self.leg_due), Some(self.browser_due), arrival];
            let next = next.into_iter().flatten().min().unwrap().max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            if arrival.is_some_and(|at| at <= next) {
                self.arrive();
            } else if self.leg_due <= next {
                self.leg.tick(next);
            } else {
                self.browser.handle_input(Input::Timeout(next)).unwrap();
            }
        }
    }

    fn arrive(&mut self) {
        let Some((_, bytes, toward)) = self.on_the_way.pop_front() else { return };
        match toward {
            Toward::Leg => {
                self.leg.receive(self.now, Protocol::Udp, home(), server(), &bytes);
            }
            Toward::Browser => {
                let receive = Receive::new(Protocol::Udp, server(), home(), &bytes).unwrap();
                self.browser.handle_input(Input::Receive(self.now, receive)).unwrap();
            }
        }
    }

    fn settle(&mut self) {
        let at = self.now + self.delay;
        loop {
            match self.leg.poll() {
                LegOutput::Transmit(transmit) => {
                    let bytes = transmit.contents.to_vec();
                    self.on_the_way.push_back((at, bytes, Toward::Browser));
                }
                LegOutput::Event(event) => self.told.push(event),
                LegOutput::Wait(due) => {
                    self.leg_due = due;
                    break;
                }
            }
        }
        loop {
            match self.browser.poll_output().unwrap() {
                Output::Transmit(transmit) => {
                    let bytes = transmit.contents.to_vec();
                    self.on_the_way.push_back((at, bytes, Toward::Leg));
                }
                Output::Event(_) => {}
                Output::Timeout(due) => {
                    self.browser_due = due;
                    break;
                }
            }
        }
    }

    /// The far side speaks for so long.
    fn speak(&mut self, time: Duration) {
        let frames = time.as_millis() / FRAME.as_millis();
        for n in 0..frames as u32 {
            let times = RtpTimes { seq: n.into(), timestamp: n * 960, marker: n == 0 };
            self.leg.send(self.now, Codec::Opus, times, Arc::from([0xF8, 1, 2]));
            self.pass(FRAME);
        }
    }

    fn round_trips(&self) -> Vec<Duration> {
        let round_trip = |event: &LegEvent| match event {
            LegEvent::RoundTrip(round_trip) => Some(*round_trip),
            _ => None,
        };
        self.told.iter().filter_map(round_trip).collect()
    }
}

#[test]
fn the_browsers_reports_tell_how_long_the_way_to_it_and_back_is() {
    let mut call = Simulation::start(Duration::from_millis(60));
    call.pass(Duration::from_secs(2));
    assert!(call.told.iter().any(|event| matches!(event, LegEvent::Connected)), "{:?}", call.told);
    assert!(call.round_trips().is_empty(), "nothing was reported yet");
    call.speak(Duration::from_secs(20));
    let told = call.round_trips();
    assert!(told.len() >= 2, "{told:?}");
    for round_trip in told {
        // RFC 3550 section 6.4.1 counts in 1/65536 s.
        let error = round_trip.abs_diff(Duration::from_millis(120));
        assert!(error < Duration::from_millis(1), "{round_trip:?}");
    }
    // Somebody moved to a slower network.
    call.delay = Duration::from_millis(200);
    call.speak(Duration::from_secs(20));
    let last = *call.round_trips().last().unwrap();
    assert!(last.abs_diff(Duration::from_millis(400)) < Duration::from_millis(1), "{last:?}");
}
