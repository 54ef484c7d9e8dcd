//! Calls that come from another server while that one still relays them, and the demo that goes on.

use bellpush_test_support::visitor::Heard;

use super::*;

#[tokio::test]
async fn a_far_side_that_another_server_still_relays_is_offered_the_session_when_the_browser_is_here()
 {
    let mut test = Test::start();
    let routes = vec![with_open_dialog(to_phone(&[Codec::Pcma]))];
    let mut offered = test.place(routes, Some(Former::Relays)).await;
    assert_eq!(offered.placed.signals.recv().await, Some(Signal::Reconnecting));
    assert!(test.dialogs.try_recv().is_err());
    let mut call = offered.connect();
    assert_eq!(call.next().await, Some(Signal::Connected));
    let mut dialog = test.dialog().await;
    let mut phone = Phone::of(Codec::Pcma, dialog.invited().await).await;
    dialog.events.send(TrunkEvent::OfferAnswered { sdp: phone.sdp("sendrecv") }).await;
    call.visitor.say(numbered(20));
    while phone.hear().await.1 != [20; 160] {}
    phone.say(numbered(20)).await;
    call.visitor.wait_until(SOON, |heard| heard.packets.len() >= 20).await.unwrap();

    // Handed over in turn, it is relayed for as long as the browser is here.
    test.engine.hand_over(call.id, HOUR).await;
    call.visitor.say(numbered(20));
    while phone.hear().await.1 != [20; 160] {}
    call.visitor.close();
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Release)));
    assert!(dialog.next().await.is_none());
    assert_eq!(call.next().await, None);
    test.is_empty().await;
}

#[tokio::test]
async fn a_far_side_that_was_not_offered_the_session_yet_is_told_that_the_call_is_over() {
    let mut test = Test::start();
    let routes = vec![with_open_dialog(to_phone(&[Codec::Pcma]))];
    let call = test.place(routes, Some(Former::Relays)).await;
    test.engine.hang_up(call.id).await;
    let mut dialog = test.dialog().await;
    dialog.invited().await;
    assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { cause: ByeCause::NORMAL })));
    test.is_empty().await;
}

#[tokio::test]
async fn a_far_side_that_there_is_no_port_for_is_told_that_the_call_is_over() {
    for former in [Former::Gone, Former::Relays] {
        let mut test = Test::with(|config| {
            // Of no other test: this one has no more to go to.
            let first = free_ports(1).unwrap();
            config.rtp_ports = first..=first + 1;
        });
        let (_other, _dialog, _phone) = test.answered(to_phone(&[Codec::Pcma]), Codec::Pcma).await;
        let routes = vec![with_open_dialog(to_phone(&[Codec::Pcma]))];
        let mut call = test.place(routes, Some(former)).await.connect();
        let mut dialog = test.dialog().await;
        assert!(matches!(dialog.next().await, Some(TrunkCommand::Invite { .. })));
        assert!(matches!(dialog.next().await, Some(TrunkCommand::Bye { .. })));
        let end = loop {
            match call.next().await {
                Some(Signal::Reconnecting | Signal::Connected) => {}
                other => break other,
            }
        };
        assert_eq!(end, Some(Signal::Failed(ErrorCode::MediaFailed)));
    }
}

#[tokio::test]
async fn the_demo_goes_on_with_a_call_of_another_server_without_its_greeting() {
    for former in [Former::Gone, Former::Relays] {
        let test = Test::start();
        let mut call = test.goes_on(route(FarSide::Demo), former).await;
        assert_eq!(call.next().await, Some(Signal::Reconnecting));
        assert_eq!(call.next().await, Some(Signal::Connected));
        call.visitor.say(numbered(20));
        let is_whole = |heard: &Heard| heard.packets.iter().any(|one| one.payload[..] == [20; 160]);
        call.visitor.wait_until(SOON, is_whole).await.unwrap();
        // Beside what was said there is but the visitor's own silence.
        let packets = call.visitor.heard().packets;
        let others = packets.iter().map(|one| one.payload.to_vec()).filter(|one| one.len() > 1);
        assert!(others.eq(numbered(20)));
        test.engine.hang_up(call.id).await;
        assert_eq!(call.next().await, Some(USER_HANGUP));
    }
}
