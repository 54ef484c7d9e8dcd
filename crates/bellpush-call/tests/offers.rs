//! What the engine makes of offers, good and bad.

mod common;

use bellpush_call::{OfferError, PlaceError};
use common::TestEngine;

const CHROMIUM: &str = include_str!("fixtures/chromium-offer.sdp");
const FIREFOX: &str = include_str!("fixtures/firefox-offer.sdp");

/// As it travels.
fn on_the_wire(offer: &str) -> String {
    offer.replace('\n', "\r\n")
}

async fn answer(offer: &str) -> Result<String, OfferError> {
    let engine = TestEngine::start().await;
    let placed = engine.place(common::place(common::call_id(), &on_the_wire(offer))).await;
    match placed {
        Ok(placed) => Ok(placed.answer),
        Err(PlaceError::Offer(error)) => Err(error),
        Err(other) => panic!("not about the offer: {other}"),
    }
}

#[tokio::test]
async fn chromium_is_answered_with_opus_and_its_keypad_at_both_clock_rates() {
    let answer = answer(CHROMIUM).await.unwrap();
    for line in [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 8 0 13 110 126",
        "a=ice-lite",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=setup:passive",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:13 CN/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=rtpmap:126 telephone-event/8000",
        "a=fmtp:126 0-15",
    ] {
        assert!(answer.lines().any(|l| l == line), "{line} is not in:\n{answer}");
    }
}

#[tokio::test]
async fn firefox_is_answered_with_opus_and_its_keypad() {
    let answer = answer(FIREFOX).await.unwrap();
    for line in [
        "m=audio 9 UDP/TLS/RTP/SAVPF 109 8 0 101",
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
    ] {
        assert!(answer.lines().any(|l| l == line), "{line} is not in:\n{answer}");
    }
}

#[tokio::test]
async fn a_browser_without_a_keypad_is_answered_too() {
    let offer: String = CHROMIUM
        .lines()
        .filter(|line| !line.contains("telephone-event"))
        .map(|line| line.replace(" 110 126", "") + "\n")
        .collect();
    let answer = answer(&offer).await.unwrap();
    assert!(answer.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 8 0 13\r\n"), "{answer}");
}

#[tokio::test]
async fn of_several_fingerprints_one_that_is_strong_will_do() {
    let weak = "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n";
    let offer = CHROMIUM.replacen("a=fingerprint:", &format!("{weak}a=fingerprint:"), 1);
    answer(&offer).await.unwrap();
}

/// It is the whole offer then, with a port that stands for the bundle's.
#[tokio::test]
async fn audio_that_is_only_to_be_had_in_a_bundle_is_offered() {
    let offer =
        CHROMIUM.replace("m=audio 9", "m=audio 0").replace("a=mid:0", "a=bundle-only\na=mid:0");
    let answer = answer(&offer).await.unwrap();
    assert!(answer.contains("m=audio 9 "), "{answer}");
}

#[tokio::test]
async fn every_call_has_its_own_ice_credentials_and_the_same_certificate() {
    let engine = TestEngine::start().await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let place = common::place(common::call_id(), &on_the_wire(CHROMIUM));
        answers.push(engine.place(place).await.unwrap().answer);
    }
    let value = |answer: &String, key: &str| {
        answer.lines().find_map(|line| line.strip_prefix(key)).unwrap().to_owned()
    };
    for (key, same) in [("a=ice-ufrag:", false), ("a=ice-pwd:", false), ("a=fingerprint:", true)] {
        assert_eq!(value(&answers[0], key) == value(&answers[1], key), same, "{key}");
    }
    assert!(value(&answers[0], "a=ice-ufrag:").len() >= 4);
    assert!(value(&answers[0], "a=ice-pwd:").len() >= 22);
}

#[tokio::test]
async fn a_bad_offer_gets_a_sentence_that_says_what_is_wrong() {
    let without = |what: &str| -> String {
        CHROMIUM.lines().filter(|line| !line.contains(what)).map(|l| format!("{l}\n")).collect()
    };
    let second_line = |line: &str| {
        let track = CHROMIUM.split_once("m=audio").unwrap().1;
        let second = format!("m={line}{}", track.replace("a=mid:0", "a=mid:1"));
        format!("{CHROMIUM}{second}").replace("BUNDLE 0", "BUNDLE 0 1")
    };
    let cases = [
        (String::new(), "the offer is empty"),
        (" \n\n".to_owned(), "the offer is empty"),
        ("hello".to_owned(), "the offer is not usable SDP ("),
        (r#"{"type":"offer","sdp":"v=0"}"#.to_owned(), "the offer is not usable SDP ("),
        ("v=0\n".to_owned(), "no audio"),
        ("\u{0}\u{ff}".repeat(1_000), "the offer is not usable SDP ("),
        ("v=0\n".repeat(256 * 1024), "bytes; at most 65536 are taken"),
        (CHROMIUM.split_once("m=").unwrap().0.replace("a=group:BUNDLE 0\n", ""), "no audio"),
        (CHROMIUM.replace("m=audio 9", "m=audio 0"), "no audio"),
        (CHROMIUM.replace("m=audio", "m=video"), "no audio"),
        (second_line("audio"), "an m= section of audio besides the audio"),
        (second_line("video"), "an m= section of video besides the audio"),
        (
            second_line("audio").replacen("m=audio 9", "m=audio 0", 1).replacen(
                "a=mid:0",
                "a=bundle-only\na=mid:0",
                1,
            ),
            "an m= section of audio besides the audio",
        ),
        (CHROMIUM.replace("a=sendrecv", "a=recvonly"), "the audio is recvonly"),
        (CHROMIUM.replace("a=sendrecv", "a=inactive"), "the audio is inactive"),
        (CHROMIUM.replace("opus/48000", "speex/16000"), "no Opus"),
        (without("a=fingerprint"), "can't be answered"),
        (without("a=ice-ufrag"), "can't be answered"),
        (without("a=mid:"), "its audio has no usable a=mid"),
        (without("a=rtcp-mux"), "no a=rtcp-mux"),
        (CHROMIUM.replace("sha-256", "sha-1"), "of its a=fingerprint, its hash function must be"),
        (CHROMIUM.replace("a=extmap-allow-mixed", "a=ice-lite"), "can't be answered"),
    ];
    for (offer, sentence) in cases {
        let shown: String = offer.chars().take(80).collect();
        match answer(&offer).await {
            Ok(_) => panic!("{shown:?} was answered; expected {sentence:?}"),
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains(sentence), "{shown:?}: {error}");
                assert!(error.chars().count() < 400 && !error.contains('\n'), "{error}");
                assert!(
                    !error.contains("0123456789abcdefghijklmn") && !error.contains("0x"),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_is_logged_of_a_call_has_no_password() {
    let engine = TestEngine::start().await;
    let place = common::place(common::call_id(), &on_the_wire(CHROMIUM));
    let placed = engine.place(place.clone()).await.unwrap();
    let shown = format!("{place:?} {placed:?} {:?}", engine.handle());
    assert!(!shown.contains("ice-pwd") && !shown.contains("0123456789abcdef"), "{shown}");
}
