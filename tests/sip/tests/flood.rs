//! A flood of junk at every port that takes packets, with calls alive before the real server.

mod shop;

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{
    SOON, eventually,
    server::Options,
    visitor::{Visitor, VisitorCall},
    widget::call_id,
};
use serde_json::json;
use shop::{Result, Shop, comes_to};

const CALLS: usize = 4;
const FLOOD: Duration = Duration::from_secs(5);
/// Datagrams in a second, of all kinds.
const RATE: u32 = 20_000;
/// How long another request may take meanwhile, on a machine that is busy with the flood as well.
const REQUEST: Duration = Duration::from_secs(3);
/// Of 100 packets of a call, so many may be lost: those for which the system's buffer has no room.
/// On a machine that keeps up, it is none; docs/operations.md says what to do.
const LOSS: u64 = 20;
const MEMORY: u64 = 64 * 1024 * 1024;
const LOG: usize = 64 * 1024;

/// Where the junk goes, and what of it is known to whoever listens in.
#[derive(Clone)]
struct Ports {
    media: SocketAddr,
    sip: SocketAddr,
    rtp: Vec<SocketAddr>,
    ufrag: String,
    call_id: String,
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 24) as u8).collect()
    }

    /// Good up to here, junk from here on, or with some bytes of junk in it.
    fn spoil(&mut self, mut packet: Vec<u8>) -> Vec<u8> {
        match self.below(4) {
            0 => packet.truncate(self.below(packet.len().max(1))),
            1 => {
                let count = self.below(200);
                packet.extend(self.bytes(count));
            }
            _ => {
                for _ in 0..=self.below(8) {
                    let at = self.below(packet.len().max(1));
                    if let Some(byte) = packet.get_mut(at) {
                        *byte = self.next() as u8;
                    }
                }
            }
        }
        packet
    }
}

/// A connectivity check for a live call, by somebody who does not know its password.
fn check(ports: &Ports, random: &mut Random) -> Vec<u8> {
    let name = format!("{}:them", ports.ufrag);
    let mut packet = [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &random.bytes(12)].concat();
    packet.extend([0, 6, 0, name.len() as u8]);
    packet.extend(name.as_bytes());
    packet.resize(packet.len().next_multiple_of(4), 0);
    packet.extend([0, 8, 0, 20]);
    packet.extend(random.bytes(20));
    let length = (packet.len() - 20) as u8;
    packet[3] = length;
    packet
}

/// The beginning of a DTLS handshake.
fn handshake(random: &mut Random) -> Vec<u8> {
    let hello = random.bytes(60);
    let head = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 72, 1, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 60];
    [&head[..], &hello].concat()
}

fn rtp(random: &mut Random) -> Vec<u8> {
    let seq = random.bytes(10);
    [&[0x80, [0, 8, 13, 101, 111, 200][random.below(6)]][..], &seq, &[0xD5; 160]].concat()
}

fn sip(ports: &Ports, random: &mut Random) -> Vec<u8> {
    let method = ["INVITE", "BYE", "OPTIONS", "ACK", "CANCEL", "NOTIFY"][random.below(6)];
    let call_id = if random.below(2) == 0 { &ports.call_id } else { "a-stranger" };
    let branch = random.next();
    format!(
        "{method} sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{branch}\r\n\
         From: <sip:y@h>;tag=1\r\nTo: <sip:x@h>;tag=2\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Floods all ports until it is told to stop. Returns how many datagrams went out.
fn flood(ports: &Ports, stop: &AtomicBool) -> std::io::Result<u64> {
    // Not the machine that the telephone named: whoever sits there can be heard.
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0))?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (start, mut sent) = (Instant::now(), 0_u64);
    let mut connections = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = (start.elapsed().as_secs_f64() * f64::from(RATE)) as u64;
        while sent < due {
            let (packet, to) = match sent % 5 {
                0 => (check(ports, &mut random), ports.media),
                1 => (handshake(&mut random), ports.media),
                2 => (rtp(&mut random), ports.media),
                3 => (rtp(&mut random), ports.rtp[random.below(ports.rtp.len())]),
                _ => (sip(ports, &mut random), ports.sip),
            };
            let packet = if random.below(4) == 0 { packet } else { random.spoil(packet) };
            // What the system does not take is lost.
            let _ = socket.send_to(&packet, to);
            sent += 1;
        }
        // Junk by TCP, too; some stay open without a word.
        if let Ok(mut stream) = TcpStream::connect_timeout(&ports.media, Duration::from_millis(50))
        {
            let _ = stream.write_all(&random.bytes(300));
            connections.push(stream);
        }
        if connections.len() > 30 {
            connections.clear();
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(sent)
}

/// Resident memory in bytes.
fn memory(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line.context("no VmRSS")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1_024)
}

/// What the server's ports are, from what visitors and the telephone were told.
fn ports(answers: &[String], messages: &str) -> anyhow::Result<Ports> {
    let at = |port: &str| -> anyhow::Result<SocketAddr> {
        Ok((Ipv4Addr::LOCALHOST, port.parse::<u16>()?).into())
    };
    let answer = answers.first().context("no answer")?;
    let candidate = answer.lines().find(|line| line.starts_with("a=candidate:"));
    let media = candidate.and_then(|line| line.split(' ').nth(5)).context("no candidate")?;
    let ufrag = answer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:"));
    let of_messages =
        |start: &str| messages.lines().find_map(|line| line.trim().strip_prefix(start));
    let sip = of_messages("Via: SIP/2.0/UDP 127.0.0.1:").and_then(|rest| rest.split(';').next());
    // SIPp's own answers name its port.
    let offered = messages.split("INVITE sip:").skip(1).filter_map(|message| {
        message.lines().find_map(|line| line.trim().strip_prefix("m=audio ")?.split(' ').next())
    });
    Ok(Ports {
        media: at(media)?,
        sip: at(sip.context("no Via")?)?,
        rtp: offered.map(at).collect::<anyhow::Result<_>>()?,
        ufrag: ufrag.context("no ufrag")?.trim().to_owned(),
        call_id: of_messages("Call-ID: ").context("no Call-ID")?.to_owned(),
    })
}

/// Packets that a visitor has heard.
fn heard(media: &VisitorCall) -> u64 {
    media.heard().packets.len() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_requests_go_on_under_a_flood_and_nothing_of_it_is_left() -> Result {
    let phone = Sipp::start_for(CALLS, "plain_answer", &[], "u1").await?;
    let options = Options::sqlite().with("--log-level", "info");
    let shop = Shop::with(options, json!({})).await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let (mut calls, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let visitor = Visitor::new().await?;
        let answer = widget.offer(visitor.offer()).await?.expect(201)?;
        let mut media = visitor.accept(&answer.text())?;
        let call = call_id(&answer)?;
        comes_to(&widget, &call, "connected").await?;
        // SIPp sends every packet back.
        media.wait_until(SOON, |heard| heard.packets.len() > 10).await?;
        answers.push(answer.text());
        calls.push((call, media));
    }
    let ports = ports(&answers, &phone.messages())?;
    let pid = shop.server.pid().context("the server is gone")?;
    let (memory_before, log_before) = (memory(pid)?, shop.server.log()?.len());
    let before: Vec<u64> = calls.iter().map(|(_, media)| heard(media)).collect();

    let stop = Arc::new(AtomicBool::new(false));
    let flooding = {
        let (stop, ports) = (Arc::clone(&stop), ports.clone());
        thread::spawn(move || flood(&ports, &stop))
    };
    let start = Instant::now();
    let slowest = AtomicU64::new(0);
    while start.elapsed() < FLOOD {
        // Junk in the name of the call's own browser, as its address can be forged.
        let mut random = Random(start.elapsed().as_nanos() as u64 | 1);
        for (_, media) in &calls {
            let junk = handshake(&mut random);
            media.send_raw(random.spoil(junk));
            let junk = rtp(&mut random);
            media.send_raw(junk);
        }
        let asked = Instant::now();
        for path in ["/healthz", "/v1/apps"] {
            let answered = tokio::time::timeout(REQUEST, shop.api.get(path)).await;
            answered
                .with_context(|| format!("{path} is not answered under the flood"))??
                .expect(200)?;
        }
        slowest.fetch_max(asked.elapsed().as_millis() as u64, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let sent = flooding.join().ok().context("the flood panicked")??;
    let lasted = start.elapsed();

    let expected = lasted.as_millis() as u64 / 20;
    let lost = |before: u64, media: &VisitorCall| {
        100_u64.saturating_sub(100 * (heard(media) - before) / expected)
    };
    let losses: Vec<u64> =
        calls.iter().zip(&before).map(|((_, media), before)| lost(*before, media)).collect();
    let grown = memory(pid)?.saturating_sub(memory_before);
    let logged = shop.server.log()?.len() - log_before;
    eprintln!(
        "{sent} datagrams in {lasted:?}; lost {losses:?} %; memory +{grown}; log +{logged}; \
         slowest requests {slowest:?} ms"
    );
    assert!(sent > u64::from(RATE) * FLOOD.as_secs() / 4, "no flood: {sent} datagrams");
    assert!(losses.iter().all(|lost| *lost <= LOSS), "of each call, {losses:?} % were lost");
    assert!(grown < MEMORY, "{grown} bytes more than before");
    assert!(logged < LOG, "the log has {logged} bytes more than before");
    assert_eq!(shop.metric("bellpush_calls_live").await?, Some(CALLS as f64));
    // The junk did arrive: three of five were for the media port.
    let dropped = "bellpush_media_packets_dropped_total{reason=\"unknown\"}";
    let dropped = shop.metric(dropped).await?.context("nothing was dropped")?;
    assert!(dropped > sent as f64 / 3.0, "{dropped} of {sent} were dropped");

    // All still hear each other.
    for (call, media) in &mut calls {
        let now = media.heard().packets.len();
        media.wait_until(SOON, |heard| heard.packets.len() > now + 25).await?;
        widget.hang_up(call).await?.expect(204)?;
        assert_eq!(shop.ended(call).await?["reason"], "user_hangup");
        assert_eq!(shop.events(call).await?, ["call_started", "call_ended"]);
    }
    phone.finish().await?;
    for name in
        ["bellpush_calls_live", "bellpush_rtp_ports_in_use", "bellpush_media_tcp_connections"]
    {
        eventually(name, SOON, async || Ok((shop.metric(name).await? == Some(0.0)).then_some(())))
            .await?;
    }
    Ok(())
}
