//! Connections of browsers whose network lets no UDP through.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
};

use super::*;

/// The first connection that is open.
const FIRST: usize = 0;

impl Table {
    /// A browser's end of a connection that was taken in.
    fn connection(&mut self) -> TcpStream {
        let now = self.now;
        let Context { tcp, registry, .. } = self.calls.context();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, tcp.port())).unwrap();
        let before = tcp.len();
        while tcp.len() == before {
            tcp.accept(now, registry);
        }
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// Takes in what comes by it, until this is so.
    fn read_until(&mut self, so: impl Fn(&Self) -> bool) {
        for _ in 0..1_000 {
            self.calls.receive_frames(self.now, FIRST);
            if so(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("it does not come");
    }

    fn key(&self, call: &Call) -> usize {
        self.calls.by_id[&call.id]
    }

    fn knows(&self, call: &Call, stream: &TcpStream) -> bool {
        let address = stream.local_addr().unwrap();
        let path = TransportAddress { protocol: crate::legs::webrtc::Protocol::Tcp, address };
        self.calls.slots[self.key(call)].bridge.knows_path(path)
    }
}

fn send(stream: &mut TcpStream, packet: &[u8]) {
    let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], packet].concat()).unwrap();
}

/// A call, and a check of its browser.
fn call(table: &mut Table) -> (Call, Vec<u8>) {
    let browser = Browser::new(40_001, table.now);
    let call = table.add(&browser.offer);
    let check = browser.checks(&call.answer, table.now).remove(0);
    (call, check)
}

#[tokio::test]
async fn a_connection_stays_with_the_call_that_has_claimed_it() {
    let mut table = Table::new();
    let ((first, check), (second, other)) = (call(&mut table), call(&mut table));
    let mut stream = table.connection();
    send(&mut stream, &check);
    table.read_until(|table| table.knows(&first, &stream));
    send(&mut stream, &other);
    send(&mut stream, &[0, 3]);
    let held = |table: &Table| table.calls.context.tcp.call(FIRST);
    for _ in 0..50 {
        table.calls.receive_frames(table.now, FIRST);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(table.knows(&first, &stream) && !table.knows(&second, &stream));
    assert_eq!(held(&table), Some(table.key(&first)));
    assert!(table.calls.slots[table.key(&second)].paths.is_empty());
    // It is closed with that call, and not with the other one.
    table.calls.drop_id(second.id);
    assert_eq!(held(&table), Some(table.key(&first)));
    table.calls.drop_id(first.id);
    assert_eq!(table.calls.context.tcp.len(), 0);
}

#[tokio::test]
async fn what_comes_right_before_the_end_of_a_connection_counts() {
    let mut table = Table::new();
    let (_call, check) = call(&mut table);
    let mut stream = table.connection();
    send(&mut stream, &check);
    stream.shutdown(Shutdown::Write).unwrap();
    table.read_until(|table| table.calls.context.tcp.len() == 0);
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).unwrap();
    assert!(!answers.is_empty());
}

#[tokio::test]
async fn a_connection_that_is_closed_is_no_path_any_more() {
    let mut table = Table::new();
    let (call, check) = call(&mut table);
    let mut stream = table.connection();
    send(&mut stream, &check);
    table.read_until(|table| table.knows(&call, &stream));
    stream.shutdown(Shutdown::Both).unwrap();
    table.read_until(|table| table.calls.context.tcp.len() == 0);
    assert!(!table.knows(&call, &stream));
    assert!(table.calls.slots[table.key(&call)].paths.is_empty());
}
