//! Dialogs are kept while they go on, and those that another process left behind are ended.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bellpush_call::{
    ByeAnswer, Credentials, Digit, EndWhen, FarFailure, OpenDialogs, SipTarget, SipTransport,
    SrtpPolicy, ToKeep, TrunkCommand, TrunkConfig, TrunkEvent, Trunks, TrunksConfig,
};
use bellpush_core::{ids::CallId, trunk::DialogChange};
use bellpush_sip_tests::{
    ANSWER, Call, KeptCall, PATIENCE, Peer, SDP, Sipp, read_message, reply, target, trunk, trunks,
    trunks_config,
};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

type Result = anyhow::Result<()>;

#[tokio::test]
async fn an_answer_is_acknowledged_once_its_dialog_is_on_disk() -> Result {
    let peer = Peer::start().await?;
    let (dialogs, mut to_keep) = OpenDialogs::channel(8);
    // So that the answer would be said again long after the test.
    let config = TrunksConfig { dialogs, t1: Duration::from_secs(20), ..trunks_config() };
    let trunks = Trunks::start(config).await?;
    let trunk = trunk(peer.port);
    trunks.set(vec![trunk.clone()]);
    let id = CallId::from_uuid(Uuid::now_v7());
    let mut call = Call::start_as(id, &trunks, target(&trunk)).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    let ToKeep { change, kept } = to_keep.recv().await.context("nothing is to be kept")?;
    // The call goes on all the same.
    call.answer().await?;
    assert!(peer.within(Duration::from_millis(300)).await?.is_none(), "it was acknowledged");
    kept.context("nobody waits for it")?.send(()).ok().context("nobody waits for it")?;
    let ack = peer.receive("ACK").await?;

    let DialogChange::Open(open) = change else { bail!("{change:?}") };
    assert_eq!((open.call_id, open.trunk_id), (id, trunk.id));
    let kept = open.snapshot;
    assert_eq!(kept.sip_call_id, ack.header("Call-ID")?);
    assert_eq!(kept.local, ack.header("From")?);
    assert!(kept.remote.ends_with(";tag=peer"), "{kept:?}");
    assert_eq!(kept.remote_target, format!("sip:peer@127.0.0.1:{}", peer.port));
    assert_eq!((kept.cseq, kept.hop.address), (1, peer.address()?));
    Ok(())
}

#[tokio::test]
async fn a_store_that_says_nothing_holds_no_answer_up_for_longer_than_t1() -> Result {
    let peer = Peer::start().await?;
    let mut call = KeptCall::by(trunk(peer.port)).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    let _unanswered = call.change().await?;
    peer.receive("ACK").await?;
    call.call.answer().await?;
    Ok(())
}

#[tokio::test]
async fn a_dialog_that_leads_elsewhere_is_kept_again_and_taken_out_when_both_sides_know() -> Result
{
    let (peer, other) = (Peer::start().await?, Peer::start().await?);
    let (mut call, open, invite) = KeptCall::answered(&peer).await?;
    let moved = format!("sip:peer@127.0.0.1:{}", other.port);
    let update = peer.request(&invite, "UPDATE", 7, "", "")?;
    let update = update.replace(&format!("sip:peer@127.0.0.1:{}", peer.port), &moved);
    peer.send(update.as_bytes(), call.trunks.local_addr()).await?;
    let kept = call.open().await?;
    assert_eq!(kept.call_id, call.id);
    assert_eq!(kept.snapshot.remote_target, moved);
    assert_eq!(kept.snapshot.remote_cseq, Some(7));
    assert_eq!(kept.snapshot.remote, open.snapshot.remote);

    call.call.hang_up().await?;
    let bye = other.receive("BYE").await?;
    // While the far side may not know of it yet, somebody may have to tell it in our place.
    assert!(call.to_keep.try_recv().is_err());
    other.reply(&bye, "200 OK", "", "").await?;
    assert_eq!(call.over().await?, open.snapshot.sip_call_id);
    Ok(())
}

#[tokio::test]
async fn the_streams_that_a_far_side_has_added_are_kept_with_its_dialog() -> Result {
    let peer = Peer::start().await?;
    let (mut call, open, invite) = KeptCall::answered(&peer).await?;
    assert_eq!(open.snapshot.media_lines, [""; 0]);
    let both = format!("{ANSWER}m=image 40004 udptl t38\r\n");
    let offer = peer.request(&invite, "INVITE", 1, SDP, &both)?;
    peer.send(offer.as_bytes(), call.trunks.local_addr()).await?;
    let TrunkEvent::Offered { request, .. } = call.call.next().await? else { bail!("no offer") };
    let sdp = format!("{ANSWER}m=image 0 udptl t38\r\n");
    call.call.send(TrunkCommand::AnswerOffer { request, sdp }).await?;
    peer.receive("SIP/2.0 200").await?;
    let ack = peer.request(&invite, "ACK", 1, "", "")?;
    peer.send(ack.as_bytes(), call.trunks.local_addr()).await?;
    let kept = call.open().await?.snapshot.media_lines;
    assert_eq!(kept, ["audio 40002 RTP/AVP 8 101", "image 0 udptl t38"]);
    Ok(())
}

#[tokio::test]
async fn a_dialog_that_the_far_side_ends_is_taken_out() -> Result {
    let peer = Peer::start().await?;
    let (mut call, open, invite) = KeptCall::answered(&peer).await?;
    let bye = peer.request(&invite, "BYE", 1, "", "")?;
    peer.send(bye.as_bytes(), call.trunks.local_addr()).await?;
    peer.receive("SIP/2.0 200").await?;
    assert_eq!(call.over().await?, open.snapshot.sip_call_id);
    assert!(matches!(call.call.next().await?, TrunkEvent::HungUp { .. }));
    Ok(())
}

#[tokio::test]
async fn another_process_ends_a_dialog_by_its_route_with_a_higher_number() -> Result {
    let (proxy, peer) = (Peer::start().await?, Peer::start().await?);
    let mut call = KeptCall::by(trunk(proxy.port)).await?;
    let invite = proxy.receive("INVITE").await?;
    let routes = [
        format!("<sip:127.0.0.1:{};lr;x=\"a,b\">", peer.port),
        format!("<sip:127.0.0.1:{};lr>", proxy.port),
    ];
    let more = format!(
        "Record-Route: {}, {}\r\nContact: <sip:desk@10.9.8.7:5062>\r\n{SDP}",
        routes[0], routes[1]
    );
    proxy.reply(&invite, "200 OK", &more, ANSWER).await?;
    let open = call.open().await?;
    let ack = proxy.receive("ACK").await?;

    // The server is gone without a word; the next one has other ports.
    let config = trunk(proxy.port);
    let next = trunks(Vec::new()).await?;
    let kept = open.snapshot.taken_over();
    let ending = tokio::spawn(async move { next.end_dialog(config, &kept).await });
    let bye = proxy.receive("BYE").await?;
    assert_eq!(bye.start_line(), "BYE sip:desk@10.9.8.7:5062 SIP/2.0");
    assert_eq!(bye.headers("Route").collect::<Vec<_>>(), [&*routes[1], &*routes[0]]);
    for header in ["Call-ID", "To", "From"] {
        assert_eq!(bye.header(header)?, ack.header(header)?);
    }
    assert_eq!(bye.header("CSeq")?, "10002 BYE");
    assert_eq!(bye.header("Reason")?, "Q.850;cause=41");
    assert_ne!(bye.from, invite.from);
    proxy.reply(&bye, "481 Never heard of it", "", "").await?;
    assert_eq!(ending.await?, ByeAnswer::Status(481));
    Ok(())
}

#[tokio::test]
async fn whoever_ends_a_dialog_has_the_credentials_of_its_trunk() -> Result {
    let peer = Peer::start().await?;
    let (_call, open, _) = KeptCall::answered(&peer).await?;
    let credentials = Credentials { username: "1000".into(), password: "secret".into() };
    let config = TrunkConfig { credentials: Some(credentials), ..trunk(peer.port) };
    let next = trunks(Vec::new()).await?;
    let kept = open.snapshot.taken_over();
    let ending = tokio::spawn(async move { next.end_dialog(config, &kept).await });
    let bye = peer.receive("BYE").await?;
    let challenge = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"1\", qop=\"auth\"\r\n";
    peer.reply(&bye, "401 Unauthorized", challenge, "").await?;
    let again = peer.receive("BYE").await?;
    assert_eq!(again.header("CSeq")?, "10003 BYE");
    let digest = again.header("Authorization")?;
    assert!(digest.starts_with("Digest username=\"1000\", realm=\"pbx\""), "{digest}");
    peer.reply(&again, "200 OK", "", "").await?;
    assert_eq!(ending.await?, ByeAnswer::Status(200));
    Ok(())
}

#[tokio::test]
async fn a_bye_is_sent_again_until_it_is_answered_or_its_time_is_over() -> Result {
    let peer = Peer::start().await?;
    let (_call, open, _) = KeptCall::answered(&peer).await?;
    let next = trunks(Vec::new()).await?;
    let began = Instant::now();
    let answer = next.end_dialog(trunk(peer.port), &open.snapshot.taken_over()).await;
    assert_eq!(answer, ByeAnswer::None);
    // 64 times T1.
    assert!(began.elapsed() >= Duration::from_millis(6_300), "{:?}", began.elapsed());
    let mut sent = 0;
    while let Some(message) = peer.within(Duration::from_millis(50)).await? {
        sent += u32::from(message.text.starts_with("BYE"));
    }
    assert!(sent >= 4, "it was sent {sent} times");
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_takes_no_connection_yet_is_tried_again() -> Result {
    let phone = Sipp::start_with("plain_answer", &[], "t1").await?;
    let config = TrunkConfig { transport: SipTransport::Tcp, ..trunk(phone.port) };
    let mut call = KeptCall::by(config.clone()).await?;
    let open = call.open().await?;
    call.call.answer().await?;
    phone.heard(" ACK\r\n").await?;
    let port = phone.port;
    drop(phone);
    // Its port is open only when the first try has failed.
    let next = trunks(Vec::new()).await?;
    let kept = open.snapshot.taken_over();
    let ending = tokio::spawn(async move { next.end_dialog(config, &kept).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!ending.is_finished());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let (mut stream, _) = tokio::time::timeout(PATIENCE, listener.accept()).await??;
    let bye = read_message(&mut stream).await?;
    assert!(bye.start_line().starts_with("BYE"), "{}", bye.text);
    let answer = reply(&bye, "200 OK", "", b"")?;
    stream.write_all(&answer).await?;
    assert_eq!(ending.await?, ByeAnswer::Status(200));
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_pressed_while_a_far_side_is_reached_waits_until_the_session_goes_on()
-> Result {
    let phone = Sipp::start_with("plain_answer", &[], "t1").await?;
    let config = TrunkConfig { transport: SipTransport::Tcp, ..trunk(phone.port) };
    let mut first = KeptCall::by(config.clone()).await?;
    let open = first.open().await?;
    first.call.answer().await?;
    phone.heard(" ACK\r\n").await?;
    first.call.send(TrunkCommand::Release).await?;
    let port = phone.port;
    drop(phone);
    let next = trunks(vec![config.clone()]).await?;
    let mut call = Call::go_on(first.id, &next, &config, open.snapshot.taken_over()).await?;
    call.send(TrunkCommand::Info { digit: Digit::try_from('5')? }).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let (mut stream, _) = tokio::time::timeout(PATIENCE, listener.accept()).await??;
    let invite = read_message(&mut stream).await?;
    assert!(invite.start_line().starts_with("INVITE"), "{}", invite.text);
    call.send(TrunkCommand::Info { digit: Digit::try_from('6')? }).await?;
    let early = tokio::time::timeout(Duration::from_millis(300), read_message(&mut stream)).await;
    assert!(early.is_err(), "{early:?}");
    stream.write_all(&reply(&invite, "200 OK", SDP, ANSWER.as_bytes())?).await?;
    assert!(matches!(call.next().await?, TrunkEvent::OfferAnswered { .. }));
    for start in ["ACK", "INFO", "INFO"] {
        let message = read_message(&mut stream).await?;
        assert!(message.start_line().starts_with(start), "{}", message.text);
        if start == "INFO" {
            stream.write_all(&reply(&message, "200 OK", "", b"")?).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn another_process_offers_the_session_anew_and_goes_on_with_the_dialog() -> Result {
    let peer = Peer::start().await?;
    let (_first, next, mut call, [invite, again]) = KeptCall::taken_over(&peer).await?;
    assert_eq!(again.start_line(), format!("INVITE sip:peer@127.0.0.1:{} SIP/2.0", peer.port));
    assert_eq!(again.header("CSeq")?, "10002 INVITE");
    assert_eq!(again.header("Call-ID")?, invite.header("Call-ID")?);
    assert!(again.header("To")?.ends_with(";tag=peer"), "{}", again.text);
    let contact = next.local_addr().to_string();
    assert!(again.contact()?.ends_with(&contact), "{} is not at {contact}", again.contact()?);
    assert!(again.text.ends_with(bellpush_sip_tests::OFFER), "{}", again.text);
    peer.reply(&again, "200 OK", SDP, ANSWER).await?;
    let ack = peer.receive("ACK").await?;
    assert_eq!(ack.header("CSeq")?, "10002 ACK");
    assert_eq!(ack.from, next.local_addr());
    assert!(matches!(call.next().await?, TrunkEvent::OfferAnswered { .. }));
    // The far side speaks to whoever has the call now.
    let hold = peer.request(&invite, "INVITE", 7, SDP, ANSWER)?;
    peer.send(hold.as_bytes(), next.local_addr()).await?;
    let TrunkEvent::Offered { request, .. } = call.next().await? else { bail!("no offer") };
    call.send(TrunkCommand::AnswerOffer { request, sdp: ANSWER.into() }).await?;
    let answer = peer.receive("SIP/2.0 200").await?;
    assert_eq!(answer.header("CSeq")?, "7 INVITE");
    let ack = peer.request(&invite, "ACK", 7, "", "")?;
    peer.send(ack.as_bytes(), next.local_addr()).await?;
    let bye = peer.request(&invite, "BYE", 8, "", "")?;
    peer.send(bye.as_bytes(), next.local_addr()).await?;
    peer.receive("SIP/2.0 200").await?;
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }));
    call.end().await
}

/// The trunk was changed since the call was answered by UDP: now its keys and its password are for TLS alone.
#[tokio::test]
async fn neither_keys_nor_a_digest_go_in_clear_once_encryption_is_required() -> Result {
    let peer = Peer::start().await?;
    let (first, open, _) = KeptCall::answered(&peer).await?;
    let credentials = Credentials { username: "1000".into(), password: "secret".into() };
    let (transport, credentials) = (SipTransport::Tls, Some(credentials));
    let trunk = TrunkConfig { transport, credentials, ..trunk(peer.port) };
    let next = trunks(vec![trunk.clone()]).await?;
    let open = Some(Box::new(open.snapshot.taken_over()));
    let target = SipTarget { srtp: SrtpPolicy::Required, open, ..target(&trunk) };
    let mut call = Call::start_as(first.id, &next, target).await?;
    let bye = peer.within(PATIENCE).await?.context("nothing came")?;
    assert!(bye.text.starts_with("BYE ") && !bye.text.contains("a=crypto"), "{}", bye.text);
    let challenge = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"1\", qop=\"auth\"\r\n";
    peer.reply(&bye, "401 Unauthorized", challenge, "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    let more = peer.within(Duration::from_millis(300)).await?;
    assert!(more.is_none(), "{more:?}");
    let status = next.status(trunk.id).context("no trunk")?;
    assert!(status.last_error.is_some_and(|error| error.contains("needs TLS")));
    call.end().await
}

#[tokio::test]
async fn an_offer_that_collides_or_comes_too_soon_is_made_again() -> Result {
    let peer = Peer::start().await?;
    let (_first, _next, mut call, [_, again]) = KeptCall::taken_over(&peer).await?;
    peer.reply(&again, "500 Busy with another", "Retry-After: 1\r\n", "").await?;
    let again = peer.receive("INVITE").await?;
    assert_eq!(again.header("CSeq")?, "10003 INVITE");
    peer.reply(&again, "491 Request Pending", "", "").await?;
    let again = peer.receive("INVITE").await?;
    assert_eq!(again.header("CSeq")?, "10004 INVITE");
    peer.reply(&again, "200 OK", SDP, ANSWER).await?;
    peer.receive("ACK").await?;
    assert!(matches!(call.next().await?, TrunkEvent::OfferAnswered { .. }));
    call.hang_up().await?;
    let bye = peer.receive("BYE").await?;
    assert_eq!(bye.header("CSeq")?, "10005 BYE");
    Ok(())
}

/// What it offers itself brings both together as well.
#[tokio::test]
async fn a_far_side_that_offers_in_place_of_taking_our_offer_has_the_call_go_on() -> Result {
    let peer = Peer::start().await?;
    let (_first, next, mut call, [invite, again]) = KeptCall::taken_over(&peer).await?;
    peer.reply(&again, "491 Request Pending", "", "").await?;
    let more = format!("Session-Expires: 1800;refresher=uac\r\nSupported: timer\r\n{SDP}");
    let offer = peer.request(&invite, "INVITE", 7, &more, ANSWER)?;
    peer.send(offer.as_bytes(), next.local_addr()).await?;
    let TrunkEvent::Offered { request, .. } = call.next().await? else { bail!("no offer") };
    call.send(TrunkCommand::AnswerOffer { request, sdp: ANSWER.into() }).await?;
    peer.receive("SIP/2.0 200").await?;
    let ack = peer.request(&invite, "ACK", 7, "", "")?;
    peer.send(ack.as_bytes(), next.local_addr()).await?;
    call.send(TrunkCommand::Info { digit: Digit::try_from('5')? }).await?;
    let key = peer.receive("INFO").await?;
    peer.reply(&key, "200 OK", "", "").await?;
    // For longer than it had to take our offer: 64 times T1.
    let over = tokio::time::timeout(Duration::from_secs(7), call.next()).await;
    assert!(over.is_err(), "{over:?}");
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_only_refreshes_or_whose_offer_is_refused_is_offered_ours_again() -> Result
{
    for method in ["UPDATE", "INVITE"] {
        let peer = Peer::start().await?;
        let (_first, next, mut call, [invite, again]) = KeptCall::taken_over(&peer).await?;
        peer.reply(&again, "491 Request Pending", "", "").await?;
        let (more, body) = if method == "INVITE" { (SDP, ANSWER) } else { ("", "") };
        let theirs = peer.request(&invite, method, 7, more, body)?;
        peer.send(theirs.as_bytes(), next.local_addr()).await?;
        if method == "INVITE" {
            let TrunkEvent::Offered { request, .. } = call.next().await? else { bail!("no offer") };
            call.send(TrunkCommand::RejectOffer { request, status: 488 }).await?;
            peer.receive("SIP/2.0 488").await?;
        } else {
            peer.receive("SIP/2.0 200").await?;
        }
        let again = peer.receive("INVITE").await?;
        assert_eq!(again.header("CSeq")?, "10003 INVITE", "{method}");
        assert!(again.text.ends_with(bellpush_sip_tests::OFFER), "{}", again.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_is_gone_or_does_not_want_it_ends_the_call() -> Result {
    for status in ["481 Never heard of it", "408 Gone", "488 Not here", "500 No"] {
        let peer = Peer::start().await?;
        let (_first, _next, mut call, [_, again]) = KeptCall::taken_over(&peer).await?;
        peer.reply(&again, status, "", "").await?;
        assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }), "{status}");
        // In case that it is there all the same.
        peer.receive("BYE").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_wants_to_be_left_alone_for_too_long_is_asked_once_more() -> Result {
    let peer = Peer::start().await?;
    let (_first, _next, mut call, [_, again]) = KeptCall::taken_over(&peer).await?;
    peer.reply(&again, "503 Maintenance", "Retry-After: 3600\r\n", "").await?;
    let again = peer.receive("INVITE").await?;
    peer.reply(&again, "503 Maintenance", "Retry-After: 3600\r\n", "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }));
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_let_go_of_and_one_that_another_has_end_no_dialog() -> Result {
    let peer = Peer::start().await?;
    let (call, ..) = KeptCall::answered(&peer).await?;
    call.call.send(TrunkCommand::Release).await?;
    let mut to_keep = call.to_keep;
    call.call.end().await?;
    assert!(to_keep.try_recv().is_err(), "its dialog goes on");

    let (dialogs, mut to_keep) = OpenDialogs::channel(8);
    let (dialogs, mut questions) = dialogs.asking(8);
    let trunks = Trunks::start(TrunksConfig { dialogs, ..trunks_config() }).await?;
    let trunk = trunk(peer.port);
    trunks.set(vec![trunk.clone()]);
    // Who hangs up ends whatever is its own; who lets go ends what nobody else goes on with.
    for (lets_go, when, ends) in [
        (false, EndWhen::Always, false),
        (false, EndWhen::Always, true),
        (true, EndWhen::Stray, false),
        (true, EndWhen::Stray, true),
    ] {
        let id = CallId::from_uuid(Uuid::now_v7());
        let mut call = Call::start_as(id, &trunks, target(&trunk)).await?;
        let invite = peer.receive("INVITE").await?;
        peer.answer(&invite).await?;
        peer.receive("ACK").await?;
        call.answer().await?;
        if lets_go {
            call.send(TrunkCommand::Release).await?;
        } else {
            call.hang_up().await?;
        }
        // Nobody can say before it is on disk.
        assert!(questions.try_recv().is_err());
        let ToKeep { kept, .. } = to_keep.recv().await.context("nothing is kept")?;
        kept.context("nobody waits for it")?.send(()).ok().context("nobody waits for it")?;
        let asked = questions.recv().await.context("nobody asks")?;
        assert_eq!((asked.call_id, &*asked.sip_call_id), (id, invite.header("Call-ID")?));
        assert_eq!(asked.when, when);
        asked.answer.send(ends).ok().context("nobody waits for it")?;
        let bye = peer.within(Duration::from_millis(300)).await?;
        let bye = bye.filter(|bye| bye.text.starts_with("BYE"));
        assert_eq!(bye.is_some(), ends, "{when:?}");
        if let Some(bye) = bye {
            peer.reply(&bye, "200 OK", "", "").await?;
        }
        call.end().await?;
        while to_keep.try_recv().is_ok() {}
    }
    Ok(())
}
