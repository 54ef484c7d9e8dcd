//! Requests that are too large for a datagram, and datagrams that are as large as they can be (RFC 3261
//! section 18.1.1).

use bellpush_call::{HeaderName, HeaderValue, SipTarget, TrunkConfig};
use bellpush_sip_tests::{
    ANSWER, Call, Message, Peer, SDP, call_by, read_message, reply, target, trunk, trunks,
};
use tokio::io::AsyncWriteExt as _;

type Result = anyhow::Result<()>;

/// Bytes of a datagram, at most.
const MOST: usize = 1_300;

/// A call with many values of context.
fn talkative(trunk: &TrunkConfig) -> anyhow::Result<SipTarget> {
    let mut target = target(trunk);
    target
        .headers
        .push((HeaderName::try_from("X-Bellpush-Call")?, HeaderValue::try_from("call_1")?));
    for n in 0..10 {
        let name = HeaderName::try_from(&*format!("X-Bellpush-Context-{n}"))?;
        target.headers.push((name, HeaderValue::try_from(&*"x".repeat(300))?));
    }
    Ok(target)
}

#[tokio::test]
async fn what_is_too_large_for_a_datagram_goes_without_its_least_important_headers() -> Result {
    let peer = Peer::start().await?;
    let trunk = trunk(peer.port);
    let target = talkative(&trunk)?;
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let invite = peer.receive("INVITE").await?;
    assert!(invite.text.len() <= 1_300, "{} bytes", invite.text.len());
    assert_eq!(invite.header("X-Bellpush-Call")?, "call_1");
    assert_eq!(invite.headers("X-Bellpush-Context-0").count(), 1);
    assert_eq!(invite.headers("X-Bellpush-Context-9").count(), 0);
    peer.answer(&invite).await?;
    call.answer().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_for_a_datagram_goes_over_tcp_where_the_target_takes_that() -> Result {
    let peer = Peer::start().await?;
    let listener = tokio::net::TcpListener::bind(peer.address()?).await?;
    let trunk = trunk(peer.port);
    let target = talkative(&trunk)?;
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    let (mut stream, _) = listener.accept().await?;
    let invite = read_message(&mut stream).await?;
    assert!(invite.header("Via")?.starts_with("SIP/2.0/TCP "), "{}", invite.text);
    assert_eq!(invite.headers("X-Bellpush-Context-9").count(), 1);
    let more = format!("Contact: <sip:x@{}>\r\n{SDP}", peer.address()?);
    stream.write_all(&reply(&invite, "200 OK", &more, ANSWER.as_bytes())?).await?;
    call.answer().await?;
    assert!(read_message(&mut stream).await?.text.starts_with("ACK "));
    call.hang_up().await?;
    assert!(read_message(&mut stream).await?.text.starts_with("BYE "));
    Ok(())
}

/// Takes a call and lets it be refreshed by re-INVITE soon, over a route with so long a name.
async fn refreshed_soon(peer: &Peer, call: &mut Call, padding: usize) -> Result {
    let invite = peer.receive("INVITE").await?;
    let port = peer.port;
    let more = format!(
        "Contact: <sip:peer@127.0.0.1:{port}>\r\n\
         Record-Route: <sip:127.0.0.1:{port};lr;id={}>\r\n\
         Session-Expires: 2;refresher=uac\r\n{SDP}",
        "x".repeat(padding)
    );
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    Ok(())
}

/// The padding by which a refresh is some bytes over the limit.
async fn just_too_large() -> anyhow::Result<usize> {
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    refreshed_soon(&peer, &mut call, 100).await?;
    let refresh = peer.receive("INVITE").await?;
    Ok(100 + MOST + 20 - refresh.text.len())
}

fn assert_is_whole(refresh: &Message) {
    for name in ["Contact", "Session-Expires", "Supported", "Route"] {
        assert_eq!(refresh.headers(name).count(), 1, "{name} in {}", refresh.text);
    }
}

#[tokio::test]
async fn a_refresh_that_is_too_large_goes_without_what_the_far_side_knows() -> Result {
    let padding = just_too_large().await?;
    let peer = Peer::start().await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    refreshed_soon(&peer, &mut call, padding).await?;
    let refresh = peer.receive("INVITE").await?;
    assert!(refresh.text.len() <= MOST, "{} bytes", refresh.text.len());
    assert_eq!(refresh.headers("User-Agent").count(), 0, "{}", refresh.text);
    assert_is_whole(&refresh);
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_is_too_large_goes_over_tcp_where_the_target_takes_that() -> Result {
    let padding = just_too_large().await?;
    let peer = Peer::start().await?;
    let listener = tokio::net::TcpListener::bind(peer.address()?).await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    refreshed_soon(&peer, &mut call, padding).await?;
    let (mut stream, _) = listener.accept().await?;
    let refresh = read_message(&mut stream).await?;
    assert!(refresh.header("Via")?.starts_with("SIP/2.0/TCP "), "{}", refresh.text);
    assert!(refresh.text.len() > MOST && refresh.headers("User-Agent").count() == 1);
    assert_is_whole(&refresh);
    let more = format!(
        "Contact: <sip:peer@{}>\r\nSession-Expires: 1800;refresher=uac\r\n{SDP}",
        peer.address()?
    );
    stream.write_all(&reply(&refresh, "200 OK", &more, ANSWER.as_bytes())?).await?;
    assert!(read_message(&mut stream).await?.text.starts_with("ACK "));
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_is_too_large_goes_by_udp_where_tcp_leads_to_nobody() -> Result {
    let padding = just_too_large().await?;
    let peer = Peer::start().await?;
    let listener = tokio::net::TcpListener::bind(peer.address()?).await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    refreshed_soon(&peer, &mut call, padding).await?;
    drop(listener.accept().await?);
    let refresh = peer.receive("INVITE").await?;
    assert!(refresh.text.len() <= MOST, "{} bytes", refresh.text.len());
    assert_is_whole(&refresh);
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_too_large_goes_by_udp_where_tcp_leads_to_somebody_who_says_nothing()
-> Result {
    let peer = Peer::start().await?;
    let listener = tokio::net::TcpListener::bind(peer.address()?).await?;
    let (_trunks, mut call) = call_by(&peer, |_| {}).await?;
    let invite = peer.receive("INVITE").await?;
    let port = peer.port;
    let more = format!(
        "Contact: <sip:peer@127.0.0.1:{port}>\r\n\
         Record-Route: <sip:127.0.0.1:{port};lr;id={}>\r\n{SDP}",
        "x".repeat(MOST)
    );
    peer.reply(&invite, "200 OK", &more, ANSWER).await?;
    call.answer().await?;
    peer.receive("ACK").await?;
    call.hang_up().await?;
    let (mut stream, _) = listener.accept().await?;
    assert!(read_message(&mut stream).await?.text.starts_with("BYE "));
    peer.receive("BYE").await?;
    Ok(())
}

#[tokio::test]
async fn messages_are_taken_in_datagrams_of_any_size() -> Result {
    for bytes in [9_000, 60_000] {
        let peer = Peer::start().await?;
        let (trunks, mut call) = call_by(&peer, |_| {}).await?;
        let invite = peer.receive("INVITE").await?;
        let padding = format!("X-Padding: {}\r\n", "x".repeat(bytes));
        let more = format!("Contact: <sip:peer@127.0.0.1:{}>\r\n{padding}{SDP}", peer.port);
        peer.reply(&invite, "200 OK", &more, ANSWER).await?;
        call.answer().await?;
        peer.receive("ACK").await?;
        let update = peer.request(&invite, "UPDATE", 1, &padding, "")?;
        peer.send(update.as_bytes(), trunks.local_addr()).await?;
        assert_eq!(peer.receive("SIP/2.0 200").await?.header("CSeq")?, "1 UPDATE");
        call.hang_up().await?;
        peer.receive("BYE").await?;
    }
    Ok(())
}
