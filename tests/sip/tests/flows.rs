//! Which flows requests go by: to whom, over what, and what becomes of one that breaks.

use std::time::Duration;

use anyhow::Context as _;
use bellpush_call::{
    FarFailure, HeaderName, HeaderValue, ProxyAddress, SipTransport, TrunkConfig, TrunkEvent,
    Trunks,
};
use bellpush_sip_tests::{
    ANSWER, Call, Names, PATIENCE, Peer, SDP, Service, call_by, read_message, reply, target, trunk,
    trunks, trunks_config,
};
use tokio::{
    io::AsyncWriteExt as _,
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
    let service = |priority, port| Service { name: "_sip._udp.pbx.example.", priority, port };
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
