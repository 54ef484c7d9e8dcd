//! A proxy that lets several telephones ring: each has a dialog of its own.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bellpush_call::{FarFailure, TrunkCommand, TrunkEvent};
use bellpush_sip_tests::{ANSWER, Message, OFFER, Peer, SDP, call_by, reply};

type Result = anyhow::Result<()>;

/// Answers an INVITE as one of the telephones.
async fn say(peer: &Peer, invite: &Message, tag: &str, status: &str, more: &str) -> Result {
    let more = format!("Contact: <sip:{tag}@127.0.0.1:{}>\r\n{more}", peer.port);
    let body = if more.contains(SDP) { ANSWER } else { "" };
    let response = String::from_utf8(reply(invite, status, &more, body.as_bytes())?)?;
    let response = response.replace(";tag=peer", &format!(";tag={tag}"));
    peer.send(response.as_bytes(), invite.from).await
}

#[tokio::test]
async fn each_telephone_that_wants_its_ringing_acknowledged_has_that() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let reliable = "Require: 100rel\r\nRSeq: 7\r\n";
    // Each of them counts for itself, and says again what is not acknowledged.
    for tag in ["one", "two"] {
        for _ in 0..2 {
            say(&peer, &invite, tag, "180 Ringing", reliable).await?;
        }
        let prack = peer.receive("PRACK").await?;
        assert!(prack.header("To")?.ends_with(&format!(";tag={tag}")), "{}", prack.text);
        assert_eq!(prack.header("RAck")?, "7 1 INVITE");
        peer.reply(&prack, "200 OK", "", "").await?;
        assert!(peer.within(Duration::from_millis(300)).await?.is_none());
    }
    say(&peer, &invite, "two", "200 OK", SDP).await?;
    call.answer().await?;
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_telephone_that_answers_is_not_told_what_was_agreed_with_another() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    for tag in ["one", "two"] {
        say(&peer, &invite, tag, "183 Progress", SDP).await?;
    }
    let offer = ANSWER.replace("sendrecv", "sendonly");
    let update = |tag: &str| -> anyhow::Result<String> {
        let update = peer.request(&invite, "UPDATE", 1, SDP, &offer)?;
        Ok(update.replace(";tag=peer", &format!(";tag={tag}")))
    };
    let mut open = Vec::new();
    for tag in ["one", "two"] {
        peer.send(update(tag)?.as_bytes(), trunks.local_addr()).await?;
        let offered = loop {
            match call.next().await? {
                TrunkEvent::EarlyMedia { .. } => {}
                TrunkEvent::Offered { request, .. } => break request,
                other => bail!("{other:?} in place of an offer"),
            }
        };
        open.push(offered);
    }
    let sdp = OFFER.replace("sendrecv", "recvonly");
    let first = open.first().copied().context("nothing was offered")?;
    call.send(TrunkCommand::AnswerOffer { request: first, sdp }).await?;
    let answer = peer.receive("SIP/2.0 200").await?;
    assert!(answer.header("From")?.ends_with(";tag=one"), "{}", answer.text);
    say(&peer, &invite, "three", "200 OK", &format!("Session-Expires: 4;refresher=uac\r\n{SDP}"))
        .await?;
    // What nobody has answered yet is over.
    let refusal = peer.receive("SIP/2.0 487").await?;
    assert!(refusal.header("From")?.ends_with(";tag=two"), "{}", refusal.text);
    call.answer().await?;
    let again = peer.receive("INVITE").await?;
    assert!(again.header("To")?.ends_with(";tag=three"), "{}", again.text);
    assert!(again.text.ends_with(OFFER), "{}", again.text);
    Ok(())
}

/// RFC 3311 section 5.2: ours, of the INVITE, is still open.
#[tokio::test]
async fn a_telephone_that_offers_before_it_answers_our_offer_has_to_wait() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    say(&peer, &invite, "peer", "180 Ringing", "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    let update = peer.request(&invite, "UPDATE", 1, SDP, ANSWER)?;
    peer.send(update.as_bytes(), trunks.local_addr()).await?;
    peer.receive("SIP/2.0 491").await?;
    say(&peer, &invite, "peer", "200 OK", SDP).await?;
    call.answer().await?;
    Ok(())
}

/// The number that was called is that of the trunk itself, among others.
#[tokio::test]
async fn an_invite_that_a_proxy_sends_back_to_us_is_refused_at_once() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let via = format!("Via: SIP/2.0/UDP 127.0.0.1:{};branch=z9hG4bKback\r\nVia: ", peer.port);
    let back = invite.text.replacen("Via: ", &via, 1);
    peer.send(back.as_bytes(), trunks.local_addr()).await?;
    peer.receive("SIP/2.0 482").await?;
    peer.reply(&invite, "486 Busy Here", "", "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Busy)));
    Ok(())
}
