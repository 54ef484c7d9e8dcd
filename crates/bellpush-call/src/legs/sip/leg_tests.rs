use bellpush_core::{
    ids::{DestinationId, TrunkId},
    trunk::{DialogSnapshot, Hop, SdpOrigin, Transport},
};
use bellpush_srtp::SRTP_KEY_LEN;
use proptest::prelude::*;

use super::*;
use crate::{Callee, CallerIdentity, Codec, CodecPolicy, Latching, SipUser, SrtpPolicy};

const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                      m=audio 4000 RTP/AVP 8\r\n";
const HOLD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n";
const VIDEO: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                     m=video 4000 RTP/AVP 96\r\n";

fn leg() -> SipLeg {
    leg_with(None)
}

/// One that goes on by a dialog, if there is one.
fn leg_with(open: Option<Box<DialogSnapshot>>) -> SipLeg {
    leg_with_codecs(open, vec![Codec::Pcma])
}

fn leg_with_codecs(open: Option<Box<DialogSnapshot>>, codecs: Vec<Codec>) -> SipLeg {
    let target = SipTarget {
        profile_id: DestinationId::from_uuid(uuid::Uuid::nil()),
        trunk_id: TrunkId::from_uuid(uuid::Uuid::nil()),
        to: Callee::User(SipUser::try_from("100").unwrap()),
        caller: CallerIdentity::default(),
        headers: Vec::new(),
        codecs: CodecPolicy::default(),
        srtp: SrtpPolicy::Off,
        latching: Latching::Signalling,
        session_timer: None,
        open,
    };
    let local = LocalMedia {
        own_address: None,
        address: "127.0.0.1".parse().unwrap(),
        rtp_port: 20_000,
        rtcp_port: 20_001,
        codecs,
        srtp: SrtpPolicy::Off,
        key_material: [[0; SRTP_KEY_LEN]; 4].into(),
        stale_sources: Vec::new(),
        session_id: 1,
    };
    SipLeg::new(target, local)
}

/// What a leg did, in a word each.
fn outputs(leg: &mut SipLeg) -> Vec<&'static str> {
    std::iter::from_fn(|| leg.poll()).map(|output| word(&output)).collect()
}

fn word(output: &SipOutput) -> &'static str {
    match output {
        SipOutput::Send(TrunkCommand::Invite { .. }) => "invite",
        SipOutput::Send(TrunkCommand::Cancel) => "cancel",
        SipOutput::Send(TrunkCommand::Release) => "release",
        SipOutput::Send(TrunkCommand::Bye { .. }) => "bye",
        SipOutput::Send(TrunkCommand::AnswerOffer { .. }) => "answer offer",
        SipOutput::Send(TrunkCommand::RejectOffer { .. }) => "refuse offer",
        SipOutput::Send(TrunkCommand::Info { .. }) => "info",
        SipOutput::Media(_) => "media",
        SipOutput::Ringing => "ringing",
        SipOutput::EarlyMedia => "early media",
        SipOutput::Answered { .. } => "answered",
        SipOutput::Held(true) => "held",
        SipOutput::Held(false) => "resumed",
        SipOutput::Unusable(_) => "unusable",
        SipOutput::Ended => "ended",
        SipOutput::Failed(_) => "failed",
    }
}

fn early(sdp: &str) -> TrunkEvent {
    TrunkEvent::EarlyMedia { sdp: sdp.into() }
}

fn answered(sdp: &str) -> TrunkEvent {
    TrunkEvent::Answered { sdp: sdp.into(), call_id: "4711".into() }
}

fn offered(sdp: Option<&str>) -> TrunkEvent {
    TrunkEvent::Offered { request: OfferId(1), sdp: sdp.map(Into::into) }
}

fn open() -> DialogSnapshot {
    let address = "127.0.0.1:5060".parse().unwrap();
    DialogSnapshot {
        sip_call_id: "4711".into(),
        local: "<sip:us@h>;tag=1".into(),
        remote: "<sip:them@h>;tag=2".into(),
        remote_target: "sip:them@h".into(),
        goes_by_hop: false,
        remote_source: None,
        routes: Vec::new(),
        cseq: 10_001,
        remote_cseq: None,
        user: "us".into(),
        hop: Hop { address, transport: Transport::Udp, name: "h".into() },
        origin: None,
        media_lines: Vec::new(),
        session_seconds: None,
    }
}

fn taken_over() -> SipLeg {
    let mut leg = leg_with(Some(Box::new(open())));
    leg.start();
    assert_eq!(outputs(&mut leg), ["invite"]);
    leg
}

#[test]
fn a_far_side_that_has_answered_another_is_offered_the_session_anew() {
    let mut leg = taken_over();
    leg.handle(TrunkEvent::OfferAnswered { sdp: ANSWER.into() });
    assert_eq!(outputs(&mut leg), ["media"]);
    // What can't be used changes nothing of what is agreed on.
    leg.handle(TrunkEvent::OfferAnswered { sdp: VIDEO.into() });
    assert_eq!(outputs(&mut leg), [] as [&str; 0]);
    leg.hang_up(ByeCause::NORMAL);
    assert_eq!(outputs(&mut leg), ["bye"]);
}

#[test]
fn a_session_that_was_anothers_is_offered_with_every_stream_that_it_had() {
    let media_lines = vec!["image 0 udptl t38".into(), "audio 20000 RTP/AVP 8".into()];
    let origin = Some(SdpOrigin { id: 5, version: 2, address: None });
    let mut leg = leg_with(Some(Box::new(DialogSnapshot { origin, media_lines, ..open() })));
    leg.start();
    let Some(SipOutput::Send(TrunkCommand::Invite { sdp, .. })) = leg.poll() else {
        panic!("no offer")
    };
    let lines: Vec<&str> = sdp.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!((lines.len(), lines[0]), (2, "m=image 0 udptl t38"), "{sdp}");
    assert!(sdp.contains("o=- 5 3 "), "{sdp}");
}

#[test]
fn a_far_side_that_held_the_visitor_before_still_does() {
    let mut leg = taken_over();
    leg.handle(TrunkEvent::OfferAnswered { sdp: HOLD.into() });
    assert_eq!(outputs(&mut leg), ["media", "held"]);
    leg.handle(offered(Some(ANSWER)));
    assert_eq!(outputs(&mut leg), ["answer offer", "media", "resumed"]);
}

#[test]
fn without_an_answer_that_can_be_used_a_call_that_was_anothers_is_over() {
    let mut leg = taken_over();
    leg.handle(TrunkEvent::OfferAnswered { sdp: VIDEO.into() });
    assert_eq!(outputs(&mut leg), ["bye", "failed"]);
    let mut leg = taken_over();
    leg.handle(TrunkEvent::HungUp { cause: None });
    assert_eq!(outputs(&mut leg), ["ended"]);
}

#[test]
fn a_call_rings_plays_answers_and_is_hung_up_by_the_far_side() {
    let mut leg = leg();
    leg.start();
    leg.handle(TrunkEvent::Ringing);
    leg.handle(early(ANSWER));
    leg.handle(answered(ANSWER));
    leg.handle(TrunkEvent::HungUp { cause: None });
    let expected = ["invite", "ringing", "media", "early media", "media", "answered", "ended"];
    assert_eq!(outputs(&mut leg), expected);
}

#[test]
fn early_media_that_can_not_be_played_is_a_ring() {
    let mut leg = leg();
    leg.start();
    leg.handle(early(VIDEO));
    assert_eq!(outputs(&mut leg), ["invite", "ringing"]);
}

#[test]
fn giving_up_cancels_before_the_answer_and_says_bye_after_it() {
    let mut ringing = leg();
    ringing.start();
    ringing.handle(TrunkEvent::Ringing);
    ringing.hang_up(ByeCause::NORMAL);
    assert_eq!(outputs(&mut ringing), ["invite", "ringing", "cancel"]);
    let mut talking = leg();
    talking.start();
    talking.handle(answered(ANSWER));
    talking.hang_up(ByeCause::NORMAL);
    assert_eq!(outputs(&mut talking), ["invite", "media", "answered", "bye"]);
}

#[test]
fn an_answer_that_can_not_be_used_is_taken_back() {
    let mut leg = leg();
    leg.start();
    leg.handle(answered(VIDEO));
    let said: Vec<SipOutput> = std::iter::from_fn(|| leg.poll()).collect();
    assert_eq!(said.iter().map(word).collect::<Vec<_>>(), ["invite", "bye", "unusable", "failed"]);
    // The phone system's own records have the call under this name.
    let failure = said.iter().find_map(|output| match output {
        SipOutput::Unusable(failure) => Some((failure.status, failure.call_id.as_str())),
        _ => None,
    });
    assert_eq!(failure, Some((Some(200), "4711")));
}

#[test]
fn what_one_telephone_that_rings_changes_says_nothing_of_the_others() {
    let sdp = |formats: &str| {
        ANSWER.replace("RTP/AVP 8", &format!("RTP/AVP {formats}"))
            + "a=rtpmap:101 telephone-event/8000\r\na=rtpmap:99 telephone-event/8000\r\n"
    };
    let plan = |leg: &mut SipLeg| {
        let plans = std::iter::from_fn(|| leg.poll()).filter_map(|output| match output {
            SipOutput::Media(plan) => Some(plan),
            _ => None,
        });
        plans.last().map(|plan| (plan.payload_type, plan.format(101), plan.format(99)))
    };
    let events = Some(crate::legs::sip::Format::TelephoneEvent(8_000));
    let mut leg = leg_with_codecs(None, vec![Codec::Pcma, Codec::Pcmu]);
    leg.start();
    leg.handle(early(&sdp("8 101")));
    assert_eq!(plan(&mut leg), Some((8, events, None)));
    // It leaves out a codec, and numbers the keys anew.
    leg.handle(offered(Some(&sdp("8 99"))));
    assert_eq!(plan(&mut leg), Some((8, None, events)));
    // Another answers, then that one: its answer is that to what it has offered itself.
    leg.handle(early(&sdp("0 101")));
    assert_eq!(plan(&mut leg), Some((0, events, None)));
    leg.handle(answered(&sdp("8 99")));
    assert_eq!(plan(&mut leg), Some((8, None, events)));

    let mut leg = leg_with_codecs(None, vec![Codec::Pcma, Codec::Pcmu]);
    leg.start();
    leg.handle(early(&sdp("8 101")));
    leg.handle(offered(Some(&sdp("8 99"))));
    leg.handle(answered(&sdp("0 101")));
    assert_eq!(plan(&mut leg), Some((0, events, None)));
}

#[test]
fn a_hold_is_told_once_and_so_is_its_end() {
    let mut leg = leg();
    leg.start();
    leg.handle(answered(ANSWER));
    outputs(&mut leg);
    leg.handle(offered(Some(HOLD)));
    assert_eq!(outputs(&mut leg), ["answer offer", "media", "held"]);
    leg.handle(offered(Some(HOLD)));
    assert_eq!(outputs(&mut leg), ["answer offer", "media"]);
    leg.handle(offered(None));
    assert_eq!(outputs(&mut leg), ["answer offer"]);
    leg.handle(TrunkEvent::OfferAnswered { sdp: ANSWER.into() });
    assert_eq!(outputs(&mut leg), ["media", "resumed"]);
}

#[test]
fn an_offer_without_audio_is_refused_and_changes_nothing() {
    let mut leg = leg();
    leg.start();
    leg.handle(answered(ANSWER));
    outputs(&mut leg);
    leg.handle(offered(Some(VIDEO)));
    assert_eq!(outputs(&mut leg), ["refuse offer"]);
}

#[derive(Debug, Clone, Copy)]
enum Input {
    Start,
    Ringing,
    Early(bool),
    Answered(bool),
    Offered(Option<bool>),
    Confirmed(bool),
    HungUp,
    Failed,
    HangUp,
    Press,
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => Just(Input::Start),
        3 => Just(Input::Ringing),
        3 => any::<bool>().prop_map(Input::Early),
        3 => any::<bool>().prop_map(Input::Answered),
        3 => any::<Option<bool>>().prop_map(Input::Offered),
        1 => any::<bool>().prop_map(Input::Confirmed),
        1 => Just(Input::HungUp),
        1 => Just(Input::Failed),
        1 => Just(Input::HangUp),
        1 => Just(Input::Press),
    ]
}

fn put(leg: &mut SipLeg, input: Input) {
    let text = |good| if good { ANSWER } else { VIDEO };
    match input {
        Input::Start => leg.start(),
        Input::Ringing => leg.handle(TrunkEvent::Ringing),
        Input::Early(good) => leg.handle(early(text(good))),
        Input::Answered(good) => leg.handle(answered(text(good))),
        Input::Offered(sdp) => leg.handle(offered(sdp.map(text))),
        Input::Confirmed(good) => leg.handle(TrunkEvent::OfferAnswered { sdp: text(good).into() }),
        Input::HungUp => leg.handle(TrunkEvent::HungUp { cause: None }),
        Input::Failed => leg.handle(TrunkEvent::Failed(FarFailure::Busy)),
        Input::HangUp => leg.hang_up(ByeCause::NORMAL),
        Input::Press => leg.press(Digit::STAR),
    }
}

proptest! {
    /// One INVITE, at most one end by either side, and nothing after that: a dialog that the far
    /// side did not end is ended by exactly one CANCEL or BYE.
    #[test]
    fn no_sequence_of_inputs_leaves_a_dialog_or_ends_it_twice(
        inputs in proptest::collection::vec(any_input(), 0..40)
    ) {
        run_to_the_end(inputs)?;
    }
}

fn run_to_the_end(inputs: Vec<Input>) -> Result<(), TestCaseError> {
    let mut leg = leg();
    let mut far_side_ended = false;
    let mut words = Vec::new();
    for input in inputs {
        let was_over = leg.state == State::Over;
        put(&mut leg, input);
        let now = outputs(&mut leg);
        prop_assert!(!was_over || now.is_empty(), "{now:?} came after the end");
        far_side_ended |=
            now.contains(&"ended") || (now.contains(&"failed") && !now.contains(&"bye"));
        words.extend(now);
    }
    leg.hang_up(ByeCause::NORMAL);
    words.extend(outputs(&mut leg));
    let count = |wanted: &[&str]| words.iter().filter(|word| wanted.contains(word)).count();
    let invites = count(&["invite"]);
    prop_assert!(invites <= 1);
    prop_assert!(count(&["ended", "failed"]) <= 1);
    let ends = count(&["cancel", "bye"]) + usize::from(far_side_ended);
    prop_assert_eq!(ends, invites);
    prop_assert!(count(&["cancel"]) == 0 || count(&["answered"]) == 0);
    Ok(())
}

/// The same, found by the code that it reaches.
#[cfg(fuzzing)]
#[test]
fn fuzz_leg_on_a_trunk() {
    let inputs = proptest::collection::vec(any_input(), 0..40);
    bellpush_test_fuzz::fuzz_values(inputs, |inputs| run_to_the_end(inputs).unwrap());
}
