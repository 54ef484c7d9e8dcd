//! Keys of the visitor while the session changes.

use bellpush_srtp::RtpPacket;
use str0m::format;

use super::{
    simulated_call::SimulatedCall,
    streams::{call, offered, sdp},
    *,
};

const OPUS: &str = "m=audio 4000 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\n\
                    a=rtpmap:110 telephone-event/48000";

/// A call with Opus and its events, in which four keys are pressed at once, and a re-INVITE with this
/// while the first is being sent.
fn pressed_before(media: &str) -> SimulatedCall {
    let routes = offered(&[Codec::Opus, Codec::Pcma], false);
    let mut call = call(routes, format::Codec::Opus, OPUS);
    for key in ['1', '2', '3', '4'] {
        let Simulation { now, bridge, edge, .. } = &mut call.simulation;
        bridge.press(*now, Digit::try_from(key).unwrap(), edge);
    }
    call.pass(Duration::from_millis(50));
    call.trunk_reports(TrunkEvent::Offered { request: OfferId(1), sdp: Some(sdp(media)) });
    call.pass(3 * SECOND);
    call
}

/// The keys that the telephone heard, with the payload type by which they came; each once.
fn heard(call: &SimulatedCall) -> Vec<(u8, u8)> {
    let mut heard: Vec<(u8, u8)> = call
        .heard_by_phone
        .iter()
        .filter_map(|packet| RtpPacket::parse(packet))
        .filter(|packet| [101, 110].contains(&packet.header.payload_type))
        .map(|packet| (packet.header.payload_type, packet.payload[0]))
        .collect();
    heard.dedup();
    heard
}

fn sent_beside(call: &SimulatedCall) -> Vec<char> {
    let sent = call.simulation.edge.dialogs[0].iter();
    sent.filter_map(|command| match command {
        TrunkCommand::Info { digit } => digit.to_string().chars().next(),
        _ => None,
    })
    .collect()
}

#[test]
fn keys_that_wait_go_on_in_another_clock() {
    let call = pressed_before("m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000");
    assert_eq!(heard(&call), [(110, 1), (101, 2), (101, 3), (101, 4)]);
    assert!(sent_beside(&call).is_empty());
}

#[test]
fn keys_that_wait_go_on_beside_the_media_of_a_telephone_that_takes_none_there_any_more() {
    let call = pressed_before("m=audio 4000 RTP/AVP 8");
    assert_eq!(heard(&call), [(110, 1)]);
    assert_eq!(sent_beside(&call), ['2', '3', '4']);
}

#[test]
fn a_telephone_that_holds_the_visitor_is_told_keys_beside_the_media() {
    for hold in ["a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0"] {
        // Those that wait, too.
        let waiting = pressed_before(&format!("{OPUS}\r\n{hold}"));
        assert_eq!(heard(&waiting), [(110, 1)], "{hold}");
        assert_eq!(sent_beside(&waiting), ['2', '3', '4'], "{hold}");

        let mut call = call(offered(&[Codec::Opus], false), format::Codec::Opus, OPUS);
        let held = Some(sdp(&format!("{OPUS}\r\n{hold}")));
        call.trunk_reports(TrunkEvent::Offered { request: OfferId(1), sdp: held });
        call.pass(SECOND);
        let Simulation { now, bridge, edge, .. } = &mut call.simulation;
        edge.rtp_to.clear();
        edge.rtcp_to.clear();
        bridge.press(*now, Digit::STAR, edge);
        call.pass(20 * SECOND);
        assert_eq!(heard(&call), [], "{hold}");
        assert_eq!(sent_beside(&call), ['*'], "{hold}");
        let Simulation { now, bridge, edge, .. } = &mut call.simulation;
        bridge.hang_up(*now, EndReason::UserHangup, edge);
        assert_eq!(edge.rtp_to, [], "{hold}");
        // Reports go on, but not to nowhere, which is this machine.
        assert_eq!(edge.rtcp_to.is_empty(), hold.ends_with("0.0.0.0"), "{hold}");
    }
}
