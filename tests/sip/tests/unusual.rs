//! Far sides that write what others don't: bytes that are no UTF-8, messages without a length, and what
//! they ask for or refuse at unusual times.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bellpush_call::{
    Credentials, FarFailure, SipTransport, SrtpPolicy, TrunkCommand, TrunkConfig, TrunkEvent,
};
use bellpush_sip_tests::{
    ANSWER, Call, Message, OFFER, Peer, SDP, call_by, read_message, reply, target, trunk, trunks,
};
use tokio::{io::AsyncWriteExt as _, net::TcpListener, time::Instant};

type Result = anyhow::Result<()>;

/// A message with each character as one byte.
fn latin_1(message: &[u8]) -> anyhow::Result<Vec<u8>> {
    let text = std::str::from_utf8(message)?;
    text.chars().map(|c| u8::try_from(u32::from(c)).context("no Latin-1")).collect()
}

/// A message whose Content-Length is another line, or none.
fn with_length(message: &[u8], length: &str) -> anyhow::Result<Vec<u8>> {
    let text = std::str::from_utf8(message)?;
    let (head, rest) = text.split_once("Content-Length: ").context("no length")?;
    let (_, rest) = rest.split_once("\r\n").context("no end of the line")?;
    Ok(format!("{head}{length}{rest}").into_bytes())
}

/// What comes before the SDP of an answer by a phone system of this name.
fn named(name: &str, port: u16) -> String {
    format!("Server: {name}\r\nContact: \"{name}\" <sip:peer@127.0.0.1:{port}>\r\n{SDP}")
}

#[tokio::test]
async fn a_header_or_a_phrase_that_is_no_utf_8_loses_nothing_of_a_datagram() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let to = trunks.local_addr();

    let mut call = Call::start(&trunks, target.clone()).await?;
    let invite = peer.receive("INVITE").await?;
    let answer = reply(
        &invite,
        "200 Angenommen f\u{fc}r Sie",
        &named("B\u{fc}ro", peer.port),
        ANSWER.as_bytes(),
    )?;
    peer.send(&latin_1(&answer)?, to).await?;
    let (_, sdp) = call.answer().await?;
    assert!(sdp.contains("m=audio 40002 "), "{sdp}");
    peer.receive("ACK").await?;
    // An offer with such a name is an offer, too.
    let offer = peer.request(&invite, "INVITE", 1, &named("B\u{fc}ro", peer.port), ANSWER)?;
    peer.send(&latin_1(offer.as_bytes())?, to).await?;
    let event = call.next().await?;
    assert!(matches!(&event, TrunkEvent::Offered { sdp: Some(_), .. }), "{event:?}");
    let unknown = peer.request(&invite, "FOO", 2, "Server: B\u{fc}ro\r\n", "")?;
    peer.send(&latin_1(unknown.as_bytes())?, to).await?;
    peer.receive("SIP/2.0 501").await?;
    call.hang_up().await?;
    peer.receive("BYE").await?;

    let mut refused = Call::start(&trunks, target).await?;
    let invite = peer.receive("INVITE").await?;
    let busy = reply(&invite, "486 Besetzt f\u{fc}r Sie", "", b"")?;
    peer.send(&latin_1(&busy)?, to).await?;
    let failure = refused.failure().await?;
    assert_eq!(failure.reason_phrase.as_deref(), Some("Besetzt f\u{fc}r Sie"));
    assert!(matches!(refused.next().await?, TrunkEvent::Failed(FarFailure::Busy)));
    peer.receive("ACK").await?;
    Ok(())
}

#[tokio::test]
async fn a_phrase_that_is_no_utf_8_does_not_cost_the_connection() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let trunk = TrunkConfig { transport: SipTransport::Tcp, ..trunk(port) };
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let mut first = Call::start(&trunks, target.clone()).await?;
    let (mut stream, _) = listener.accept().await?;
    let invite = read_message(&mut stream).await?;
    let busy = reply(&invite, "486 Besetzt f\u{fc}r Sie", "", b"")?;
    stream.write_all(&latin_1(&busy)?).await?;
    assert!(matches!(first.next().await?, TrunkEvent::Failed(FarFailure::Busy)));
    assert!(read_message(&mut stream).await?.text.starts_with("ACK "));
    // The next call comes over the same connection.
    let mut second = Call::start(&trunks, target).await?;
    let invite = read_message(&mut stream).await?;
    let answer = reply(&invite, "200 OK", &named("B\u{fc}ro", port), ANSWER.as_bytes())?;
    stream.write_all(&latin_1(&answer)?).await?;
    second.answer().await?;
    assert!(read_message(&mut stream).await?.text.starts_with("ACK "));
    Ok(())
}

#[tokio::test]
async fn a_datagram_that_does_not_say_how_long_its_body_is_has_all_of_it() -> Result {
    for length in ["", "Content-Length: unknown\r\n", "l:\r\n"] {
        let peer = Peer::start().await?;
        let (trunks, mut call) = call_by(&peer, |_| {}).await?;
        let to = trunks.local_addr();
        let invite = peer.receive("INVITE").await?;
        let answer = reply(&invite, "200 OK", &named("pbx", peer.port), ANSWER.as_bytes())?;
        peer.send(&with_length(&answer, length)?, to).await?;
        let (_, sdp) = call.answer().await?;
        assert_eq!(sdp, ANSWER, "{length:?}");
        peer.receive("ACK").await?;
        let offer = peer.request(&invite, "INVITE", 1, SDP, ANSWER)?;
        peer.send(&with_length(offer.as_bytes(), length)?, to).await?;
        let TrunkEvent::Offered { request, sdp } = call.next().await? else {
            anyhow::bail!("no offer")
        };
        assert_eq!(sdp.as_deref(), Some(ANSWER), "{length:?}");
        call.send(TrunkCommand::AnswerOffer { request, sdp: OFFER.into() }).await?;
        peer.receive("SIP/2.0 200").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_may_not_be_refreshed_in_its_time_is_ended() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!("Allow: UPDATE\r\nSession-Expires: 3;refresher=uac\r\n{SDP}");
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    let agreed = Instant::now();
    // The far side's time to be left alone ends after the session does: it is asked once more before.
    for _ in 0..2 {
        let refresh = peer.receive("UPDATE").await?;
        peer.reply(&refresh, "503 Busy", "Retry-After: 3600\r\n", "").await?;
    }
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { cause: None }));
    let bye = peer.receive("BYE").await?;
    assert!(bye.header("Reason")?.contains("cause=102"), "{}", bye.text);
    assert!((2..6).contains(&agreed.elapsed().as_secs()), "{:?}", agreed.elapsed());
    Ok(())
}

/// The status of the next response.
async fn status(peer: &Peer) -> anyhow::Result<(String, Message)> {
    let response = peer.receive("SIP/2.0").await?;
    let status = response.start_line().split(' ').nth(1).unwrap_or_default().to_owned();
    Ok((status, response))
}

#[tokio::test]
async fn what_comes_while_it_rings_is_answered_at_once() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let to = trunks.local_addr();
    let invite = peer.receive("INVITE").await?;
    let contact = format!("Contact: <sip:peer@127.0.0.1:{}>\r\n", peer.port);
    peer.reply(&invite, "180 Ringing", &contact, "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    let text = "Content-Type: text/plain\r\n";
    let more_than_wait = [
        ("NOTIFY", "", "", "405"),
        ("MESSAGE", text, "hello", "405"),
        ("SUBSCRIBE", "", "", "405"),
        ("PUBLISH", "", "", "405"),
        ("PRACK", "", "", "405"),
        ("REFER", "Refer-To: <sip:x@h>\r\n", "", "603"),
        ("INFO", text, "hello", "415"),
        ("UPDATE", "Require: magic\r\n", "", "420"),
        // Ours is under way.
        ("INVITE", SDP, ANSWER, "491"),
        ("OPTIONS", "", "", "200"),
    ];
    for (cseq, (method, more, body, expected)) in more_than_wait.into_iter().enumerate() {
        let request = peer.request(&invite, method, cseq as u32 + 1, more, body)?;
        peer.send(request.as_bytes(), to).await?;
        let (status, response) = status(&peer).await?;
        assert_eq!(status, expected, "{method}: {}", response.text);
        assert!(response.header("CSeq")?.ends_with(method), "{}", response.text);
        if method == "INVITE" {
            let ack = request.replace("INVITE sip:", "ACK sip:").replace(" INVITE\r\n", " ACK\r\n");
            peer.send(ack.as_bytes(), to).await?;
        }
    }
    // What may belong to an answer that is still on its way waits for that.
    let bye = peer.request(&invite, "BYE", 20, "", "")?;
    peer.send(bye.as_bytes(), to).await?;
    peer.answer(&invite).await?;
    call.answer().await?;
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }));
    peer.receive("SIP/2.0 200").await?;
    Ok(())
}

#[tokio::test]
async fn a_proxy_and_a_server_that_each_ask_again_are_both_answered() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |trunk| {
        trunk.credentials =
            Some(Credentials { username: "1000".into(), password: "secret".into() });
    })
    .await?;
    let by_proxy = "Proxy-Authenticate: Digest realm=\"p\", nonce=";
    let by_server = "WWW-Authenticate: Digest realm=\"s\", nonce=";
    for (status, more) in [
        ("407 Proxy", format!("{by_proxy}\"1\"\r\n")),
        ("407 Proxy", format!("{by_proxy}\"2\", stale=true\r\n")),
        ("401 Server", format!("{by_server}\"1\"\r\n")),
        ("401 Server", format!("{by_server}\"2\", stale=true\r\n")),
        ("422 Too Small", "Min-SE: 120\r\n".to_owned()),
    ] {
        let invite = peer.receive("INVITE").await?;
        peer.reply(&invite, status, &more, "").await?;
        peer.receive("ACK").await?;
    }
    let invite = peer.receive("INVITE").await?;
    assert!(invite.header("Authorization")?.contains("nonce=\"2\""));
    assert_eq!(invite.header("Min-SE")?, "120");
    peer.answer(&invite).await?;
    call.answer().await?;
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_never_has_enough_is_given_up_and_the_trunk_says_why() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    for least in [100, 200, 300] {
        let invite = peer.receive("INVITE").await?;
        peer.reply(&invite, "422 Too Small", &format!("Min-SE: {least}\r\n"), "").await?;
        peer.receive("ACK").await?;
    }
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Unreachable)));
    let error = trunks.status(id).and_then(|status| status.last_error).unwrap_or_default();
    assert!(error.contains("422 Too Small"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_we_do_not_take_is_told_with_what_names_it() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let contact = format!("Contact: <sip:peer@127.0.0.1:{}>\r\n", peer.port);
    peer.reply(&invite, "200 Fine", &contact, "").await?;
    let answered_at = Instant::now();
    let failure = call.failure().await?;
    assert_eq!((failure.status, failure.reason_phrase.as_deref()), (Some(200), Some("Fine")));
    assert_eq!(failure.call_id, invite.header("Call-ID")?);
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    // Nobody has answered the BYE, which has 64 times T1 for that.
    assert!(answered_at.elapsed() < Duration::from_secs(3), "{:?}", answered_at.elapsed());
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_is_asked_again_and_says_nothing_has_not_refused() -> Result {
    for asks in ["401 Who", "422 Longer"] {
        let peer = Peer::start().await?;
        let credentials = Credentials { username: "1000".into(), password: "secret".into() };
        let (_trunks, mut call) =
            call_by(&peer, |trunk| trunk.credentials = Some(credentials)).await?;
        let invite = peer.receive("INVITE").await?;
        let challenge = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"1\"\r\nMin-SE: 3600\r\n";
        peer.reply(&invite, asks, challenge, "").await?;
        let failure = call.failure().await?;
        assert_eq!((failure.status, &*failure.call_id), (None, invite.header("Call-ID")?));
    }
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_not_even_placed_says_on_which_trunk() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let id = trunk.id;
    let mut target = target(&trunk);
    target.srtp = SrtpPolicy::Required;
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let failure = call.failure().await?;
    assert_eq!((failure.trunk_id, failure.status), (id, None));
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    Ok(())
}

#[tokio::test]
async fn a_trunk_whose_targets_all_want_to_be_left_alone_says_so() -> Result {
    let peer = Peer::start().await?;
    let trunk = TrunkConfig { keep_alive: Some(Duration::from_millis(100)), ..trunk(peer.port) };
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let mut first = Call::start(&trunks, target.clone()).await?;
    let invite = peer.receive("INVITE").await?;
    peer.reply(&invite, "503 Maintenance", "Retry-After: 30\r\n", "").await?;
    assert!(matches!(first.next().await?, TrunkEvent::Failed(FarFailure::Unreachable)));
    // It answers when it is asked whether it is there, so nothing seems to be wrong any more.
    let error = || trunks.status(id).and_then(|status| status.last_error);
    while error().is_some() {
        let options = peer.receive("OPTIONS").await?;
        peer.reply(&options, "200 OK", "", "").await?;
    }
    let mut second = Call::start(&trunks, target).await?;
    assert!(matches!(second.next().await?, TrunkEvent::Failed(FarFailure::Unreachable)));
    let error = error().unwrap_or_default();
    assert!(error.contains("503") && error.contains("Retry-After"), "{error}");
    Ok(())
}

/// A response to an INVITE without a tag in To.
async fn say_without_tag(
    peer: &Peer,
    invite: &Message,
    status: &str,
    more: &str,
    body: &str,
) -> Result {
    let response = reply(invite, status, more, body.as_bytes())?;
    let response = String::from_utf8(response)?.replace(";tag=peer", "");
    peer.send(response.as_bytes(), invite.from).await
}

/// A 200 to an INVITE without a tag in To.
async fn answer_without_tag(peer: &Peer, invite: &Message) -> Result {
    say_without_tag(peer, invite, "200 OK", &named("pbx", peer.port), ANSWER).await
}

/// RFC 3261 section 12.1.2: the tag is null.
#[tokio::test]
async fn a_far_side_without_a_tag_is_taken_and_ended_as_any_other() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    answer_without_tag(&peer, &invite).await?;
    call.answer().await?;
    for _ in 0..2 {
        let ack = peer.receive("ACK").await?;
        assert_eq!(ack.header("To")?, invite.header("To")?);
        // It has not heard of it.
        answer_without_tag(&peer, &invite).await?;
    }
    call.hang_up().await?;
    let bye = peer.receive("BYE").await?;
    assert_eq!(bye.header("To")?, invite.header("To")?);
    peer.reply(&bye, "200 OK", "", "").await?;
    call.end().await
}

#[tokio::test]
async fn a_far_side_without_a_tag_can_ask_for_something_and_hang_up() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    answer_without_tag(&peer, &invite).await?;
    call.answer().await?;
    let ask = async |method: &str, cseq, more: &str, body: &str| -> Result {
        let request = peer.request(&invite, method, cseq, more, body)?.replace(";tag=peer", "");
        peer.send(request.as_bytes(), trunks.local_addr()).await
    };
    ask("INVITE", 1, SDP, ANSWER).await?;
    let TrunkEvent::Offered { request, .. } = call.next().await? else { bail!("no offer") };
    call.send(TrunkCommand::AnswerOffer { request, sdp: ANSWER.into() }).await?;
    let answer = peer.receive("SIP/2.0 200").await?;
    assert_eq!(answer.header("From")?, invite.header("To")?);
    ask("ACK", 1, "", "").await?;
    // It is not said again: longer than between any two of its repetitions.
    while let Some(message) = peer.within(Duration::from_secs(1)).await? {
        assert!(!message.text.starts_with("SIP/2.0"), "{}", message.text);
    }
    ask("BYE", 2, "", "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }));
    peer.receive("SIP/2.0 200").await?;
    Ok(())
}

#[tokio::test]
async fn a_far_side_without_a_tag_is_heard_before_it_answers_and_answers_by_that() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let contact = format!("Contact: <sip:peer@127.0.0.1:{}>\r\n", peer.port);
    let more = format!("Require: 100rel\r\nRSeq: 1\r\n{contact}{SDP}");
    say_without_tag(&peer, &invite, "183 Progress", &more, ANSWER).await?;
    assert!(matches!(call.next().await?, TrunkEvent::EarlyMedia { .. }));
    let prack = peer.receive("PRACK").await?;
    assert_eq!(prack.header("To")?, invite.header("To")?);
    peer.reply(&prack, "200 OK", "", "").await?;
    say_without_tag(&peer, &invite, "200 OK", &contact, "").await?;
    assert_eq!(call.answer().await?.1, ANSWER);
    Ok(())
}

#[tokio::test]
async fn a_far_side_that_hangs_up_at_the_same_time_is_answered_before_it_answers_us() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    call.answer().await?;
    call.hang_up().await?;
    let ours = peer.receive("BYE").await?;
    for (method, cseq, status) in [("BYE", 1, "SIP/2.0 200"), ("OPTIONS", 2, "SIP/2.0 481")] {
        let theirs = peer.request(&invite, method, cseq, "", "")?;
        peer.send(theirs.as_bytes(), trunks.local_addr()).await?;
        let answer = peer.receive(status).await?;
        assert_eq!(answer.header("CSeq")?, format!("{cseq} {method}"));
    }
    peer.reply(&ours, "481 It is over", "", "").await?;
    call.end().await
}

#[tokio::test]
async fn a_far_side_without_a_tag_that_answers_after_all_is_told_that_nobody_is_there() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    call.send(TrunkCommand::Cancel).await?;
    answer_without_tag(&peer, &invite).await?;
    peer.receive("ACK").await?;
    let bye = peer.receive("BYE").await?;
    assert_eq!(bye.header("To")?, invite.header("To")?);
    Ok(())
}

/// RFC 3262: that is of provisional responses, and a session that goes on has none.
#[tokio::test]
async fn an_offer_that_requires_reliable_responses_is_answered() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    let more = format!("Require: 100rel, timer\r\n{SDP}");
    let offer = peer.request(&invite, "INVITE", 1, &more, ANSWER)?;
    peer.send(offer.as_bytes(), trunks.local_addr()).await?;
    let TrunkEvent::Offered { request, .. } = call.next().await? else { bail!("no offer") };
    call.send(TrunkCommand::AnswerOffer { request, sdp: ANSWER.into() }).await?;
    let answer = peer.receive("SIP/2.0 200").await?;
    assert_eq!(answer.header("CSeq")?, "1 INVITE");
    let ack = peer.request(&invite, "ACK", 1, "", "")?;
    peer.send(ack.as_bytes(), trunks.local_addr()).await?;
    Ok(())
}
