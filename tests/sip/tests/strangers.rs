//! Whoever sends to the SIP port and belongs to no call.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use bellpush_call::Trunks;
use bellpush_sip_tests::{Call, PATIENCE, Peer, target, trunk, trunks, trunks_config};
use tokio::time::{self, Instant};

type Result = anyhow::Result<()>;

/// How many answers a stranger gets to so many requests.
async fn answers(
    stranger: &Peer,
    requests: usize,
    to: SocketAddr,
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
    let stop = Arc::new(AtomicBool::new(false));
    let flood = {
        let stop = Arc::clone(&stop);
        tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            let socket = UdpSocket::bind("127.0.0.2:0")?;
            while !stop.load(Ordering::Relaxed) {
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
    stop.store(true, Ordering::Relaxed);
    flood.await??;
    result??;
    Ok(())
}

#[tokio::test]
async fn answers_go_to_where_the_request_came_from_whatever_its_via_says() -> Result {
    for (bind, from) in [("127.0.0.1:0", "127.0.0.1"), ("[::]:0", "127.0.0.1"), ("[::]:0", "[::1]")]
    {
        let mut config = trunks_config();
        config.bind = bind.parse()?;
        let trunks = Trunks::start(config).await?;
        let stranger = tokio::net::UdpSocket::bind(format!("{from}:0")).await?;
        let victim = tokio::net::UdpSocket::bind(format!("{from}:0")).await?;
        let to = format!("{from}:{}", trunks.local_addr().port());
        for (n, method) in ["OPTIONS", "CANCEL", "INVITE", "BYE", "FOO"].into_iter().enumerate() {
            // A name that no DNS knows must hold up nobody, either.
            for via in [victim.local_addr()?.to_string(), "victim.invalid:9".to_owned()] {
                let request = format!(
                    "{method} sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK{n}{}\r\n\
                     Max-Forwards: 70\r\nFrom: <sip:y@h>;tag={n}\r\nTo: <sip:x@h>\r\n\
                     Call-ID: {n}@{via}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n",
                    via.len(),
                );
                stranger.send_to(request.as_bytes(), &to).await?;
                let mut buffer = [0; 2_000];
                let answer = time::timeout(PATIENCE, stranger.recv(&mut buffer)).await;
                let length = answer.with_context(|| format!("{method} on {bind} by {via}"))??;
                assert!(buffer[..length].starts_with(b"SIP/2.0 "), "{method}");
            }
        }
        assert!(victim.try_recv(&mut [0; 100]).is_err(), "the victim heard of it");
    }
    Ok(())
}
