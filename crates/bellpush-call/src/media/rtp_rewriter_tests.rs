use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::{super::FRAME_SAMPLES, *};

const FRAME: Duration = super::super::FRAME;
const VISITOR: Source = Source::Visitor { ssrc: 7 };

fn packet(seq: u64, timestamp: u32) -> RtpTimes {
    RtpTimes { seq, timestamp, marker: false }
}

fn greeting(index: u32) -> RtpTimes {
    packet(index.into(), index * FRAME_SAMPLES)
}

#[test]
fn the_echo_runs_on_where_the_greeting_ended() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(65_534, u32::MAX - 960, 48_000);
    let first = rewriter.rewrite(now, Source::Greeting, greeting(0)).unwrap();
    assert_eq!(first, RtpTimes { seq: 65_534, timestamp: u32::MAX - 960, marker: true });
    let second = rewriter.rewrite(now + FRAME, Source::Greeting, greeting(1)).unwrap();
    assert_eq!(second, RtpTimes { seq: 65_535, timestamp: u32::MAX, marker: false });
    let echo = rewriter.rewrite(now + 3 * FRAME, VISITOR, packet(40_000, 123_456)).unwrap();
    assert_eq!(echo, RtpTimes { seq: 65_536, timestamp: 2 * 960 - 1, marker: true });
    let next = rewriter.rewrite(now + 4 * FRAME, VISITOR, packet(40_001, 124_416)).unwrap();
    assert_eq!(next, RtpTimes { seq: 65_537, timestamp: 3 * 960 - 1, marker: false });
}

#[test]
fn a_packet_from_before_the_switch_is_left_out() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(0, 0, 48_000);
    rewriter.rewrite(now, Source::Greeting, greeting(0)).unwrap();
    rewriter.rewrite(now, VISITOR, packet(10, 9_600)).unwrap();
    assert_eq!(rewriter.rewrite(now, VISITOR, packet(9, 8_640)), None);
}

#[test]
fn a_browser_that_changes_its_ssrc_is_a_new_source() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(0, 0, 48_000);
    rewriter.rewrite(now, VISITOR, packet(500, 1)).unwrap();
    let other = rewriter.rewrite(now + FRAME, Source::Visitor { ssrc: 8 }, packet(3, 77)).unwrap();
    assert_eq!(other, RtpTimes { seq: 1, timestamp: 960, marker: true });
}

#[test]
fn packets_left_out_leave_no_gap() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(0, 0, 48_000);
    let mut seqs = Vec::new();
    for seq in 0..1_000_u64 {
        if seq % 3 == 1 {
            rewriter.skip(VISITOR, seq);
        } else {
            let at = now + FRAME * u32::try_from(seq).unwrap();
            seqs.push(rewriter.rewrite(at, VISITOR, packet(seq, 960)).unwrap().seq);
        }
    }
    assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_late_packet_left_out_moves_nothing() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(0, 0, 48_000);
    rewriter.rewrite(now, VISITOR, packet(0, 0)).unwrap();
    rewriter.rewrite(now, VISITOR, packet(2, 1_920)).unwrap();
    rewriter.skip(VISITOR, 1);
    assert_eq!(rewriter.rewrite(now, VISITOR, packet(3, 2_880)).unwrap().seq, 3);
}

#[test]
fn a_press_made_here_goes_between_the_packets_of_the_source() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(0, 0, 48_000);
    for seq in 0..3_u32 {
        rewriter.rewrite(now + FRAME * seq, VISITOR, packet(seq.into(), seq * 960)).unwrap();
    }
    let first = rewriter.insert(now + FRAME * 3, None);
    assert_eq!(first, RtpTimes { seq: 3, timestamp: 3 * 960, marker: true });
    let second = rewriter.insert(now + FRAME * 4, Some(first.timestamp));
    assert_eq!(second, RtpTimes { seq: 4, timestamp: 3 * 960, marker: false });
    // Sound goes on after it, and one that was late has still its place before it.
    let after = rewriter.rewrite(now + FRAME * 5, VISITOR, packet(4, 4 * 960)).unwrap();
    assert_eq!((after.seq, after.timestamp), (6, 4 * 960), "number 3 was lost on its way");
    let late = rewriter.rewrite(now + FRAME * 5, VISITOR, packet(2, 2 * 960)).unwrap();
    assert_eq!(late.seq, 2);
}

#[test]
fn a_press_before_all_sound_starts_the_stream() {
    let now = Instant::now();
    let mut rewriter = RtpRewriter::new(7, 70, 8_000);
    assert_eq!(rewriter.insert(now, None), RtpTimes { seq: 7, timestamp: 70, marker: true });
    let sound = rewriter.rewrite(now + FRAME, VISITOR, packet(900, 12)).unwrap();
    assert_eq!(sound, RtpTimes { seq: 8, timestamp: 230, marker: true });
}

#[test]
fn a_change_of_codec_runs_on_at_the_new_clock_rate() {
    let now = Instant::now();
    let far_side = Source::FarSide { stream: 1 };
    let mut rewriter = RtpRewriter::new(0, 0, 8_000);
    rewriter.rewrite(now, far_side, packet(5, 1_000)).unwrap();
    rewriter.rewrite(now + FRAME, far_side, packet(6, 1_160)).unwrap();
    rewriter.set_clock_rate(48_000);
    let next = rewriter.rewrite(now + 4 * FRAME, far_side, packet(7, 40_000)).unwrap();
    assert_eq!(next, RtpTimes { seq: 2, timestamp: 160 + 3 * 960, marker: true });
    rewriter.set_clock_rate(48_000);
    let next = rewriter.rewrite(now + 5 * FRAME, far_side, packet(8, 40_960)).unwrap();
    assert_eq!(next, RtpTimes { seq: 3, timestamp: 160 + 4 * 960, marker: false });
}

/// What the network does to one packet of the visitor.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    Lost,
    LeftOut,
    /// Overtaken by this many packets.
    Late(usize),
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        1 => Just(Fate::LeftOut),
        1 => (1_usize..6).prop_map(Fate::Late),
    ]
}

proptest! {
    #[test]
    fn numbers_run_on_through_greeting_loss_reordering_and_wrap_around(
        start_seq: u16,
        start_timestamp: u32,
        visitor_seq in 0_u64..200_000,
        visitor_timestamp: u32,
        greeting_frames in 0_u32..20,
        fates in proptest::collection::vec(any_fate(), 1..300),
    ) {
        let begin = Instant::now();
        let mut rewriter = RtpRewriter::new(start_seq, start_timestamp, 48_000);
        // Out by sequence number.
        let mut out: BTreeMap<u64, u32> = BTreeMap::new();
        for index in 0..greeting_frames {
            let now = begin + FRAME * index;
            let times = rewriter.rewrite(now, Source::Greeting, greeting(index)).unwrap();
            prop_assert_eq!(times.seq, u64::from(start_seq) + u64::from(index));
            out.insert(times.seq, times.timestamp);
        }

        let mut arrivals: Vec<(usize, usize, Fate)> = fates
            .iter()
            .enumerate()
            .filter(|(_, fate)| !matches!(fate, Fate::Lost))
            .map(|(n, fate)| match fate {
                Fate::Late(by) => (n + by, n, *fate),
                _ => (n, n, *fate),
            })
            .collect();
        arrivals.sort_by_key(|(at, n, _)| (*at, *n));

        for (at, n, fate) in arrivals {
            let now = begin + FRAME * (greeting_frames + u32::try_from(at).unwrap());
            let seq = visitor_seq + n as u64;
            if matches!(fate, Fate::LeftOut) {
                rewriter.skip(VISITOR, seq);
                continue;
            }
            let offset = u32::try_from(n).unwrap() * FRAME_SAMPLES;
            let times = packet(seq, visitor_timestamp.wrapping_add(offset));
            if let Some(times) = rewriter.rewrite(now, VISITOR, times) {
                prop_assert_eq!(out.insert(times.seq, times.timestamp), None, "a number twice");
            }
        }

        // In the order of the numbers, time never stands still or runs back.
        let mut earlier = None;
        for (seq, timestamp) in out {
            if let Some((earlier_seq, earlier_timestamp)) = earlier {
                let samples = timestamp.wrapping_sub(earlier_timestamp);
                prop_assert!(seq > earlier_seq);
                prop_assert!((1..u32::MAX / 2).contains(&samples), "{samples} samples later");
            }
            earlier = Some((seq, timestamp));
        }
    }

    #[test]
    fn without_the_networks_doing_there_is_no_gap_at_all(
        start_seq: u16,
        visitor_seq in 0_u64..200_000,
        left_out in proptest::collection::vec(any::<bool>(), 1..300),
    ) {
        let begin = Instant::now();
        let mut rewriter = RtpRewriter::new(start_seq, 0, 48_000);
        let mut expected = u64::from(start_seq);
        for (n, left_out) in (0_u32..).zip(left_out) {
            let seq = visitor_seq + u64::from(n);
            if left_out {
                rewriter.skip(VISITOR, seq);
            } else {
                let times = packet(seq, n * FRAME_SAMPLES);
                let out = rewriter.rewrite(begin + FRAME * n, VISITOR, times).unwrap();
                prop_assert_eq!(out.seq, expected);
                expected += 1;
            }
        }
    }

    #[test]
    fn numbers_run_on_through_hold_presses_and_changes_of_codec(
        start_seq: u16,
        start_timestamp: u32,
        spans in proptest::collection::vec((0_usize..4, 1_u32..30, any::<bool>()), 1..12),
    ) {
        const SOURCES: [Source; 3] =
            [Source::FarSide { stream: 1 }, Source::FarSide { stream: 2 }, Source::Noise];
        let begin = Instant::now();
        let mut rewriter = RtpRewriter::new(start_seq, start_timestamp, 8_000);
        let (mut clock, mut ticks) = (8_000_u32, 0_u32);
        let mut seen: Vec<RtpTimes> = Vec::new();
        let mut sounding = Source::Noise;
        // Each source counts its own numbers, whether it is listened to or not.
        for (source, length, change) in spans {
            if change {
                clock = if clock == 8_000 { 48_000 } else { 8_000 };
                rewriter.set_clock_rate(clock);
            }
            let mut press = None;
            for _ in 0..length {
                let now = begin + FRAME * ticks;
                let own = packet(u64::from(ticks) + 1_000, ticks.wrapping_mul(clock / 50));
                let times = if let Some(source) = SOURCES.get(source) {
                    sounding = *source;
                    rewriter.rewrite(now, *source, own).unwrap()
                } else {
                    // What sounds meanwhile is left out.
                    rewriter.skip(sounding, own.seq);
                    rewriter.insert(now, press)
                };
                press = (source == SOURCES.len()).then_some(times.timestamp);
                seen.push(times);
                ticks += 1;
            }
        }
        for (n, times) in seen.iter().enumerate() {
            prop_assert_eq!(times.seq, u64::from(start_seq) + n as u64);
        }
        for pair in seen.windows(2) {
            let later = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            prop_assert!(later < 100_000, "{later} units later");
        }
    }
}
