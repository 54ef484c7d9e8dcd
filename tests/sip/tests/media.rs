//! Sound, keys and reports between a visitor and a telephone, while its signalling changes them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use bellpush_call::{Codec, Signal};
use bellpush_core::events::ErrorCode;
use bellpush_sip_tests::{Lines, PATIENCE, Packet, Phone, Scenario};
use tokio::time;

type Result = anyhow::Result<()>;

const PCMU: u8 = 0;
const PCMA: u8 = 8;
const CONNECTED: [Signal; 2] = [Signal::Connecting, Signal::Connected];

/// Frames that can be told apart.
fn numbered(count: u8) -> Vec<Vec<u8>> {
    (1..=count).map(|n| vec![n; 160]).collect()
}

/// A frame of a loud tone of 1 kHz in A-law: as a square, four samples up and four down.
fn tone() -> Vec<u8> {
    [0xAA_u8, 0xAA, 0xAA, 0xAA, 0x2A, 0x2A, 0x2A, 0x2A].repeat(20)
}

/// Whether a frame in µ-law holds that tone: loud, and up or down again every four samples.
fn is_tone(packet: &Packet) -> bool {
    let is_loud = |sample: &&u8| *sample & 0x7f < 0x20;
    let turns = packet.payload.windows(2).filter(|pair| (pair[0] ^ pair[1]) & 0x80 != 0);
    packet.payload_type == PCMU
        && packet.payload.iter().filter(is_loud).count() > 150
        && (38..=40).contains(&turns.count())
}

/// One stream, without a gap.
fn is_continuous(packets: &[Packet]) {
    for pair in packets.windows(2) {
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
        assert_eq!(pair[1].seq, pair[0].seq.wrapping_add(1));
    }
}

#[tokio::test]
async fn a_telephone_that_changes_its_codec_is_understood_and_heard_as_before() -> Result {
    let scenario =
        Scenario { replacements: &[("[before]", "1000")], ..Scenario::new("codec_change") };
    let mut phone = Phone::run(scenario).await?;
    let mut call = Lines::to(&[&phone.sipp]).call().await?;
    call.expect(&CONNECTED).await?;
    // The visitor goes on in A-law.
    call.visitor.say(vec![tone(); 500]);
    let mut heard = phone.hear_until(|packet| packet.payload == tone()).await?;
    assert_eq!(heard.last().map(|packet| packet.payload_type), Some(PCMA));
    phone.say(PCMA, numbered(5)).await?;
    heard.extend(phone.hear_until(is_tone).await?);
    is_continuous(&heard);
    phone.say(PCMU, numbered(50).split_off(20)).await?;
    let last = |packet: &[u8]| packet == [50; 160];
    call.visitor
        .wait_until(PATIENCE, |heard| heard.packets.iter().any(|packet| last(&packet.payload)))
        .await?;
    let packets = call.visitor.heard().packets;
    assert!(
        packets
            .windows(2)
            .all(|pair| { pair[1].ssrc == pair[0].ssrc && pair[1].seq == pair[0].seq + 1 })
    );
    let types: Vec<u8> = packets.iter().map(|packet| packet.payload_type).collect();
    assert_eq!((types.first(), types.last()), (Some(&PCMA), Some(&PCMU)));
    let quality = call.hang_up().await?.and_then(|quality| quality.far_side);
    assert_eq!(quality.map(|far_side| far_side.codec), Some(Codec::Pcmu));
    phone.sipp.finish().await
}

#[tokio::test]
async fn without_telephone_event_keys_go_by_info_in_their_order() -> Result {
    let mut phone = Phone::start("info_keys").await?;
    let mut call = Lines::to(&[&phone.sipp]).call().await?;
    call.expect(&CONNECTED).await?;
    phone.sipp.heard("Signal=7").await?;
    call.visitor.press('4')?;
    phone.sipp.heard("Signal=4").await?;
    // While that is not answered yet.
    for key in ['7', '1'] {
        call.engine.digit(call.id, key.try_into()?).await;
    }
    phone.sipp.heard("Signal=1").await?;
    // In the media there is but sound, all of it, also of the time in which the visitor pressed.
    let mut heard = Vec::new();
    for _ in 0..30 {
        heard.push(phone.hear().await?);
    }
    assert!(heard.iter().all(|packet| packet.payload_type == PCMA));
    is_continuous(&heard);
    call.hang_up().await?;
    phone.sipp.finish().await
}

#[tokio::test]
async fn on_hold_the_visitor_hears_music_and_noise_where_there_is_none_and_then_the_telephone_again()
-> Result {
    let replacements = [("[before]", "200"), ("[held]", "2500")];
    let scenario = Scenario { replacements: &replacements, ..Scenario::new("hold") };
    let mut phone = Phone::run(scenario).await?;
    let mut lines = Lines::to(&[&phone.sipp]);
    // Who is on hold may be silent for longer than this.
    lines.engine.rtp_timeout = Duration::from_millis(1_500);
    let mut call = lines.call().await?;
    call.expect(&CONNECTED).await?;
    phone.hear().await?;
    phone.say(PCMA, vec![vec![0x11; 160]; 5]).await?;
    call.expect(&[Signal::Held(true)]).await?;
    let music = numbered(20);
    phone.say(PCMA, music.clone()).await?;
    let before = call.visitor.heard().packets.len();
    // Nothing comes any more.
    call.visitor.wait_until(PATIENCE, |heard| heard.packets.len() > before + 15).await?;
    call.expect(&[Signal::Held(false)]).await?;
    let voice = vec![0x22; 160];
    phone.say(PCMA, vec![voice.clone(); 10]).await?;
    let is_voice = |packet: &[u8]| packet == voice;
    call.visitor
        .wait_until(PATIENCE, |heard| heard.packets.iter().any(|packet| is_voice(&packet.payload)))
        .await?;
    let heard = call.visitor.heard().packets;
    assert!(heard.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1));
    // The music is heard as it is played, without noise in it, but where this machine was busy.
    let position = |wanted: &[u8]| heard.iter().position(|packet| &packet.payload[..] == wanted);
    let (first, last) = (position(&music[0]), position(&music[19]));
    let (first, last) = first.zip(last).context("the music was not heard")?;
    assert!((19..30).contains(&(last - first)), "from {first} to {last}");
    // Nothing is sent to a telephone that holds the call.
    phone.hear_until(|packet| packet.payload_type == PCMA).await?;
    call.hang_up().await?;
    phone.sipp.finish().await
}

#[tokio::test]
async fn a_telephone_that_sends_nothing_is_hung_up_on_and_told_why() -> Result {
    let phone = Phone::start("silent").await?;
    let mut lines = Lines::to(&[&phone.sipp]);
    lines.engine.rtp_timeout = Duration::from_millis(500);
    let mut call = lines.call().await?;
    call.expect(&CONNECTED).await?;
    assert_eq!(call.end().await?.0, Signal::Failed(ErrorCode::MediaFailed));
    phone.sipp.finish().await
}

#[tokio::test]
async fn early_media_may_move_before_the_answer() -> Result {
    let other = tokio::net::UdpSocket::bind(("127.0.0.1", 0)).await?;
    let port = other.local_addr()?.port().to_string();
    let replacements = [("[other_port]", &*port)];
    let scenario = Scenario { replacements: &replacements, ..Scenario::new("early_update") };
    let mut phone = Phone::run(scenario).await?;
    let mut call = Lines::to(&[&phone.sipp]).call().await?;
    call.expect(&[Signal::Connecting, Signal::Ringing]).await?;
    let first = phone.hear().await?;
    let mut buffer = [0; 400];
    let (length, _) = time::timeout(PATIENCE, other.recv_from(&mut buffer)).await??;
    // The same stream goes on there, also after the answer, which says nothing of it.
    ensure!(buffer[8..12] == first.ssrc.to_be_bytes() && length == 172, "another stream");
    call.expect(&[Signal::Connected]).await?;
    time::timeout(PATIENCE, other.recv_from(&mut buffer)).await??;
    call.hang_up().await?;
    phone.sipp.finish().await
}

/// A sender report of the telephone, in which it says of our stream what it heard, `delay` after our
/// report.
fn report(of: u32, theirs: &[u8], delay: Duration) -> Vec<u8> {
    let mut report = vec![0x81, 200, 0, 12];
    // Its stream, of which our report's block is.
    report.extend(&theirs[28..32]);
    // Its clock, its timestamp, packets and octets.
    report.extend([0; 20]);
    report.extend(of.to_be_bytes());
    // Nothing lost; the highest number; jitter.
    report.extend([0; 12]);
    // The middle of the time in our report, and how long ago that was.
    report.extend(&theirs[10..14]);
    report.extend(((delay.as_micros() * 65_536 / 1_000_000) as u32).to_be_bytes());
    report
}

#[tokio::test]
async fn reports_come_and_go_on_a_port_of_their_own() -> Result {
    let mut phone = Phone::start("plain_answer").await?;
    let mut call = Lines::to(&[&phone.sipp]).call().await?;
    call.expect(&CONNECTED).await?;
    let heard = phone.hear().await?;
    phone.say(PCMA, numbered(5)).await?;
    let mut buffer = [0; 1_500];
    let received = time::timeout(PATIENCE, phone.rtcp.recv_from(&mut buffer)).await;
    let (length, from) = received.context("no report comes")??;
    let theirs = &buffer[..length];
    // A sender report of our stream, with a block about the telephone's, by the next port.
    assert_eq!((theirs[0], theirs[1], from), (0x81, 200, phone.rtcp_peer()?));
    assert_eq!(theirs[4..8], heard.ssrc.to_be_bytes());
    let packets = u32::from_be_bytes(theirs[20..24].try_into()?);
    assert!(packets > 20, "{packets} packets sent");
    // On its way back for 200 ms, of which it was here for half.
    time::sleep(Duration::from_millis(200)).await;
    let report = report(heard.ssrc, theirs, Duration::from_millis(100));
    phone.rtcp.send_to(&report, from).await?;
    // The last thing that we say is goodbye.
    let quality = call.hang_up().await?.and_then(|quality| quality.far_side);
    let quality = quality.context("nothing is known of the telephone")?;
    let round_trip = quality.round_trip.context("no round trip")?;
    assert!((100..1_000).contains(&round_trip.as_millis()), "{round_trip:?}");
    let received = time::timeout(PATIENCE, phone.rtcp.recv_from(&mut buffer)).await;
    let (length, _) = received.context("no goodbye comes")??;
    assert!(buffer[..length].windows(2).any(|pair| pair == [0x81, 203]), "no goodbye");
    phone.sipp.finish().await
}

/// Calls a telephone at this address from sockets on that one, and hears it.
async fn is_reached(ip: IpAddr, bind: IpAddr) -> Result {
    let mut phone = Phone::run(Scenario { ip, ..Scenario::new("plain_answer") }).await?;
    let mut lines = Lines::to(&[&phone.sipp]);
    lines.trunks_config.bind = (bind, 0).into();
    lines.engine.rtp_bind = bind;
    lines.engine.rtp_address = Some(ip);
    for trunk in &mut lines.trunks {
        trunk.domain = ip.to_string();
    }
    let mut call = lines.call().await?;
    call.expect(&CONNECTED).await?;
    let port = call.trunks.local_addr().port();
    let contact = SocketAddr::new(ip, port);
    phone.sipp.heard(&format!("Contact: <sip:bellpush@{contact}>")).await?;
    phone.hear().await?;
    phone.say(PCMA, numbered(5)).await?;
    call.visitor.wait_until(PATIENCE, |heard| heard.packets.len() >= 5).await?;
    call.hang_up().await?;
    phone.sipp.finish().await
}

#[tokio::test]
async fn a_telephone_on_ipv6_is_called_and_heard() -> Result {
    is_reached(Ipv6Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()).await
}

#[tokio::test]
async fn sockets_for_both_families_reach_a_telephone_on_ipv4() -> Result {
    is_reached(Ipv4Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into()).await
}

#[tokio::test]
async fn a_telephone_is_told_the_address_that_is_announced() -> Result {
    let phone = Phone::start("plain_answer").await?;
    let mut lines = Lines::to(&[&phone.sipp]);
    lines.trunks_config.advertised = Some([203, 0, 113, 7].into());
    lines.engine.rtp_address = Some([203, 0, 113, 8].into());
    let mut call = lines.call().await?;
    call.expect(&CONNECTED).await?;
    let port = call.trunks.local_addr().port();
    phone.sipp.heard(&format!("Contact: <sip:bellpush@203.0.113.7:{port}>")).await?;
    phone.sipp.heard(&format!("Via: SIP/2.0/UDP 203.0.113.7:{port};")).await?;
    phone.sipp.heard("c=IN IP4 203.0.113.8").await?;
    call.hang_up().await?;
    phone.sipp.finish().await
}
