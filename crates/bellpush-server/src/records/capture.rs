//! A call's SIP messages as a capture file (the classic pcap format), and as text.
//!
//! The packets are made anew around the messages: datagrams as they were, connections as if each
//! message had been one segment. What was encrypted on the way stands there in the clear, with the
//! ports that it had.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io,
    net::{IpAddr, SocketAddr},
};

use bellpush_core::{
    events::EventTime,
    record::{RecordEntry, Recorded, SipCarrier, SipMessage},
};
use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};

/// Microseconds, in the byte order of the machine that reads it.
const MAGIC: u32 = 0xa1b2_c3d4;
const VERSION: (u16, u16) = (2, 4);
/// Bytes of a packet, at most.
const SNAP_LENGTH: u32 = 262_144;
/// Packets begin with their IP header (LINKTYPE_RAW).
const RAW_IP: u32 = 101;
const HOPS: u8 = 64;
const WINDOW: u16 = 65_535;

/// The SIP messages of a record, in their order.
fn messages(entries: &[Recorded]) -> impl Iterator<Item = (i64, &SipMessage)> {
    entries.iter().filter_map(|recorded| match &recorded.entry {
        RecordEntry::Sip(message) => Some((recorded.at, message)),
        _ => None,
    })
}

/// A capture file; `None` when no SIP message is there.
///
/// # Errors
/// When a packet can't be built.
pub(crate) fn pcap(entries: &[Recorded]) -> io::Result<Option<Vec<u8>>> {
    let mut file = Vec::new();
    file.extend(MAGIC.to_le_bytes());
    file.extend(VERSION.0.to_le_bytes());
    file.extend(VERSION.1.to_le_bytes());
    // Times are UTC, of unknown accuracy.
    file.extend([0; 8]);
    file.extend(SNAP_LENGTH.to_le_bytes());
    file.extend(RAW_IP.to_le_bytes());
    let header = file.len();
    // The next sequence number of each direction of a connection.
    let mut sequences: HashMap<(SocketAddr, SocketAddr), u32> = HashMap::new();
    for (at, message) in messages(entries) {
        let (from, to) = direction(message);
        let packet = match message.transport {
            SipCarrier::Udp => datagram(from, to, message.text.as_bytes())?,
            SipCarrier::Tcp | SipCarrier::Tls => {
                let answered = sequences.get(&(to, from)).copied().unwrap_or(1);
                let sequence = sequences.entry((from, to)).or_insert(1);
                let packet = segment(from, to, (*sequence, answered), message.text.as_bytes())?;
                let bytes = u32::try_from(message.text.len()).unwrap_or(u32::MAX);
                *sequence = sequence.wrapping_add(bytes);
                packet
            }
        };
        let length = u32::try_from(packet.len()).map_err(io::Error::other)?;
        let seconds = u32::try_from(at.div_euclid(1_000_000)).unwrap_or(u32::MAX);
        let micros = u32::try_from(at.rem_euclid(1_000_000)).unwrap_or_default();
        for field in [seconds, micros, length, length] {
            file.extend(field.to_le_bytes());
        }
        file.extend(packet);
    }
    Ok((file.len() > header).then_some(file))
}

/// The messages as text; `None` when there is none.
pub(crate) fn text(entries: &[Recorded]) -> Option<String> {
    let mut text = String::new();
    let mut first = None;
    for (at, message) in messages(entries) {
        let begin = *first.get_or_insert(at);
        let (from, to) = direction(message);
        let transport = match message.transport {
            SipCarrier::Udp => "UDP",
            SipCarrier::Tcp => "TCP",
            SipCarrier::Tls => "TLS",
        };
        let time = EventTime::from_millis(at.div_euclid(1_000)).map(|at| at.to_string());
        let time = time.unwrap_or_default();
        let later = (at - begin) as f64 / 1_000.0;
        // Writing into a text can't fail.
        let _ = writeln!(text, "── {time} (+{later:.3} ms) {from} → {to} {transport}");
        text.push_str(message.text.trim_end());
        text.push_str("\n\n");
    }
    (!text.is_empty()).then_some(text)
}

fn direction(message: &SipMessage) -> (SocketAddr, SocketAddr) {
    if message.sent { (message.local, message.remote) } else { (message.remote, message.local) }
}

fn ip(from: IpAddr, to: IpAddr) -> PacketBuilderStep<IpHeaders> {
    match (from.to_canonical(), to.to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), HOPS),
        (from, to) => PacketBuilder::ipv6(six(from), six(to), HOPS),
    }
}

fn six(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> io::Result<Vec<u8>> {
    let builder = ip(from.ip(), to.ip()).udp(from.port(), to.port());
    let mut packet = Vec::with_capacity(builder.size(payload.len()));
    builder.write(&mut packet, payload).map_err(io::Error::other)?;
    Ok(packet)
}

fn segment(
    from: SocketAddr,
    to: SocketAddr,
    (sequence, answered): (u32, u32),
    payload: &[u8],
) -> io::Result<Vec<u8>> {
    let builder =
        ip(from.ip(), to.ip()).tcp(from.port(), to.port(), sequence, WINDOW).ack(answered).psh();
    let mut packet = Vec::with_capacity(builder.size(payload.len()));
    builder.write(&mut packet, payload).map_err(io::Error::other)?;
    Ok(packet)
}

#[cfg(test)]
mod tests {
    use etherparse::{NetSlice, SlicedPacket, TransportSlice};

    use super::*;

    fn message(
        sent: bool,
        transport: SipCarrier,
        local: &str,
        remote: &str,
        text: &str,
    ) -> RecordEntry {
        let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
        RecordEntry::Sip(SipMessage { sent, transport, local, remote, text: text.into() })
    }

    fn record(entries: Vec<RecordEntry>) -> Vec<Recorded> {
        (1..)
            .zip(entries)
            .map(|(seq, entry)| Recorded {
                seq,
                at: 1_700_000_000_000_000 + seq as i64 * 1_500,
                entry,
            })
            .collect()
    }

    /// The packets of a file, with their times in microseconds.
    fn packets(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!((number(0), number(20)), (MAGIC, RAW_IP));
        let (mut at, mut packets) = (24, Vec::new());
        while at < file.len() {
            let length = number(at + 8) as usize;
            let time = u64::from(number(at)) * 1_000_000 + u64::from(number(at + 4));
            packets.push((time, file[at + 16..at + 16 + length].to_vec()));
            at += 16 + length;
        }
        packets
    }

    #[test]
    fn datagrams_go_between_the_addresses_that_the_messages_had() {
        let (local, remote) = ("192.0.2.1:5060", "198.51.100.7:5080");
        let entries = record(vec![
            message(true, SipCarrier::Udp, local, remote, "OPTIONS sip:h SIP/2.0\r\n\r\n"),
            RecordEntry::Hold { held: true },
            message(false, SipCarrier::Udp, local, remote, "SIP/2.0 200 OK\r\n\r\n"),
        ]);
        let file = pcap(&entries).unwrap().unwrap();
        let packets = packets(&file);
        assert_eq!(packets[0].0 + 3_000, packets[1].0);
        for ((_, packet), (from, to, text)) in packets.iter().zip([
            (local, remote, "OPTIONS sip:h SIP/2.0\r\n\r\n"),
            (remote, local, "SIP/2.0 200 OK\r\n\r\n"),
        ]) {
            let sliced = SlicedPacket::from_ip(packet).unwrap();
            let Some(NetSlice::Ipv4(ip)) = sliced.net else { panic!("no IPv4") };
            let Some(TransportSlice::Udp(udp)) = sliced.transport else { panic!("no UDP") };
            let header = ip.header();
            let source = SocketAddr::from((header.source(), udp.source_port()));
            let destination = SocketAddr::from((header.destination(), udp.destination_port()));
            assert_eq!((source.to_string(), destination.to_string()), (from.into(), to.into()));
            assert_eq!(udp.payload(), text.as_bytes());
        }
    }

    #[test]
    fn segments_of_a_connection_follow_each_other_in_both_directions() {
        let (local, remote) = ("[2001:db8::1]:40000", "[2001:db8::2]:5061");
        let entries = record(vec![
            message(true, SipCarrier::Tls, local, remote, "INVITE"),
            message(false, SipCarrier::Tls, local, remote, "100"),
            message(false, SipCarrier::Tls, local, remote, "200!"),
            message(true, SipCarrier::Tls, local, remote, "ACK"),
        ]);
        let numbers: Vec<_> = packets(&pcap(&entries).unwrap().unwrap())
            .iter()
            .map(|(_, packet)| match SlicedPacket::from_ip(packet).unwrap().transport {
                Some(TransportSlice::Tcp(tcp)) => {
                    (tcp.sequence_number(), tcp.acknowledgment_number())
                }
                _ => panic!("no TCP"),
            })
            .collect();
        assert_eq!(numbers, [(1, 1), (1, 7), (4, 7), (7, 8)]);
    }

    #[test]
    fn text_has_the_messages_with_their_times_and_none_makes_none() {
        let (local, remote) = ("192.0.2.1:5060", "198.51.100.7:5080");
        let entries = record(vec![
            message(true, SipCarrier::Udp, local, remote, "BYE sip:h SIP/2.0\r\nTo: x\r\n\r\n"),
            message(false, SipCarrier::Udp, local, remote, "SIP/2.0 200 OK\r\n\r\n"),
        ]);
        let text = text(&entries).unwrap();
        assert_eq!(
            text,
            "── 2023-11-14T22:13:20.001Z (+0.000 ms) 192.0.2.1:5060 → 198.51.100.7:5080 UDP\n\
             BYE sip:h SIP/2.0\r\nTo: x\n\n\
             ── 2023-11-14T22:13:20.003Z (+1.500 ms) 198.51.100.7:5080 → 192.0.2.1:5060 UDP\n\
             SIP/2.0 200 OK\n\n"
        );
        let nothing = record(vec![RecordEntry::Hold { held: false }]);
        assert_eq!((super::text(&nothing), pcap(&nothing).unwrap()), (None, None));
    }
}
