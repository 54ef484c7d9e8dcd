//! The reports of the trunk's side: what is said of both streams, and when (RFC 3550 section 6).
//!
//! Pure: datagrams go in with the time, and come out when they are due.

mod packet;

use std::time::{Duration, Instant};

use packet::{ReportBlock, RtcpItem, SenderInfo, read, write_cname, write_goodbye, write_report};

use super::Reception;

/// Between two reports on average: the least that section 6.2 allows.
const INTERVAL: Duration = Duration::from_secs(5);
/// Between two ticks of the slowest clock that an end may measure its delay with, 20 ms, in units of
/// 1/65,536 s.
const COARSEST_TICK: i32 = 65_536 / 50;
/// From 1900, where NTP counts from, to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// The wall clock's time at a moment of the monotonic one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WallClock {
    at: Instant,
    since_1970: Duration,
}

impl WallClock {
    pub(crate) fn new(at: Instant, since_1970: Duration) -> Self {
        Self { at, since_1970 }
    }

    fn ntp(self, now: Instant) -> u64 {
        let time = self.since_1970 + now.saturating_duration_since(self.at);
        let parts = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
        (time.as_secs() + NTP_TO_UNIX) << 32 | parts
    }
}

/// How the far side hears us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemoteReception {
    /// Loss of the packets sent since the report before, in percent.
    pub(crate) loss_percent: u8,
    /// Loss of all.
    pub(crate) lost: u64,
    /// In our stream's timestamp units.
    pub(crate) jitter: u32,
}

/// One RTP session's reports.
#[derive(Debug)]
pub(crate) struct RtcpSession {
    ssrc: u32,
    cname: String,
    clock: WallClock,
    sent: Option<LastSent>,
    packets: u32,
    octets: u32,
    last_sr: Option<SenderReport>,
    round_trip: Option<Duration>,
    remote_reception: Option<RemoteReception>,
    due: Instant,
    random: u32,
}

/// What a sender said last of its stream.
#[derive(Debug, Clone, Copy)]
struct SenderReport {
    ssrc: u32,
    /// The middle of its NTP time.
    ntp: u32,
    received: Instant,
}

/// The packet that was sent last.
#[derive(Debug, Clone, Copy)]
struct LastSent {
    at: Instant,
    timestamp: u32,
}

impl RtcpSession {
    /// For our stream `ssrc`, which is random. `cname` names us without telling who we are
    /// (RFC 7022).
    pub(crate) fn new(now: Instant, ssrc: u32, cname: String, clock: WallClock) -> Self {
        let mut session = Self {
            ssrc,
            cname,
            clock,
            sent: None,
            packets: 0,
            octets: 0,
            last_sr: None,
            round_trip: None,
            remote_reception: None,
            due: now,
            // The SSRC is as random as it needs to be; zero would stay zero.
            random: ssrc | 1,
        };
        // The first comes after half the time (section 6.2).
        session.due = now + session.interval() / 2;
        session
    }

    /// A packet of ours went out.
    pub(crate) fn sent(&mut self, now: Instant, timestamp: u32, payload_octets: usize) {
        self.sent = Some(LastSent { at: now, timestamp });
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload_octets as u32);
    }

    /// Takes in a datagram of reports. Whether the far side says goodbye.
    pub(crate) fn receive(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let mut goodbye = false;
        read(datagram, |item| match item {
            RtcpItem::Sender { ssrc, info } => {
                let ntp = (info.ntp >> 16) as u32;
                self.last_sr = Some(SenderReport { ssrc, ntp, received: now });
            }
            RtcpItem::Block(block) if block.ssrc == self.ssrc => self.take_report_block(now, block),
            RtcpItem::Block(_) => {}
            RtcpItem::Goodbye { .. } => goodbye = true,
        });
        goodbye
    }

    /// From our packet to the far side and back, without its own time.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// What the far side said last.
    pub(crate) fn remote_reception(&self) -> Option<RemoteReception> {
        self.remote_reception
    }

    /// When [`RtcpSession::poll`] is due.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.due
    }

    /// Writes a report into `out`, which is emptied, if one is due. `far_side` is the SSRC of what
    /// is received.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        far_side: Option<u32>,
        reception: &mut Reception,
        clock_rate: u32,
        out: &mut Vec<u8>,
    ) -> bool {
        if now < self.due {
            return false;
        }
        self.due = now + self.interval();
        self.report(now, far_side, reception, clock_rate, out);
        true
    }

    /// Writes the end of our stream into `out`, which is emptied.
    pub(crate) fn goodbye(
        &mut self,
        now: Instant,
        far_side: Option<u32>,
        reception: &mut Reception,
        clock_rate: u32,
        out: &mut Vec<u8>,
    ) {
        self.report(now, far_side, reception, clock_rate, out);
        write_goodbye(out, self.ssrc);
    }

    fn report(
        &mut self,
        now: Instant,
        far_side: Option<u32>,
        reception: &mut Reception,
        clock_rate: u32,
        out: &mut Vec<u8>,
    ) {
        out.clear();
        // Who has sent nothing of late is no sender (section 6.4).
        let recent = self.sent.filter(|sent| now.saturating_duration_since(sent.at) < 2 * INTERVAL);
        let info = recent.map(|sent| {
            let later = now.saturating_duration_since(sent.at).as_micros();
            let units = later * u128::from(clock_rate) / 1_000_000;
            SenderInfo {
                ntp: self.clock.ntp(now),
                // Wraps around as timestamps do.
                timestamp: sent.timestamp.wrapping_add(units as u32),
                packets: self.packets,
                octets: self.octets,
            }
        });
        let block = far_side.and_then(|ssrc| {
            let received = reception.report()?;
            // Another source's clock says nothing of this one's.
            let last_sr = self.last_sr.filter(|last| last.ssrc == ssrc);
            let (last_sr, delay_since_last_sr) = last_sr.map_or((0, 0), |last| {
                (last.ntp, short_ntp(now.saturating_duration_since(last.received)))
            });
            Some(ReportBlock {
                ssrc,
                fraction_lost: received.fraction_lost,
                lost: received.lost.min(i32::MAX as u64) as i32,
                highest_seq: received.highest_seq,
                jitter: received.jitter,
                last_sr,
                delay_since_last_sr,
            })
        });
        write_report(out, self.ssrc, info, block);
        write_cname(out, self.ssrc, &self.cname);
    }

    fn take_report_block(&mut self, now: Instant, block: ReportBlock) {
        self.remote_reception = Some(RemoteReception {
            loss_percent: (u32::from(block.fraction_lost) * 100 / 256) as u8,
            lost: block.lost.max(0) as u64,
            jitter: block.jitter,
        });
        if block.last_sr == 0 {
            return;
        }
        let arrived = (self.clock.ntp(now) >> 16) as u32;
        let units = arrived.wrapping_sub(block.last_sr).wrapping_sub(block.delay_since_last_sr);
        // Nobody holds a report for half of the time that it takes to wrap around. So this is less
        // than nothing, where the round trip is shorter than a tick of the clock that measured the delay.
        let units = units as i32;
        if units >= -COARSEST_TICK {
            let units = u64::from(units.max(0).unsigned_abs());
            self.round_trip = Some(Duration::from_micros((units * 1_000_000) >> 16));
        }
    }

    /// From half to one and a half of the average, so that ends do not report in step.
    fn interval(&mut self) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        INTERVAL / 2 + INTERVAL.mul_f64(f64::from(self.random) / f64::from(u32::MAX))
    }
}

fn short_ntp(duration: Duration) -> u32 {
    (duration.as_micros() * 65_536 / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn session(now: Instant, ssrc: u32) -> RtcpSession {
        let clock = WallClock::new(now, Duration::from_secs(1_800_000_000));
        RtcpSession::new(now, ssrc, "bell".into(), clock)
    }

    #[test]
    fn ntp_counts_from_1900_in_binary_parts() {
        let now = Instant::now();
        let clock = WallClock::new(now, Duration::from_secs(1));
        assert_eq!(clock.ntp(now + SECOND / 2), 2_208_988_801 << 32 | 1 << 31);
    }

    #[test]
    fn two_ends_measure_the_delay_between_them() {
        let begin = Instant::now();
        let (mut a, mut b) = (session(begin, 1), session(begin, 2));
        let (mut from_a, mut from_b) = (Reception::new(8_000), Reception::new(8_000));
        let one_way = Duration::from_millis(30);
        for n in 0..1_000_u32 {
            let now = begin + Duration::from_millis(20) * n;
            a.sent(now, n * 160, 160);
            b.sent(now, n * 160, 160);
            if n % 10 != 3 {
                from_a.packet(now + one_way, 65_536 + u64::from(n), n * 160);
            }
            from_b.packet(now + one_way, 65_536 + u64::from(n), n * 160);
            let mut out = Vec::new();
            if a.poll(now, Some(2), &mut from_b, 8_000, &mut out) {
                assert!(!b.receive(now + one_way, &out));
            }
            if b.poll(now, Some(1), &mut from_a, 8_000, &mut out) {
                assert!(!a.receive(now + one_way, &out));
            }
        }
        let error = a.round_trip().unwrap().abs_diff(2 * one_way);
        assert!(error < Duration::from_millis(1), "{:?}", a.round_trip());
        let heard = a.remote_reception().unwrap();
        assert!((9..=11).contains(&heard.loss_percent), "{}", heard.loss_percent);
        assert!((70..=100).contains(&heard.lost), "{}", heard.lost);
        assert_eq!(b.remote_reception().unwrap().lost, 0);
    }

    #[test]
    fn what_one_source_has_said_of_its_clock_is_not_held_against_another() {
        let begin = Instant::now();
        let (mut a, mut b) = (session(begin, 1), session(begin, 2));
        let mut out = Vec::new();
        b.sent(begin, 0, 160);
        b.report(begin, None, &mut Reception::new(8_000), 8_000, &mut out);
        a.receive(begin, &out);
        for (ssrc, is_told) in [(2, true), (3, false)] {
            let mut reception = Reception::new(8_000);
            reception.packet(begin, 70_000, 0);
            a.report(begin + SECOND, Some(ssrc), &mut reception, 8_000, &mut out);
            let mut block = None;
            read(&out, |item| {
                if let RtcpItem::Block(of) = item {
                    block = Some(of);
                }
            });
            let block = block.unwrap();
            assert_eq!((block.ssrc, block.last_sr != 0), (ssrc, is_told));
            assert_eq!(block.delay_since_last_sr, if is_told { 65_536 } else { 0 });
        }
    }

    #[test]
    fn a_delay_too_short_for_the_far_sides_clock_is_none_at_all() {
        let begin = Instant::now();
        let answer = |held: Duration| {
            let mut session = session(begin, 1);
            let last_sr = (session.clock.ntp(begin) >> 16) as u32;
            let delay_since_last_sr = short_ntp(held);
            session.take_report_block(
                begin + SECOND,
                ReportBlock { ssrc: 1, last_sr, delay_since_last_sr, ..ReportBlock::default() },
            );
            session.round_trip()
        };
        assert_eq!(answer(SECOND / 2), Some(SECOND / 2));
        assert_eq!(answer(SECOND), Some(Duration::ZERO));
        assert_eq!(answer(SECOND + SECOND / 100), Some(Duration::ZERO));
        // What cannot be is not believed.
        assert_eq!(answer(2 * SECOND), None);
    }

    #[test]
    fn reports_come_every_five_seconds_or_so() {
        let begin = Instant::now();
        for ssrc in 0..50 {
            let mut session = session(begin, ssrc);
            let mut reception = Reception::new(8_000);
            let mut out = Vec::new();
            let first = session.next_deadline();
            assert!((SECOND..=SECOND * 4).contains(&(first - begin)));
            let mut last = first;
            for _ in 0..20 {
                assert!(session.poll(last, None, &mut reception, 8_000, &mut out));
                assert!(!session.poll(last, None, &mut reception, 8_000, &mut out));
                let wait = session.next_deadline() - last;
                assert!((SECOND * 5 / 2..=SECOND * 15 / 2).contains(&wait), "{wait:?}");
                last = session.next_deadline();
            }
        }
    }

    #[test]
    fn who_only_listens_says_so() {
        let begin = Instant::now();
        let mut quiet = session(begin, 1);
        let mut out = Vec::new();
        let later = begin + 10 * SECOND;
        assert!(quiet.poll(later, None, &mut Reception::new(8_000), 8_000, &mut out));
        assert_eq!(out.get(1), Some(&201));
        quiet.sent(later, 0, 160);
        assert!(quiet.poll(
            later + 10 * SECOND - SECOND / 10,
            None,
            &mut Reception::new(8_000),
            8_000,
            &mut out
        ));
        assert_eq!(out.get(1), Some(&200));
    }

    #[test]
    fn a_goodbye_is_heard() {
        let begin = Instant::now();
        let (mut a, mut b) = (session(begin, 1), session(begin, 2));
        let mut out = Vec::new();
        a.goodbye(begin, None, &mut Reception::new(8_000), 8_000, &mut out);
        assert!(b.receive(begin, &out));
    }
}
