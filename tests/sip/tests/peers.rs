//! Far sides that say unusual things, word by word.

use std::time::Duration;

use anyhow::Context as _;
use bellpush_call::{
    Credentials, Digit, DisplayName, FarFailure, SipTransport, SrtpPolicy, TrunkCommand,
    TrunkConfig, TrunkEvent, Trunks, TrunksConfig,
};
use bellpush_sip_tests::{
    ANSWER, Call, Certificate, Names, OFFER, PATIENCE, PRIVATE_NAME, Peer, SDP, call_by,
    read_message, reply, target, trunk, trunks, trunks_config,
};
use tokio::{
    io::AsyncWriteExt as _,
    time::{self, Instant},
};

type Result = anyhow::Result<()>;

fn credentials() -> Option<Credentials> {
    Some(Credentials { username: "1000".into(), password: "secret".into() })
}

fn challenge(kind: &str, realm: &str, nonce: &str, more: &str) -> String {
    format!("{kind}: Digest realm=\"{realm}\", nonce=\"{nonce}\"{more}\r\n")
}

const PROXY: &str = "Proxy-Authenticate";
const SERVER: &str = "WWW-Authenticate";

#[tokio::test]
async fn credentials_for_a_proxy_are_kept_when_the_server_behind_it_asks_too() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |trunk| trunk.credentials = credentials()).await?;
    let first = peer.receive("INVITE").await?;
    peer.reply(&first, "407 Proxy", &challenge(PROXY, "proxy", "p", ""), "").await?;
    let second = peer.receive("INVITE").await?;
    peer.reply(&second, "401 Server", &challenge(SERVER, "server", "s", ""), "").await?;
    let third = peer.receive("INVITE").await?;
    assert!(third.header("Proxy-Authorization")?.contains("realm=\"proxy\""));
    assert!(third.header("Authorization")?.contains("realm=\"server\""));
    peer.answer(&third).await?;
    call.answer().await?;
    let ack = peer.receive("ACK").await?;
    assert_eq!(ack.headers("Authorization").count(), 1, "{}", ack.text);
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_new_nonce_that_is_not_called_stale_gets_one_more_try() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |trunk| trunk.credentials = credentials()).await?;
    for nonce in ["1", "2"] {
        let invite = peer.receive("INVITE").await?;
        peer.reply(&invite, "401 No", &challenge(SERVER, "home", nonce, ""), "").await?;
        peer.receive("ACK").await?;
    }
    let invite = peer.receive("INVITE").await?;
    assert!(invite.header("Authorization")?.contains("nonce=\"2\""));
    peer.reply(&invite, "401 No", &challenge(SERVER, "home", "3", ""), "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    Ok(())
}

#[tokio::test]
async fn whoever_is_called_gets_no_digest_for_a_realm_of_their_own() -> Result {
    let peer = Peer::start().await?;
    let trunk = TrunkConfig { credentials: credentials(), ..trunk(peer.port) };
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let mut first = Call::start(&trunks, target.clone()).await?;
    let invite = peer.receive("INVITE").await?;
    peer.reply(&invite, "407 Proxy", &challenge(PROXY, "mine", "1", ""), "").await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    first.answer().await?;
    first.hang_up().await?;
    let bye = peer.receive("BYE").await?;
    peer.reply(&bye, "200 OK", "", "").await?;
    for (status, kind) in [("401 Server", SERVER), ("407 Proxy", PROXY)] {
        let mut second = Call::start(&trunks, target.clone()).await?;
        let invite = peer.receive("INVITE").await?;
        assert_eq!(invite.headers("Authorization").count(), 0);
        peer.reply(&invite, status, &challenge(kind, "evil", "1", ""), "").await?;
        assert!(matches!(second.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
        let error = trunks.status(id).and_then(|status| status.last_error).unwrap_or_default();
        assert!(error.contains("\"evil\""), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn encryption_that_is_required_is_refused_where_keys_would_go_in_the_clear() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let mut target = target(&trunk);
    target.srtp = SrtpPolicy::Required;
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    assert!(peer.within(Duration::from_millis(200)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn the_sdp_is_found_in_a_body_of_several_parts_and_in_latin_1() -> Result {
    let mixed = format!(
        "--xx\r\nContent-Type: application/isup;version=x\r\n\r\n\u{1}\u{2}\r\n--xx\r\n\
         Content-Type: application/sdp\r\n\r\n{ANSWER}\r\n--xx--\r\n"
    );
    let latin = ANSWER.as_bytes().to_vec();
    let name = latin.windows(3).position(|bytes| bytes == b"s=-").context("no name")? + 2;
    let latin = [&latin[..name], b"B\xFCro", &latin[name + 1..]].concat();
    for (kind, body) in
        [("multipart/mixed;boundary=xx", mixed.into_bytes()), ("application/sdp", latin)]
    {
        let peer = Peer::start().await?;
        let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
        let invite = peer.receive("INVITE").await?;
        let more = format!("Contact: <sip:x@127.0.0.1:{}>\r\nContent-Type: {kind}\r\n", peer.port);
        peer.reply_bytes(&invite, "200 OK", &more, &body).await?;
        let (_, sdp) = call.answer().await?;
        assert!(sdp.contains("m=audio 40002 "), "{sdp}");
        peer.receive("ACK").await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_without_a_contact_is_acknowledged_to_the_request_uri() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.reply(&invite, "200 OK", SDP, ANSWER).await?;
    call.answer().await?;
    let uri = invite.start_line().split(' ').nth(1).context("no URI")?;
    for _ in 0..2 {
        let ack = peer.receive("ACK").await?;
        assert_eq!(ack.start_line(), format!("ACK {uri} SIP/2.0"));
        // Another 2xx gets another ACK.
        peer.reply(&invite, "200 OK", SDP, ANSWER).await?;
    }
    call.hang_up().await?;
    let bye = peer.receive("BYE").await?;
    assert_eq!(bye.start_line(), format!("BYE {uri} SIP/2.0"));
    Ok(())
}

#[tokio::test]
async fn a_peer_behind_address_translation_is_spoken_to_where_it_sends_from() -> Result {
    for contact in [
        "10.1.2.3:5060",
        "0.0.0.0",
        "192.168.7.7:9",
        "100.64.1.1",
        "[fd00::1]:5060",
        "[::ffff:10.1.2.3]:5060",
    ] {
        let peer = Peer::start().await?;
        let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
        let invite = peer.receive("INVITE").await?;
        let more = format!("Contact: <sip:x@{contact}>\r\n{SDP}");
        peer.reply(&invite, "200 OK", &more, ANSWER).await?;
        call.answer().await?;
        let ack = peer.receive("ACK").await?;
        assert_eq!(ack.start_line(), format!("ACK sip:x@{contact} SIP/2.0"));
        call.hang_up().await?;
        peer.receive("BYE").await.with_context(|| contact.to_owned())?;
    }
    Ok(())
}

#[tokio::test]
async fn a_peer_that_names_itself_by_a_name_of_its_private_network_is_spoken_to_where_it_sends_from()
-> Result {
    let peer = Peer::start().await?;
    let names = Names::start(Vec::new()).await?;
    let config = TrunksConfig { dns: Some(names.address), ..trunks_config() };
    let trunks = Trunks::start(config).await?;
    let trunk = trunk(peer.port);
    trunks.set(vec![trunk.clone()]);
    let mut call = Call::start(&trunks, target(&trunk)).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!("Contact: <sip:x@{PRIVATE_NAME}:5060>\r\n{SDP}");
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    let ack = peer.receive("ACK").await?;
    assert_eq!(ack.start_line(), format!("ACK sip:x@{PRIVATE_NAME}:5060 SIP/2.0"));
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_contact_that_can_be_reached_is_used() -> Result {
    let other = Peer::on([127, 0, 0, 9]).await?;
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!("Contact: <sip:x@{}>\r\n{SDP}", other.address()?);
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    other.receive("ACK").await?;
    call.hang_up().await?;
    other.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn what_nobody_knows_is_said_to_be_so_in_a_dialog_and_outside() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    let kind = "Content-Type: text/plain\r\n";
    let gzip = format!("{SDP}Content-Encoding: gzip\r\n");
    for (cseq, (method, more, body, status)) in [
        ("FOO", "", "", "501"),
        ("PUBLISH", "", "", "405"),
        ("INVITE", kind, "hello", "415"),
        ("INVITE", &*gzip, "hello", "415"),
        ("UPDATE", kind, "hello", "415"),
        ("INFO", kind, "hello", "415"),
    ]
    .into_iter()
    .enumerate()
    {
        let request = peer.request(&invite, method, cseq as u32 + 1, more, body)?;
        peer.send(request.as_bytes(), trunks.local_addr()).await?;
        let response = peer.receive("SIP/2.0").await?;
        let code = response.start_line().split(' ').nth(1).unwrap_or_default();
        assert_eq!(code, status, "{method} {more}: {}", response.text);
        if status == "415" {
            let readable = if method == "INFO" { "application/dtmf" } else { "application/sdp" };
            assert!(response.header("Accept")?.contains(readable), "{}", response.text);
        }
        if method == "INVITE" {
            let ack = request.replace("INVITE sip:", "ACK sip:").replace(" INVITE\r\n", " ACK\r\n");
            let ack = ack.replace("\r\n\r\nhello", "\r\n\r\n").replace("Length: 5", "Length: 0");
            peer.send(ack.as_bytes(), trunks.local_addr()).await?;
        }
    }
    let outside = peer.request(&invite, "BAR", 1, "", "")?.replace("Call-ID: ", "Call-ID: x");
    peer.send(outside.as_bytes(), trunks.local_addr()).await?;
    assert!(peer.receive("SIP/2.0").await?.text.starts_with("SIP/2.0 501"));
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn an_offer_right_after_the_acknowledgement_of_the_one_before_is_answered() -> Result {
    let peer = Peer::start().await?;
    let (trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    let to = trunks.local_addr();
    let mut ack = None;
    for cseq in 1..=40 {
        let offer = peer.request(&invite, "INVITE", cseq, SDP, ANSWER)?;
        // Both at once: no answer in between.
        if let Some(ack) = ack.take() {
            let ack: String = ack;
            peer.send(ack.as_bytes(), to).await?;
        }
        peer.send(offer.as_bytes(), to).await?;
        let TrunkEvent::Offered { request, .. } = call.next().await? else {
            anyhow::bail!("no offer")
        };
        call.send(TrunkCommand::AnswerOffer { request, sdp: OFFER.into() }).await?;
        loop {
            let response = peer.receive("SIP/2.0").await?;
            if response.header("CSeq")? != format!("{cseq} INVITE") {
                continue;
            }
            match response.start_line().split(' ').nth(1) {
                Some("100") => {}
                Some("200") => break,
                other => anyhow::bail!("{other:?} to the offer {cseq}"),
            }
        }
        ack = Some(peer.request(&invite, "ACK", cseq, "", "")?);
    }
    peer.send(ack.context("no ACK")?.as_bytes(), to).await?;
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_refresh_after_422_says_what_it_has_learned_and_retry_after_is_heeded() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!(
        "Contact: <sip:peer@127.0.0.1:{}>\r\nAllow: UPDATE\r\n\
         Session-Expires: 2;refresher=uac\r\n{SDP}",
        peer.port
    );
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    let first = peer.receive("UPDATE").await?;
    assert_eq!(first.headers("Min-SE").count(), 0);
    peer.reply(&first, "422 Too Small", "Min-SE: 20\r\n", "").await?;
    let second = peer.receive("UPDATE").await?;
    assert_eq!(second.header("Min-SE")?, "20");
    assert!(second.header("Session-Expires")?.starts_with("20;"));
    peer.reply(&second, "503 Busy", "Retry-After: 2\r\n", "").await?;
    let refused = Instant::now();
    let third = peer.receive("UPDATE").await?;
    assert!((2..5).contains(&refused.elapsed().as_secs()), "{:?}", refused.elapsed());
    peer.reply(&third, "200 OK", "Session-Expires: 1800;refresher=uac\r\n", "").await?;
    call.hang_up().await?;
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_trunk_on_tls_stays_on_tls_whatever_the_far_side_names() -> Result {
    for contact in
        ["x@127.0.0.1:PORT;transport=udp", "x@127.0.0.1:PORT", "x@10.0.0.1;transport=tcp"]
    {
        let clear = Peer::start().await?;
        let own = Certificate::make()?;
        let acceptor = own.acceptor()?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let trunk = TrunkConfig {
            transport: SipTransport::Tls,
            trusted_certificates: Some(own.file()),
            ..trunk(listener.local_addr()?.port())
        };
        let target = target(&trunk);
        let trunks = trunks(vec![trunk]).await?;
        let mut call = Call::start(&trunks, target).await?;
        let mut stream = acceptor.accept(listener.accept().await?.0).await?;
        let invite = read_message(&mut stream).await?;
        let contact = contact.replace("PORT", &clear.port.to_string());
        let more = format!("Contact: <sip:{contact}>\r\n{SDP}");
        let answer = reply(&invite, "200 OK", &more, ANSWER.as_bytes())?;
        stream.write_all(&answer).await?;
        call.answer().await?;
        assert!(read_message(&mut stream).await?.text.starts_with("ACK "));
        // The connection is lost, and what comes next goes over a new one.
        drop(stream);
        call.hang_up().await?;
        let next = time::timeout(PATIENCE, async {
            let mut stream = acceptor.accept(listener.accept().await?.0).await?;
            read_message(&mut stream).await
        });
        let request = next.await.context("nothing came over TLS")??;
        assert!(request.header("Via")?.starts_with("SIP/2.0/TLS "), "{}", request.text);
        assert!(clear.within(Duration::from_millis(200)).await?.is_none());
    }
    Ok(())
}

#[tokio::test]
async fn no_answer_at_all_is_told_with_the_size_of_what_was_sent() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let bytes = peer.receive("INVITE").await?.text.len();
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    let error = trunks.status(id).and_then(|status| status.last_error);
    assert_eq!(error, Some(format!("INVITE: no answer ({bytes} bytes, UDP)")));
    Ok(())
}

#[tokio::test]
async fn a_timeout_that_the_far_side_tells_of_is_no_answer() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.reply(&invite, "408 Request Timeout", "", "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::NoAnswer)));
    Ok(())
}

#[tokio::test]
async fn what_the_far_side_says_to_a_call_that_it_does_not_take_is_told() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let more = "Warning: 399 pbx \"Out of credit\"\r\n\
                Reason: Q.850;cause=21;text=\"Call rejected\"\r\n";
    peer.reply(&invite, "403 No more calls today", more, "").await?;
    let failure = call.failure().await?;
    assert_eq!(failure.status, Some(403));
    assert_eq!(failure.reason_phrase.as_deref(), Some("No more calls today"));
    assert_eq!(failure.warning.as_deref(), Some("399 pbx \"Out of credit\""));
    assert_eq!(failure.reason.as_deref(), Some("Q.850;cause=21;text=\"Call rejected\""));
    assert_eq!(failure.call_id, invite.header("Call-ID")?);
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));
    Ok(())
}

#[tokio::test]
async fn whatever_a_visitor_is_called_the_call_is_made_and_the_far_side_can_end_it() -> Result {
    for name in ["Ann \"Annie", "<>", "Ann <mail@>", "<sip:>", "<x>;tag=y", "a\\"] {
        let peer = Peer::start().await?;
        let trunk = trunk(peer.port);
        let (id, mut target) = (trunk.id, target(&trunk));
        target.caller.display_name = Some(DisplayName::try_from(name)?);
        let trunks = trunks(vec![trunk]).await?;
        let mut call = Call::start(&trunks, target).await?;
        let invite = peer.receive("INVITE").await.context(name)?;
        peer.answer(&invite).await?;
        call.answer().await?;
        peer.receive("ACK").await?;
        let bye = peer.request(&invite, "BYE", 1, "", "")?;
        peer.send(bye.as_bytes(), trunks.local_addr()).await?;
        let response = peer.receive("SIP/2.0").await?;
        assert_eq!(response.start_line(), "SIP/2.0 200 OK", "{name}");
        assert!(matches!(call.next().await?, TrunkEvent::HungUp { .. }), "{name}");
        assert_eq!(trunks.status(id).and_then(|status| status.last_error), None, "{name}");
    }
    Ok(())
}

/// The session and its timer stay as they were (RFC 4028 section 9, RFC 3261 section 14.2).
#[tokio::test]
async fn an_offer_that_is_refused_does_not_stop_the_refreshes() -> Result {
    for asked in ["", "Session-Expires: 1800;refresher=uac\r\nSupported: timer\r\n"] {
        let peer = Peer::start().await?;
        let (trunks, mut call) = call_by(&peer, |_| {}).await?;
        let invite = peer.receive("INVITE").await?;
        let more = format!(
            "Contact: <sip:peer@127.0.0.1:{}>\r\nAllow: UPDATE\r\n\
             Session-Expires: 4;refresher=uac\r\n{SDP}",
            peer.port
        );
        peer.reply(&invite, "200 OK", &more, ANSWER).await?;
        let began = Instant::now();
        call.answer().await?;
        peer.receive("ACK").await?;
        let fax = ANSWER.replace("m=audio 40002 RTP/AVP 8 101", "m=image 40004 udptl t38");
        let offer = peer.request(&invite, "INVITE", 1, &format!("{asked}{SDP}"), &fax)?;
        peer.send(offer.as_bytes(), trunks.local_addr()).await?;
        let TrunkEvent::Offered { request, .. } = call.next().await? else {
            anyhow::bail!("no offer")
        };
        call.send(TrunkCommand::RejectOffer { request, status: 488 }).await?;
        peer.receive("SIP/2.0 488").await?;
        let refresh = peer.receive("UPDATE").await?;
        assert!((1..4).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        assert!(refresh.header("Session-Expires")?.starts_with("4;"), "{}", refresh.text);
        peer.reply(&refresh, "200 OK", "", "").await?;
        call.hang_up().await?;
        peer.receive("BYE").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_key_for_a_call_that_the_far_side_does_not_know_ends_that_and_one_it_does_not_take_does_not()
-> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    peer.answer(&invite).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    for status in ["408 Timeout", "415 What", "481 Never heard of it"] {
        let digit = Digit::try_from('5')?;
        call.send(TrunkCommand::Info { digit }).await?;
        let info = peer.receive("INFO").await?;
        peer.reply(&info, status, "", "").await?;
    }
    assert!(matches!(call.next().await?, TrunkEvent::HungUp { cause: None }));
    let bye = peer.receive("BYE").await?;
    assert_eq!(bye.header("Reason")?, "Q.850;cause=102");
    peer.reply(&bye, "481 Never heard of it", "", "").await?;
    call.end().await
}
