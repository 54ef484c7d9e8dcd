//! Which address of this machine a browser is sent from.

use std::net::IpAddr;

use super::*;

const CHOSEN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A check of the browser with these credentials of ours and that name of theirs.
fn check((ours, password): (&str, &str), theirs: &str, nominates: bool) -> Vec<u8> {
    let name = format!("{ours}:{theirs}");
    let check = StunMessage::binding_request(&name, TransId::new(), true, 7, 1, nominates);
    let mut bytes = vec![0; 256];
    let hmac = |key: &[u8], parts: &[&[u8]]| DefaultSha1HmacProvider.sha1_hmac(key, parts);
    let length = check.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).unwrap();
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn a_browser_is_sent_from_the_address_that_its_nominated_checks_come_to() {
    let mut table = Table::new();
    let browser = Browser::new(40_001, table.now);
    let call = table.add(&browser.offer);
    let value = |text: &str, name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
    };
    let (ours, password) = (value(&call.answer, "a=ice-ufrag:"), value(&call.answer, "a=ice-pwd:"));
    let theirs = value(&browser.offer, "a=ice-ufrag:");
    let mut sent_from = |local: Ipv4Addr, nominates: bool| {
        let transport = Transport::Udp { local: Some(local.into()) };
        let path = Path { remote: browser.address, transport };
        let bytes = &mut check((&ours, &password), &theirs, nominates);
        table.calls.receive(table.now, BrowserDatagram { path, bytes });
        let [bound] = &table.calls.slots[table.calls.by_id[&call.id]].paths[..] else {
            panic!("it has one path");
        };
        let Transport::Udp { local: Some(IpAddr::V4(local)) } = bound.path.transport else {
            panic!("it has come by UDP");
        };
        local
    };
    assert_eq!(sent_from(CHOSEN, true), CHOSEN);
    // It keeps another one in reserve, and then goes over to that.
    assert_eq!(sent_from(OTHER, false), CHOSEN);
    assert_eq!(sent_from(OTHER, true), OTHER);
}
