//! A call goes on when its server is gone, or is about to stop: its visitor takes it up at another one,
//! which offers the telephone the session anew.

mod shop;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bellpush_sip_tests::{Baresip, Peer, Sipp};
use bellpush_test_support::{
    SOON,
    answer::Answer,
    eventually,
    ports::free_port,
    server::{Options, ServerProcess},
    visitor::{Heard, Visitor, VisitorCall},
    widget::Widget,
};
use serde_json::{Value, json};
use shop::{Result, Shop, comes_to, hears_itself, servers::Servers};

/// So long nobody else may end the call of a server that is gone: the lease, the time that the app gives
/// a page to come back, and ten seconds.
const ORPHANED_FOR: Duration = Duration::from_secs(3 + 8 + 10);

/// Loud in G.711, whichever law.
const LOUD: [u8; 16] = [
    0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A, 0x2A,
];

/// Whether there was a packet of a tone: silence and noise of comfort have few values.
fn hears_tone(heard: &Heard) -> bool {
    heard.packets.iter().any(|packet| {
        let values: HashSet<&u8> = packet.payload.iter().collect();
        values.len() > 20
    })
}

/// The telephone hears the visitor loudly for longer than any packets of before that wait in it: half a second.
async fn hears_more(phone: &Baresip, media: &VisitorCall) -> Result {
    let loud = || -> anyhow::Result<usize> {
        Ok(phone.heard()?.iter().filter(|sample| sample.unsigned_abs() > 3_000).count())
    };
    let before = loud()?;
    eventually("the telephone hears the visitor", SOON, async || {
        media.say((0..20).map(|_| LOUD.repeat(10)));
        Ok((loud()? > before + 4_000).then_some(()))
    })
    .await
}

/// The last value of a header of a request that SIPp has logged.
fn last_header(phone: &Sipp, start: &str, name: &str) -> anyhow::Result<String> {
    let messages = phone.messages();
    let (_, message) = messages.rsplit_once(&format!("\n{start} ")).context("no such message")?;
    let mut head = message.lines().take_while(|line| !line.trim().is_empty());
    let value = head.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(value.with_context(|| format!("no {name} in {message}"))?.trim().to_owned())
}

async fn taken_over(server: &ServerProcess, reason: &str) -> anyhow::Result<Option<f64>> {
    let text = server.api().get("/metrics").await?.expect(200)?.text();
    let name = format!("bellpush_calls_taken_over_total{{reason=\"{reason}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    Ok(line.map(str::parse).transpose()?)
}

#[tokio::test]
async fn a_call_goes_on_at_another_server_when_its_own_was_killed() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let mut servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let mut call = servers.shop.call(&widget).await?;
    hears_itself(&mut call.media).await?;
    phone.heard("\nACK ").await?;
    let (contact, began) = (last_header(&phone, "INVITE", "Contact")?, Instant::now());
    servers.shop.server.kill_9()?;
    let taken = servers.take_over(&widget, &call).await?;
    eprintln!("heard again {} ms after kill -9", began.elapsed().as_millis());

    assert_ne!(last_header(&phone, "INVITE", "Contact")?, contact);
    assert_eq!(last_header(&phone, "INVITE", "CSeq")?.split(' ').next(), Some("10003"));
    // The server's lease ran out long ago, and nobody else ends the call.
    tokio::time::sleep(ORPHANED_FOR + Duration::from_secs(6)).await;
    assert_eq!(servers.record(&call.call_id).await?["state"], "live");
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    let record = servers.record(&call.call_id).await?;
    assert_ne!(record["connectedAt"], Value::Null);
    assert_ne!(record["answeredBy"], Value::Null);
    assert!(record["duration"].as_u64().is_some_and(|seconds| seconds >= 27), "{record}");
    assert_eq!(taken_over(&servers.other, "unreachable").await?, Some(1.0));
    // In its record, after what the server that is gone has seen of it and before what came then.
    let path = format!("/v1/apps/{}/calls/{}/timeline", servers.shop.app.id, call.call_id);
    let timeline: Value = servers.other.api().get(&path).await?.expect(200)?.json()?;
    let items = timeline["items"].as_array().context("no items")?;
    let whats: Vec<&Value> = items.iter().map(|item| &item["what"]).collect();
    let told = whats.iter().find(|what| what["kind"] == "taken_over").context("not told")?;
    assert_eq!(told["reason"], "unreachable");
    assert_eq!(told["fromUrl"], servers.shop.server.url());
    assert_eq!(told["toUrl"], servers.other.url());
    assert_ne!(told["from"], told["to"]);
    let at = |kind: &str| whats.iter().position(|what| what["kind"] == kind);
    assert!(at("answered").is_none_or(|answered| Some(answered) < at("taken_over")), "{whats:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_moves_its_calls_and_is_gone_within_seconds() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let mut servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let mut call = servers.shop.call(&widget).await?;
    hears_itself(&mut call.media).await?;
    let mut stream = widget.follow(&call.call_id, 0).await?;
    let began = Instant::now();
    servers.shop.server.ask_to_stop()?;
    let asked = loop {
        let message = stream.next().await?.context("the stream ended without move")?;
        if message.kind == "move" {
            break message;
        }
    };
    assert_eq!(asked.data, json!({}));
    // It goes on there until it goes on here, and the one that stops takes nothing over.
    hears_itself(&mut call.media).await?;
    let offer = Visitor::new().await?;
    let refused = widget.ask_for(&call.call_id, &call.resume_token, offer.offer()).await?;
    assert!(refused.problem()?.is(503, "server-shutdown"), "{}", refused.text());
    let taken = servers.take_over(&widget, &call).await?;
    call.media.close();
    let rest = stream.rest().await?;
    assert!(rest.iter().all(|message| message.kind != "event"), "{rest:?}");
    assert!(servers.shop.server.ended().await?.success());
    eprintln!("stopped after {} ms", began.elapsed().as_millis());
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    assert_eq!(servers.record(&call.call_id).await?["state"], "live");
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    assert_eq!(taken_over(&servers.other, "stopping").await?, Some(1.0));
    Ok(())
}

#[tokio::test]
async fn a_server_that_has_lost_a_call_ends_nothing_of_it() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    let taken = servers.take_over(&widget, &call).await?;
    // A second claimant has the token, too, but not the call.
    let visitor = Visitor::new().await?;
    let again = widget.at(&servers.shop.server.url());
    again.ask_for(&call.call_id, &call.resume_token, visitor.offer()).await?.expect(404)?;
    // The server that has lost it ends nothing, and says where it is to be ended: both when it notices that
    // just then, and later.
    for _ in 0..2 {
        let misdirected = widget.hang_up(&call.call_id).await?;
        assert_eq!(address_of(&misdirected)?, taken.address);
    }
    let followed = widget.poll(&call.call_id, 0).await?;
    assert_eq!(address_of(&followed)?, taken.address);
    assert!(!phone.messages().contains("\nBYE "));
    assert_eq!(servers.events(&call.call_id).await?, ["call_started"]);
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// Where a server says that a call is.
fn address_of(answer: &Answer) -> anyhow::Result<String> {
    anyhow::ensure!(answer.problem()?.is(421, "misdirected"), "{}", answer.text());
    let problem: Value = answer.json()?;
    Ok(problem["address"].as_str().context("no address")?.to_owned())
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_answered_again_and_to_no_other() -> Result {
    let phone = Sipp::start("taken_over_twice").await?;
    let servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    let (at_first, at_other) = (&widget, &widget.at(&servers.other.url()));
    let visitor = Visitor::new().await?;
    let offer = visitor.offer().to_owned();
    let asked = async |at: &Widget| at.ask_for(&call.call_id, &call.resume_token, &offer).await;
    let lost: Value = asked(at_other).await?.expect(200)?.json()?;
    let again: Value = asked(at_other).await?.expect(200)?.json()?;
    for name in ["sdp", "resumeToken", "address"] {
        assert_eq!(again[name], lost[name]);
    }
    // Another server, even the one that has lost the call, says where that was.
    assert_eq!(address_of(&asked(at_first).await?)?, again["address"]);
    let mut media = visitor.accept(again["sdp"].as_str().context("no sdp")?)?;
    hears_itself(&mut media).await?;
    let stranger = Visitor::new().await?;
    for at in [at_first, at_other] {
        let offer = stranger.offer();
        at.ask_for(&call.call_id, &call.resume_token, offer).await?.expect(404)?;
    }

    // Once the answer is used, whoever has seen the request has nothing.
    let next = again["resumeToken"].as_str().context("no token")?;
    let mut back = at_first.take_over(&call.call_id, next).await?;
    for at in [at_first, at_other] {
        asked(at).await?.expect(404)?;
    }
    hears_itself(&mut back.media).await?;
    back.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// It has left nothing but the token that it was given itself.
#[tokio::test]
async fn a_page_that_goes_away_over_its_claim_leaves_the_call_to_the_next() -> Result {
    let phone = Sipp::start("taken_over_twice").await?;
    let servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    let at_other = widget.at(&servers.other.url());
    let (first, second) = (Visitor::new().await?, Visitor::new().await?);
    let token = &call.resume_token;
    let lost = at_other.ask_for(&call.call_id, token, first.offer()).await?.expect(200)?;
    // Where the call is by now, and then at the server that had it before.
    at_other.ask_for(&call.call_id, token, second.offer()).await?.expect(200)?;
    let lost: Value = lost.json()?;
    let used = lost["resumeToken"].as_str().context("no token")?;
    at_other.ask_for(&call.call_id, used, first.offer()).await?.expect(404)?;
    eventually("the telephone has taken the session anew", SOON, async || {
        Ok((phone.messages().matches("\nACK ").count() == 2).then_some(()))
    })
    .await?;
    let mut next = widget.take_over(&call.call_id, token).await?;
    hears_itself(&mut next.media).await?;
    let visitor = Visitor::new().await?;
    for at in [&widget, &at_other] {
        at.ask_for(&call.call_id, token, visitor.offer()).await?.expect(404)?;
    }
    next.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// However often it goes on elsewhere.
#[tokio::test]
async fn the_longest_time_of_a_call_counts_from_its_answer_wherever_it_goes_on() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let mut servers = Servers::start(phone.port).await?;
    servers.limit_calls(10).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    phone.heard("\nACK ").await?;
    let answered = Instant::now();
    tokio::time::sleep(Duration::from_secs(6)).await;
    servers.shop.server.kill_9()?;
    let _taken = servers.take_over(&widget, &call).await?;
    phone.heard("\nBYE ").await?;
    let lasted = answered.elapsed();
    assert!((8..13).contains(&lasted.as_secs()), "{lasted:?}");
    phone.finish().await?;
    // The telephone hears of it first.
    eventually("the end of the call", SOON, async || {
        let events = servers.events(&call.call_id).await?;
        Ok((events == ["call_started", "call_ended"]).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_call_can_be_taken_over_whose_trunk_takes_no_new_ones_any_more() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let mut servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    phone.heard("\nACK ").await?;
    servers.rest_trunk().await?;
    servers.shop.server.kill_9()?;
    let taken = servers.take_over(&widget, &call).await?;
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// What is refused was not claimed in between: a crash just then would have left it to nobody.
#[tokio::test]
async fn a_call_that_a_full_server_can_not_take_is_not_touched() -> Result {
    let phone = Peer::start().await?;
    let mut servers = Servers::with(phone.port, |other| other.with("--max-calls", "1")).await?;
    let widget = servers.shop.widget().await?;
    let at_other = widget.at(&servers.other.url());
    let (first, second) = (widget.place().await?, at_other.place().await?);
    let row = format!("SELECT node_id || claimed_at FROM calls WHERE id = '{}'", first.call_id);
    let visitor = Visitor::new().await?;
    let asked =
        async || at_other.ask_for(&first.call_id, &first.resume_token, visitor.offer()).await;
    asked().await?.expect(503)?;
    assert_eq!(servers.database.ask(&row).await?, None);
    servers.shop.server.kill_9()?;
    asked().await?.expect(503)?;
    // It is had as soon as there is room.
    at_other.hang_up(&second.call_id).await?.expect(204)?;
    eventually("there is room", SOON, async || {
        let answer = asked().await?;
        Ok((answer.status == 200).then_some(()))
    })
    .await?;
    assert_ne!(servers.database.ask(&row).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_claim_whose_answer_died_with_its_server_is_had_at_the_next_by_the_same_request() -> Result
{
    let phone = Sipp::start("taken_over_twice").await?;
    let mut servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    let visitor = Visitor::new().await?;
    let offer = visitor.offer();
    let at_other = widget.at(&servers.other.url());
    at_other.ask_for(&call.call_id, &call.resume_token, offer).await?.expect(200)?;
    servers.other.kill_9()?;
    // Until somebody says that it is gone, it lives for as long as its lease.
    let asked = widget.ask_for(&call.call_id, &call.resume_token, offer).await?;
    address_of(&asked)?;
    let body = json!({
        "resumeToken": call.resume_token, "sdp": offer, "takeOver": true, "unreachable": true,
    });
    let answer: Value = widget.claim(&call.call_id, &body).await?.expect(200)?.json()?;
    let mut media = visitor.accept(answer["sdp"].as_str().context("no sdp")?)?;
    hears_itself(&mut media).await?;
    widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    let events = servers.shop.events(&call.call_id).await?;
    assert_eq!(events, ["call_started", "call_ended"]);
    Ok(())
}

/// Its server stood still, and had not noticed yet that it had lost the call.
#[tokio::test]
async fn a_call_comes_back_to_a_server_that_has_lost_it_and_goes_on() -> Result {
    let phone = Sipp::start("taken_over_twice").await?;
    let servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    let taken = servers.take_over(&widget, &call).await?;
    let at_first = widget.at(&servers.shop.server.url());
    let mut back = at_first.take_over(&call.call_id, &taken.resume_token).await?;
    hears_itself(&mut back.media).await?;
    // Who has the token of before has nothing, neither there nor where the call was.
    let visitor = Visitor::new().await?;
    for server in [&servers.shop.server, &servers.other] {
        let widget = widget.at(&server.url());
        let refused = widget.ask_for(&call.call_id, &taken.resume_token, visitor.offer()).await?;
        refused.expect(404)?;
    }
    assert_eq!(servers.events(&call.call_id).await?, ["call_started"]);
    back.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// It reads them every few seconds, and when it is asked for one that it does not know.
#[tokio::test]
async fn a_trunk_that_another_server_has_just_been_given_is_called_by_at_once() -> Result {
    let phone = Peer::start().await?;
    let servers = Servers::with_trunk(phone.port).await?;
    let trunk = json!({
        "name": "New", "domain": "127.0.0.1", "port": phone.port, "keepAliveSeconds": null,
        "register": false,
    });
    for _ in 0..3 {
        let trunk = servers.shop.create("/v1/trunks", &trunk).await?;
        servers.shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
        let at_other = servers.shop.widget().await?.at(&servers.other.url());
        let call = at_other.place().await?;
        let invite = loop {
            let invite = phone.receive("INVITE").await?;
            if invite.header("X-Bellpush-Call")? == call.call_id {
                break invite;
            }
        };
        phone.reply(&invite, "486 Busy Here", "", "").await?;
        servers.shop.ended(&call.call_id).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_call_survives_that_its_only_server_is_killed_and_started_again() -> Result {
    let phone = Sipp::start("taken_over").await?;
    // The same port as before: SIPp answers only there where a call's first request came from.
    let options = Options::sqlite().with("--sip-listen", &format!("127.0.0.1:{}", free_port()?));
    let mut shop = Shop::with(options, json!({})).await?;
    shop.profile(&phone, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let mut call = shop.call(&widget).await?;
    hears_itself(&mut call.media).await?;
    phone.heard("\nACK ").await?;
    shop.server.kill_9()?;
    shop.server.restart().await?;
    let mut taken = widget.take_over(&call.call_id, &call.resume_token).await?;
    hears_itself(&mut taken.media).await?;
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_ended"]);
    assert_eq!(taken_over(&shop.server, "lost").await?, Some(1.0));
    Ok(())
}

#[tokio::test]
async fn a_whole_telephone_goes_on_with_the_call_of_a_killed_server() -> Result {
    let mut phone = Baresip::start().await?;
    let mut shop = Shop::open().await?;
    let trunk = json!({
        "name": "Desk", "domain": "127.0.0.1", "port": phone.port, "keepAliveSeconds": null,
    });
    let trunk = shop.create("/v1/trunks", &trunk).await?;
    shop.profile_by(&trunk, json!({ "isDefault": true })).await?;
    let widget = shop.widget().await?;
    let mut call = shop.call(&widget).await?;
    phone.says("Call established").await?;
    call.media.wait_until(SOON, hears_tone).await?;
    // Its jitter buffer takes no other stream while it waits for the second packet of the first one.
    hears_more(&phone, &call.media).await?;
    shop.server.kill_9()?;
    shop.server.restart().await?;
    let mut taken = widget.take_over(&call.call_id, &call.resume_token).await?;
    comes_to(&taken.widget, &call.call_id, "connected").await?;
    taken.media.wait_until(SOON, hears_tone).await?;
    hears_more(&phone, &taken.media).await?;
    // Had it not taken the offer, the call would have been over without us.
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.says("session closed: Connection reset by peer").await?;
    assert_eq!(shop.events(&call.call_id).await?, ["call_started", "call_ended"]);
    assert_eq!(shop.record(&call.call_id).await?["reason"], "user_hangup");
    Ok(())
}
