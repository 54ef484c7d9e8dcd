//! Calls to SIPp, one scenario each.

use std::time::Duration;

use anyhow::Context as _;
use bellpush_call::{
    ByeCause, Credentials, DisplayName, FarFailure, HeaderName, HeaderValue, SipUri, SipUser,
    TrunkCommand, TrunkConfig, TrunkEvent, Trunks,
};
use bellpush_core::call_notice::CallNotice;
use bellpush_sip_tests::{Call, PATIENCE, Sipp, target, trunk, trunks};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

type Result = anyhow::Result<()>;

/// A trunk to a SIPp, and a call over it.
async fn call(sipp: &Sipp) -> anyhow::Result<(Trunks, Call)> {
    call_over(trunk(sipp.port)).await
}

async fn call_over(trunk: TrunkConfig) -> anyhow::Result<(Trunks, Call)> {
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let call = Call::start(&trunks, target).await?;
    Ok((trunks, call))
}

/// Every place of a call is given back, however it ended.
async fn nothing_is_left(trunks: &Trunks) {
    let wait = async {
        while trunks.load().calls > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "{:?}", trunks.load());
}

#[tokio::test]
async fn a_call_rings_is_answered_and_is_hung_up() -> Result {
    let sipp = Sipp::start("answer").await?;
    let trunk = trunk(sipp.port);
    let mut target = target(&trunk);
    target.caller.user = Some(SipUser::try_from("200")?);
    target.caller.display_name = Some(DisplayName::try_from("Ann")?);
    target.caller.asserted = Some(SipUri::try_from("sip:shop@example.org")?);
    target.headers =
        vec![(HeaderName::try_from("X-Bellpush-Call")?, HeaderValue::try_from("call_1")?)];
    let id = trunk.id;
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let (before, sdp) = call.answer().await?;
    assert_eq!(before, ["ringing"]);
    assert!(sdp.contains("m=audio"), "{sdp}");
    call.hang_up().await?;
    call.end().await?;
    sipp.finish().await?;
    nothing_is_left(&trunks).await;
    assert_eq!(trunks.status(id).and_then(|status| status.is_healthy), Some(true));
    Ok(())
}

#[tokio::test]
async fn every_refusal_has_its_meaning() -> Result {
    for (status, failure) in [
        ("486 Busy Here", FarFailure::Busy),
        ("600 Busy Everywhere", FarFailure::Busy),
        ("480 Temporarily Unavailable", FarFailure::NoAnswer),
        ("404 Not Found", FarFailure::Unreachable),
        ("604 Does Not Exist Anywhere", FarFailure::Unreachable),
        ("403 Forbidden", FarFailure::Rejected),
        ("603 Decline", FarFailure::Rejected),
    ] {
        let sipp = Sipp::start_with("refuse", &[("[status]", status)], "u1").await?;
        let (trunks, mut call) = call(&sipp).await?;
        assert!(matches!(call.next().await?, TrunkEvent::Ringing));
        let TrunkEvent::Failed(told) = call.next().await? else { panic!("no failure") };
        assert_eq!(told, failure, "{status}");
        call.end().await?;
        sipp.finish().await?;
        nothing_is_left(&trunks).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_rings_in_vain_is_told_to_stop() -> Result {
    let sipp = Sipp::start("no_answer").await?;
    let (trunks, mut call) = call(&sipp).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    call.send(TrunkCommand::Cancel).await?;
    call.end().await?;
    sipp.finish().await?;
    nothing_is_left(&trunks).await;
    Ok(())
}

#[tokio::test]
async fn a_cancel_waits_for_the_first_sign_of_the_far_side() -> Result {
    let sipp = Sipp::start("late_provisional").await?;
    let (trunks, call) = call(&sipp).await?;
    sipp.heard("INVITE sip:100@").await?;
    call.send(TrunkCommand::Cancel).await?;
    call.end().await?;
    sipp.finish().await?;
    nothing_is_left(&trunks).await;
    Ok(())
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() -> Result {
    let sipp = Sipp::start("cancel_race").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    call.send(TrunkCommand::Cancel).await?;
    call.end().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_call_whose_owner_is_gone_is_given_up() -> Result {
    let sipp = Sipp::start("no_answer").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    drop(call);
    sipp.finish().await
}

#[tokio::test]
async fn a_challenge_is_answered_to_the_far_side_as_to_a_proxy() -> Result {
    // SIPp verifies MD5 in Authorization alone; Kamailio, in trunks.rs, verifies the rest.
    for scenario in ["challenge", "proxy_challenge"] {
        let sipp = Sipp::start(scenario).await?;
        let mut trunk = trunk(sipp.port);
        trunk.credentials =
            Some(Credentials { username: "1000".into(), password: "secret".into() });
        let (_trunks, mut call) = call_over(trunk).await?;
        call.answer().await.with_context(|| scenario.to_owned())?;
        call.hang_up().await?;
        sipp.finish().await?;
    }
    Ok(())
}

#[tokio::test]
async fn credentials_that_are_refused_are_not_tried_for_ever() -> Result {
    let sipp = Sipp::start("wrong_credentials").await?;
    let mut trunk = trunk(sipp.port);
    trunk.credentials = Some(Credentials { username: "1000".into(), password: "wrong".into() });
    let id = trunk.id;
    let (trunks, mut call) = call_over(trunk).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    sipp.finish().await?;
    let error = trunks.status(id).and_then(|status| status.last_error);
    assert_eq!(error.as_deref(), Some("INVITE: 401 Unauthorized"));
    Ok(())
}

#[tokio::test]
async fn what_the_far_side_plays_before_it_answers_is_told() -> Result {
    let sipp = Sipp::start("early_media").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    assert_eq!(call.answer().await?.0, ["early media"]);
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_reliable_response_is_acknowledged_and_its_sdp_is_the_answer() -> Result {
    let sipp = Sipp::start("reliable").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    let (before, sdp) = call.answer().await?;
    assert_eq!(before, ["early media"]);
    assert!(sdp.contains("m=audio"), "{sdp}");
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn of_two_telephones_that_answer_the_first_has_the_call_and_the_other_is_ended() -> Result {
    let sipp = Sipp::start("forks").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_telephone_that_gives_up_leaves_the_call_to_the_others() -> Result {
    let sipp = Sipp::start("terminated").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    assert_eq!(call.answer().await?.0, ["early media"]);
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_far_side_that_hangs_up_says_why() -> Result {
    let sipp = Sipp::start("far_bye").await?;
    let (trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    let TrunkEvent::HungUp { cause } = call.next().await? else { panic!("no hang-up") };
    assert_eq!(cause.map(ByeCause::code), Some(17));
    call.end().await?;
    sipp.finish().await?;
    nothing_is_left(&trunks).await;
    Ok(())
}

/// Answers the far side's next offer with this direction.
async fn answer_offer(call: &mut Call, expected: &str, answered: &str) -> Result {
    let TrunkEvent::Offered { request, sdp } = call.next().await? else { panic!("no offer") };
    assert!(sdp.is_some_and(|sdp| sdp.contains(expected)), "not {expected}");
    let sdp = bellpush_sip_tests::OFFER.replace("a=sendrecv", answered);
    call.send(TrunkCommand::AnswerOffer { request, sdp }).await
}

#[tokio::test]
async fn a_hold_by_reinvite_is_answered_and_so_is_its_end() -> Result {
    let sipp = Sipp::start_with("hold", &[("[before]", "0"), ("[held]", "300")], "u1").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    answer_offer(&mut call, "a=sendonly", "a=recvonly").await?;
    answer_offer(&mut call, "a=sendrecv", "a=sendrecv").await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_hold_by_update_is_answered_and_a_refresh_is_not_an_offer() -> Result {
    let sipp = Sipp::start("update_hold").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    answer_offer(&mut call, "a=inactive", "a=inactive").await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    call.hang_up().await?;
    call.end().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_queue_and_a_transfer_are_told() -> Result {
    let sipp = Sipp::start("queue_and_transfer").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    let mut notices = Vec::new();
    while notices.len() < 3 {
        if let TrunkEvent::Notice(notice) = call.next().await? {
            notices.push(notice);
        }
    }
    let queued = |position, wait_seconds| CallNotice::Queued { position, wait_seconds };
    let expected = [queued(Some(5), Some(900)), queued(Some(1), None), CallNotice::Transferred];
    assert_eq!(notices, expected);
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_far_side_that_asks_for_our_offer_gets_it_and_answers_in_its_ack() -> Result {
    let sipp = Sipp::start("offerless").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    let TrunkEvent::Offered { request, sdp: None } = call.next().await? else {
        panic!("no question")
    };
    let sdp = bellpush_sip_tests::OFFER.to_owned();
    call.send(TrunkCommand::AnswerOffer { request, sdp }).await?;
    let TrunkEvent::OfferAnswered { sdp } = call.next().await? else { panic!("no answer") };
    assert!(sdp.contains("a=sendonly"), "{sdp}");
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn what_is_not_taken_is_refused_and_a_key_by_info_is_taken() -> Result {
    let sipp = Sipp::start("requests").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    let TrunkEvent::Digit(digit) = call.next().await? else { panic!("no key") };
    assert_eq!(digit.to_string(), "7");
    tokio::time::sleep(Duration::from_millis(500)).await;
    call.hang_up().await?;
    call.end().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_key_is_pressed_by_info() -> Result {
    let sipp = Sipp::start("press").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    call.send(TrunkCommand::Info { digit: '5'.try_into()? }).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_session_interval_that_is_too_short_is_lengthened() -> Result {
    let sipp = Sipp::start("session_interval").await?;
    let trunk = trunk(sipp.port);
    let mut target = target(&trunk);
    target.session_timer = Some(Duration::from_secs(120));
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    call.answer().await?;
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_session_is_refreshed_by_reinvite_also_after_a_collision() -> Result {
    let sipp = Sipp::start("refreshed").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    assert!(matches!(call.next().await?, TrunkEvent::OfferAnswered { .. }));
    // What the far side says to the second refresh, 2.1 to 4 s after the first.
    sipp.heard("Session-Expires: 1800").await?;
    call.hang_up().await?;
    call.end().await?;
    sipp.finish().await
}

#[tokio::test]
async fn of_two_offers_that_cross_the_far_sides_has_to_wait() -> Result {
    let sipp = Sipp::start("glare").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    let TrunkEvent::OfferAnswered { sdp } = call.next().await? else { panic!("no answer") };
    assert!(sdp.contains("m=audio"), "{sdp}");
    answer_offer(&mut call, "a=sendonly", "a=recvonly").await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_far_side_that_vanishes_is_noticed_by_the_refresh_that_it_does_not_answer() -> Result {
    let sipp = Sipp::start("update_refreshed").await?;
    let (trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { cause: None }));
    sipp.finish().await?;
    nothing_is_left(&trunks).await;
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_breaks_its_promise_to_refresh_is_hung_up_on() -> Result {
    let sipp = Sipp::start("unrefreshed").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    call.answer().await?;
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { cause: None }));
    sipp.finish().await
}

#[tokio::test]
async fn an_answer_without_sdp_is_no_call() -> Result {
    let sipp = Sipp::start("no_sdp").await?;
    let (_trunks, mut call) = call(&sipp).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    sipp.finish().await
}

#[tokio::test]
async fn calls_travel_over_tcp_too() -> Result {
    let sipp = Sipp::start_with("plain_answer", &[], "t1").await?;
    let mut trunk = trunk(sipp.port);
    trunk.transport = bellpush_call::SipTransport::Tcp;
    let (_trunks, mut call) = call_over(trunk).await?;
    call.answer().await?;
    call.hang_up().await?;
    sipp.finish().await
}

/// Joins two connections until this one is cut, and then the next one to the same far end: SIPp
/// ends when its connection does.
async fn join(near: TcpListener, port: u16, mut cut: oneshot::Receiver<()>) -> std::io::Result<()> {
    let mut far = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut first, _) = near.accept().await?;
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut first, &mut far) => {}
        _ = &mut cut => {}
    }
    drop(first);
    let (mut second, _) = near.accept().await?;
    tokio::io::copy_bidirectional(&mut second, &mut far).await.map(drop)
}

#[tokio::test]
async fn a_connection_that_is_lost_in_a_call_is_made_again_so_that_the_far_side_can_hang_up()
-> Result {
    let near = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = near.local_addr()?.port();
    let contact = format!("{port};transport=");
    let contact = [("[local_port];transport=", &*contact)];
    let sipp = Sipp::start_with("connection_lost", &contact, "t1").await?;
    let (cut, is_cut) = oneshot::channel();
    tokio::spawn(join(near, sipp.port, is_cut));
    let trunk = TrunkConfig { transport: bellpush_call::SipTransport::Tcp, ..trunk(port) };
    let (trunks, mut call) = call_over(trunk).await?;
    call.answer().await?;
    sipp.heard("ACK sip:").await?;
    let _ = cut.send(());
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }));
    sipp.finish().await?;
    nothing_is_left(&trunks).await;
    Ok(())
}
