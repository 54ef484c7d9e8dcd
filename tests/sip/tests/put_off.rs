//! What far sides ask of a server that does not have their call, or not yet, while it goes on.

use std::time::Duration;

use bellpush_call::{TrunkCommand, TrunkEvent, Trunks, TrunksConfig};
use bellpush_sip_tests::{ANSWER, Call, KeptCall, Message, Peer, SDP, trunk, trunks_config};

type Result = anyhow::Result<()>;

/// It does not know yet where the call goes on, and 481 would end that.
#[tokio::test]
async fn what_a_far_side_asks_of_a_process_that_has_let_go_is_put_off() -> Result {
    let peer = Peer::start().await?;
    let (call, _, invite) = KeptCall::answered(&peer).await?;
    call.call.send(TrunkCommand::Release).await?;
    call.call.end().await?;
    let methods = [("UPDATE", "500"), ("INVITE", "500"), ("OPTIONS", "200"), ("BYE", "481")];
    for (cseq, (method, status)) in (1..).zip(methods) {
        let theirs = peer.request(&invite, method, cseq, "", "")?;
        peer.send(theirs.as_bytes(), call.trunks.local_addr()).await?;
        let answer = peer.receive(&format!("SIP/2.0 {status}")).await?;
        assert_eq!(answer.header("CSeq")?, format!("{cseq} {method}"));
        assert_eq!(answer.header("Retry-After").is_ok(), status == "500", "{}", answer.text);
    }
    Ok(())
}

/// A far side that is asked to wait is there still when its call is taken up; one whose call is not is told so in the end.
#[tokio::test]
async fn what_a_far_side_asks_of_a_process_that_has_just_started_waits_for_its_call() -> Result {
    let peer = Peer::start().await?;
    let (first, open, invite) = KeptCall::answered(&peer).await?;
    let taking_up = Duration::from_secs(2);
    let next = Trunks::start(TrunksConfig { taking_up, ..trunks_config() }).await?;
    let address = next.local_addr();
    let answer = async |method, invite: &Message, cseq| {
        let theirs = peer.request(invite, method, cseq, "", "")?;
        peer.send(theirs.as_bytes(), address).await?;
        peer.receive("SIP/2.0 ").await
    };
    let methods = [("UPDATE", "500"), ("INVITE", "500"), ("OPTIONS", "200"), ("BYE", "481")];
    for (cseq, (method, status)) in (1..).zip(methods) {
        let answer = answer(method, &invite, cseq).await?;
        assert!(answer.text.starts_with(&format!("SIP/2.0 {status}")), "{}", answer.text);
        assert_eq!(answer.header("Retry-After").is_ok(), status == "500", "{}", answer.text);
    }
    let trunk = trunk(peer.port);
    next.set(vec![trunk.clone()]);
    let mut call = Call::go_on(first.id, &next, &trunk, open.snapshot.taken_over()).await?;
    let again = peer.receive("INVITE").await?;
    peer.reply(&again, "200 OK", SDP, ANSWER).await?;
    peer.receive("ACK").await?;
    assert!(matches!(call.next().await?, TrunkEvent::OfferAnswered { .. }));
    let update = answer("UPDATE", &invite, 5).await?;
    assert!(update.text.starts_with("SIP/2.0 200"), "{}", update.text);

    // Of a call that nobody takes up.
    let lost = Message { text: invite.text.replace("Call-ID: ", "Call-ID: lost-"), ..invite };
    let mut statuses = Vec::new();
    for cseq in 1.. {
        let answer = answer("UPDATE", &lost, cseq).await?;
        statuses.push(answer.start_line()[8..11].to_owned());
        if statuses.last().is_some_and(|status| status == "481") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(statuses.iter().rev().skip(1).all(|status| status == "500"), "{statuses:?}");
    Ok(())
}
