//! A server that is cut off from the database, and from nobody else, goes on with its calls until their visitors
//! have taken them up elsewhere.

mod shop;

use anyhow::Context as _;
use bellpush_sip_tests::Sipp;
use bellpush_test_support::{SOON, eventually};
use shop::{Result, hears_itself, servers::Servers};

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
