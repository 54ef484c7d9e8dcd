use bellpush_test_fuzz::Seeds;
use proptest::prelude::*;

use super::*;
use crate::{RtpHeader, SRTP_KEY_LEN, SrtpReceiver, SrtpSuite, hex::hex};

/// Begins with the master key and salt of RFC 3711 appendix B.3, which libsrtp's own vectors use,
/// too.
fn key(suite: SrtpSuite) -> SrtpKey {
    let mut bytes = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    bytes.resize(SRTP_KEY_LEN, 0x5A);
    SrtpKey::from_random(suite, &bytes.try_into().unwrap())
}

fn both(suite: SrtpSuite) -> (SrtpSender, SrtpReceiver) {
    (SrtpSender::new(&key(suite)).unwrap(), SrtpReceiver::new(&key(suite)).unwrap())
}

fn packet(seq: u64, payload: &[u8]) -> Vec<u8> {
    let header = RtpHeader {
        payload_type: 8,
        marker: false,
        seq: seq as u16,
        timestamp: (seq as u32).wrapping_mul(160),
        ssrc: 0xCAFE_BABE,
    };
    [&header.to_bytes()[..], payload].concat()
}

#[test]
fn a_packet_is_protected_as_libsrtp_does_it() {
    let (mut sender, mut receiver) = both(SrtpSuite::AesCm128HmacSha1Tag80);
    let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let mut packet = plain.clone();
    sender.protect(0x1234, &mut packet).unwrap();
    let expected = "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb";
    assert_eq!(packet, hex(expected));
    assert_eq!(receiver.unprotect(&mut packet).unwrap(), plain);
}

#[test]
fn a_report_is_protected_as_libsrtp_does_it() {
    let (mut sender, mut receiver) = both(SrtpSuite::AesCm128HmacSha1Tag80);
    let plain = hex("81c8000bcafebabe abababababababababababababababab");
    let mut packet = plain.clone();
    sender.protect_rtcp(&mut packet).unwrap();
    let expected =
        "81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798";
    assert_eq!(packet, hex(expected));
    assert_eq!(receiver.unprotect_rtcp(&mut packet.clone()).unwrap(), plain);
    assert_eq!(receiver.unprotect_rtcp(&mut packet), Err(SrtpError::Replayed));
}

#[test]
fn a_packet_that_was_changed_or_cut_is_forged_and_one_that_comes_twice_is_replayed() {
    for suite in SrtpSuite::ALL {
        let (mut sender, mut receiver) = both(suite);
        let mut protected = packet(7, b"hello");
        sender.protect(7, &mut protected).unwrap();
        for at in 0..protected.len() {
            let mut forged = protected.clone();
            forged[at] ^= 1;
            assert!(receiver.unprotect(&mut forged).is_err(), "octet {at}");
        }
        for length in 0..protected.len() {
            assert!(receiver.unprotect(&mut protected.clone()[..length]).is_err());
        }
        assert_eq!(receiver.unprotect(&mut protected.clone()).unwrap(), packet(7, b"hello"));
        assert_eq!(receiver.unprotect(&mut protected), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_key_of_somebody_else_opens_nothing() {
    let suite = SrtpSuite::AesCm128HmacSha1Tag80;
    let (mut sender, _) = both(suite);
    let other = SrtpKey::from_random(suite, &[1; SRTP_KEY_LEN]);
    let mut receiver = SrtpReceiver::new(&other).unwrap();
    let mut protected = packet(7, b"hello");
    sender.protect(7, &mut protected).unwrap();
    assert_eq!(receiver.unprotect(&mut protected), Err(SrtpError::Forged));
}

#[test]
fn rtp_and_rtcp_are_not_protected_by_the_same_keys() {
    for suite in SrtpSuite::ALL {
        let (mut sender, mut receiver) = both(suite);
        let mut report = hex("81c8000bcafebabe abababababababababababababababab");
        let plain = report.clone();
        sender.protect_rtcp(&mut report).unwrap();
        assert!(receiver.unprotect(&mut report.clone()).is_err());
        for at in 0..report.len() {
            let mut forged = report.clone();
            forged[at] ^= 1;
            assert!(receiver.unprotect_rtcp(&mut forged).is_err(), "octet {at}");
        }
        assert_eq!(receiver.unprotect_rtcp(&mut report.clone()).unwrap(), plain);
        assert_eq!(receiver.unprotect_rtcp(&mut report), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_number_is_used_once_also_when_a_key_comes_back() {
    let (first, second) = (SrtpSuite::AeadAes128Gcm, SrtpSuite::AesCm128HmacSha1Tag80);
    let (mut sender, mut receiver) = both(first);
    let report = hex("81c8000bcafebabe abababababababababababababababab");
    sender.protect(7, &mut packet(7, b"hello")).unwrap();
    let mut before = report.clone();
    sender.protect_rtcp(&mut before).unwrap();
    sender.set_key(&key(second)).unwrap();
    sender.set_key(&key(first)).unwrap();
    assert_eq!(sender.protect(7, &mut packet(7, b"other")), Err(SrtpError::Replayed));
    sender.protect(8, &mut packet(8, b"other")).unwrap();
    let mut after = report.clone();
    sender.protect_rtcp(&mut after).unwrap();
    assert_eq!(receiver.unprotect_rtcp(&mut before).unwrap(), report);
    assert_eq!(receiver.unprotect_rtcp(&mut after).unwrap(), report, "it has a number of its own");
}

/// A packet of this stream, protected by a sender of its own.
fn protected(suite: SrtpSuite, ssrc: u32, seqs: impl IntoIterator<Item = u64>) -> Vec<Vec<u8>> {
    let (mut sender, _) = both(suite);
    let mut protect = |seq| {
        let mut packet = packet(seq, b"hello");
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        sender.protect(seq, &mut packet).unwrap();
        packet
    };
    seqs.into_iter().map(&mut protect).collect()
}

/// A report of this stream with the index after those of as many reports.
fn report(suite: SrtpSuite, ssrc: u32, after: usize) -> Vec<u8> {
    let (mut sender, _) = both(suite);
    let mut report = Vec::new();
    for _ in 0..=after {
        report = hex("81c8000b 00000000 abababababababababababababababab");
        report[4..8].copy_from_slice(&ssrc.to_be_bytes());
        sender.protect_rtcp(&mut report).unwrap();
    }
    report
}

#[test]
fn a_stream_that_returns_goes_on_with_its_rollover_counter_and_a_replay_stays_a_replay() {
    for suite in SrtpSuite::ALL {
        let (_, mut receiver) = both(suite);
        // It wraps around once, so that its rollover counter is 1.
        let first = protected(suite, 1, [65_530, 65_535, 65_540, 65_545]);
        for packet in &first[..3] {
            receiver.unprotect(&mut packet.clone()).unwrap();
        }
        receiver.unprotect_rtcp(&mut report(suite, 1, 0)).unwrap();
        for ssrc in 2..500 {
            let [mut packet] = protected(suite, ssrc, [7]).try_into().unwrap();
            receiver.unprotect(&mut packet).unwrap();
        }
        for packet in &first[..3] {
            assert_eq!(receiver.unprotect(&mut packet.clone()), Err(SrtpError::Replayed));
        }
        let mut replayed = report(suite, 1, 0);
        assert_eq!(receiver.unprotect_rtcp(&mut replayed), Err(SrtpError::Replayed));
        receiver.unprotect(&mut first[3].clone()).unwrap();
        receiver.unprotect_rtcp(&mut report(suite, 1, 1)).unwrap();
        // Back for good: it is told apart packet by packet again.
        let more = protected(suite, 1, [65_546, 65_547, 65_548]);
        for at in [2, 0, 1] {
            receiver.unprotect(&mut more[at].clone()).unwrap();
        }
    }
}

#[test]
fn a_stream_in_use_is_not_the_one_that_is_retired() {
    let suite = SrtpSuite::AeadAes128Gcm;
    let (_, mut receiver) = both(suite);
    let packets = protected(suite, 1, (0..100).rev());
    for (ssrc, packet) in (2..).zip(&packets) {
        let [mut other] = protected(suite, ssrc, [7]).try_into().unwrap();
        receiver.unprotect(&mut packet.clone()).unwrap();
        receiver.unprotect(&mut other).unwrap();
    }
}

#[test]
fn a_sender_of_too_many_streams_begins_no_other_and_those_that_it_has_go_on() {
    let suite = SrtpSuite::AeadAes128Gcm;
    let (_, mut receiver) = both(suite);
    let refused = (1..3_000).find(|ssrc| {
        let [mut packet] = protected(suite, *ssrc, [7]).try_into().unwrap();
        receiver.unprotect(&mut packet) == Err(SrtpError::TooManyStreams)
    });
    assert_eq!(refused, Some(1_024 + 4 + 1));
    for ssrc in [1, 500, 1_028] {
        let [mut before, mut next] = protected(suite, ssrc, [7, 8]).try_into().unwrap();
        assert_eq!(receiver.unprotect(&mut before), Err(SrtpError::Replayed));
        receiver.unprotect(&mut next).unwrap();
    }
}

#[test]
fn a_forged_stream_takes_no_place() {
    let suite = SrtpSuite::AesCm128HmacSha1Tag80;
    let (_, mut receiver) = both(suite);
    let [first, second] = protected(suite, 1, [7, 6]).try_into().unwrap();
    receiver.unprotect(&mut first.clone()).unwrap();
    for ssrc in 2..2_000_u32 {
        let mut forged = first.clone();
        forged[8..12].copy_from_slice(&ssrc.to_be_bytes());
        assert_eq!(receiver.unprotect(&mut forged), Err(SrtpError::Forged));
    }
    receiver.unprotect(&mut second.clone()).unwrap();
}

/// A good key, and packets that somebody changed: none is believed that was not sent, and none
/// twice. The first two bytes choose the suite, and RTP or RTCP.
#[test]
fn fuzz_protected_packets() {
    let seeds = (0..4).flat_map(|number| {
        let suite = SrtpSuite::ALL[usize::from(number)];
        let rtp = protected(suite, 1, [7]).concat();
        let rtcp = report(suite, 1, 0);
        [[&[number, 0][..], &rtp].concat(), [&[number, 1][..], &rtcp].concat()]
    });
    Seeds::new(seeds).words([&[0x90][..], &[0xBE, 0xDE, 0, 1], &[0x8F]]).run(4_000, |input| {
        let [number, kind, datagram @ ..] = input else { return };
        let suite = SrtpSuite::ALL[usize::from(number % 4)];
        let (_, mut receiver) = both(suite);
        let (mut once, mut twice) = (datagram.to_vec(), datagram.to_vec());
        if kind % 2 == 0 {
            let sent = protected(suite, 1, [7]).concat();
            let believed = receiver.unprotect(&mut once).is_ok();
            assert_eq!(believed, datagram == sent, "{suite:?}");
            assert!(receiver.unprotect(&mut twice).is_err());
        } else {
            let sent = report(suite, 1, 0);
            let believed = receiver.unprotect_rtcp(&mut once).is_ok();
            assert_eq!(believed, datagram == sent, "{suite:?}");
            assert!(receiver.unprotect_rtcp(&mut twice).is_err());
        }
    });
}

#[test]
fn nothing_secret_is_in_the_debug_output() {
    let (sender, receiver) = both(SrtpSuite::AesCm128HmacSha1Tag80);
    let shown = format!("{sender:?} {receiver:?}");
    assert_eq!(shown, "SrtpSender { rtcp_index: 0, .. } SrtpReceiver { streams: 0, .. }");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_survives_loss_reordering_and_wrap_around(
        start in 0_u64..65_536,
        order in proptest::collection::vec((0_u64..40, proptest::collection::vec(any::<u8>(), 0..60)), 1..60),
        suite in 0_usize..4,
    ) {
        let (mut sender, mut receiver) = both(SrtpSuite::ALL[suite]);
        let mut received = Vec::new();
        // The first that arrives is the first that was sent.
        for (n, (after, payload)) in std::iter::once((0, Vec::new())).chain(order).enumerate() {
            let seq = start + (n as u64) * 20 + after;
            let plain = packet(seq, &payload);
            let mut protected = plain.clone();
            let sent = sender.protect(seq, &mut protected);
            if received.contains(&seq) {
                prop_assert_eq!(sent, Err(SrtpError::Replayed));
                continue;
            }
            prop_assert_eq!(sent, Ok(()));
            let mut again = protected.clone();
            prop_assert_eq!(receiver.unprotect(&mut protected), Ok(&plain[..]));
            prop_assert_eq!(receiver.unprotect(&mut again), Err(SrtpError::Replayed));
            received.push(seq);
        }
    }

    #[test]
    fn any_bytes_are_survived(
        mut datagram in proptest::collection::vec(any::<u8>(), 0..100),
        suite in 0_usize..4,
    ) {
        let (_, mut receiver) = both(SrtpSuite::ALL[suite]);
        prop_assert!(receiver.unprotect(&mut datagram.clone()).is_err());
        prop_assert!(receiver.unprotect_rtcp(&mut datagram).is_err());
    }
}
