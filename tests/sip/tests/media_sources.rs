//! Whose sound is heard in a call, and who hears it: nobody but the telephone, whatever public address
//! strangers send from.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::ensure;
use bellpush_call::{Latching, Signal};
use bellpush_sip_tests::{
    BridgedCall, Lines, PATIENCE, Phone, Scenario, runs_in_network_of_its_own,
};
use tokio::{net::UdpSocket, time};

type Result = anyhow::Result<()>;

/// The server's public address, the phone system's and a stranger's.
const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const PHONE_SYSTEM: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const STRANGER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// A private one, of a telephone that is there.
const TELEPHONE: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 6);
const ADDRESSES: [&str; 4] = ["203.0.113.1/32", "203.0.113.9/32", "198.51.100.7/32", "10.9.8.6/32"];

const PCMA: u8 = 8;
const VOICE: [u8; 160] = [0x11; 160];
const NOISE_OF_A_STRANGER: [u8; 160] = [0x66; 160];
const VISITORS_VOICE: [u8; 160] = [0x44; 160];

/// A telephone on this host whose SDP names that address, in a call over public addresses.
async fn call(
    host: Ipv4Addr,
    named: &str,
    latching: Latching,
) -> anyhow::Result<(BridgedCall, Phone, SocketAddr)> {
    let replacements = [("[media_ip]", named)];
    let ip = IpAddr::from(host);
    let scenario = Scenario { ip, replacements: &replacements, ..Scenario::new("plain_answer") };
    let mut phone = Phone::run(scenario).await?;
    let mut lines = Lines::to(&[&phone.sipp]);
    lines.trunks_config.bind = (Ipv4Addr::UNSPECIFIED, 0).into();
    lines.engine.rtp_bind = Ipv4Addr::UNSPECIFIED.into();
    lines.engine.rtp_address = Some(SERVER.into());
    for trunk in &mut lines.trunks {
        trunk.domain = host.to_string();
    }
    let mut call = lines.call_with(|target| target.latching = latching).await?;
    call.expect(&[Signal::Connecting, Signal::Connected]).await?;
    let server = phone.learn_peer(SERVER.into()).await?;
    Ok((call, phone, server))
}

/// Sends one plain packet of sound to each even port that a call may have.
async fn spray(stranger: &UdpSocket, server: SocketAddr) -> Result {
    let packet = [&[0x80, PCMA, 0, 1, 0, 0, 0, 160, 6, 6, 6, 6][..], &NOISE_OF_A_STRANGER].concat();
    for port in (server.port().saturating_sub(40)..=server.port().saturating_add(40)).step_by(2) {
        stranger.send_to(&packet, (server.ip(), port)).await?;
    }
    Ok(())
}

/// How many packets have come to a stranger.
fn received(stranger: &UdpSocket) -> usize {
    let mut buffer = [0; 2_000];
    std::iter::from_fn(|| stranger.try_recv_from(&mut buffer).ok()).count()
}

async fn nobody_else_takes_part(host: Ipv4Addr, named: &str) -> Result {
    let (mut call, mut phone, server) = call(host, named, Latching::Signalling).await?;
    let stranger = UdpSocket::bind((STRANGER, 0)).await?;
    spray(&stranger, server).await?;
    call.visitor.say(vec![VISITORS_VOICE.to_vec(); 1_000]);
    // The visitor speaks, and nothing of it may get to the stranger.
    time::sleep(Duration::from_millis(300)).await;
    spray(&stranger, server).await?;
    phone.say(PCMA, vec![VOICE.to_vec(); 10]).await?;
    phone.hear_until(|packet| packet.payload == VISITORS_VOICE).await?;
    spray(&stranger, server).await?;
    phone.say(PCMA, vec![VOICE.to_vec(); 25]).await?;
    call.visitor.wait_until(PATIENCE, |heard| heard.packets.len() >= 35).await?;
    phone.hear_until(|packet| packet.payload == VISITORS_VOICE).await?;
    let heard = call.visitor.heard().packets;
    ensure!(heard.iter().all(|packet| packet.payload[..] == VOICE), "a stranger is heard");
    ensure!(received(&stranger) == 0, "a stranger hears the visitor");
    call.hang_up().await?;
    phone.sipp.finish().await
}

#[tokio::test]
async fn a_stranger_with_a_public_address_takes_no_part_in_a_call() -> Result {
    let test = "a_stranger_with_a_public_address_takes_no_part_in_a_call";
    if runs_in_network_of_its_own(test, &ADDRESSES)? {
        return Ok(());
    }
    // A phone system of the server's own network, and one behind a NAT.
    nobody_else_takes_part(Ipv4Addr::LOCALHOST, "127.0.0.1").await?;
    nobody_else_takes_part(PHONE_SYSTEM, "10.9.8.7").await
}

#[tokio::test]
async fn a_trunk_may_take_media_from_whoever_sends_first() -> Result {
    let test = "a_trunk_may_take_media_from_whoever_sends_first";
    if runs_in_network_of_its_own(test, &ADDRESSES)? {
        return Ok(());
    }
    let (call, phone, server) = call(PHONE_SYSTEM, "10.9.8.7", Latching::Any).await?;
    let gateway = UdpSocket::bind((STRANGER, 0)).await?;
    spray(&gateway, server).await?;
    call.visitor.say(vec![VISITORS_VOICE.to_vec(); 100]);
    let mut buffer = [0; 2_000];
    let (length, from) = time::timeout(PATIENCE, gateway.recv_from(&mut buffer)).await??;
    // Between addresses of one machine, its own may be any of them.
    ensure!((length, from.port()) == (172, server.port()), "{length} bytes from {from}");
    call.hang_up().await?;
    phone.sipp.finish().await
}

#[tokio::test]
async fn a_telephone_that_is_where_it_says_has_the_media_whoever_sent_first() -> Result {
    let test = "a_telephone_that_is_where_it_says_has_the_media_whoever_sent_first";
    if runs_in_network_of_its_own(test, &ADDRESSES)? {
        return Ok(());
    }
    let (mut call, mut phone, server) =
        call(TELEPHONE, &TELEPHONE.to_string(), Latching::Any).await?;
    let stranger = UdpSocket::bind((STRANGER, 0)).await?;
    spray(&stranger, server).await?;
    call.visitor.say(vec![VISITORS_VOICE.to_vec(); 1_000]);
    let mut buffer = [0; 2_000];
    time::timeout(PATIENCE, stranger.recv_from(&mut buffer)).await??;
    phone.say(PCMA, vec![VOICE.to_vec(); 1]).await?;
    phone.hear_until(|packet| packet.payload == VISITORS_VOICE).await?;
    // What was on its way before is not of interest.
    received(&stranger);
    spray(&stranger, server).await?;
    phone.say(PCMA, vec![VOICE.to_vec(); 10]).await?;
    call.visitor
        .wait_until(PATIENCE, |heard| {
            heard.packets.iter().filter(|packet| packet.payload[..] == VOICE).count() >= 11
        })
        .await?;
    phone.hear_until(|packet| packet.payload == VISITORS_VOICE).await?;
    ensure!(received(&stranger) == 0, "a stranger hears the visitor");
    call.hang_up().await?;
    phone.sipp.finish().await
}
