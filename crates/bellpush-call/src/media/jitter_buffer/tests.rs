use proptest::prelude::*;

use super::*;

/// Takes everything out; each packet was 160 units.
fn drain(buffer: &mut JitterBuffer) -> Vec<String> {
    let mut out = Vec::new();
    loop {
        match buffer.next() {
            Next::Nothing => return out,
            Next::Packet(_, payload) => {
                out.push(format!("packet {}", payload[0]));
                buffer.played(160);
            }
            Next::Gap { units, after } => out.push(format!("gap {units} before {}", after[0])),
        }
    }
}

fn insert_at(
    buffer: &mut JitterBuffer,
    now: Instant,
    seq: u64,
    timestamp: u32,
    payload: &[u8],
) -> Inserted {
    buffer.insert(now, Codec::Pcma, RtpTimes { seq, timestamp, marker: false }, payload)
}

fn insert(buffer: &mut JitterBuffer, n: u8) -> Inserted {
    let now = Instant::now();
    insert_at(buffer, now, 100_000 + u64::from(n), u32::from(n).wrapping_mul(160), &[n])
}

#[test]
fn packets_come_out_in_their_order() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    for n in [0, 2, 1, 3] {
        assert_eq!(insert(&mut buffer, n), Inserted::Kept);
    }
    assert_eq!(buffer.span(), 480);
    assert_eq!(drain(&mut buffer), ["packet 0", "packet 1", "packet 2", "packet 3"]);
    assert_eq!(buffer.span(), 0);
}

#[test]
fn no_more_memory_is_kept_than_packets_waited_at_once() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    for n in 0..200 {
        assert_eq!(insert(&mut buffer, n), Inserted::Kept);
        // Up to three wait.
        if n >= 2 {
            assert_eq!(buffer.next(), Next::Packet(Codec::Pcma, &[n - 2]));
            buffer.played(160);
        }
    }
    let slots = buffer.slots.iter().map(|slot| &slot.payload);
    let kept = slots.chain(&buffer.spare).chain([&buffer.current]);
    let kept = kept.filter(|payload| payload.capacity() > 0).count();
    // One more than waited is what was taken last.
    assert_eq!(kept, 4);
}

#[test]
fn a_gap_is_told_once_with_its_length_and_what_follows() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    for n in [0, 3, 4] {
        insert(&mut buffer, n);
    }
    assert_eq!(drain(&mut buffer), ["packet 0", "gap 320 before 3", "packet 3", "packet 4"]);
}

#[test]
fn a_packet_after_its_time_and_one_that_comes_twice_are_left_out() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    insert(&mut buffer, 0);
    insert(&mut buffer, 1);
    assert_eq!(insert(&mut buffer, 1), Inserted::Refused);
    drain(&mut buffer);
    assert_eq!(insert(&mut buffer, 1), Inserted::Late);
    assert_eq!(drain(&mut buffer), [""; 0]);
}

#[test]
fn a_pause_of_the_sender_is_a_gap_without_loss_and_a_long_one_is_none() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    let now = Instant::now();
    insert_at(&mut buffer, now, 100_000, 0, &[0]);
    insert_at(&mut buffer, now, 100_001, 160 + 800, &[1]);
    insert_at(&mut buffer, now, 100_002, 160 + 800 + 160 + 80_000, &[2]);
    assert_eq!(drain(&mut buffer), ["packet 0", "gap 800 before 1", "packet 1", "packet 2"]);
}

#[test]
fn a_stream_that_jumps_goes_on_where_it_is() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    insert(&mut buffer, 0);
    let now = Instant::now();
    for (seq, n, inserted) in [
        (500_000, 7, Inserted::Kept),
        (500_001, 8, Inserted::Kept),
        (9, 9, Inserted::Late),
        (10, 10, Inserted::Kept),
    ] {
        assert_eq!(insert_at(&mut buffer, now, seq, u32::from(n) * 160, &[n]), inserted);
    }
    assert_eq!(drain(&mut buffer), ["packet 10"]);
}

#[test]
fn one_packet_that_is_far_behind_costs_nothing_of_what_waits() {
    for behind in [32, 100, 101, 40_000] {
        let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
        insert(&mut buffer, 0);
        insert(&mut buffer, 1);
        let seq = 100_000 - behind;
        assert_eq!(insert_at(&mut buffer, Instant::now(), seq, 7, &[9]), Inserted::Late);
        assert_eq!(insert(&mut buffer, 2), Inserted::Kept);
        assert_eq!(drain(&mut buffer), ["packet 0", "packet 1", "packet 2"], "{behind}");
    }
}

#[test]
fn what_is_too_long_to_be_audio_is_refused() {
    let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
    assert_eq!(insert_at(&mut buffer, Instant::now(), 1, 1, &[0; 1_401]), Inserted::Refused);
}

/// The next packet, and over the gap before it.
fn take(buffer: &mut JitterBuffer) -> Option<u8> {
    loop {
        match buffer.next() {
            Next::Nothing => return None,
            Next::Gap { units, .. } => assert!(units > 0 && units.is_multiple_of(160)),
            Next::Packet(_, payload) => {
                let n = payload[0];
                buffer.played(160);
                return Some(n);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_kept_comes_out_once_and_in_order(
        arrivals in proptest::collection::vec((0_u8..60, any::<bool>()), 1..200),
        start: u32,
    ) {
        let mut buffer = JitterBuffer::new(Instant::now(), 8_000);
        let now = Instant::now();
        let (mut kept, mut out) = (Vec::new(), Vec::new());
        for (n, wanted) in arrivals {
            let seq = 100_000 + u64::from(n);
            // A jump starts over, which is another test.
            let near = buffer.next.is_none_or(|next| seq.abs_diff(next.seq) < SLOTS as u64);
            let timestamp = start.wrapping_add(u32::from(n) * 160);
            if near && insert_at(&mut buffer, now, seq, timestamp, &[n]) == Inserted::Kept {
                kept.push(n);
            }
            if wanted {
                out.extend(take(&mut buffer));
            }
        }
        out.extend(std::iter::from_fn(|| take(&mut buffer)));
        kept.sort_unstable();
        prop_assert_eq!(out, kept);
    }
}
