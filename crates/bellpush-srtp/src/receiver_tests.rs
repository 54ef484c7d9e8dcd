use super::*;
use crate::{RtpHeader, SRTP_KEY_LEN, SrtpSender, SrtpSuite, hex::hex};

const SSRC: u32 = 0xCAFE_BABE;

fn key(suite: SrtpSuite, number: u8) -> SrtpKey {
    SrtpKey::from_random(suite, &[number; SRTP_KEY_LEN])
}

/// A protected packet with each of these numbers.
fn sent(key: &SrtpKey, seqs: impl IntoIterator<Item = u64>) -> Vec<Vec<u8>> {
    let mut sender = SrtpSender::new(key).unwrap();
    let protect = |seq: u64| {
        let header = RtpHeader {
            payload_type: 8,
            marker: false,
            seq: seq as u16,
            timestamp: (seq as u32).wrapping_mul(160),
            ssrc: SSRC,
        };
        let mut packet = [&header.to_bytes()[..], b"hello"].concat();
        sender.protect(seq, &mut packet).unwrap();
        packet
    };
    seqs.into_iter().map(protect).collect()
}

fn receive(receiver: &mut SrtpReceiver, packet: &[u8]) -> Result<(), SrtpError> {
    let mut packet = packet.to_vec();
    let received = receiver.unprotect(&mut packet)?;
    assert_eq!(&received[12..], b"hello");
    Ok(())
}

/// A sequence number with its rollover counter.
fn at(rollovers: u64, seq: u16) -> u64 {
    rollovers << 16 | u64::from(seq)
}

#[test]
fn a_stream_that_returns_to_a_key_goes_on_there_and_a_replay_stays_a_replay() {
    for suite in SrtpSuite::ALL {
        let (first, second) = (key(suite, 1), key(suite, 2));
        let before = sent(&first, [65_530, 65_540, 65_545]);
        let mut receiver = SrtpReceiver::new(&first).unwrap();
        receive(&mut receiver, &before[0]).unwrap();
        receive(&mut receiver, &before[1]).unwrap();
        let mut report = hex("81c8000bcafebabe abababababababababababababababab");
        SrtpSender::new(&first).unwrap().protect_rtcp(&mut report).unwrap();
        receiver.unprotect_rtcp(&mut report.clone()).unwrap();
        receiver.set_key(&second).unwrap();
        assert!(receive(&mut receiver, &before[2]).is_err(), "of the key before");
        receive(&mut receiver, &sent(&second, [7])[0]).unwrap();
        receiver.set_key(&first).unwrap();
        for packet in &before[..2] {
            assert!(receive(&mut receiver, packet).is_err(), "{suite:?}: a replay");
        }
        assert_eq!(receiver.unprotect_rtcp(&mut report), Err(SrtpError::Replayed));
        // Its rollover counter is 1.
        receive(&mut receiver, &before[2]).unwrap();
        receiver.set_key(&second).unwrap();
        assert!(receive(&mut receiver, &sent(&second, [7])[0]).is_err());
        receive(&mut receiver, &sent(&second, [8])[0]).unwrap();
    }
}

#[test]
fn a_stream_whose_first_packets_are_lost_right_before_its_numbers_begin_anew_is_heard() {
    for suite in SrtpSuite::ALL {
        let key = key(suite, 1);
        let packets = sent(&key, 65_530..65_560);
        let mut receiver = SrtpReceiver::new(&key).unwrap();
        for packet in &packets[10..] {
            receive(&mut receiver, packet).unwrap();
        }
        for packet in &packets[10..] {
            assert_eq!(receive(&mut receiver, packet), Err(SrtpError::Replayed), "{suite:?}");
        }
        // One that is late is no replay, but only once.
        receive(&mut receiver, &packets[9]).unwrap();
        assert_eq!(receive(&mut receiver, &packets[9]), Err(SrtpError::Replayed), "{suite:?}");
        // One that begins at 0 is heard as ever.
        let mut receiver = SrtpReceiver::new(&key).unwrap();
        for packet in sent(&key, 4..8) {
            receive(&mut receiver, &packet).unwrap();
        }
        // No further counter is tried, and what is forged is not believed.
        let mut receiver = SrtpReceiver::new(&key).unwrap();
        let mut forged = packets[12].clone();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(receive(&mut receiver, &forged), Err(SrtpError::Forged), "{suite:?}");
        let third = &sent(&key, [at(2, 5)])[0];
        assert_eq!(receive(&mut receiver, third), Err(SrtpError::Forged), "{suite:?}");
    }
}

#[test]
fn a_stream_may_keep_its_rollover_counter_under_a_new_key_or_begin_anew() {
    let suite = SrtpSuite::AesCm128HmacSha1Tag80;
    for rollovers in [0, 1, 3] {
        let mut receiver = SrtpReceiver::new(&key(suite, 1)).unwrap();
        receive(&mut receiver, &sent(&key(suite, 1), [65_530])[0]).unwrap();
        receiver.set_key(&key(suite, 2)).unwrap();
        for packet in sent(&key(suite, 2), at(rollovers, 20)..at(rollovers, 40)) {
            receive(&mut receiver, &packet).unwrap();
        }
        // And back, while it went on there for another hour.
        receiver.set_key(&key(suite, 1)).unwrap();
        receive(&mut receiver, &sent(&key(suite, 1), [at(rollovers + 3, 40)])[0]).unwrap();
    }
}

#[test]
fn the_rollover_counter_of_a_stream_that_is_joined_is_found_within_a_third_of_a_second() {
    for suite in SrtpSuite::ALL {
        let key = key(suite, 1);
        for rollovers in [0, 1, 2, 16, 17, 66, 131, 256] {
            let mut receiver = SrtpReceiver::joining(&key).unwrap();
            let packets = sent(&key, at(rollovers, 65_520)..at(rollovers, 65_520) + 40);
            let heard = packets.iter().map(|packet| receive(&mut receiver, packet).is_ok());
            let heard: Vec<bool> = heard.collect();
            let first = heard.iter().position(|heard| *heard).unwrap();
            assert_eq!(first as u64, rollovers / TRIES, "{suite:?} {rollovers}");
            assert!(heard[first..].iter().all(|heard| *heard), "{suite:?} {rollovers}: {heard:?}");
            for packet in &packets[first..] {
                assert!(receive(&mut receiver, packet).is_err(), "a replay");
            }
        }
        // One that does not join tries nothing but what a stream may begin with.
        let mut receiver = SrtpReceiver::new(&key).unwrap();
        let [packet] = sent(&key, [at(2, 7)]).try_into().unwrap();
        assert_eq!(receive(&mut receiver, &packet), Err(SrtpError::Forged));
    }
}

#[test]
fn who_replays_an_old_packet_to_one_that_joins_does_not_keep_the_stream_out() {
    let suite = SrtpSuite::AeadAes128Gcm;
    let key = key(suite, 1);
    let mut receiver = SrtpReceiver::joining(&key).unwrap();
    let old = sent(&key, at(1, 100)..at(1, 200));
    receive(&mut receiver, &old[50]).unwrap();
    // Its numbers are near those that were replayed, and far from them.
    for seq in [120, 50_000] {
        // Which counters are tried first depends on how much was refused before.
        let packets = sent(&key, at(3, seq)..at(3, seq) + 40);
        let heard = packets.iter().filter(|packet| receive(&mut receiver, packet).is_ok()).count();
        assert!(heard >= 40 - 17, "{heard} of 40");
        for packet in &old {
            assert_eq!(receive(&mut receiver, packet), Err(SrtpError::Forged));
        }
    }
}

#[test]
fn a_forged_packet_is_not_believed_by_one_that_joins_nor_leads_it_astray() {
    let suite = SrtpSuite::AesCm128HmacSha1Tag80;
    let key = key(suite, 1);
    let mut receiver = SrtpReceiver::joining(&key).unwrap();
    let packets = sent(&key, at(2, 100)..at(2, 200));
    for (n, packet) in packets.iter().enumerate() {
        let mut forged = packet.clone();
        forged[12] ^= 1;
        assert_eq!(receive(&mut receiver, &forged), Err(SrtpError::Forged));
        // Which counters are next depends on how many were forged: it is found all the same.
        let is_heard = receive(&mut receiver, packet).is_ok();
        assert!(is_heard || n < 17, "{n}");
    }
}

#[test]
fn only_the_latest_keys_are_remembered() {
    let suite = SrtpSuite::AeadAes128Gcm;
    let packets: Vec<Vec<u8>> = (0..20).flat_map(|number| sent(&key(suite, number), [7])).collect();
    let mut receiver = SrtpReceiver::new(&key(suite, 0)).unwrap();
    for (number, packet) in (0..).zip(&packets) {
        receiver.set_key(&key(suite, number)).unwrap();
        receive(&mut receiver, packet).unwrap();
    }
    assert_eq!(receiver.before.len(), KEYS - 1);
    for number in 12..20 {
        receiver.set_key(&key(suite, number)).unwrap();
        assert!(receive(&mut receiver, &packets[usize::from(number)]).is_err(), "{number}");
    }
}
