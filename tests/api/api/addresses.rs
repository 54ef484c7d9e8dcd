//! No visitor's address is kept, passed on or told, wherever they come from.

use std::net::IpAddr;

use bellpush_test_support::{
    SOON,
    answer::Answer,
    api::Session,
    server::Options,
    sink::Sink,
    visitor::Visitor,
    widget::{Widget, call_id},
};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use crate::{privacy::files_with, shop::Shop};

/// Where packets and requests of the visitor come from, and where a proxy says that they do.
const OWN: &str = "127.8.7.6";
const SAID: &str = "198.51.100.77";

/// A telephone that is busy; what it was sent.
async fn busy_telephone(socket: &UdpSocket) -> String {
    let mut buffer = vec![0; 65_536];
    let (length, from) =
        tokio::time::timeout(SOON, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    let invite = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(invite.starts_with("INVITE "), "{invite}");
    let echoed = invite.lines().filter(|line| {
        ["Via:", "From:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name))
    });
    let to = invite.lines().find(|line| line.starts_with("To:")).unwrap();
    let echoed = echoed.map(|line| format!("{line}\r\n")).collect::<String>();
    let busy = format!("SIP/2.0 486 Busy Here\r\n{echoed}{to};tag=1\r\nContent-Length: 0\r\n\r\n");
    socket.send_to(busy.as_bytes(), from).await.unwrap();
    invite
}

/// A widget whose requests come from the visitor's address, by a proxy.
async fn widget(shop: &Shop) -> Widget {
    let headers = [("x-forwarded-for", HeaderValue::from_static(SAID))];
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value));
    let client = reqwest::Client::builder()
        .no_proxy()
        .local_address(OWN.parse::<IpAddr>().unwrap())
        .default_headers(HeaderMap::from_iter(headers))
        .build()
        .unwrap();
    let url = format!("{}/v1/widget/sessions", shop.server.url());
    let request = shop.embed.request(&json!({ "orderId": "A-1" }));
    let made = Answer::to(client.post(url).json(&request)).await.unwrap().expect(201).unwrap();
    let session: Session = made.json().unwrap();
    Widget::new(&shop.server.url(), session).with_client(client)
}

async fn places(widget: &Widget) -> (String, bellpush_test_support::visitor::VisitorCall) {
    let visitor = Visitor::at(OWN.parse().unwrap()).await.unwrap();
    assert!(visitor.offer().contains(OWN), "the browser names its address");
    let answer = widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
    (call_id(&answer).unwrap(), visitor.accept(&answer.text()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_of_a_visitor_is_kept_passed_on_or_told() {
    let mut shop = Shop::with(Options::sqlite().with("--trusted-proxies", "127.0.0.0/8")).await;
    let path = format!("/v1/apps/{}", shop.app.id);
    let sink = Sink::start().await.unwrap();
    let events = ["widget_loaded", "call_started", "call_ended", "call_error", "survey_submitted"];
    shop.integrate(&sink, &events).await;
    let telephone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let trunk = json!({
        "name": "PBX", "domain": "127.0.0.1", "port": telephone.local_addr().unwrap().port(),
        "keepAliveSeconds": null,
    });
    let trunk: Value =
        shop.api.post("/v1/trunks", &trunk).await.unwrap().expect(201).unwrap().json().unwrap();

    // A call with media to the demo, and one that a telephone refuses.
    let widget = widget(&shop).await;
    let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
    widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    let (spoken, mut media) = places(&widget).await;
    media.wait_until(SOON, |heard| heard.packets.len() > 20).await.unwrap();
    widget.hang_up(&spoken).await.unwrap().expect(204).unwrap();
    let desk = json!({ "name": "Desk", "kind": "sip", "trunkId": trunk["id"], "to": "100", "isDefault": true });
    shop.api.post(&format!("{path}/destinations"), &desk).await.unwrap().expect(201).unwrap();
    let ((refused, _media), invite) = tokio::join!(places(&widget), busy_telephone(&telephone));
    let refused_one = format!("{path}/calls/{refused}");
    shop.wait_for(&refused_one, |call| call["state"] != "live").await;
    sink.wait_until(SOON, |received| received.len() >= 5).await.unwrap();

    let mut told = vec![("the INVITE".to_owned(), invite)];
    for one in sink.received() {
        told.push(("a webhook".into(), String::from_utf8_lossy(&one.body).into_owned()));
        told.push(("a webhook's headers".into(), format!("{:?}", one.headers)));
    }
    let of_calls = [&spoken, &refused]
        .into_iter()
        .flat_map(|call| ["", "/timeline"].map(|part| format!("{path}/calls/{call}{part}")))
        // The demo has no SIP.
        .chain([format!("{refused_one}/sip.txt")]);
    let lists = ["events?limit=100", "calls?limit=100", "audit?limit=100", "embed-reports"];
    for place in of_calls.chain(lists.map(|list| format!("{path}/{list}"))) {
        told.push((place.clone(), shop.api.get(&place).await.unwrap().expect(200).unwrap().text()));
    }
    let person = json!({ "by": "context", "key": "orderId", "value": "A-1", "format": "json" });
    let person = shop.api.post(&format!("{path}/people/export"), &person).await.unwrap();
    told.push(("what is kept of the person".into(), person.expect(200).unwrap().text()));
    let sip = told.iter().find(|(place, _)| *place == format!("{refused_one}/sip.txt")).unwrap();
    assert!(sip.1.contains("INVITE sip:100"), "the SIP messages are kept: {}", sip.1);
    told.push(("the log".into(), shop.server.log().unwrap()));
    for (place, text) in &told {
        for address in [OWN, SAID] {
            assert!(!text.contains(address), "{address} is in {place}:\n{text}");
        }
    }
    shop.server.terminate().await.unwrap();
    for address in [OWN, SAID] {
        assert_eq!(files_with(&shop.server.data_dir(), address), [""; 0]);
    }
}
