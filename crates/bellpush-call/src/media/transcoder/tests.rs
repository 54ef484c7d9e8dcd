use proptest::prelude::*;

use super::{
    super::{g711::Law, opus},
    *,
};

const MS: Duration = Duration::from_millis(1);
const PTIME: Duration = Duration::from_millis(20);

/// What was sent.
#[derive(Debug, Clone)]
struct Sent {
    at: Duration,
    times: RtpTimes,
    payload: Vec<u8>,
}

/// A packet on its way.
#[derive(Debug, Clone)]
struct Arrival {
    at: Duration,
    times: RtpTimes,
    payload: Vec<u8>,
}

fn times(seq: u64, timestamp: u32) -> RtpTimes {
    RtpTimes { seq, timestamp, marker: false }
}

fn tone(from: usize, samples: usize) -> Vec<i16> {
    (from..from + samples)
        .map(|n| ((n as f32 * 440.0 * std::f32::consts::TAU / 8_000.0).sin() * 8_000.0) as i16)
        .collect()
}

/// A-law packets of a tone, with `samples` each.
fn a_law(packets: usize, samples: usize) -> Vec<Arrival> {
    (0..packets)
        .map(|n| Arrival {
            at: MS * (n * samples / 8) as u32,
            times: times(70_000 + n as u64, (n * samples) as u32),
            payload: tone(n * samples, samples).iter().map(|s| Law::A.encode(*s)).collect(),
        })
        .collect()
}

/// Lets the transcoder run for as long as it takes.
fn run(
    transcoder: &mut Transcoder,
    begin: Instant,
    from: Codec,
    arrivals: Vec<Arrival>,
) -> Vec<Sent> {
    run_counting(transcoder, begin, from, arrivals).0
}

/// The same, and how many packets came too late.
fn run_counting(
    transcoder: &mut Transcoder,
    begin: Instant,
    from: Codec,
    mut arrivals: Vec<Arrival>,
) -> (Vec<Sent>, usize) {
    arrivals.sort_by_key(|arrival| arrival.at);
    let mut arrivals = arrivals.into_iter().peekable();
    let (mut sent, mut late) = (Vec::new(), 0);
    loop {
        let due = transcoder.next_deadline().map(|due| due - begin);
        let arrival = arrivals.next_if(|next| due.is_none_or(|due| next.at <= due));
        if let Some(Arrival { at, times, payload }) = arrival {
            let inserted = transcoder.packet(begin + at, from, times, &payload);
            late += usize::from(inserted == Inserted::Late);
        } else if let Some(at) = due {
            if let Some(packet) = transcoder.poll(begin + at) {
                sent.push(Sent { at, times: packet.times, payload: packet.payload.to_vec() });
            }
        } else {
            return (sent, late);
        }
    }
}

/// What it sends until then.
fn until(transcoder: &mut Transcoder, begin: Instant, end: Duration) -> Vec<Sent> {
    let mut sent = Vec::new();
    while let Some(due) = transcoder.next_deadline().filter(|due| *due < begin + end) {
        if let Some(packet) = transcoder.poll(due) {
            let (times, payload) = (packet.times, packet.payload.to_vec());
            sent.push(Sent { at: due - begin, times, payload });
        }
    }
    sent
}

fn transcoder(begin: Instant, from: Codec, to: Codec) -> Transcoder {
    Transcoder::new(begin, from.clock_rate(), to, PTIME).unwrap()
}

fn transcode(from: Codec, to: Codec, arrivals: Vec<Arrival>) -> Vec<Sent> {
    let begin = Instant::now();
    run(&mut transcoder(begin, from, to), begin, from, arrivals)
}

/// Those sent while sound came in: what follows is silence until it is given up.
fn within(sent: &[Sent], duration: Duration) -> Vec<Sent> {
    sent.iter().filter(|packet| packet.at < duration).cloned().collect()
}

fn heard(sent: &[Sent]) -> Vec<i16> {
    sent.iter()
        .flat_map(|packet| packet.payload.iter().map(|octet| Law::A.decode(*octet)))
        .collect()
}

/// How much of a signal is the tone, from 0 to 1.
fn purity(samples: &[i16]) -> f64 {
    opus::tests::purity(samples, 440.0)
}

fn assert_continuous(sent: &[Sent], units: u32) {
    for pair in sent.windows(2) {
        assert_eq!(pair[1].times.seq, pair[0].times.seq + 1);
        assert_eq!(pair[1].times.timestamp.wrapping_sub(pair[0].times.timestamp), units);
        assert_eq!(pair[1].at - pair[0].at, PTIME);
        assert!(!pair[1].times.marker);
    }
}

#[test]
fn a_tone_goes_to_opus_and_back() {
    let opus = within(&transcode(Codec::Pcma, Codec::Opus, a_law(100, 160)), MS * 2_000);
    assert_eq!(opus.len(), 100);
    assert_continuous(&opus, 960);
    assert!(opus[0].times.marker);
    assert!(opus.iter().all(|packet| packet.payload.len() < 160), "it is no smaller than G.711");
    let back = opus
        .into_iter()
        .map(|Sent { at, times, payload }| Arrival { at, times, payload })
        .collect();
    let back = within(&transcode(Codec::Opus, Codec::Pcma, back), MS * 2_000);
    assert_continuous(&back, 160);
    let heard = heard(&back);
    assert!(purity(&heard[1_600..]) > 0.95, "{:.3}", purity(&heard[1_600..]));
}

#[test]
fn the_laws_of_g711_are_translated_without_a_codec_between() {
    let sent = within(&transcode(Codec::Pcma, Codec::Pcmu, a_law(50, 160)), MS * 1_000);
    let expected = a_law(50, 160);
    for (out, input) in sent.iter().zip(&expected) {
        for (out, input) in out.payload.iter().zip(&input.payload) {
            assert_eq!(*out, Law::Mu.encode(Law::A.decode(*input)));
        }
    }
}

#[test]
fn packets_of_every_length_become_packets_of_20_ms() {
    for samples in [80, 160, 240, 320, 480] {
        let sent = transcode(Codec::Pcma, Codec::Pcma, a_law(16_000 / samples, samples));
        let sent = within(&sent, MS * 2_000);
        assert_continuous(&sent, 160);
        let heard = heard(&sent);
        let purity = purity(&heard[4_800..14_400]);
        assert!(purity > 0.98, "{samples} samples: {purity:.3}");
    }
}

#[test]
fn sound_waits_for_little_more_than_a_packet_on_a_steady_line() {
    let arrivals = a_law(100, 160);
    let sent = transcode(Codec::Pcma, Codec::Pcma, arrivals.clone());
    assert_eq!(sent[0].at, FIRST_WAIT);
    // To the end nothing was made up, and the wait did not grow.
    assert_eq!(sent[99].payload, arrivals[99].payload);
}

/// Late by 0 to 60 ms, as the last bits of a counter have it.
fn jittered(packets: usize) -> Vec<Arrival> {
    let mut state = 1_u32;
    let mut arrivals = a_law(packets, 160);
    for arrival in &mut arrivals {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        arrival.at += MS * ((state >> 16) % 60);
    }
    arrivals
}

#[test]
fn jitter_is_waited_for_and_then_nothing_is_missing() {
    let begin = Instant::now();
    let mut transcoder = transcoder(begin, Codec::Pcma, Codec::Pcma);
    let (sent, late) = run_counting(&mut transcoder, begin, Codec::Pcma, jittered(500));
    let sent = within(&sent, MS * 9_900);
    assert_continuous(&sent, 160);
    let heard = heard(&sent);
    let purity = purity(&heard[4 * 8_000..]);
    assert!(purity > 0.98, "{purity:.3}");
    assert!(late <= 5, "{late} were late");
}

#[test]
fn the_wait_gets_short_again_when_the_jitter_is_over() {
    let mut arrivals = jittered(200);
    arrivals.extend(a_law(1_500, 160).split_off(200));
    let sent = transcode(Codec::Pcma, Codec::Pcma, arrivals);
    // The last packet's sound is what the last packet but a few sounds like.
    let last = MS * 1_499 * 20;
    let end = sent.iter().filter(|packet| packet.at > last);
    let sounding = end.take_while(|packet| {
        packet.payload.iter().map(|octet| i32::from(Law::A.decode(*octet)).abs()).max()
            > Some(6_000)
    });
    let wait = 20 * sounding.count();
    assert!(wait <= 80, "{wait} ms after {} packets", sent.len());
}

#[test]
fn ten_percent_of_loss_is_hidden() {
    let arrivals: Vec<Arrival> = a_law(500, 160)
        .into_iter()
        .enumerate()
        .filter(|(n, _)| n % 10 != 7)
        .map(|(_, arrival)| arrival)
        .collect();
    let sent = within(&transcode(Codec::Pcma, Codec::Pcma, arrivals), MS * 9_900);
    assert_continuous(&sent, 160);
    let heard = heard(&sent);
    assert!(purity(&heard) > 0.9, "{:.3}", purity(&heard));
}

#[test]
fn a_sender_that_pauses_is_followed_by_noise_and_then_by_nothing() {
    let mut arrivals = a_law(50, 160);
    arrivals.extend(a_law(300, 160).split_off(200));
    let sent = transcode(Codec::Pcma, Codec::Pcma, arrivals);
    let pause: Vec<&Sent> =
        sent.iter().filter(|packet| (MS * 1_200..MS * 1_900).contains(&packet.at)).collect();
    assert!(pause.len() > 30, "noise stopped after {} packets", pause.len());
    for packet in &pause {
        let loudest = packet.payload.iter().map(|o| i32::from(Law::A.decode(*o)).abs()).max();
        assert!((1..400).contains(&loudest.unwrap()), "{loudest:?}");
    }
    assert!(!sent.iter().any(|packet| (MS * 2_100..MS * 3_900).contains(&packet.at)));
    // Sound after the pause begins a talk spurt, as much later as it is.
    let [before, after] = sent
        .windows(2)
        .find(|pair| pair[1].at - pair[0].at > MS * 1_000)
        .map(|pair| [pair[0].clone(), pair[1].clone()])
        .unwrap();
    assert!(after.times.marker);
    assert_eq!(after.times.seq, before.times.seq + 1);
    let later = u128::from(after.times.timestamp - before.times.timestamp) / 8;
    assert!(later.abs_diff((after.at - before.at).as_millis()) <= 1, "{later} ms");
}

#[test]
fn announced_silence_is_noise_of_the_announced_level_until_somebody_speaks() {
    let begin = Instant::now();
    let mut transcoder = transcoder(begin, Codec::Pcmu, Codec::Pcma);
    transcoder.packet(begin, Codec::Pcmu, times(70_000, 0), &[0x80; 160]);
    transcoder.comfort_noise(begin, &[35]);
    // For much longer than who stops without a word is filled in for.
    let sent = until(&mut transcoder, begin, MS * 5_000);
    assert_eq!(sent.len(), 250);
    assert_continuous(&sent, 160);
    let noise = heard(&sent[2..]);
    let power: f64 = noise.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / noise.len() as f64;
    let level = -10.0 * (power / 32_768.0_f64.powi(2)).log10();
    assert!((level - 35.0).abs() < 2.0, "{level:.1} dB down");
    transcoder.packet(begin + MS * 5_000, Codec::Pcmu, times(70_250, 40_000), &[0xFF; 160]);
    let after = run(&mut transcoder, begin, Codec::Pcmu, Vec::new());
    assert!(after.len() < 60, "it never ends");
}

#[test]
fn a_silence_is_noise_also_where_it_is_announced_before_anything_is_said_or_long_after() {
    let begin = Instant::now();
    let mut transcoder = transcoder(begin, Codec::Pcmu, Codec::Pcma);
    transcoder.comfort_noise(begin, &[35]);
    let sent = until(&mut transcoder, begin, MS * 5_000);
    assert_eq!(sent.len(), 250);
    assert_continuous(&sent, 160);
    // It is spoken then, and without a word no more.
    transcoder.packet(begin + MS * 5_000, Codec::Pcmu, times(70_000, 40_000), &[0x80; 160]);
    let before = until(&mut transcoder, begin, MS * 9_000);
    assert_eq!(transcoder.next_deadline(), None);
    transcoder.comfort_noise(begin + MS * 9_000, &[35]);
    let after = until(&mut transcoder, begin, MS * 14_000);
    assert_eq!(after.len(), 250);
    let (last, first) = (&before[before.len() - 1], &after[0]);
    assert!(first.times.marker);
    let later = first.times.timestamp.wrapping_sub(last.times.timestamp) / 8;
    assert!(u128::from(later).abs_diff((first.at - last.at).as_millis()) <= 1, "{later} ms");
}

#[test]
fn what_the_network_has_held_back_is_left_out_and_the_wait_is_short_again_within_seconds() {
    let begin = Instant::now();
    for (samples, held) in [(160, 200..230), (480, 60..90)] {
        let mut transcoder = transcoder(begin, Codec::Pcma, Codec::Pcma);
        let mut arrivals = a_law(1_000, samples);
        let together = arrivals[held.end].at;
        arrivals[held.clone()].iter_mut().for_each(|arrival| arrival.at = together);
        let mut waits = Vec::new();
        for Arrival { at, times, payload } in arrivals {
            until(&mut transcoder, begin, at);
            transcoder.packet(begin + at, Codec::Pcma, times, &payload);
            let due = transcoder.next_deadline().unwrap();
            waits.push((at, transcoder.wait(begin + at, due)));
        }
        let longest_from = |from: Duration| {
            let later = waits.iter().filter(|(at, _)| *at >= together + from);
            later.map(|(_, wait)| *wait).max().unwrap()
        };
        let soon = longest_from(MS * 500);
        assert!(soon <= MS * 400, "{soon:?}");
        // Late packets count for a while: of the last hundred, next to none may be missed.
        let later = longest_from(MS * 240 * samples as u32 / 8 / 20 + MS * 8_000);
        assert!(later <= MS * 80, "{later:?} of {samples}");
    }
}

#[test]
fn both_laws_of_g711_follow_each_other_in_one_stream() {
    let begin = Instant::now();
    let mut transcoder = transcoder(begin, Codec::Pcma, Codec::Pcma);
    let mut sent = Vec::new();
    for (n, Arrival { at, times, payload }) in a_law(100, 160).into_iter().enumerate() {
        while let Some(due) = transcoder.next_deadline().filter(|due| *due <= begin + at) {
            let packet = transcoder.poll(due).unwrap();
            let (times, payload) = (packet.times, packet.payload.to_vec());
            sent.push(Sent { at: due - begin, times, payload });
        }
        // Now and then the other, without a word.
        let is_other = n % 7 > 3;
        let law =
            |octet: &u8| if is_other { Law::Mu.encode(Law::A.decode(*octet)) } else { *octet };
        let payload: Vec<u8> = payload.iter().map(law).collect();
        let codec = if is_other { Codec::Pcmu } else { Codec::Pcma };
        transcoder.packet(begin + at, codec, times, &payload);
    }
    assert_continuous(&sent, 160);
    let heard = heard(&sent);
    assert!(purity(&heard) > 0.98, "{:.3}", purity(&heard));
}

#[test]
fn packets_are_as_long_as_the_listener_wants_them_at_any_time() {
    let begin = Instant::now();
    for (to, ptime, length) in [
        (Codec::Pcmu, 30, Some(240)),
        (Codec::Pcma, 60, Some(480)),
        (Codec::Pcma, 25, Some(200)),
        (Codec::Opus, 30, None),
    ] {
        let mut transcoder = transcoder(begin, Codec::Pcma, to);
        transcoder.set_ptime(MS * ptime);
        let sent = run(&mut transcoder, begin, Codec::Pcma, a_law(100, 160));
        let wanted = if to == Codec::Opus { 20 } else { ptime };
        for pair in sent.windows(2).take(1_500 / wanted as usize) {
            assert_eq!(pair[1].at - pair[0].at, MS * wanted, "{to} {ptime}");
            let units = pair[1].times.timestamp.wrapping_sub(pair[0].times.timestamp);
            assert_eq!(units, wanted * to.clock_rate() / 1_000, "{to} {ptime}");
            assert!(length.is_none_or(|length| pair[0].payload.len() == length));
        }
    }
}

#[test]
fn a_thread_that_was_busy_does_not_send_a_burst() {
    let begin = Instant::now();
    let mut transcoder = transcoder(begin, Codec::Pcma, Codec::Pcma);
    for Arrival { at, times, payload } in a_law(2, 160) {
        transcoder.packet(begin + at, Codec::Pcma, times, &payload);
    }
    let late = begin + MS * 10_000;
    let mut burst = 0;
    while transcoder.next_deadline().is_some_and(|due| due <= late) {
        burst += usize::from(transcoder.poll(late).is_some());
    }
    assert!(burst <= 12, "{burst} at once");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_one_packet_goes_out_every_20_ms(
        codec in prop_oneof![Just(Codec::Pcma), Just(Codec::Pcmu), Just(Codec::Opus)],
        packets in proptest::collection::vec(
            (0_u32..90, 0_u64..40, any::<u32>(), proptest::collection::vec(any::<u8>(), 0..200)),
            1..60,
        ),
    ) {
        let mut at = Duration::ZERO;
        let arrivals = packets
            .into_iter()
            .map(|(later, seq, timestamp, payload)| {
                at += MS * later;
                Arrival { at, times: times(70_000 + seq, timestamp % 20_000), payload }
            })
            .collect();
        let sent = transcode(codec, Codec::Pcmu, arrivals);
        for pair in sent.windows(2) {
            prop_assert_eq!(pair[1].times.seq, pair[0].times.seq + 1);
            prop_assert_eq!(pair[1].payload.len(), 160);
            if !pair[1].times.marker {
                prop_assert_eq!(pair[1].at - pair[0].at, PTIME);
            }
        }
        // It comes to an end by itself.
        prop_assert!(sent.last().is_none_or(|last| last.at < at + MS * 4_000));
    }
}
