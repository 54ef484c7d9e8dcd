use bellpush_core::trunk::DialogSnapshot;
use bellpush_srtp::{SRTP_KEY_LEN, SrtpSuite};
use bellpush_test_fuzz::Seeds;
use proptest::prelude::*;

use super::{super::TelephoneEvent, *};

#[path = "encryption_tests.rs"]
mod encryption;

fn local(srtp: SrtpPolicy) -> LocalMedia {
    LocalMedia {
        own_address: None,
        address: "192.0.2.1".parse().unwrap(),
        rtp_port: 20_000,
        rtcp_port: 20_001,
        codecs: vec![Codec::Pcma, Codec::Pcmu, Codec::Opus],
        srtp,
        key_material: [[1; SRTP_KEY_LEN], [2; SRTP_KEY_LEN], [3; SRTP_KEY_LEN], [4; SRTP_KEY_LEN]]
            .into(),
        stale_sources: Vec::new(),
        session_id: 7,
    }
}

fn negotiation() -> Negotiation {
    Negotiation::new(local(SrtpPolicy::Off))
}

/// A session description with this media, after `v=` to `t=`.
fn sdp(media: &str) -> String {
    let media = media.trim_start().replace("\n        ", "\r\n");
    format!(
        "v=0\r\no=- 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\nt=0 0\r\n{media}\r\n"
    )
}

#[test]
fn an_offer_names_every_codec_in_its_order_with_keypad_and_comfort_noise() {
    let offer = negotiation().offer();
    assert!(offer.contains("m=audio 20000 RTP/AVP 8 0 111 101 110 13\r\n"), "{offer}");
    for line in [
        "o=- 7 1 IN IP4 192.0.2.1",
        "c=IN IP4 192.0.2.1",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=rtcp:20001",
        "a=sendrecv",
    ] {
        assert!(offer.contains(&format!("{line}\r\n")), "{line} is not in {offer}");
    }
    assert!(!offer.contains("a=crypto"));
}

#[test]
fn a_session_that_was_anothers_keeps_its_name_and_has_the_next_number() {
    let mut negotiation = negotiation();
    let address = Some("192.0.2.77".parse().unwrap());
    negotiation.go_on(SdpOrigin { id: 4_711, version: 8, address }, &[]);
    let offer = negotiation.offer();
    assert!(offer.contains("o=- 4711 9 IN IP4 192.0.2.77\r\n"), "{offer}");
    // Media comes to where we are.
    assert!(offer.contains("c=IN IP4 192.0.2.1\r\n"), "{offer}");
    assert!(negotiation.offer().contains("o=- 4711 10 IN IP4 192.0.2.77\r\n"));
}

#[test]
fn the_answer_decides_the_codec_and_its_numbers() {
    let mut negotiation = negotiation();
    negotiation.offer();
    let plan = negotiation
        .accept(&sdp("m=audio 4000 RTP/AVP 96 97
        a=rtpmap:96 opus/48000/2
        a=rtpmap:97 telephone-event/48000
        a=ptime:40"))
        .unwrap();
    assert_eq!(plan.codec, Codec::Opus);
    assert_eq!((plan.payload_type, plan.format(111)), (96, Some(Format::Speech(Codec::Opus))));
    assert_eq!(plan.format(96), None);
    assert_eq!(plan.telephone_event, Some(TelephoneEvent { payload_type: 97, clock_rate: 48_000 }));
    assert_eq!(plan.format(110), Some(Format::TelephoneEvent(48_000)));
    assert_eq!(plan.ptime, Duration::from_millis(40));
    assert_eq!(plan.remote, "198.51.100.2:4000".parse().unwrap());
    assert_eq!(plan.rtcp, "198.51.100.2:4001".parse().unwrap());
}

#[test]
fn what_is_received_keeps_the_numbers_of_our_last_description() {
    let mut negotiation = negotiation();
    negotiation.offer();
    let theirs = |opus, keys| {
        sdp(&format!(
            "m=audio 4000 RTP/AVP {opus} {keys}
        a=rtpmap:{opus} opus/48000/2
        a=rtpmap:{keys} telephone-event/48000"
        ))
    };
    let (answer, _) = negotiation.answer(&theirs(96, 97)).unwrap();
    assert!(answer.contains("m=audio 20000 RTP/AVP 96 97\r\n"), "{answer}");
    // That is offered again, to refresh the session.
    let plan = negotiation.accept(&theirs(98, 99)).unwrap();
    assert_eq!((plan.payload_type, plan.format(96)), (98, Some(Format::Speech(Codec::Opus))));
    let event = plan.telephone_event.map(|event| event.payload_type);
    assert_eq!((event, plan.format(97)), (Some(99), Some(Format::TelephoneEvent(48_000))));
    // What it did not have is no answer.
    assert_eq!(negotiation.accept(&sdp("m=audio 4000 RTP/AVP 8")), Err(SdpError::NoCodec));
}

#[test]
fn every_format_of_the_answer_may_come() {
    let mut negotiation = negotiation();
    negotiation.offer();
    let plan = negotiation
        .accept(&sdp("m=audio 4000 RTP/AVP 0 8 96 101 13
        a=rtpmap:96 opus/48000/2
        a=rtpmap:101 telephone-event/8000"))
        .unwrap();
    assert_eq!((plan.codec, plan.payload_type), (Codec::Pcmu, 0));
    for (number, format) in [
        (0, Some(Format::Speech(Codec::Pcmu))),
        (8, Some(Format::Speech(Codec::Pcma))),
        (111, Some(Format::Speech(Codec::Opus))),
        (101, Some(Format::TelephoneEvent(8_000))),
        (13, Some(Format::ComfortNoise)),
        (110, None),
        (96, None),
        (18, None),
    ] {
        assert_eq!(plan.format(number), format, "{number}");
    }
    // What the answer does not have is not agreed on. Comfort noise beside G.711 needs no agreement.
    let plan = negotiation.accept(&sdp("m=audio 4000 RTP/AVP 0")).unwrap();
    assert_eq!((plan.format(8), plan.format(101)), (None, None));
    assert_eq!(plan.format(13), Some(Format::ComfortNoise));
}

#[test]
fn beside_opus_keys_may_have_the_clock_of_the_telephone() {
    let mut local = local(SrtpPolicy::Off);
    local.codecs = vec![Codec::Opus];
    let mut negotiation = Negotiation::new(local);
    let offer = negotiation.offer();
    assert!(offer.contains("m=audio 20000 RTP/AVP 111 101 110\r\n"), "{offer}");
    let theirs = |events: &str| {
        sdp(&format!(
            "m=audio 4000 RTP/AVP 111 {events}
        a=rtpmap:111 opus/48000/2
        a=rtpmap:101 telephone-event/8000
        a=rtpmap:110 telephone-event/48000"
        ))
    };
    for (events, expected) in [
        ("101", Some((101, 8_000))),
        ("110", Some((110, 48_000))),
        ("101 110", Some((110, 48_000))),
        ("", None),
    ] {
        let expected =
            expected.map(|(payload_type, clock_rate)| TelephoneEvent { payload_type, clock_rate });
        let plan = negotiation.accept(&theirs(events)).unwrap();
        assert_eq!(plan.telephone_event, expected, "{events}");
        // The same when the far side offers.
        let (answer, plan) = negotiation.answer(&theirs(events)).unwrap();
        assert_eq!(plan.telephone_event, expected, "{events}: {answer}");
        negotiation.offer();
    }
}

#[test]
fn an_offer_after_others_has_as_many_streams_as_were_agreed_on() {
    let mut negotiation = negotiation();
    negotiation.offer();
    negotiation.accept(&sdp("m=audio 4000 RTP/AVP 8")).unwrap();
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("m=")).map(str::to_owned).collect()
    };
    // A fax wants to begin.
    let both = "m=audio 4000 RTP/AVP 8
        m=image 4002 udptl t38";
    let (answer, _) = negotiation.answer(&sdp(both)).unwrap();
    assert_eq!(lines(&answer), ["m=audio 20000 RTP/AVP 8", "m=image 0 udptl t38"]);
    let offer = negotiation.offer();
    assert_eq!(lines(&offer), ["m=audio 20000 RTP/AVP 8 0 111 101 110 13", "m=image 0 udptl t38"]);
    let refused = both.replace("image 4002", "image 0");
    assert_eq!(negotiation.accept(&sdp(&refused)).unwrap().codec, Codec::Pcma);
    // In the places that the far side gave them.
    let (answer, _) =
        negotiation.answer(&sdp("m=image 0 udptl t38\r\nm=audio 4000 RTP/AVP 0")).unwrap();
    assert_eq!(lines(&answer), ["m=image 0 udptl t38", "m=audio 20000 RTP/AVP 0"]);
    let offer = negotiation.offer();
    assert!(lines(&offer)[1].starts_with("m=audio 20000 "), "{offer}");
    let plan = negotiation.accept(&sdp("m=image 0 udptl t38\r\nm=audio 4000 RTP/AVP 0"));
    assert_eq!(plan.unwrap().codec, Codec::Pcmu);
    assert_eq!(negotiation.accept(&sdp("m=audio 4000 RTP/AVP 0")), Err(SdpError::NoAudio));
}

#[test]
fn whoever_goes_on_with_a_session_offers_every_stream_in_its_place() {
    let audio = "m=audio 4000 RTP/AVP 8";
    let image = "m=image 4002 udptl t38";
    let refused = "m=image 0 udptl t38";
    for (offered, at) in [([audio, image], 0), ([image, audio], 1)] {
        let mut before = negotiation();
        let (answer, _) = before.answer(&sdp(&offered.join("\r\n"))).unwrap();
        let origin = SdpOrigin::of(&answer).unwrap();
        let mut next = negotiation();
        next.go_on(origin, &DialogSnapshot::media_lines_of(&answer));
        let offer = next.offer();
        let lines: Vec<&str> = offer.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(lines.len(), 2, "{offer}");
        assert!(lines[at].starts_with("m=audio 20000 RTP/AVP "), "{offer}");
        assert_eq!(lines[1 - at], refused);
        let accepted = offered.map(|line| if line == image { refused } else { line });
        assert!(next.accept(&sdp(&accepted.join("\r\n"))).is_ok());
        // And so does whoever goes on after that.
        let kept = DialogSnapshot::media_lines_of(&offer);
        let mut last = negotiation();
        last.go_on(origin, &kept);
        assert_eq!(last.offer(), offer);
    }
    for unreadable in [&["audio"][..], &["image 0 udptl t38", "audio 0 RTP/AVP 8"], &["", ""]] {
        let mut next = negotiation();
        let lines: Vec<String> = unreadable.iter().map(|&line| line.to_owned()).collect();
        next.go_on(SdpOrigin { id: 7, version: 1, address: None }, &lines);
        assert_eq!(next.offer().matches("m=").count(), 1, "{unreadable:?}");
    }
}

#[test]
fn packets_are_as_long_as_the_far_side_says_that_it_takes_them() {
    for (lines, millis) in [
        ("a=ptime:30", 30),
        ("a=maxptime:10", 10),
        ("a=ptime:40\r\na=maxptime:30", 30),
        ("a=ptime:5", 10),
        ("a=ptime:200", 60),
        ("a=ptime:x", 20),
        ("", 20),
    ] {
        let mut negotiation = negotiation();
        negotiation.offer();
        let answer = sdp(&format!("m=audio 4000 RTP/AVP 8\r\n{lines}"));
        let ptime = negotiation.accept(&answer).unwrap().ptime;
        assert_eq!(ptime, Duration::from_millis(millis), "{lines}");
    }
}

#[test]
fn numbers_of_rfc_3551_need_no_rtpmap() {
    let mut negotiation = negotiation();
    negotiation.offer();
    let plan = negotiation.accept(&sdp("m=audio 4000 RTP/AVP 0 13")).unwrap();
    assert_eq!((plan.codec, plan.comfort_noise), (Codec::Pcmu, Some(13)));
    assert_eq!(plan.telephone_event, None);
}

#[test]
fn rtcp_goes_where_the_far_side_says_but_not_to_a_third_party() {
    for (line, rtcp) in [
        ("a=rtcp:5000", "198.51.100.2:5000"),
        ("a=rtcp: 5000", "198.51.100.2:5000"),
        ("a=rtcp:5000 IN IP4 198.51.100.2", "198.51.100.2:5000"),
        ("a=rtcp:5000 IN IP4 203.0.113.9", "198.51.100.2:4001"),
        ("a=rtcp-mux", "198.51.100.2:4000"),
    ] {
        let mut negotiation = negotiation();
        negotiation.offer();
        let answer = sdp(&format!("m=audio 4000 RTP/AVP 8\n        {line}"));
        assert_eq!(negotiation.accept(&answer).unwrap().rtcp, rtcp.parse().unwrap(), "{line}");
    }
}

#[test]
fn an_odd_line_that_says_nothing_of_the_audio_changes_nothing() {
    let plan = |answer: &str| {
        let mut negotiation = negotiation();
        negotiation.offer();
        negotiation.accept(answer).cloned()
    };
    let good = sdp("m=audio 4000 RTP/AVP 8 101
        a=rtpmap:101 telephone-event/8000
        a=sendonly");
    let expected = plan(&good).unwrap();
    assert_eq!(expected.telephone_event.map(|event| event.payload_type), Some(101));
    for (before, after) in [
        ("o=- 1 1 IN", "o=- 1 18446744073709551616 IN"),
        ("o=- 1 1 IN", "o=Cisco Phone 1 1 IN"),
        ("s=-", "s=-\r\nb=AS:64 "),
        ("s=-", "s=-\r\nb=AS:64.5"),
        ("s=-", "s=-\r\ns=again\r\ni=x\r\ni=y"),
        ("s=-", "s=-\r\nc=IN IP4 203.0.113.9"),
        ("t=0 0", "t=0 0\r\n   \r\nnonsense\r\nt=x"),
        ("v=0", "v=0 "),
        ("v=0", "\u{feff}v=0"),
        ("m=audio 4000", "m=audio  4000"),
        ("m=audio 4000 RTP/AVP 8 101", "m=audio 4000 RTP/AVP 8 101 \r\nb=AS:64.5\r\ni=a\r\ni=b"),
        ("101 telephone", "101  telephone"),
        ("rtpmap:101", "rtpmap: 101"),
        ("rtpmap:101", "rtpmap :101"),
        ("a=sendonly", "a=sendonly "),
        ("a=sendonly\r\n", "a=sendonly\r\n\0\0\0"),
        ("a=sendonly\r\n", "a=sendonly\0"),
        ("\r\n", "\r"),
        ("\r\n", "\n"),
    ] {
        // The connection is before the one that is added.
        let good = good.replace("s=-\r\nc=IN IP4 198.51.100.2", "c=IN IP4 198.51.100.2\r\ns=-");
        let odd = good.replace(before, after);
        assert_ne!(odd, good, "{before}");
        assert_eq!(plan(&odd).as_ref(), Ok(&expected), "{odd:?}");
    }
}

#[test]
fn what_can_not_work_is_an_error() {
    for (media, error) in [
        ("m=audio 4000 RTP/AVP 18", SdpError::NoCodec),
        ("m=audio 0 RTP/AVP 8", SdpError::NoAudio),
        ("m=video 4000 RTP/AVP 96", SdpError::NoAudio),
        ("m=audio 4000 RTP/SAVP 8", SdpError::Encryption),
        ("m=audio 4000 RTP/AVP 8\n        c=IN IP4 pbx.example", SdpError::NoAddress),
        ("m=audio 4000 RTP/AVP 8\n        c=IN IP4 224.0.0.1", SdpError::NoAddress),
    ] {
        let mut negotiation = negotiation();
        negotiation.offer();
        assert_eq!(negotiation.accept(&sdp(media)), Err(error), "{media}");
    }
    assert!(matches!(negotiation().accept("hello"), Err(SdpError::Malformed(_))));
    assert_eq!(negotiation().accept(&"a=x\r\n".repeat(9_000)), Err(SdpError::TooLong));
}

#[test]
fn a_hold_keeps_the_codec_and_says_who_sends() {
    for (line, ours, answered) in [
        ("a=sendonly", Direction::ReceiveOnly, "a=recvonly"),
        ("a=inactive", Direction::Inactive, "a=inactive"),
        ("a=recvonly", Direction::SendOnly, "a=sendonly"),
        ("a=sendrecv", Direction::SendReceive, "a=sendrecv"),
        ("c=IN IP4 0.0.0.0", Direction::ReceiveOnly, "a=recvonly"),
    ] {
        let mut negotiation = negotiation();
        negotiation.offer();
        negotiation.accept(&sdp("m=audio 4000 RTP/AVP 0")).unwrap();
        let offer = sdp(&format!(
            "m=audio 4000 RTP/AVP 8 0 101\n        {line}\n        a=rtpmap:101 telephone-event/8000"
        ));
        let (answer, plan) = negotiation.answer(&offer).unwrap();
        assert_eq!((plan.codec, plan.direction), (Codec::Pcmu, ours), "{line}");
        assert!(answer.contains("m=audio 20000 RTP/AVP 0 101\r\n"), "{answer}");
        assert!(answer.contains(answered), "{answer}");
        assert!(answer.contains("o=- 7 2 "), "the version did not rise: {answer}");
    }
}

#[test]
fn an_answer_has_as_many_streams_as_the_offer_and_refuses_all_but_one() {
    let offer = sdp("m=video 5000 RTP/AVP 96
        m=audio 4000 RTP/AVP 0
        m=audio 4002 RTP/AVP 8");
    let mut negotiation = negotiation();
    let (answer, _) = negotiation.answer(&offer).unwrap();
    let media: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(media, ["m=video 0 RTP/AVP 96", "m=audio 20000 RTP/AVP 0", "m=audio 0 RTP/AVP 8"]);
}

#[test]
fn of_several_audio_streams_the_one_that_can_be_used_is_taken_wherever_it_is() {
    let encrypted =
        format!("m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
    let (plain, wide) = ("m=audio 4002 RTP/AVP 8", "m=audio 4000 RTP/AVP 9");
    for other in [&*encrypted, wide, "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 pbx.example"] {
        for (offer, at) in [([other, plain], 1), ([plain, other], 0)] {
            let mut negotiation = negotiation();
            let (answer, plan) = negotiation.answer(&sdp(&offer.join("\r\n"))).unwrap();
            assert_eq!((plan.remote.port(), plan.srtp.is_some()), (4_002, false), "{offer:?}");
            let lines: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
            assert_eq!(lines.len(), 2, "{answer}");
            assert_eq!(lines[at], "m=audio 20000 RTP/AVP 8");
            assert!(lines[1 - at].starts_with("m=audio 0 "), "{answer}");
        }
    }
    let refused = format!("{wide}\r\n{encrypted}");
    assert_eq!(negotiation().answer(&sdp(&refused)).map(|_| ()), Err(SdpError::NoCodec));
    // The one that is in use stays so, though another would do.
    let mut negotiation = negotiation();
    negotiation.answer(&sdp(&format!("{wide}\r\n{plain}"))).unwrap();
    let (_, plan) =
        negotiation.answer(&sdp(&format!("m=audio 4004 RTP/AVP 8\r\n{plain}"))).unwrap();
    assert_eq!(plan.remote.port(), 4_002);
}

const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

/// Lines that session descriptions are made of, good and bad.
fn any_sdp() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("m=audio 4000 RTP/AVP 8 0 101".to_owned()),
        Just("m=audio 65535 RTP/SAVP 0".to_owned()),
        Just("m=video 0 x y".to_owned()),
        Just("c=IN IP4 198.51.100.2".to_owned()),
        Just("c=IN IP6 ::1".to_owned()),
        Just(format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")),
        Just("a=rtpmap:101 telephone-event/8000".to_owned()),
        Just("a=sendonly".to_owned()),
        "a=(rtpmap|rtcp|ptime|fmtp|crypto):[ -~]{0,20}",
        "[a-z]=[ -~]{0,20}",
        any::<String>(),
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| {
        let lines = lines.join("\r\n");
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{lines}\r\n")
    })
}

proptest! {
    /// What we answer can be read again, and has as many streams as the offer.
    #[test]
    fn every_answer_fits_its_offer(text in any_sdp(), optional in any::<bool>()) {
        let policy = if optional { SrtpPolicy::Optional } else { SrtpPolicy::Off };
        let mut negotiation = Negotiation::new(local(policy));
        let _ = negotiation.accept(&text);
        if let Ok((answer, _)) = negotiation.answer(&text) {
            let streams = |text: &str| text.lines().filter(|line| line.starts_with("m=")).count();
            let answer = RemoteSession::parse(&answer).unwrap();
            prop_assert_eq!(answer.media_lines().len(), streams(&text));
        }
    }
}

/// Whatever a far side says: what is agreed on can be used, and our answer to it can be read.
#[test]
fn fuzz_descriptions_of_far_sides() {
    let seeds = [
        sdp("m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20"),
        sdp(
            "m=audio 4000 RTP/AVP 96 97 13\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n\
             a=rtpmap:97 telephone-event/48000\r\na=maxptime:60\r\na=rtcp-mux\r\na=sendonly",
        ),
        sdp(&format!(
            "m=video 0 RTP/AVP 31\r\nm=audio 4000 RTP/SAVP 0\r\nc=IN IP6 2001:db8::1\r\na=rtcp:4002\r\n\
             a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n\
             a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4 UNENCRYPTED_SRTP"
        )),
        "v=0\r\no=root 1 2 IN IP4 0.0.0.0\r\ns=-\r\nb=AS:84\r\nt=0 0\r\na=inactive\r\n\
         m=audio 0 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n"
            .to_owned(),
    ];
    let words = [
        "c=IN IP4 224.2.1.1/127/3\r\n",
        "m=audio 65535/2 RTP/SAVPF 0\r\n",
        "a=rtcp:53020 IN IP6 2001:db8::2\r\n",
        "a=rtpmap:0 PCMU/8000\r\n",
        "a=crypto:",
        "inline:",
        "a=sendrecv\r\n",
    ];
    Seeds::new(seeds).words(words).run(3_000, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        for policy in [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required] {
            let mut negotiation = Negotiation::new(local(policy));
            negotiation.offer();
            let is_right = |plan: &MediaPlan| {
                assert!(plan.payload_type < 128 && plan.remote.port() != 0);
                assert!(!plan.remote.ip().is_multicast());
                assert_eq!(plan.remote.ip(), plan.rtcp.ip());
                assert!((10..=60).contains(&plan.ptime.as_millis()));
                assert!(policy != SrtpPolicy::Required || plan.srtp.is_some());
                assert!(policy != SrtpPolicy::Off || plan.srtp.is_none());
            };
            if let Ok(plan) = negotiation.accept(&text) {
                is_right(plan);
            }
            if let Ok((answer, plan)) = negotiation.answer(&text) {
                is_right(plan);
                let answer = RemoteSession::parse(&answer).unwrap();
                let taken: Vec<usize> = answer.audio_lines().collect();
                assert_eq!(taken.len(), 1, "{answer:?}");
                assert!(answer.audio(taken[0]).is_ok(), "{answer:?}");
            }
        }
    });
}
