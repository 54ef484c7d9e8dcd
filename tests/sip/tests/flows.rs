//! Which flows requests go by: to whom, over what, and what becomes of one that breaks.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use bellpush_call::{
    FarFailure, HeaderName, HeaderValue, ProxyAddress, SipTransport, TrunkCommand, TrunkConfig,
    TrunkEvent, Trunks, TrunksConfig,
};
use bellpush_sip_tests::{
    ANSWER, Call, Certificate, DUAL_NAME, HOST_NAME, MUTE_NAME, Message, Names, PATIENCE, Peer,
    SDP, Service, call_by, read_message, reply, target, trunk, trunks, trunks_config,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

type Result = anyhow::Result<()>;

#[tokio::test]
async fn an_answer_without_a_contact_is_acknowledged_to_the_proxy_that_gave_it() -> Result {
    let domain = Peer::on([127, 0, 0, 9]).await?;
    let proxy = Peer::start().await?;
    let (_trunks, mut call) = call_by(&proxy, |trunk| {
        trunk.domain = "127.0.0.9".into();
        trunk.port = Some(domain.port);
        trunk.outbound_proxy =
            Some(ProxyAddress { host: "127.0.0.1".into(), port: Some(proxy.port) });
    })
    .await?;
    let invite = proxy.receive("INVITE").await?;
    proxy.reply(&invite, "200 OK", SDP, ANSWER).await?;
    call.answer().await?;
    let ack = proxy.receive("ACK").await?;
    assert!(ack.start_line().contains("@127.0.0.9:"), "{}", ack.text);
    call.hang_up().await?;
    let bye = proxy.receive("BYE").await?;
    assert!(bye.start_line().contains("@127.0.0.9:"), "{}", bye.text);
    assert!(domain.within(Duration::from_millis(200)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn an_answer_without_a_contact_is_acknowledged_to_the_target_that_gave_it() -> Result {
    let (refusing, answering) = (Peer::start().await?, Peer::start().await?);
    let name = "_sip._udp.pbx.example.";
    let service = |priority, port| Service { name, priority, host: HOST_NAME, port };
    let names = Names::start(vec![service(1, refusing.port), service(2, answering.port)]).await?;
    let mut config = trunks_config();
    config.dns = Some(names.address);
    let trunks = Trunks::start(config).await?;
    let trunk = TrunkConfig { domain: "pbx.example".into(), port: None, ..trunk(0) };
    let target = target(&trunk);
    trunks.set(vec![trunk]);
    let mut call = Call::start(&trunks, target).await?;
    let invite = refusing.receive("INVITE").await?;
    refusing.reply(&invite, "503 No", "", "").await?;
    refusing.receive("ACK").await?;
    let invite = answering.receive("INVITE").await?;
    answering.reply(&invite, "200 OK", SDP, ANSWER).await?;
    call.answer().await?;
    answering.receive("ACK").await?;
    call.hang_up().await?;
    answering.receive("BYE").await?;
    assert!(refusing.within(Duration::from_millis(200)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_private_contact_is_used_as_it_is_where_the_trunk_wants_that() -> Result {
    for rewrites in [true, false] {
        // On Linux, what is sent to the unspecified address goes to this machine.
        let (peer, named) = (Peer::start().await?, Peer::start().await?);
        let (_trunks, mut call) = call_by(&peer, |trunk| trunk.rewrite_contact = rewrites).await?;
        let invite = peer.receive("INVITE").await?;
        let more = format!("Contact: <sip:x@0.0.0.0:{}>\r\n{SDP}", named.port);
        peer.reply(&invite, "200 OK", &more, ANSWER).await?;
        call.answer().await?;
        let (there, not_there) = if rewrites { (&peer, &named) } else { (&named, &peer) };
        there.receive("ACK").await?;
        call.hang_up().await?;
        there.receive("BYE").await?;
        assert!(not_there.within(Duration::from_millis(200)).await?.is_none(), "{rewrites}");
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_without_a_contact_is_acknowledged_to_the_one_that_rang() -> Result {
    let (peer, desk) = (Peer::start().await?, Peer::start().await?);
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let contact = format!("Contact: <sip:desk@127.0.0.1:{}>\r\n", desk.port);
    peer.reply(&invite, "180 Ringing", &contact, "").await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    peer.reply(&invite, "200 OK", SDP, ANSWER).await?;
    call.answer().await?;
    let ack = desk.receive("ACK").await?;
    assert_eq!(ack.start_line(), format!("ACK sip:desk@127.0.0.1:{} SIP/2.0", desk.port));
    call.hang_up().await?;
    desk.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn a_call_that_is_given_up_at_once_rings_nowhere() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    for _ in 0..100 {
        let call = Call::start(&trunks, target.clone()).await?;
        call.send(TrunkCommand::Cancel).await?;
        call.end().await?;
    }
    let came = peer.within(Duration::from_millis(200)).await?;
    assert!(came.is_none(), "{came:?}");
    Ok(())
}

/// Its first acknowledgement is lost, by a phone system that is known by a name.
#[tokio::test]
async fn a_refusal_that_is_repeated_is_acknowledged_where_the_invite_went() -> Result {
    let (peer, domain) = (Peer::start().await?, Peer::on([127, 0, 0, 9]).await?);
    let names = Names::start(Vec::new()).await?;
    let named = TrunkConfig { domain: "pbx.example".into(), ..trunk(peer.port) };
    let proxied = TrunkConfig {
        domain: "127.0.0.9".into(),
        outbound_proxy: Some(ProxyAddress { host: "127.0.0.1".into(), port: Some(peer.port) }),
        ..trunk(domain.port)
    };
    for (trunk, status) in [(named, "603 Decline"), (proxied, "503 Not Now")] {
        let trunks = trunks_by(&names, trunk.clone()).await?;
        let mut call = Call::start(&trunks, target(&trunk)).await?;
        let invite = peer.receive("INVITE").await?;
        let mut acks = Vec::new();
        for _ in 0..3 {
            peer.reply(&invite, status, "", "").await?;
            acks.push(peer.receive("ACK").await?.text);
        }
        acks.dedup();
        assert_eq!(acks.len(), 1, "{acks:?}");
        assert!(matches!(call.next().await?, TrunkEvent::Failed(_)));
    }
    assert!(domain.within(Duration::from_millis(200)).await?.is_none());
    Ok(())
}

async fn accept(listener: &TcpListener) -> anyhow::Result<TcpStream> {
    Ok(tokio::time::timeout(PATIENCE, listener.accept()).await.context("no connection came")??.0)
}

#[tokio::test]
async fn a_connection_that_breaks_while_it_rings_stops_the_ringing_over_another() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let trunk = TrunkConfig { transport: SipTransport::Tcp, ..trunk(port) };
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let mut stream = accept(&listener).await?;
    let invite = read_message(&mut stream).await?;
    stream.write_all(&reply(&invite, "180 Ringing", "", b"")?).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Ringing));
    drop(stream);
    let mut stream = accept(&listener).await?;
    let cancel = read_message(&mut stream).await?;
    assert!(cancel.text.starts_with("CANCEL "), "{}", cancel.text);
    assert_eq!(cancel.header("Via")?, invite.header("Via")?);
    stream.write_all(&reply(&cancel, "200 OK", "", b"")?).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    let error = trunks.status(id).and_then(|status| status.last_error).unwrap_or_default();
    assert_eq!(error, "INVITE: the connection was lost (TCP)");
    Ok(())
}

async fn read_next(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Message> {
    tokio::time::timeout(PATIENCE, read_message(stream)).await.context("nothing came")?
}

/// A call that is answered over a connection, which breaks then; and the one after it.
async fn broken(listener: &TcpListener) -> anyhow::Result<(Trunks, Call, Vec<u8>, TcpStream)> {
    let port = listener.local_addr()?.port();
    let trunk = TrunkConfig { transport: SipTransport::Tcp, ..trunk(port) };
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let mut stream = accept(listener).await?;
    let invite = read_next(&mut stream).await?;
    let contact = format!("Contact: <sip:peer@127.0.0.1:{port};transport=tcp>");
    let more = format!("Allow: UPDATE\r\n{contact}\r\n{SDP}");
    let answer = reply(&invite, "200 OK", &more, ANSWER.as_bytes())?;
    stream.write_all(&answer).await?;
    call.answer().await?;
    assert!(read_next(&mut stream).await?.text.starts_with("ACK "));
    drop(stream);
    Ok((trunks, call, answer, accept(listener).await?))
}

#[tokio::test]
async fn a_far_side_that_can_not_take_the_new_connection_yet_is_told_again() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (_trunks, call, _, mut stream) = broken(&listener).await?;
    for (status, more) in [("500 Not Now", "Retry-After: 1\r\n"), ("491 Wait", ""), ("200 OK", "")]
    {
        let update = read_next(&mut stream).await?;
        assert!(update.text.starts_with("UPDATE "), "{}", update.text);
        stream.write_all(&reply(&update, status, more, b"")?).await?;
    }
    call.hang_up().await?;
    assert!(read_next(&mut stream).await?.text.starts_with("BYE "));
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_repeated_over_a_new_connection_is_acknowledged_there() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (_trunks, _call, answer, mut stream) = broken(&listener).await?;
    let update = read_next(&mut stream).await?;
    stream.write_all(&reply(&update, "200 OK", "", b"")?).await?;
    // As if its far side had not read what was written into the one before.
    stream.write_all(&answer).await?;
    let ack = read_next(&mut stream).await?;
    assert!(ack.text.starts_with("ACK "), "{}", ack.text);
    Ok(())
}

#[tokio::test]
async fn a_trunk_is_reached_by_tls_at_an_address_of_ipv6() -> Result {
    let certificate = Certificate::make()?;
    let listener = TcpListener::bind("[::1]:0").await?;
    let trunk = TrunkConfig {
        domain: "[::1]".into(),
        transport: SipTransport::Tls,
        trusted_certificates: Some(certificate.file()),
        ..trunk(listener.local_addr()?.port())
    };
    let trunks = trunks(vec![trunk.clone()]).await?;
    let _call = Call::start(&trunks, target(&trunk)).await?;
    let mut stream = certificate.acceptor()?.accept(accept(&listener).await?).await?;
    assert!(read_next(&mut stream).await?.text.starts_with("INVITE "));
    Ok(())
}

#[tokio::test]
async fn a_connection_is_closed_when_the_trunk_that_trusted_its_certificate_is_gone() -> Result {
    let certificate = Certificate::make()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let trunk = TrunkConfig {
        transport: SipTransport::Tls,
        trusted_certificates: Some(certificate.file()),
        keep_alive: Some(Duration::from_secs(60)),
        ..trunk(listener.local_addr()?.port())
    };
    let trunks = trunks(vec![trunk.clone()]).await?;
    let changed = TrunkConfig { rewrite_contact: !trunk.rewrite_contact, ..trunk };
    for next in [vec![changed], Vec::new()] {
        let mut stream = certificate.acceptor()?.accept(accept(&listener).await?).await?;
        let options = read_next(&mut stream).await?;
        stream.write_all(&reply(&options, "200 OK", "", b"")?).await?;
        trunks.set(next);
        let mut rest = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await?.ok();
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_goes_by_udp_where_tcp_leads_to_nobody() -> Result {
    for is_mute in [false, true] {
        let peer = Peer::start().await?;
        let listener = TcpListener::bind(peer.address()?).await?;
        let trunk = trunk(peer.port);
        let mut target = target(&trunk);
        for n in 0..10 {
            let name = HeaderName::try_from(&*format!("X-Bellpush-Context-{n}"))?;
            target.headers.push((name, HeaderValue::try_from(&*"x".repeat(300))?));
        }
        let trunks = trunks(vec![trunk]).await?;
        let mut call = Call::start(&trunks, target.clone()).await?;
        let stream = accept(&listener).await?;
        let _open = is_mute.then_some(stream);
        let invite = peer.receive("INVITE").await?;
        assert!(invite.text.len() <= 1_300, "{} bytes", invite.text.len());
        assert!(invite.header("Via")?.starts_with("SIP/2.0/UDP "), "{}", invite.text);
        peer.answer(&invite).await?;
        call.answer().await?;
        // The next call does not try again.
        let mut second = Call::start(&trunks, target).await?;
        let invite = peer.receive("INVITE").await?;
        peer.answer(&invite).await?;
        second.answer().await?;
        assert!(
            tokio::time::timeout(Duration::from_millis(200), listener.accept()).await.is_err(),
            "asked for another connection"
        );
    }
    Ok(())
}

/// Trunks that ask this DNS server.
async fn trunks_by(names: &Names, trunk: TrunkConfig) -> anyhow::Result<Trunks> {
    let config = TrunksConfig { dns: Some(names.address), ..trunks_config() };
    let trunks = Trunks::start(config).await?;
    trunks.set(vec![trunk]);
    Ok(trunks)
}

#[tokio::test]
async fn a_proxy_that_says_nothing_in_a_dialog_gives_way_to_the_next_one() -> Result {
    let (peer, mute) = (Peer::start().await?, Peer::start().await?);
    let other = Peer::start().await?;
    let named = |name, priority, port| Service { name, priority, host: HOST_NAME, port };
    let names = Names::start(vec![
        named("_sip._udp.proxies.example.", 1, mute.port),
        named("_sip._udp.proxies.example.", 2, peer.port),
        named("_sip._udp.others.example.", 1, mute.port),
        named("_sip._udp.others.example.", 2, other.port),
    ])
    .await?;
    let trunk = trunk(peer.port);
    let trunks = trunks_by(&names, trunk.clone()).await?;
    // The one that we know to be there comes first, whatever its priority.
    let mut call = Call::start(&trunks, target(&trunk)).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!("Record-Route: <sip:proxies.example;lr>\r\n{SDP}");
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    call.hang_up().await?;
    let bye = peer.receive("BYE").await?;
    peer.reply(&bye, "200 OK", "", "").await?;
    assert!(mute.within(Duration::from_millis(200)).await?.is_none());

    // Of others we learn it in time before the session is over.
    let mut call = Call::start(&trunks, target(&trunk)).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!(
        "Record-Route: <sip:others.example;lr>\r\nSession-Expires: 4;refresher=uac\r\n{SDP}"
    );
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    mute.receive("INVITE").await?;
    let refresh = other.receive("INVITE").await?;
    other.reply(&refresh, "200 OK", SDP, ANSWER).await?;
    other.receive("ACK").await?;
    assert!(matches!(call.next().await?, TrunkEvent::OfferAnswered { .. }));
    call.hang_up().await?;
    other.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn addresses_that_this_server_can_not_send_from_are_not_sent_to() -> Result {
    let peer = Peer::start().await?;
    let names = Names::start(Vec::new()).await?;
    let keep_alive = Some(Duration::from_millis(100));
    let trunk = TrunkConfig { domain: DUAL_NAME.into(), keep_alive, ..trunk(peer.port) };
    let trunks = trunks_by(&names, trunk.clone()).await?;
    for _ in 0..3 {
        let options = peer.receive("OPTIONS").await?;
        peer.reply(&options, "200 OK", "", "").await?;
    }
    let status = trunks.status(trunk.id).context("no trunk")?;
    assert_eq!(status.last_error, None);
    assert_eq!(status.targets.keys().collect::<Vec<_>>(), [&peer.address()?]);
    // Nor are those that a far side names, be it by a name or as they are.
    for host in [DUAL_NAME, "[::1]"] {
        let mut call = Call::start(&trunks, target(&trunk)).await?;
        let invite = peer.receive("INVITE").await?;
        let more = format!("Contact: <sip:x@{host}:{}>\r\n{SDP}", peer.port);
        peer.reply(&invite, "200 OK", &more, ANSWER).await?;
        call.answer().await?;
        peer.receive("ACK").await?;
        call.hang_up().await?;
        let bye = peer.receive("BYE").await?;
        peer.reply(&bye, "200 OK", "", "").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_dns_says_nothing_of_holds_no_call_up() -> Result {
    let peer = Peer::start().await?;
    let names = Names::start(Vec::new()).await?;
    let trunk = trunk(peer.port);
    let trunks = trunks_by(&names, trunk.clone()).await?;
    let mut call = Call::start(&trunks, target(&trunk)).await?;
    let invite = peer.receive("INVITE").await?;
    let more = format!("Contact: <sip:x@{MUTE_NAME}:{}>\r\n{SDP}", peer.port);
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    let answered_at = Instant::now();
    peer.receive("ACK").await?;
    call.answer().await?;
    call.hang_up().await?;
    peer.receive("BYE").await?;
    assert!(answered_at.elapsed() < Duration::from_secs(4), "{:?}", answered_at.elapsed());
    Ok(())
}

/// It is the second of two, and the first answers at once.
#[tokio::test]
async fn a_target_that_dns_says_nothing_of_holds_no_call_up() -> Result {
    let peer = Peer::start().await?;
    let name = "_sip._udp.pbx.example.";
    let service = |priority, host| Service { name, priority, host, port: peer.port };
    let names = Names::start(vec![service(1, HOST_NAME), service(2, MUTE_NAME)]).await?;
    let trunk = TrunkConfig { domain: "pbx.example".into(), port: None, ..trunk(0) };
    let trunks = trunks_by(&names, trunk.clone()).await?;
    let called_at = Instant::now();
    let _call = Call::start(&trunks, target(&trunk)).await?;
    peer.receive("INVITE").await?;
    assert!(called_at.elapsed() < Duration::from_secs(3), "{:?}", called_at.elapsed());
    Ok(())
}
