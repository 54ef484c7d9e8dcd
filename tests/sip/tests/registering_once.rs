//! A phone system that keeps one contact of a user: one of several servers registers there.

mod shop;

use bellpush_sip_tests::{Message, Peer};
use bellpush_test_support::{SOON, api::Api, eventually};
use serde_json::{Value, json};
use shop::{Result, servers::Servers};

#[tokio::test]
async fn one_server_registers_and_another_one_when_that_is_gone() -> Result {
    let registrar = Peer::start().await?;
    let mut servers = Servers::with_trunk(registrar.port).await?;
    let trunk = json!({
        "name": "One contact", "domain": "127.0.0.1", "port": registrar.port, "username": "1001",
        "password": "secret", "keepAliveSeconds": null, "register": true,
        "registerContacts": "one",
    });
    let trunk = format!("/v1/trunks/{}", servers.shop.create("/v1/trunks", &trunk).await?);
    let apis = [servers.shop.server.api(), servers.other.api()];
    let first = granted(&registrar).await?;
    let mut at = [String::new(), String::new()];
    eventually("both servers know it", SOON, async || {
        // That of the first shard may change while they share them out.
        while let Some(request) = registrar.within(std::time::Duration::from_millis(50)).await? {
            grant(&registrar, &request).await?;
        }
        at = [status(&apis[0], &trunk).await?, status(&apis[1], &trunk).await?];
        at.sort_unstable();
        Ok((at == ["off", "registered"]).then_some(()))
    })
    .await?;
    let (left, gone) = if status(&apis[0], &trunk).await? == "registered" {
        (1, &mut servers.shop.server)
    } else {
        (0, &mut servers.other)
    };
    gone.kill_9()?;
    let next = granted(&registrar).await?;
    assert_ne!(next.header("Call-ID")?, first.header("Call-ID")?);
    eventually("the other one is registered", SOON, async || {
        Ok((status(&apis[left], &trunk).await? == "registered").then_some(()))
    })
    .await
}

/// The next registration, which is granted.
async fn granted(registrar: &Peer) -> anyhow::Result<Message> {
    let request = registrar.receive("REGISTER").await?;
    grant(registrar, &request).await?;
    Ok(request)
}

async fn grant(registrar: &Peer, request: &Message) -> Result {
    let contact = format!("Contact: {}\r\n", request.header("Contact")?);
    let expires = format!("Expires: {}\r\n", request.header("Expires")?);
    registrar.reply(request, "200 OK", &(contact + &expires), "").await
}

async fn status(api: &Api, trunk: &str) -> anyhow::Result<String> {
    let trunk: Value = api.get(trunk).await?.expect(200)?.json()?;
    Ok(trunk["status"]["registration"].as_str().unwrap_or_default().to_owned())
}
