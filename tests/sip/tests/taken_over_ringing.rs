//! Calls that nobody has answered yet when another server takes them: there they are dialled again, and what
//! rings for the former server is given up.

mod shop;

use bellpush_sip_tests::{Message, Peer};
use bellpush_test_support::{SOON, eventually, widget::Placed};
use shop::{Result, comes_to, servers::Servers};

/// A call that rings, with its INVITE.
async fn ringing(servers: &Servers, phone: &Peer) -> anyhow::Result<(Placed, Message)> {
    let widget = servers.shop.widget().await?;
    let call = widget.place().await?;
    let invite = phone.receive("INVITE").await?;
    phone.reply(&invite, "180 Ringing", "", "").await?;
    comes_to(&widget, &call.call_id, "ringing").await?;
    Ok((call, invite))
}

/// The next request of this method, in another call than this INVITE's, or in the same.
async fn next(phone: &Peer, method: &str, of: &Message, is_same: bool) -> anyhow::Result<Message> {
    loop {
        let request = phone.receive(&format!("{method} ")).await?;
        if (request.header("Call-ID")? == of.header("Call-ID")?) == is_same {
            return Ok(request);
        }
    }
}

#[tokio::test]
async fn a_telephone_that_rang_for_a_killed_server_is_called_again_by_the_next() -> Result {
    let phone = Peer::start().await?;
    let mut servers = Servers::with_trunk(phone.port).await?;
    let (call, first) = ringing(&servers, &phone).await?;
    let widget = servers.shop.widget().await?;
    servers.shop.server.kill_9()?;
    let at_other = widget.at(&servers.other.url());
    let taken = at_other.take_over(&call.call_id, &call.resume_token).await?;
    let again = next(&phone, "INVITE", &first, false).await?;
    assert_eq!(again.header("X-Bellpush-Call")?, call.call_id);
    phone.answer(&again).await?;
    phone.receive("ACK").await?;
    comes_to(&taken.widget, &call.call_id, "connected").await?;
    hung_up(&servers, &phone, &call, &again).await
}

/// The browser is connected to it all the while, and has said nothing to it.
#[tokio::test]
async fn a_telephone_that_rings_for_a_server_which_has_lost_the_call_does_so_no_more() -> Result {
    let phone = Peer::start().await?;
    let servers = Servers::with_trunk(phone.port).await?;
    let (call, first) = ringing(&servers, &phone).await?;
    let at_other = servers.shop.widget().await?.at(&servers.other.url());
    let taken = at_other.take_over(&call.call_id, &call.resume_token).await?;
    let cancel = next(&phone, "CANCEL", &first, true).await?;
    phone.reply(&cancel, "200 OK", "", "").await?;
    phone.reply(&first, "487 Request Terminated", "", "").await?;
    let again = next(&phone, "INVITE", &first, false).await?;
    phone.answer(&again).await?;
    comes_to(&taken.widget, &call.call_id, "connected").await?;
    hung_up(&servers, &phone, &call, &again).await
}

/// Somebody has picked it up in the very moment.
#[tokio::test]
async fn a_telephone_that_answers_a_server_which_has_lost_the_call_is_hung_up_on() -> Result {
    let phone = Peer::start().await?;
    let servers = Servers::with_trunk(phone.port).await?;
    let (call, first) = ringing(&servers, &phone).await?;
    let at_other = servers.shop.widget().await?.at(&servers.other.url());
    let taken = at_other.take_over(&call.call_id, &call.resume_token).await?;
    phone.answer(&first).await?;
    let bye = next(&phone, "BYE", &first, true).await?;
    phone.reply(&bye, "200 OK", "", "").await?;
    let again = next(&phone, "INVITE", &first, false).await?;
    phone.answer(&again).await?;
    comes_to(&taken.widget, &call.call_id, "connected").await?;
    hung_up(&servers, &phone, &call, &again).await
}

/// The telephone hangs up where the call goes on, and that is its end.
async fn hung_up(servers: &Servers, phone: &Peer, call: &Placed, invite: &Message) -> Result {
    let bye = phone.request(invite, "BYE", 1, "", "")?;
    phone.send(bye.as_bytes(), invite.from).await?;
    eventually("the call is over", SOON, async || {
        let events = servers.events(&call.call_id).await?;
        Ok((events == ["call_started", "call_ended"]).then_some(()))
    })
    .await
}
