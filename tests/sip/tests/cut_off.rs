//! A server that is cut off from the database, and from nobody else, goes on with its calls until their visitors
//! have taken them up elsewhere.

mod shop;

use anyhow::Context as _;
use bellpush_sip_tests::{Peer, Sipp};
use bellpush_test_support::{SOON, eventually, widget::Widget};
use serde_json::{Value, json};
use shop::{Result, comes_to, hears_itself, servers::Servers};

/// Waits until whoever begins to follow a call is told to take it up elsewhere, or no more.
async fn is_told(widget: &Widget, call_id: &str, told: bool) -> Result {
    eventually("it is told, or not any more", SOON, async || {
        let answer: Value = widget.poll(call_id, 0).await?.expect(200)?.json()?;
        let messages = answer["messages"].as_array().context("no messages")?;
        let is_told = messages.iter().any(|message| message["type"] == "move");
        Ok((is_told == told).then_some(()))
    })
    .await
}

/// Its visitor had not gone to another server by the time that the database was back.
#[tokio::test]
async fn a_call_of_a_server_that_reaches_the_database_again_goes_on_there_until_it_drains() -> Result
{
    let phone = Sipp::start("taken_over").await?;
    let (servers, door) = Servers::with_door(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let mut call = servers.shop.call(&widget).await?;
    door.shut();
    is_told(&widget, &call.call_id, true).await?;
    door.open();
    is_told(&widget, &call.call_id, false).await?;
    hears_itself(&mut call.media).await?;
    servers.shop.server.ask_to_stop()?;
    is_told(&widget, &call.call_id, true).await?;
    let taken = servers.take_over(&widget, &call).await?;
    call.media.close();
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// Nobody else knows of the dialog: the others have ended the call before it could be kept.
#[tokio::test]
async fn a_telephone_that_answers_a_server_without_the_database_is_hung_up_on_when_it_is_back()
-> Result {
    let phone = Peer::start().await?;
    let (servers, door) = Servers::with_door_to_trunk(phone.port).await?;
    let app = format!("/v1/apps/{}", servers.shop.app.id);
    servers.shop.api.patch(&app, &json!({ "resumeSeconds": 0 })).await?.expect(200)?;
    let widget = servers.shop.widget().await?;
    let call = widget.place().await?;
    let invite = phone.receive("INVITE").await?;
    phone.reply(&invite, "180 Ringing", "", "").await?;
    comes_to(&widget, &call.call_id, "ringing").await?;
    door.shut();
    phone.answer(&invite).await?;
    phone.receive("ACK").await?;
    eventually("the others have ended the call", SOON, async || {
        let events = servers.events(&call.call_id).await?;
        Ok((events == ["call_started", "call_error"]).then_some(()))
    })
    .await?;
    door.open();
    let bye = phone.receive("BYE").await?;
    assert_eq!(bye.header("Call-ID")?, invite.header("Call-ID")?);
    phone.reply(&bye, "200 OK", "", "").await?;
    Ok(())
}

#[tokio::test]
async fn a_server_without_the_database_has_its_calls_moved_and_ends_none_of_them() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let (servers, door) = Servers::with_door(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let mut call = servers.shop.call(&widget).await?;
    hears_itself(&mut call.media).await?;
    let mut stream = widget.follow(&call.call_id, 0).await?;
    door.shut();
    let moved = async {
        loop {
            let message = stream.next().await?.context("the stream ended without move")?;
            if message.kind == "move" {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(SOON, moved).await.context("nobody was told to move")??;
    // The others have taken it for dead by now, and its call is no worse for that.
    hears_itself(&mut call.media).await?;
    let taken = servers.take_over(&widget, &call).await?;
    call.media.close();
    door.open();
    eventually("the server knows that it has lost the call", SOON, async || {
        let answer = widget.hang_up(&call.call_id).await?;
        Ok((answer.status == 421).then_some(()))
    })
    .await?;
    assert!(!phone.messages().contains("\nBYE "));
    assert_eq!(servers.events(&call.call_id).await?, ["call_started"]);
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}
