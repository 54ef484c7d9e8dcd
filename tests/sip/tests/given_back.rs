//! Calls that are between two servers: given back, let go of, or just being stored when a server stops.

mod shop;

use anyhow::Context as _;
use bellpush_sip_tests::{Peer, Sipp};
use bellpush_test_support::{SOON, eventually, postgres::execute};
use serde_json::json;
use shop::{Result, comes_to, servers::Servers};

/// It had let go of the call before it was given back.
#[tokio::test]
async fn a_call_that_its_server_does_not_have_is_taken_up_there_or_ended() -> Result {
    let phone = Sipp::start("taken_over_twice").await?;
    let servers = Servers::start(phone.port).await?;
    let app = format!("/v1/apps/{}", servers.shop.app.id);
    servers.shop.api.patch(&app, &json!({ "resumeSeconds": 0 })).await?.expect(200)?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    phone.heard("\nACK ").await?;
    let taken = servers.take_over(&widget, &call).await?;
    // Both servers see that they have lost it.
    widget.hang_up(&call.call_id).await?.expect(421)?;
    swap(&servers).await?;
    taken.widget.hang_up(&call.call_id).await?.expect(421)?;
    let back = widget.take_over(&call.call_id, &taken.resume_token).await?;
    comes_to(&back.widget, &call.call_id, "connected").await?;
    swap(&servers).await?;
    // Nobody comes for it this time.
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_error"]);
    Ok(())
}

/// Gives all calls from one server to the other, behind their backs.
async fn swap(servers: &Servers) -> Result {
    for table in ["calls", "dialogs"] {
        let other = format!("SELECT id FROM nodes WHERE nodes.id <> {table}.node_id");
        let sql = format!("UPDATE {table} SET node_id = ({other})");
        execute(servers.database.url(), &sql).await?;
    }
    Ok(())
}

/// However long its app would wait for it.
#[tokio::test]
async fn a_call_that_its_server_does_not_have_is_over_soon_when_its_visitor_hangs_up() -> Result {
    let phone = Sipp::start("taken_over").await?;
    let servers = Servers::start(phone.port).await?;
    let app = format!("/v1/apps/{}", servers.shop.app.id);
    servers.shop.api.patch(&app, &json!({ "resumeSeconds": 30 })).await?.expect(200)?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    phone.heard("\nACK ").await?;
    let taken = servers.take_over(&widget, &call).await?;
    widget.hang_up(&call.call_id).await?.expect(421)?;
    swap(&servers).await?;
    taken.widget.hang_up(&call.call_id).await?.expect(421)?;
    widget.hang_up(&call.call_id).await?.expect(503)?;
    tokio::time::timeout(SOON, phone.finish())
        .await
        .context("the telephone is not hung up on")??;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_error"]);
    Ok(())
}

/// Another server had claimed it, and gave it back.
#[tokio::test]
async fn a_call_that_a_draining_server_has_let_go_of_is_not_ended_when_it_is_given_back() -> Result
{
    let phone = Sipp::start("taken_over").await?;
    let servers = Servers::start(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let call = servers.shop.call(&widget).await?;
    servers.shop.server.ask_to_stop()?;
    stops(&servers).await?;
    swap(&servers).await?;
    let logs = async |text: &str| {
        eventually(text, SOON, async || Ok(servers.shop.server.log()?.contains(text).then_some(())))
            .await
    };
    logs("another server has taken this call over").await?;
    swap(&servers).await?;
    logs("let go of").await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started"]);
    let taken = servers.take_over(&widget, &call).await?;
    taken.widget.hang_up(&call.call_id).await?.expect(204)?;
    phone.finish().await?;
    assert_eq!(servers.events(&call.call_id).await?, ["call_started", "call_ended"]);
    Ok(())
}

/// Waits until a server has told the others that it is about to stop.
async fn stops(servers: &Servers) -> Result {
    let stopping = "SELECT url FROM nodes WHERE NOT takes_shards";
    eventually("a server is about to stop", SOON, async || {
        Ok(servers.database.ask(stopping).await?.map(|_| ()))
    })
    .await
}

/// It was accepted before, and is on disk when there is no other call any more.
#[tokio::test]
async fn a_call_that_is_just_being_stored_is_moved_when_its_server_is_told_to_stop() -> Result {
    let phone = Peer::start().await?;
    let servers = Servers::with_trunk(phone.port).await?;
    let widget = servers.shop.widget().await?;
    let url = servers.database.url().to_owned();
    let locked = tokio::spawn(async move {
        execute(&url, "BEGIN; LOCK TABLE calls IN SHARE MODE; SELECT pg_sleep(60)").await
    });
    let asks = async |what: &str, sql: &str| {
        eventually(what, SOON, async || Ok(servers.database.ask(sql).await?.map(|_| ()))).await
    };
    let of_calls = "SELECT mode FROM pg_locks WHERE relation = 'calls'::regclass";
    asks("the table is locked", &format!("{of_calls} AND mode = 'ShareLock' AND granted")).await?;
    let placing = tokio::spawn({
        let widget = widget.clone();
        async move { widget.place().await }
    });
    asks("a call is to be stored", &format!("{of_calls} AND NOT granted")).await?;
    servers.shop.server.ask_to_stop()?;
    stops(&servers).await?;
    let release = "
        SELECT CAST(pg_terminate_backend(pid) AS TEXT)
        FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(60)%'
          AND pid <> pg_backend_pid()";
    servers.database.ask(release).await?;
    assert!(locked.await?.is_err());
    let call = placing.await??;
    let invite = phone.receive("INVITE").await?;
    phone.answer(&invite).await?;
    phone.receive("ACK").await?;
    let mut stream = widget.follow(&call.call_id, 0).await?;
    loop {
        let message = stream.next().await?.context("the stream ended without move")?;
        if message.kind == "move" {
            return Ok(());
        }
    }
}
