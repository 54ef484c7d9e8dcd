//! What is recorded of a call to a telephone, as the API shows it.

mod shop;

use std::process::Command;

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{SOON, eventually, visitor::Visitor, widget::call_id};
use serde_json::Value;
use shop::{Result, Shop, comes_to};

/// The SIP messages of a timeline, as arrows.
fn arrows(timeline: &Value) -> Vec<String> {
    let items = timeline["items"].as_array().into_iter().flatten();
    items
        .filter(|item| item["what"]["kind"] == "sip")
        .map(|item| {
            let arrow = if item["what"]["sent"] == true { "→" } else { "←" };
            format!("{arrow} {}", item["what"]["label"].as_str().unwrap_or_default())
        })
        .collect()
}

#[tokio::test]
async fn a_ladder_shows_every_message_masked_beside_phases_and_quality() -> Result {
    let phone = Sipp::start("plain_answer").await?;
    let shop = Shop::open().await?;
    shop.profile(&phone, serde_json::json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let media = visitor.accept(&answer.text())?;
    comes_to(&widget, &call, "connected").await?;
    media.say((0..50).map(|_| vec![0xff; 160]));
    let path = format!("/v1/apps/{}/calls/{call}/timeline", shop.app.id);
    // While it lasts, too.
    eventually("samples", SOON, async || {
        let timeline: Value = shop.api.get(&path).await?.expect(200)?.json()?;
        let samples = timeline["quality"].as_array().context("no samples")?;
        Ok((!samples.is_empty()).then_some(()))
    })
    .await?;
    widget.hang_up(&call).await?.expect(204)?;
    let timeline = eventually("the BYE is answered", SOON, async || {
        let timeline: Value = shop.api.get(&path).await?.expect(200)?.json()?;
        let is_whole = arrows(&timeline).last().is_some_and(|last| last.starts_with("← 200"));
        Ok(Some(timeline).filter(|_| is_whole))
    })
    .await?;
    let ladder = arrows(&timeline);
    assert_eq!(ladder.first().map(String::as_str), Some("→ INVITE"), "{ladder:?}");
    let place = |what: &str| ladder.iter().position(|arrow| arrow.starts_with(what));
    let order = [place("→ INVITE"), place("← 200"), place("→ ACK"), place("→ BYE")];
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{ladder:?}");
    let kinds: Vec<_> = timeline["items"]
        .as_array()
        .context("no items")?
        .iter()
        .filter(|item| !item["seq"].is_null())
        .map(|item| item["what"]["kind"].as_str().unwrap_or_default())
        .collect();
    let first = |kind: &str| kinds.iter().position(|other| *other == kind);
    assert!(first("sip") < first("answered"), "{kinds:?}");
    let sample = &timeline["quality"][0];
    assert_eq!(sample["side"], "visitor", "{sample}");
    assert!(sample["mos"].as_f64().is_some_and(|mos| mos > 1.0), "{sample}");

    let pcap = format!("/v1/apps/{}/calls/{call}/sip.pcap", shop.app.id);
    let answer = shop.api.get(&pcap).await?.expect(200)?;
    assert_eq!(answer.header("content-type"), "application/vnd.tcpdump.pcap");
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), &answer.body)?;
    let said = Command::new("file").arg("--brief").arg(file.path()).output()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("pcap capture file") && said.contains("Raw IP"), "{said}");
    let text = shop.api.get(&pcap.replace("pcap", "txt")).await?.expect(200)?.text();
    assert!(text.contains("INVITE sip:100@127.0.0.1") && text.contains("BYE sip:"), "{text}");
    // Nothing of it is readable in the database.
    eventually("the record is on disk", SOON, async || {
        let parts = shop.metric("bellpush_call_records_parts_total").await?;
        Ok(parts.filter(|parts| *parts > 0.0))
    })
    .await?;
    for name in ["bellpush.db", "bellpush.db-wal"] {
        let bytes = std::fs::read(shop.server.data_dir().join(name))?;
        let shown = bytes.windows(12).any(|window| window == b"sip:100@127.");
        assert!(!shown, "{name} shows who was called");
    }
    phone.finish().await
}

#[tokio::test]
async fn passwords_and_pressed_keys_are_in_no_ladder() -> Result {
    let phone = Sipp::start("challenge").await?;
    let shop = Shop::open().await?;
    let trunk = serde_json::json!({
        "name": "Trunk", "domain": "127.0.0.1", "port": phone.port, "keepAliveSeconds": null,
        "username": "ann", "password": "5ecret",
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, serde_json::json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let visitor = Visitor::new().await?;
    let answer = widget.offer(visitor.offer()).await?.expect(201)?;
    let call = call_id(&answer)?;
    let _media = visitor.accept(&answer.text())?;
    let path = format!("/v1/apps/{}/calls/{call}/sip.txt", shop.app.id);
    let text = eventually("the challenge is answered", SOON, async || {
        let answer = shop.api.get(&path).await?;
        let text = answer.text();
        Ok((answer.status == 200 && text.contains("Authorization: Digest")).then_some(text))
    })
    .await?;
    assert!(text.contains("username=\"ann\"") && text.contains("response=\"***\""), "{text}");
    Ok(())
}
