//! Telephones and networks that fail, before the real server: every call goes on or ends once, its
//! record tells what happened, and nothing of it is left.

mod shop;

use std::{
    f64::consts::TAU,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{
    SOON, eventually, lossy_relay::LossyRelay, ports::free_port, server::Options, visitor::Visitor,
    widget::call_id,
};
use ropus::{Channels, DecodeMode, Decoder};
use serde_json::{Value, json};
use shop::{Result, Shop, comes_to};
use tokio::{net::UdpSocket, time};

/// Of 100 packets, so many are lost.
const LOST: u32 = 10;
const FRAME: Duration = Duration::from_millis(20);
/// Packets of each side: 8 s.
const FRAMES: usize = 400;
const SAMPLES: usize = 160;
const TONE: f64 = 1_000.0;

/// Nothing is left of any call: no leg, no port, no connection.
async fn nothing_is_left(shop: &Shop) -> Result {
    for name in
        ["bellpush_calls_live", "bellpush_rtp_ports_in_use", "bellpush_media_tcp_connections"]
    {
        eventually(name, SOON, async || Ok((shop.metric(name).await? == Some(0.0)).then_some(())))
            .await?;
    }
    Ok(())
}

/// 20 ms of a square wave of 1 kHz as A-law.
fn tone() -> Vec<u8> {
    (0..SAMPLES).map(|n| if n / 4 % 2 == 0 { 0xB5 } else { 0x35 }).collect()
}

/// How much of a sound is this tone, from 0 to 1: on average over its tenths of a second, as a loss
/// may shift the wave.
fn purity(samples: &[f32], frequency: f64) -> f64 {
    let of_one = |samples: &[f32]| {
        let (mut real, mut imaginary, mut energy) = (0.0, 0.0, 1e-9);
        for (n, sample) in samples.iter().enumerate() {
            let angle = n as f64 * frequency * TAU / 16_000.0;
            real += f64::from(*sample) * angle.cos();
            imaginary += f64::from(*sample) * angle.sin();
            energy += f64::from(*sample).powi(2);
        }
        2.0 * (real * real + imaginary * imaginary) / (energy * samples.len() as f64)
    };
    let pieces = samples.chunks_exact(1_600);
    let count = pieces.len() as f64;
    pieces.map(of_one).sum::<f64>() / count
}

/// About a tenth is lost, and it sounds like that: a call without loss has 4.3 or more.
fn tells_of_a_tenth(stream: &Value) -> Result {
    let number = |name: &str| stream[name].as_f64().with_context(|| format!("no {name}: {stream}"));
    let (packets, lost) = (number("packets")?, number("lost")?);
    assert!(packets + lost > 300.0, "{stream}");
    let percent = 100.0 * lost / (packets + lost);
    assert!((4.0..18.0).contains(&percent), "{percent:.1} % of {stream}");
    assert!((2.0..4.0).contains(&number("mos")?), "{stream}");
    Ok(())
}

#[tokio::test]
async fn a_call_over_networks_that_lose_a_tenth_goes_on_and_its_record_tells_of_it() -> Result {
    let sound = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
    let phones_network = LossyRelay::new(sound.local_addr()?, LOST).await?;
    let port = phones_network.port().to_string();
    let phone = Sipp::start_with("plain_answer", &[("[media_port]", &port)], "u1").await?;
    let shop = Shop::open().await?;
    shop.profile(&phone, json!({ "isDefault": true, "codecPolicy": "opus" })).await?;
    let widget = shop.widget().await?;

    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let candidate = answer.text().lines().find_map(|line| {
        let mut words = line.strip_prefix("a=candidate:")?.split(' ').skip(2);
        let is_udp = words.next()?.eq_ignore_ascii_case("udp");
        words.nth(2).filter(|_| is_udp)?.parse::<u16>().ok()
    });
    let media: SocketAddr = (Ipv4Addr::LOCALHOST, candidate.context("no candidate")?).into();
    let visitors_network = LossyRelay::new(media, LOST).await?;
    let there = format!(" 127.0.0.1 {} typ", media.port());
    let detour = format!(" 127.0.0.1 {} typ", visitors_network.port());
    let visitor = visitor.accept(&answer.text().replace(&there, &detour))?;
    comes_to(&widget, &call, "connected").await?;

    // The telephone speaks to where it hears from.
    let mut packet = [0; 2_048];
    let (_, back) = time::timeout(SOON, sound.recv_from(&mut packet)).await??;
    let mut pace = time::interval(FRAME);
    for frame in 0..FRAMES {
        pace.tick().await;
        let [seq_high, seq_low] = (frame as u16).to_be_bytes();
        let [t0, t1, t2, t3] = (frame as u32 * SAMPLES as u32).to_be_bytes();
        let header = [0x80, 8, seq_high, seq_low, t0, t1, t2, t3, 0, 0, 0, 7];
        sound.send_to(&[&header[..], &tone()].concat(), back).await?;
    }
    time::sleep(Duration::from_millis(300)).await;
    let record = shop.record(&call).await?;
    assert_eq!(record["state"], "live", "{record}");
    widget.hang_up(&call).await?.expect(204)?;
    let record = shop.ended(&call).await?;
    assert_eq!(record["reason"], "user_hangup", "{record}");
    tells_of_a_tenth(&record["quality"]["visitor"])?;
    tells_of_a_tenth(&record["quality"]["farSide"])?;
    phone.finish().await?;

    let mut heard = visitor.heard().packets;
    heard.sort_by_key(|packet| packet.seq);
    let mut decoder = Decoder::new(16_000, Channels::Mono)?;
    let mut samples = Vec::new();
    let mut frame = [0.0; 320];
    for (n, packet) in heard.iter().enumerate() {
        let lost = n.checked_sub(1).map_or(0, |before| packet.seq - heard[before].seq - 1);
        for payload in (0..lost).map(|_| &[][..]).chain([&*packet.payload]) {
            let length = decoder.decode_float(payload, &mut frame, DecodeMode::Normal)?;
            samples.extend_from_slice(&frame[..length]);
        }
    }
    // But for its first second and its end.
    let steady = samples.get(16_000..7 * 16_000).context("too little is heard")?;
    let (tone, other) = (purity(steady, TONE), purity(steady, 700.0));
    // A square wave has a fifth of its power in its harmonics.
    assert!(tone > 0.5 && other < 0.1, "{tone:.2} of the tone, {other:.2} of another");
    drop(visitor);
    nothing_is_left(&shop).await
}

#[tokio::test]
async fn a_telephone_that_vanishes_in_a_call_ends_it_once_as_failed_media() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let shop = Shop::with(Options::sqlite().with("--rtp-timeout-seconds", "3"), json!({})).await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let mut call = shop.call(&widget).await?;
    // SIPp sends every packet back.
    call.media.wait_until(SOON, |heard| heard.packets.len() > 10).await?;
    drop(phone);
    let record = shop.ended(&call.call_id).await?;
    assert_eq!(record["errorCode"], "media_failed", "{record}");
    assert!(record["quality"]["farSide"]["packets"].as_u64() > Some(10), "{record}");
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_error"]);
    nothing_is_left(&shop).await
}

#[tokio::test]
async fn a_trunk_that_is_down_fails_the_call_or_leaves_it_to_the_overflow() -> Result {
    let shop = Shop::open().await?;
    let trunk = json!({
        "name": "Down", "domain": "127.0.0.1", "port": free_port()?, "transport": "tcp",
        "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    let path = format!("/v1/apps/{}/destinations", shop.app.id);
    let mut down = json!({
        "name": "Down", "kind": "sip", "trunkId": trunk, "to": "100", "isDefault": true,
    });
    shop.create(&path, &down).await?;
    let widget = shop.widget().await?;
    let call = widget.place().await?;
    let record = shop.ended(&call.call_id).await?;
    assert_eq!(record["errorCode"], "destination_unreachable", "{record}");
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_error"]);
    let status: Value = shop.api.get(&format!("/v1/trunks/{trunk}")).await?.expect(200)?.json()?;
    assert_eq!(status["status"]["healthy"], false, "{status}");
    nothing_is_left(&shop).await?;

    let phone = Sipp::start("plain_answer").await?;
    down["overflow"] = shop.profile(&phone, json!({})).await?.into();
    shop.create(&path, &down).await?;
    let call = shop.call(&widget).await?;
    widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_ended"]);
    nothing_is_left(&shop).await
}
