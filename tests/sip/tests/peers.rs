//! Far sides that say unusual things, word by word.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use bellpush_call::{
    Credentials, FarFailure, Registration, RegistrationStatus, SipTransport, SipUser, SrtpPolicy,
    TrunkCommand, TrunkConfig, TrunkEvent, Trunks,
};
use bellpush_sip_tests::{
    ANSWER, Call, Certificate, Message, OFFER, PATIENCE, Peer, SDP, reply, target, trunk, trunks,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    time::{self, Instant},
};

type Result = anyhow::Result<()>;

fn credentials() -> Option<Credentials> {
    Some(Credentials { username: "1000".into(), password: "secret".into() })
}

/// A call to a peer by a trunk that is changed first.
async fn call(
    peer: &Peer,
    change: impl FnOnce(&mut TrunkConfig),
) -> anyhow::Result<(Trunks, Call)> {
    let mut trunk = trunk(peer.port);
    change(&mut trunk);
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let call = Call::start(&trunks, target).await?;
    Ok((trunks, call))
}

fn challenge(kind: &str, realm: &str, nonce: &str, more: &str) -> String {
    format!("{kind}: Digest realm=\"{realm}\", nonce=\"{nonce}\"{more}\r\n")
}

const PROXY: &str = "Proxy-Authenticate";
const SERVER: &str = "WWW-Authenticate";

#[tokio::test]
async fn credentials_for_a_proxy_are_kept_when_the_server_behind_it_asks_too() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call(&peer, |trunk| trunk.credentials = credentials()).await?;
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
    let (_trunks, mut call) = call(&peer, |trunk| trunk.credentials = credentials()).await?;
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
        let (_trunks, mut call) = call(&peer, |_| {}).await?;
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
    let (_trunks, mut call) = call(&peer, |_| {}).await?;
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
    for contact in ["10.1.2.3:5060", "0.0.0.0", "192.168.7.7:9", "100.64.1.1", "[fd00::1]:5060"] {
        let peer = Peer::start().await?;
        let (_trunks, mut call) = call(&peer, |_| {}).await?;
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
async fn a_contact_that_can_be_reached_is_used_and_a_private_one_when_it_is_to_be() -> Result {
    let other = Peer::on([127, 0, 0, 9]).await?;
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call(&peer, |_| {}).await?;
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
    let (trunks, mut call) = call(&peer, |_| {}).await?;
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
    let (trunks, mut call) = call(&peer, |_| {}).await?;
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

fn registering(peer: &Peer) -> anyhow::Result<TrunkConfig> {
    let user = Some(SipUser::try_from("1000")?);
    Ok(TrunkConfig {
        credentials: credentials(),
        registration: Some(Registration { user, expires: Duration::from_secs(3_600) }),
        ..trunk(peer.port)
    })
}

/// Answers each REGISTER that comes in this time. Returns how many came.
async fn registrar(
    peer: &Peer,
    lasts: Duration,
    mut answer: impl FnMut(usize, &str) -> (String, String),
) -> anyhow::Result<usize> {
    let end = Instant::now() + lasts;
    let mut count = 0;
    while let Some(request) = peer.within(end.saturating_duration_since(Instant::now())).await? {
        count += 1;
        let (status, more) = answer(count, request.header("Contact")?);
        peer.reply(&request, &status, &more, "").await?;
    }
    Ok(count)
}

#[tokio::test]
async fn a_registrar_that_grants_no_time_or_has_a_new_nonce_each_time_is_left_in_peace() -> Result {
    let grants_nothing = |_: usize, contact: &str| {
        ("200 OK".to_owned(), format!("Contact: {contact};expires=0\r\n"))
    };
    let grants_a_second = |_: usize, contact: &str| {
        ("200 OK".to_owned(), format!("Contact: {contact};expires=1\r\n"))
    };
    let always_stale = |count: usize, _: &str| {
        let nonce = count.to_string();
        ("401 No".to_owned(), challenge(SERVER, "x", &nonce, ", stale=true"))
    };
    let refuses = |_: usize, _: &str| ("503 No".to_owned(), "Retry-After: 60\r\n".to_owned());
    let lasts = Duration::from_secs(8);
    let mut peers = Vec::new();
    for _ in 0..4 {
        peers.push(Peer::start().await?);
    }
    let configs = peers.iter().map(registering).collect::<anyhow::Result<Vec<_>>>()?;
    let _trunks = trunks(configs).await?;
    let (nothing, second, stale, refused) = tokio::try_join!(
        registrar(&peers[0], lasts, grants_nothing),
        registrar(&peers[1], lasts, grants_a_second),
        registrar(&peers[2], lasts, always_stale),
        registrar(&peers[3], lasts, refuses),
    )?;
    assert_eq!((nothing, second, stale, refused), (1, 1, 4, 1));
    Ok(())
}

#[tokio::test]
async fn a_binding_that_the_registrar_rewrites_is_renewed_in_its_own_time() -> Result {
    let peer = Peer::start().await?;
    let config = registering(&peer)?;
    let id = config.id;
    let trunks = trunks(vec![config]).await?;
    let rewritten = |_: usize, _: &str| {
        let contact = "Contact: <sip:1000@203.0.113.9:40000>;expires=13\r\n";
        ("200 OK".to_owned(), contact.to_owned())
    };
    let count = registrar(&peer, Duration::from_secs(15), rewritten).await?;
    assert_eq!(count, 2);
    let status = trunks.status(id).context("no trunk")?;
    assert_eq!(status.registration, RegistrationStatus::Registered);
    Ok(())
}

#[tokio::test]
async fn a_refresh_after_422_says_what_it_has_learned_and_retry_after_is_heeded() -> Result {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call(&peer, |_| {}).await?;
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

/// How many answers a stranger gets to so many requests.
async fn answers(
    stranger: &Peer,
    requests: usize,
    to: std::net::SocketAddr,
    method: &str,
) -> anyhow::Result<usize> {
    let from = stranger.address()?;
    for n in 0..requests {
        let request = format!(
            "{method} sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{n}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:y@{from}>;tag={n}\r\nTo: <sip:x@h>\r\n\
             Call-ID: {n}@{from}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        );
        // Twice, as one repeats it that got no answer.
        stranger.send(request.as_bytes(), to).await?;
        stranger.send(request.as_bytes(), to).await?;
    }
    let mut count = 0;
    while stranger.within(Duration::from_millis(500)).await?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_answered_seldom_whatever_they_ask_and_where_they_are() -> Result {
    let trunks = trunks(Vec::new()).await?;
    for method in ["CANCEL", "OPTIONS", "INVITE", "BYE", "FOO"] {
        let stranger = Peer::on([127, 0, 0, 3]).await?;
        let start = Instant::now();
        let count = answers(&stranger, 1_000, trunks.local_addr(), method).await?;
        // One second's worth at once, and that of each second.
        let most = 50 + 50 * (start.elapsed().as_secs() as usize + 1);
        ensure!((1..=most).contains(&count), "{count} answers to {method}, of at most {most}");
        time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_set_up_while_a_stranger_fills_the_port() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let to = trunks.local_addr();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flood = {
        let stop = std::sync::Arc::clone(&stop);
        tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            let socket = std::net::UdpSocket::bind("127.0.0.2:0")?;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                for _ in 0..50 {
                    let _ = socket.send_to(b"x", to);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        })
    };
    let result = time::timeout(PATIENCE, async {
        for _ in 0..5 {
            let mut call = Call::start(&trunks, target.clone()).await?;
            let invite = peer.receive("INVITE").await?;
            peer.answer(&invite).await?;
            call.answer().await?;
            peer.receive("ACK").await?;
            call.hang_up().await?;
            let bye = peer.receive("BYE").await?;
            peer.reply(&bye, "200 OK", "", "").await?;
        }
        anyhow::Ok(())
    });
    let result = result.await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    flood.await??;
    result??;
    Ok(())
}

/// The next message over a connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Message> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await?);
    }
    let from = ([127, 0, 0, 1], 0).into();
    let mut message = Message { text: String::from_utf8(bytes)?, from };
    let mut body = vec![0; message.header("Content-Length")?.parse()?];
    stream.read_exact(&mut body).await?;
    message.text += &String::from_utf8(body)?;
    Ok(message)
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
        let invite = read(&mut stream).await?;
        let contact = contact.replace("PORT", &clear.port.to_string());
        let more = format!("Contact: <sip:{contact}>\r\n{SDP}");
        let answer = reply(&invite, "200 OK", &more, ANSWER.as_bytes())?;
        stream.write_all(&answer).await?;
        call.answer().await?;
        assert!(read(&mut stream).await?.text.starts_with("ACK "));
        // The connection is lost, and what comes next goes over a new one.
        drop(stream);
        call.hang_up().await?;
        let next = time::timeout(PATIENCE, async {
            let mut stream = acceptor.accept(listener.accept().await?.0).await?;
            read(&mut stream).await
        });
        let request = next.await.context("nothing came over TLS")??;
        assert!(request.header("Via")?.starts_with("SIP/2.0/TLS "), "{}", request.text);
        assert!(clear.within(Duration::from_millis(200)).await?.is_none());
    }
    Ok(())
}
