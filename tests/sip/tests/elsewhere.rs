//! A call goes on at another server: over each kind of line, and while the one before does not know of it.

mod shop;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;
use bellpush_fault_tests::wire::Wire;
use bellpush_sip_tests::{Certificate, Desk, Line};
use bellpush_test_support::{
    SOON, eventually,
    postgres::{Database, execute},
    server::{Options, ServerProcess},
};
use serde_json::{Value, json};
use shop::{Result, Shop, hears_itself};

/// Fails while more than one server has a lease.
const IS_ALONE: &str = "
    DO $$
    BEGIN
        IF (SELECT COUNT(*) FROM nodes) > 1 THEN
            RAISE EXCEPTION 'both live';
        END IF;
    END
    $$";

/// A server beside the first one, with the same keys.
async fn beside(shop: &Shop, options: Options) -> anyhow::Result<ServerProcess> {
    let key = shop.server.data_dir().join("master.key").to_string_lossy().into_owned();
    let options = options
        .with("--master-key-file", &key)
        .or("--sip-listen", "127.0.0.1:0")
        .or("--rtp-listen", "127.0.0.1")
        .with("--rtp-address", "127.0.0.1");
    ServerProcess::start(options).await
}

/// From now on calls go to this telephone.
async fn call_by(shop: &Shop, desk: &Desk, transport: &str) -> Result {
    let domain = match desk.address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let trunk = json!({
        "name": "Desk", "domain": domain, "port": desk.address.port(),
        "transport": transport, "register": false, "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
    Ok(())
}

async fn is_hung_up(desk: &Desk, call_id: &str) -> Result {
    eventually("the telephone is told", SOON, async || {
        Ok((!desk.dialog_of(call_id)?.is_open()).then_some(()))
    })
    .await
}

/// How a call ended, as a server tells.
async fn end(shop: &Shop, server: &ServerProcess, call_id: &str) -> anyhow::Result<Vec<String>> {
    let path = format!("/v1/apps/{}/calls/{call_id}", shop.app.id);
    let record: Value = server.api().get(&path).await?.expect(200)?.json()?;
    let events = server.api().events(&shop.app, &format!("callId={call_id}")).await?;
    let mut end: Vec<String> = events.iter().map(|event| event.name()).collect();
    end.extend(record["reason"].as_str().map(str::to_owned));
    Ok(end)
}

#[tokio::test]
async fn a_call_goes_on_over_each_kind_of_line_when_its_server_was_killed() -> Result {
    let certificate = Certificate::make()?;
    let (v4, v6) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
    let desks = [
        ("tcp", Desk::on(v4, Line::Tcp).await?),
        ("tls", Desk::on(v4, Line::Tls(&certificate)).await?),
        ("udp", Desk::on(v6, Line::Udp).await?),
        ("tcp", Desk::on(v6, Line::Tcp).await?),
    ];
    let database = Database::create().await?;
    let options = Options::postgres(&database)
        .as_node()
        .environment("SSL_CERT_FILE", &certificate.file().to_string_lossy())
        .with("--sip-listen", "[::]:0")
        .with("--rtp-listen", "::");
    let mut shop = Shop::with(options.clone(), json!({})).await?;
    let other = beside(&shop, options).await?;
    let widget = shop.widget().await?;
    let mut calls = Vec::new();
    for (transport, desk) in &desks {
        call_by(&shop, desk, transport).await?;
        let mut call = shop.call(&widget).await?;
        hears_itself(&mut call.media).await.with_context(|| format!("{transport} at first"))?;
        calls.push(call);
    }
    shop.server.kill_9()?;
    let at_other = widget.at(&other.url());
    for (call, (transport, desk)) in calls.iter().zip(&desks) {
        let line = || format!("{transport} {}", desk.address);
        let before = desk.dialog_of(&call.call_id)?;
        let mut taken = at_other.take_over(&call.call_id, &call.resume_token).await?;
        hears_itself(&mut taken.media).await.with_context(line)?;
        let after = desk.dialog_of(&call.call_id)?;
        assert_eq!(after.offers.len(), 1, "{}", line());
        assert!(after.offers.iter().all(|number| *number > 10_000), "{} {after:?}", line());
        assert_ne!(after.contact, before.contact, "{}", line());
        taken.widget.hang_up(&call.call_id).await?.expect(204)?;
        is_hung_up(desk, &call.call_id).await.with_context(line)?;
        assert_eq!(desk.faults(), Vec::<String>::new(), "{}", line());
        let end = end(&shop, &other, &call.call_id).await?;
        assert_eq!(end, ["call_started", "call_ended", "user_hangup"], "{}", line());
    }
    Ok(())
}

/// Neither its visitors nor the telephones are cut off from it, and it goes on relaying.
#[tokio::test]
async fn a_server_cut_off_from_its_database_ends_nothing_that_another_has() -> Result {
    let desk = Desk::start().await?;
    let database = Database::create().await?;
    let wire = Wire::to(database.url()).await?;
    let options = Options::postgres(&database).as_node().with("--lease-seconds", "3");
    let cut_off = options.clone().with("--database-url", wire.url());
    let mut shop = Shop::with(cut_off, json!({})).await?;
    let other = beside(&shop, options).await?;
    call_by(&shop, &desk, "udp").await?;
    let widget = shop.widget().await?;
    let mut call = shop.call(&widget).await?;
    hears_itself(&mut call.media).await?;
    let mut own = shop.call(&widget).await?;
    hears_itself(&mut own.media).await?;

    wire.be_silent(true);
    let at_other = widget.at(&other.url());
    let mut taken = at_other.take_over(&call.call_id, &call.resume_token).await?;
    hears_itself(&mut taken.media).await?;
    // One visitor hangs up where the call was, and one where the call is.
    let hang_up = |call_id: &str| {
        let (widget, call_id) = (widget.clone(), call_id.to_owned());
        tokio::spawn(async move { widget.hang_up(&call_id).await })
    };
    let hanging_up = [hang_up(&call.call_id), hang_up(&own.call_id)];
    eventually("the other server takes it for dead", SOON, async || {
        Ok(execute(database.url(), IS_ALONE).await.is_ok().then_some(()))
    })
    .await?;
    for call_id in [&call.call_id, &own.call_id] {
        let dialog = desk.dialog_of(call_id)?;
        assert!(dialog.is_open(), "it could not know whose the call is: {dialog:?}");
        assert_eq!(end(&shop, &other, call_id).await?, ["call_started"]);
    }

    wire.be_silent(false);
    is_hung_up(&desk, &own.call_id).await?;
    eventually("it learns that it has lost the call", SOON, async || {
        Ok(shop.server.log()?.contains("it is another server's").then_some(()))
    })
    .await?;
    for hanging_up in hanging_up {
        // Whatever it could say in time.
        let _ = hanging_up.await?;
    }
    hears_itself(&mut taken.media).await?;
    assert!(desk.dialog_of(&call.call_id)?.is_open());
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    is_hung_up(&desk, &call.call_id).await?;
    assert!(shop.server.terminate().await?.success());
    // Nothing comes of it any more: each was ended once, by whoever had it.
    for call_id in [&call.call_id, &own.call_id] {
        assert_eq!(desk.dialog_of(call_id)?.byes.len(), 1);
        let end = end(&shop, &other, call_id).await?;
        assert_eq!(end, ["call_started", "call_ended", "user_hangup"]);
    }
    assert_eq!(desk.faults(), Vec::<String>::new());
    Ok(())
}
