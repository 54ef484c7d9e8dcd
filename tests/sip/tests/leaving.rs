//! Many visitors leave at once, each in a way of their own: every call ends, once, and nothing of it
//! is left.

mod shop;

use std::{collections::HashMap, time::Duration};

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{
    eventually,
    server::Options,
    sockets::{allow_many_files, udp_sockets},
    widget::{Placed, Widget},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use shop::{Result, Shop};

/// As this is about many calls, not about fast ones.
const PATIENCE: Duration = Duration::from_secs(120);
/// Requests that are under way at once.
const AT_ONCE: usize = 48;
/// What there is of calls while they are live, as `/metrics` names it.
const LEGS: [&str; 3] =
    ["bellpush_calls_live", "bellpush_rtp_ports_in_use", "bellpush_media_tcp_connections"];

/// A server that has seen a call already, so that all is open that stays open.
async fn open() -> anyhow::Result<Shop> {
    allow_many_files()?;
    let options = Options::sqlite()
        .with("--max-calls", "2000")
        .with("--media-timeout-seconds", "15")
        .with("--log-level", "warn");
    let shop = Shop::with(options, json!({ "resumeSeconds": 1 })).await?;
    let widget = shop.widget().await?;
    let call = shop.call(&widget).await?;
    widget.hang_up(&call.call_id).await?.expect(204)?;
    Ok(shop)
}

/// So many visitors in calls, all of whom hear the far side. From then on they are silent.
async fn fill(shop: &Shop, visitors: usize) -> anyhow::Result<Vec<(Widget, Placed)>> {
    let widgets: Vec<Widget> =
        stream::iter(0..20).then(async |_| shop.widget().await).try_collect().await?;
    let call = async |n: usize| -> anyhow::Result<_> {
        let widget = widgets.get(n % widgets.len()).context("no widget")?.clone();
        let mut call = widget.place().await?;
        call.media.wait_until(PATIENCE, |heard| heard.connected).await?;
        call.media.fall_silent();
        Ok((widget, call))
    };
    stream::iter(0..visitors).map(call).buffer_unordered(AT_ONCE).try_collect().await
}

/// Everybody leaves: by a beacon, by hanging up, by closing the connection, or without a word.
async fn leave(calls: &[(Widget, Placed)]) -> Result {
    let leave = async |(n, (widget, call)): (usize, &(Widget, Placed))| -> Result {
        match n % 10 {
            0 => call.media.vanish(),
            1 => call.media.close(),
            2 | 3 => drop(widget.hang_up(&call.call_id).await?.expect(204)?),
            _ => drop(widget.leave(&call.call_id).await?.expect(204)?),
        }
        Ok(())
    };
    stream::iter(calls.iter().enumerate())
        .map(leave)
        .buffer_unordered(4 * AT_ONCE)
        .try_collect::<()>()
        .await
}

/// Every call that was accepted has ended once, and nothing of any is left.
async fn is_over(shop: &Shop, calls: &[(Widget, Placed)], sockets_before: usize) -> Result {
    eventually("all calls are over", PATIENCE, async || {
        Ok((shop.metric("bellpush_calls_live").await? == Some(0.0)).then_some(()))
    })
    .await?;
    let events = eventually("all ends are in the log", PATIENCE, async || {
        let mut events: HashMap<String, Vec<String>> = HashMap::new();
        for event in shop.api.events(&shop.app, "").await? {
            let name = event.name();
            events.entry(event.call_id.context("an event without a call")?).or_default().push(name);
        }
        let over = events.values().filter(|events| events.len() > 1).count();
        Ok((over == events.len()).then_some(events))
    })
    .await?;
    assert_eq!(events.len(), calls.len() + 1, "one call was before them");
    for (n, (_, call)) in calls.iter().enumerate() {
        let end = if n % 10 < 2 { "call_error" } else { "call_ended" };
        let names = events.get(&call.call_id).context("a call without events")?;
        assert_eq!(names[..], ["call_started", end], "visitor {n}");
    }
    for leg in LEGS {
        let left = shop.metric(leg).await?.unwrap_or_default();
        assert_eq!(left, 0.0, "{leg}");
    }
    let pid = shop.server.pid().context("the server has ended")?;
    assert_eq!(udp_sockets(pid)?, sockets_before, "open UDP sockets");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_visitors_who_leave_at_once_each_call_ends_once_and_nothing_is_left() -> Result
{
    let shop = open().await?;
    let pid = shop.server.pid().context("no server")?;
    let before = udp_sockets(pid)?;
    let calls = fill(&shop, 1_000).await?;
    assert_eq!(shop.metric("bellpush_calls_live").await?, Some(1_000.0));
    leave(&calls).await?;
    is_over(&shop, &calls, before).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_callers_of_telephones_who_leave_at_once_no_telephone_and_no_port_is_forgotten() -> Result
{
    const CALLERS: usize = 200;
    let shop = open().await?;
    let pid = shop.server.pid().context("no server")?;
    let before = udp_sockets(pid)?;
    // It fails when one of its calls is not ended by a BYE.
    let phone = Sipp::start_for(CALLERS, "plain_answer", &[], "u1").await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let calls = fill(&shop, CALLERS).await?;
    eventually("all telephones have answered", PATIENCE, async || {
        let ports = shop.metric("bellpush_rtp_ports_in_use").await?;
        let answers = phone.messages().matches("\r\nCSeq: 1 ACK").count();
        Ok((ports == Some(CALLERS as f64) && answers >= CALLERS).then_some(()))
    })
    .await?;
    assert_eq!(udp_sockets(pid)?, before + 2 * CALLERS, "each has a port for RTP and one for RTCP");
    leave(&calls).await?;
    is_over(&shop, &calls, before).await?;
    phone.finish().await
}
