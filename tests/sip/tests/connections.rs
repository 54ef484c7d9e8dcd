//! Connections that calls share: dead ones, silent ones, and those that take their place.

use std::time::Duration;

use anyhow::Context as _;
use bellpush_call::{FarFailure, SipTransport, TrunkConfig, TrunkEvent};
use bellpush_sip_tests::{
    ANSWER, Call, Message, PATIENCE, SDP, read_message, reply, target, trunk, trunks,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

type Result = anyhow::Result<()>;

async fn accept(listener: &TcpListener) -> anyhow::Result<TcpStream> {
    Ok(tokio::time::timeout(PATIENCE, listener.accept()).await.context("no connection came")??.0)
}

/// The next message over a connection.
async fn read(stream: &mut TcpStream) -> anyhow::Result<Message> {
    tokio::time::timeout(PATIENCE, read_message(stream)).await.context("nothing came")?
}

/// Takes a call over a connection.
async fn answer(stream: &mut TcpStream, call: &mut Call) -> anyhow::Result<Message> {
    let invite = read(stream).await?;
    assert!(invite.text.starts_with("INVITE "), "{}", invite.text);
    stream.write_all(&reply(&invite, "200 OK", SDP, ANSWER.as_bytes())?).await?;
    call.answer().await?;
    let ack = read(stream).await?;
    assert!(ack.text.starts_with("ACK "), "{}", ack.text);
    Ok(invite)
}

#[tokio::test]
async fn a_call_over_a_connection_that_was_dead_already_goes_over_a_new_one() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let trunk = TrunkConfig { transport: SipTransport::Tcp, ..trunk(port) };
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let mut first = Call::start(&trunks, target.clone()).await?;
    let mut stream = accept(&listener).await?;
    answer(&mut stream, &mut first).await?;
    let mut second = Call::start(&trunks, target.clone()).await?;
    // What it read of the INVITE it has lost when it starts again.
    read(&mut stream).await?;
    drop(stream);
    let mut stream = accept(&listener).await?;
    // The call before is refreshed over it.
    let mut acknowledged = 0;
    while acknowledged < 2 {
        let message = read(&mut stream).await?;
        if message.text.starts_with("INVITE ") {
            stream.write_all(&reply(&message, "200 OK", SDP, ANSWER.as_bytes())?).await?;
        } else {
            assert!(message.text.starts_with("ACK "), "{}", message.text);
            acknowledged += 1;
        }
    }
    second.answer().await?;
    // Once somebody has answered, it was not dead.
    let mut third = Call::start(&trunks, target).await?;
    let invite = read(&mut stream).await?;
    stream.write_all(&reply(&invite, "100 Trying", "", b"")?).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(stream);
    assert!(matches!(third.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    Ok(())
}

#[tokio::test]
async fn a_connection_in_which_nobody_says_anything_any_more_is_given_up() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let keep_alive = Some(Duration::from_secs(1));
    let tcp = |port| TrunkConfig { transport: SipTransport::Tcp, keep_alive, ..trunk(port) };
    // Another never answers OPTIONS, which says nothing.
    let odd = TcpListener::bind("127.0.0.1:0").await?;
    let _trunks = trunks(vec![tcp(odd.local_addr()?.port()), tcp(port)]).await?;
    let _odd = accept(&odd).await?;
    let mut silent = accept(&listener).await?;
    let options = read(&mut silent).await?;
    silent.write_all(&reply(&options, "200 OK", "", b"")?).await?;
    let mut next = accept(&listener).await?;
    assert!(read(&mut next).await?.text.starts_with("OPTIONS "));
    // It was closed.
    tokio::io::copy(&mut silent, &mut tokio::io::sink()).await?;
    let another = tokio::time::timeout(Duration::from_secs(1), odd.accept()).await;
    assert!(another.is_err(), "there is another connection");
    Ok(())
}

#[tokio::test]
async fn calls_that_lose_their_connection_share_the_next_one() -> Result {
    const CALLS: usize = 8;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let trunk = TrunkConfig { transport: SipTransport::Tcp, ..trunk(port) };
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let mut calls = Vec::new();
    let mut stream = None;
    for _ in 0..CALLS {
        let mut call = Call::start(&trunks, target.clone()).await?;
        let stream = match &mut stream {
            Some(stream) => stream,
            none => none.insert(accept(&listener).await?),
        };
        answer(stream, &mut call).await?;
        calls.push(call);
    }
    drop(stream);
    let mut stream = accept(&listener).await?;
    for _ in 0..CALLS {
        let invite = read(&mut stream).await?;
        assert!(invite.text.starts_with("INVITE "), "{}", invite.text);
    }
    let another = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(another.is_err(), "there is another connection");
    Ok(())
}
