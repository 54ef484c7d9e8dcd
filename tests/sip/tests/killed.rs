//! No telephone is left with a call whose server was killed.

mod shop;

use std::time::Duration;

use anyhow::Context as _;
use bellpush_sip_tests::{Baresip, Kamailio, Sipp};
use bellpush_test_support::{
    SOON, eventually,
    ports::free_port,
    postgres::Database,
    server::{Options, ServerProcess},
};
use serde_json::{Value, json};
use shop::{Result, Shop};

/// How many dialogs of lost servers this one has ended, and how.
async fn ended(shop: &Shop, outcome: &str) -> anyhow::Result<f64> {
    let metric = format!("bellpush_left_dialogs_total{{outcome=\"{outcome}\"}}");
    Ok(shop.metric(&metric).await?.unwrap_or_default())
}

/// The value of a header in the first message that SIPp has logged with this first line.
fn header(phone: &Sipp, start: &str, name: &str) -> anyhow::Result<String> {
    let messages = phone.messages();
    let (_, message) = messages.split_once(&format!("\n{start} ")).context("no such message")?;
    let mut head = message.lines().take_while(|line| !line.trim().is_empty());
    let value = head.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(value.with_context(|| format!("no {name} in {message}"))?.trim().to_owned())
}

async fn is_told(phone: Sipp) -> Result {
    phone.heard("\nBYE ").await?;
    for name in ["Call-ID", "From", "To"] {
        assert_eq!(header(&phone, "BYE", name)?, header(&phone, "ACK", name)?, "{name}");
    }
    let cseq = header(&phone, "BYE", "CSeq")?;
    let (number, _) = cseq.split_once(' ').context("no number")?;
    assert!(number.parse::<u32>()? > 10_000, "{cseq}");
    assert_eq!(header(&phone, "BYE", "Reason")?, "Q.850;cause=41");
    phone.finish().await
}

#[tokio::test]
async fn a_telephone_is_told_by_the_next_start_that_the_server_was_killed() -> Result {
    let (phone, done) = (Sipp::start("plain_answer").await?, Sipp::start("plain_answer").await?);
    // The same port as before: SIPp answers only there where a call's first request came from.
    let options = Options::sqlite().with("--sip-listen", &format!("127.0.0.1:{}", free_port()?));
    let mut shop = Shop::with(options, json!({})).await?;
    let other = shop.profile(&done, json!({})).await?;
    let profile = shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let call = shop.call(&widget).await?;
    shop.make_default(&other).await?;
    let over = shop.call(&widget).await?;
    widget.hang_up(&over.call_id).await?.expect(204)?;
    done.finish().await?;
    phone.heard("\nACK ").await?;
    let sip_call_id = header(&phone, "ACK", "Call-ID")?;
    shop.server.kill_9()?;
    shop.server.restart().await?;
    is_told(phone).await?;
    eventually("the dialog is taken out", SOON, async || {
        Ok((ended(&shop, "answered").await? == 1.0).then_some(()))
    })
    .await?;
    let record = shop.record(&call.call_id).await?;
    assert_eq!(record["errorCode"], "server_shutdown");
    // It is known who took the call, also of one whose server says nothing more.
    assert_eq!(record["answeredBy"], json!(profile));
    assert_eq!(record["trunkId"], shop.trunk_of(&profile).await?);
    assert_eq!(record["sipCallId"], json!(sip_call_id));
    assert_ne!(record["connectedAt"], Value::Null);
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_error"]);
    Ok(())
}

#[tokio::test]
async fn a_telephone_behind_a_proxy_is_told_by_way_of_that() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let kamailio = Kamailio::start(phone.port, "SHA-256", None).await?;
    let mut shop = Shop::open().await?;
    let trunk = json!({
        "name": "Provider", "domain": "127.0.0.1", "port": kamailio.port, "transport": "tcp",
        "username": "1000", "password": "secret", "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let _call = shop.call(&widget).await?;
    phone.heard("Record-Route: <sip:127.0.0.1").await?;
    phone.heard("\nACK ").await?;
    // Nobody calls by it any more: the call that was there has to be ended by it all the same.
    let path = format!("/v1/trunks/{trunk}");
    shop.api.patch(&path, &json!({ "active": false })).await?.expect(200)?;
    shop.server.kill_9()?;
    shop.server.restart().await?;
    phone.heard("\nBYE ").await?;
    let via = header(&phone, "BYE", "Via")?;
    assert!(via.contains(&kamailio.port.to_string()), "it did not come by the proxy: {via}");
    is_told(phone).await
}

#[tokio::test]
async fn a_whole_telephone_ends_the_call_of_a_killed_server() -> Result {
    let mut phone = Baresip::start().await?;
    let mut shop = Shop::open().await?;
    let trunk = json!({
        "name": "Desk", "domain": "127.0.0.1", "port": phone.port, "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let _call = shop.call(&widget).await?;
    phone.says("Call established").await?;
    shop.server.kill_9()?;
    shop.server.restart().await?;
    phone.says("session closed: Connection reset by peer").await
}

#[tokio::test]
async fn a_telephone_is_told_by_another_server_that_one_was_killed() -> Result {
    let (phone, done) = (Sipp::start("plain_answer").await?, Sipp::start("plain_answer").await?);
    // SIPp alone answers only there where a call's first request came from.
    let kamailio = Kamailio::start(phone.port, "SHA-256", None).await?;
    let database = Database::create().await?;
    let options = Options::postgres(&database).with("--lease-seconds", "3").as_node();
    let mut shop = Shop::with(options.clone(), json!({})).await?;
    let key = shop.server.data_dir().join("master.key").to_string_lossy().into_owned();
    let sip = options.with("--master-key-file", &key).with("--sip-listen", "127.0.0.1:0");
    let others = [ServerProcess::start(sip.clone()).await?, ServerProcess::start(sip).await?];
    let other = shop.profile(&done, json!({})).await?;
    let trunk = json!({
        "name": "Provider", "domain": "127.0.0.1", "port": kamailio.port,
        "username": "1000", "password": "secret", "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let call = shop.call(&widget).await?;
    phone.heard("\nACK ").await?;
    assert_eq!(database.tables_with(&header(&phone, "ACK", "Call-ID")?).await?, ["dialogs"]);
    shop.make_default(&other).await?;
    let over = shop.call(&widget).await?;
    done.heard("\nACK ").await?;
    let sip_call_id = header(&done, "ACK", "Call-ID")?;
    widget.hang_up(&over.call_id).await?.expect(204)?;
    done.finish().await?;
    eventually("the dialog of the call that is over is taken out", SOON, async || {
        let tables = database.tables_with(&sip_call_id).await?;
        Ok((!tables.contains(&"dialogs".to_owned())).then_some(()))
    })
    .await?;

    shop.server.kill_9()?;
    let sip_call_id = header(&phone, "ACK", "Call-ID")?;
    is_told(phone).await?;
    // One of the two has ended it, and once.
    let mut ended = 0;
    eventually("the dialog is taken out", SOON, async || {
        let tables = database.tables_with(&sip_call_id).await?;
        Ok((!tables.contains(&"dialogs".to_owned())).then_some(()))
    })
    .await?;
    for server in &others {
        ended += server.log()?.matches("ended the dialog of a lost server").count();
    }
    assert_eq!(ended, 1);
    let path = format!("/v1/apps/{}/calls/{}", shop.app.id, call.call_id);
    let record = eventually("the call is over", Duration::from_secs(30), async || {
        let record: Value = others[0].api().get(&path).await?.expect(200)?.json()?;
        Ok(Some(record).filter(|record| record["state"] != "live"))
    })
    .await?;
    assert_eq!(record["errorCode"], "server_shutdown");
    Ok(())
}
