//! A small DNS server: addresses of loopback and of a private network, and the SRV records that a test wants.

use std::net::SocketAddr;

use hickory_resolver::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, SRV},
    },
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// The address of [`PRIVATE_NAME`].
const PRIVATE_ADDRESS: [u8; 4] = [10, 1, 2, 3];
/// A name with the address 127.0.0.1, as every other has it.
pub const HOST_NAME: &str = "host.example";
/// A name in a private network.
pub const PRIVATE_NAME: &str = "pbx.private.example";
/// A name that has an address of IPv6, too: `::1`.
pub const DUAL_NAME: &str = "dual.example";
/// A name that the server says nothing of.
pub const MUTE_NAME: &str = "mute.example";

/// One SRV record.
#[derive(Debug, Clone)]
pub struct Service {
    /// What is asked for, such as `_sip._udp.pbx.example.`.
    pub name: &'static str,
    /// The order among several.
    pub priority: u16,
    /// The name of its host, such as [`HOST_NAME`].
    pub host: &'static str,
    /// The port there; 0 says that the service is not there.
    pub port: u16,
}

/// A running DNS server.
pub struct Names {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Names {
    /// Starts a server that knows these services; every other name has the address 127.0.0.1, but for
    /// [`PRIVATE_NAME`], [`DUAL_NAME`] and [`MUTE_NAME`].
    ///
    /// # Errors
    /// The port can't be opened.
    pub async fn start(services: Vec<Service>) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let task = tokio::spawn(async move {
            let mut buffer = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let Ok(query) = Message::from_vec(&buffer[..length]) else { continue };
                if query.queries.iter().any(|question| is(question.name(), MUTE_NAME)) {
                    continue;
                }
                if let Ok(answer) = answer(&query, &services).to_vec() {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn is(name: &Name, wanted: &str) -> bool {
    name.to_lowercase().to_utf8().trim_end_matches('.') == wanted
}

fn answer(query: &Message, services: &[Service]) -> Message {
    let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.authoritative = true;
    for question in &query.queries {
        answer.add_query(question.clone());
        let name = question.name().clone();
        match question.query_type() {
            RecordType::A => {
                let is_private = is(&name, PRIVATE_NAME);
                let address = if is_private { PRIVATE_ADDRESS } else { [127, 0, 0, 1] };
                let address = RData::A(A::from(std::net::Ipv4Addr::from(address)));
                answer.add_answer(Record::from_rdata(name, 5, address));
            }
            RecordType::AAAA if is(&name, DUAL_NAME) => {
                let address = RData::AAAA(AAAA::from(std::net::Ipv6Addr::LOCALHOST));
                answer.add_answer(Record::from_rdata(name, 5, address));
            }
            RecordType::SRV => {
                let asked = name.to_lowercase().to_utf8();
                for service in services.iter().filter(|service| service.name == asked) {
                    let host = if service.port == 0 { "" } else { service.host };
                    let Ok(host) = Name::from_utf8(format!("{host}.")) else { continue };
                    let srv = SRV::new(service.priority, 0, service.port, host);
                    answer.add_answer(Record::from_rdata(name.clone(), 5, RData::SRV(srv)));
                }
                if answer.answers.is_empty() {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
            }
            _ => {}
        }
    }
    answer
}
