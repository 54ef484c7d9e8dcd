//! Several servers behind one public URL, on one database.

use std::time::Duration;

use bellpush_test_support::{
    SOON,
    answer::{self, Answer},
    api::Api,
    browser::Browser,
    eventually,
    postgres::Database,
    server::{Options, ServerProcess},
    sink::Sink,
    widget::{Embed, Widget},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::shop::{ORIGIN, refused};

const PUBLIC: &str = "https://calls.example";

/// Two servers. A visitor's page may have been given its session by either.
struct Nodes {
    // They go before their database.
    first: ServerProcess,
    second: ServerProcess,
    app: bellpush_test_support::api::App,
    _database: Database,
}

impl Nodes {
    async fn start() -> Self {
        Self::with(|options| options).await
    }

    async fn with(set: impl FnOnce(Options) -> Options) -> Self {
        let database = Database::create().await.unwrap();
        let options = set(Options::postgres(&database).as_node().with("--public-url", PUBLIC));
        let first = ServerProcess::start(options.clone()).await.unwrap();
        let key = first.data_dir().join("master.key").to_string_lossy().into_owned();
        let options = options.with("--master-key-file", &key);
        let second = ServerProcess::start(options).await.unwrap();
        let settings = json!({ "name": "Shop", "allowedOrigins": [ORIGIN] });
        let app = first.api().create_app(&settings).await.unwrap();
        Self { first, second, app, _database: database }
    }

    /// A widget that asks the first server, by a session that the second one made.
    async fn widget(&self) -> Widget {
        let request = json!({ "appId": self.app.id, "origin": ORIGIN });
        let session = self.second.api().create_session(&request).await.unwrap();
        Widget::new(&self.first.url(), session)
    }

    /// The names of a call's events, as a server has them.
    async fn events(&self, api: &Api, call: &str) -> Vec<String> {
        let events = api.events(&self.app, &format!("callId={call}")).await.unwrap();
        events.iter().map(|event| event.name()).collect()
    }
}

#[tokio::test]
async fn a_call_is_followed_and_ended_at_the_server_that_its_location_names() {
    let nodes = Nodes::start().await;
    let (first, second) = (nodes.first.api(), nodes.second.api());
    let widget = nodes.widget().await;
    let visitor = bellpush_test_support::visitor::Visitor::new().await.unwrap();
    let placed = widget.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
    let mut media = visitor.accept(&placed.text()).unwrap();
    media.wait_until(SOON, |heard| heard.connected).await.unwrap();
    let location = placed.header("location").to_owned();
    let (node, id) = location.split_once("/v1/calls/").unwrap();
    assert_eq!(node, nodes.first.url());

    // A page of the public URL may ask there.
    let preflight = answer::client()
        .request(Method::OPTIONS, &location)
        .header("origin", PUBLIC)
        .header("access-control-request-method", "DELETE")
        .header("access-control-request-headers", "authorization");
    let preflight = Answer::to(preflight).await.unwrap();
    assert_eq!(preflight.header("access-control-allow-origin"), PUBLIC);
    let mut messages = widget.follow(id, 0).await.unwrap();

    // The other server knows of the call, and where to ask for it.
    assert_eq!(second.call(&nodes.app, id).await.unwrap().state, "live");
    let astray = Widget::new(&nodes.second.url(), widget.session.clone());
    for answer in [
        astray.poll(id, 0).await.unwrap(),
        astray.hang_up(id).await.unwrap(),
        astray.leave(id).await.unwrap(),
        astray.press(id, '1').await.unwrap(),
    ] {
        let problem = refused(&answer, 421, "misdirected");
        assert!(problem.detail.ends_with(&location), "{}", problem.detail);
    }
    assert_eq!(first.call(&nodes.app, id).await.unwrap().state, "live");

    let hang_up = answer::client().delete(&location).bearer_auth(&widget.session.token);
    Answer::to(hang_up).await.unwrap().expect(204).unwrap();
    let told = messages.rest().await.unwrap();
    assert_eq!(told.last().unwrap().data["event"]["name"], "call_ended");
    for api in [&first, &second] {
        assert_eq!(api.call(&nodes.app, id).await.unwrap().reason.as_deref(), Some("user_hangup"));
        assert_eq!(nodes.events(api, id).await, ["call_started", "call_ended"]);
    }
    // What is over is told everywhere.
    let past: Value = astray.poll(id, 0).await.unwrap().expect(200).unwrap().json().unwrap();
    assert_eq!(past["done"], true);
    astray.hang_up(id).await.unwrap().expect(204).unwrap();
}

#[tokio::test]
async fn the_call_of_a_preview_of_a_key_goes_on_at_another_server() {
    let mut nodes = Nodes::start().await;
    let first = nodes.first.api();
    let path = format!("/v1/apps/{}/preview-tokens", nodes.app.id);
    let token = first.post(&path, &json!({})).await.unwrap().expect(201).unwrap();
    let embed = Embed {
        server: nodes.first.url(),
        app: nodes.app.clone(),
        key: first.create_widget_key(&nodes.app).await.unwrap().key,
        origin: PUBLIC.to_owned(),
    };
    let mut request = embed.request(&json!({}));
    request["preview"] = true.into();
    request["previewToken"] = token.json::<Value>().unwrap()["token"].clone();
    let session = embed.ask(&request).await.unwrap().expect(201).unwrap().json().unwrap();
    let widget = Widget::new(&nodes.first.url(), session);
    let mut call = widget.place().await.unwrap();
    call.media.wait_until(SOON, |heard| heard.connected).await.unwrap();
    nodes.first.kill_9().unwrap();
    let at_second = widget.at(&nodes.second.url());
    let mut taken = at_second.take_over(&call.call_id, &call.resume_token).await.unwrap();
    taken.media.wait_until(SOON, |heard| !heard.packets.is_empty()).await.unwrap();
    assert_eq!(taken.widget.session.expires_at, widget.session.expires_at);
    taken.widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
}

/// The gauge of an integration's breaker, which the server that delivers its events shows.
async fn delivers(server: &ServerProcess, integration: &str) -> bool {
    let gauge = format!("bellpush_breaker_state{{integration=\"{integration}\"}}");
    server.api().get("/metrics").await.unwrap().text().contains(&gauge)
}

#[tokio::test]
async fn a_rehearsal_is_begun_watched_and_ended_at_a_server_that_does_not_deliver() {
    let nodes = Nodes::start().await;
    let (first, second) = (nodes.first.api(), nodes.second.api());
    let sink = Sink::start().await.unwrap();
    // Each goes to one of both servers, by its id.
    let mut found = None;
    while found.is_none() {
        let settings = json!({
            "name": "Orders", "url": sink.url(), "events": ["widget_loaded"],
            "includePreviews": true,
        });
        let id = first.create_integration_with(&nodes.app, &settings).await.unwrap().id;
        let is_second = eventually("a server delivers for it", 6 * SOON, async || {
            let [at_first, at_second] =
                [delivers(&nodes.first, &id).await, delivers(&nodes.second, &id).await];
            Ok((at_first != at_second).then_some(at_second))
        });
        if is_second.await.unwrap() {
            found = Some(id);
        } else {
            let path = format!("/v1/apps/{}/integrations/{id}", nodes.app.id);
            first.delete(&path).await.unwrap().expect(204).unwrap();
        }
    }
    let id = found.unwrap();

    let path = format!("/v1/apps/{}/rehearsals", nodes.app.id);
    let body = json!({ "integrationId": id, "fault": "server_error", "seconds": 600 });
    let begun: Value = first.post(&path, &body).await.unwrap().expect(201).unwrap().json().unwrap();
    let rehearsal = format!("{path}/{}", begun["id"].as_str().unwrap());
    refused(&second.post(&path, &body).await.unwrap(), 409, "conflict");
    let sent = first.post(&format!("{rehearsal}/events"), &json!({ "count": 10 })).await.unwrap();
    sent.expect(202).unwrap();
    let seen = async |api: &Api| -> Value {
        api.get(&rehearsal).await.unwrap().expect(200).unwrap().json().unwrap()
    };
    for api in [&first, &second] {
        eventually("the breaker is seen to be open", SOON, async || {
            let seen = seen(api).await;
            let attempts = seen["attempts"].as_array().map_or(0, Vec::len);
            let is_open = seen["lane"]["breaker"]["state"] == "open";
            Ok((is_open && attempts == 10).then_some(()))
        })
        .await
        .unwrap();
    }
    assert_eq!(sink.received().len(), 0, "nothing was sent");

    let ended = first.delete(&rehearsal).await.unwrap().expect(200).unwrap();
    assert!(ended.json::<Value>().unwrap()["endedAt"].is_string());
    eventually("all are delivered", 3 * SOON, async || {
        Ok((sink.received().len() == 10).then_some(()))
    })
    .await
    .unwrap();
    for api in [&first, &second] {
        eventually("it is over", SOON, async || {
            let seen = seen(api).await;
            Ok((seen["state"] == "over" && seen["lane"].is_null()).then_some(()))
        })
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn servers_that_can_not_hear_each_other_find_what_the_other_has_appended() {
    let database = Database::create().await.unwrap();
    let options = Options::postgres(&database).as_node().with("--public-url", PUBLIC);
    let mut before = ServerProcess::start(options.clone()).await.unwrap();
    let sink = Sink::start().await.unwrap();
    let settings = json!({ "name": "Shop", "allowedOrigins": [ORIGIN] });
    let app = before.api().create_app(&settings).await.unwrap();
    before.api().create_integration(&app, &sink.url(), &["widget_loaded"]).await.unwrap();
    before.terminate().await.unwrap();

    // Nobody listens there.
    let nowhere = "postgres://bellpush@127.0.0.1:1/bellpush";
    let key = before.data_dir().join("master.key").to_string_lossy().into_owned();
    let options = options.with("--master-key-file", &key).with("--database-listen-url", nowhere);
    let servers = [
        ServerProcess::start(options.clone()).await.unwrap(),
        ServerProcess::start(options).await.unwrap(),
    ];
    for server in &servers {
        eventually("each has its share", 3 * SOON, async || {
            let metrics = server.api().get("/metrics").await?.text();
            assert!(metrics.contains("bellpush_hears_others 0\n"));
            Ok(metrics.contains("bellpush_shards_owned 64\n").then_some(()))
        })
        .await
        .unwrap();
    }
    for server in &servers {
        let request = json!({ "appId": app.id, "origin": ORIGIN });
        let widget =
            Widget::new(&server.url(), server.api().create_session(&request).await.unwrap());
        let loaded = widget.event("widget_loaded", json!({ "isPreview": false }));
        widget.submit(&[loaded]).await.unwrap().expect(200).unwrap();
    }
    // They look every 30 s.
    eventually("both are delivered", Duration::from_secs(40), async || {
        Ok((sink.received().len() == 2).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_app_that_is_deleted_at_one_server_ends_its_calls_at_another() {
    let nodes = Nodes::start().await;
    let widget = nodes.widget().await;
    let mut call = widget.place().await.unwrap();
    call.media.wait_until(SOON, |heard| heard.connected).await.unwrap();
    let mut messages = widget.follow(&call.call_id, 0).await.unwrap();
    let path = format!("/v1/apps/{}", nodes.app.id);
    nodes.second.api().delete(&path).await.unwrap().expect(204).unwrap();
    let told = messages.rest().await.unwrap();
    let events: Vec<_> = told.iter().filter(|message| message.kind == "event").collect();
    assert_eq!(events.len(), 2, "{told:?}");
    assert_eq!(events[1].data["event"]["name"], "call_ended");
    assert_eq!(events[1].data["event"]["data"]["reason"], "remote_hangup");
    call.media.wait_until(SOON, |heard| heard.closed).await.unwrap();
    eventually("no call is live", SOON, async || {
        let metrics = nodes.first.api().get("/metrics").await?.text();
        Ok(metrics.contains("bellpush_calls_live 0\n").then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_call_of_a_server_that_died_is_ended_once_by_another() {
    let mut nodes = Nodes::start().await;
    let widget = nodes.widget().await;
    let call = widget.place().await.unwrap();
    nodes.first.kill_9().unwrap();
    let second = nodes.second.api();
    let astray = Widget::new(&nodes.second.url(), widget.session.clone());
    let record = eventually("the call is ended", 2 * SOON, async || {
        // Whose lease has run out is not to be asked any more, and its calls end soon.
        let answer = astray.hang_up(&call.call_id).await?;
        assert!([204, 421, 503].contains(&answer.status), "{}", answer.status);
        let record = second.call(&nodes.app, &call.call_id).await?;
        Ok((record.state != "live").then_some(record))
    })
    .await
    .unwrap();
    assert_eq!(record.error_code.as_deref(), Some("server_shutdown"));
    assert_eq!(nodes.events(&second, &call.call_id).await, ["call_started", "call_error"]);
}

#[tokio::test]
async fn an_app_has_no_more_live_calls_at_all_servers_than_it_may_have() {
    let nodes = Nodes::start().await;
    let path = format!("/v1/apps/{}", nodes.app.id);
    let most = nodes.second.api().patch(&path, &json!({ "maxCalls": 1 })).await.unwrap();
    most.expect(200).unwrap();
    let widget = nodes.widget().await;
    let call = widget.place().await.unwrap();
    let at_second = widget.at(&nodes.second.url());
    let visitor = bellpush_test_support::visitor::Visitor::new().await.unwrap();
    let answer = at_second.offer(visitor.offer()).await.unwrap();
    let problem = refused(&answer, 429, "rate-limited");
    assert!(problem.detail.starts_with("the app has"), "{problem:?}");
    assert!(answer.header("retry-after").parse::<u64>().is_ok(), "{:?}", answer.headers);
    widget.hang_up(&call.call_id).await.unwrap().expect(204).unwrap();
    at_second.offer(visitor.offer()).await.unwrap().expect(201).unwrap();
}

#[tokio::test]
async fn guesses_at_an_account_are_limited_for_all_servers_together() {
    let nodes = Nodes::with(|options| options.with("--sign-ins-per-minute", "10")).await;
    let browsers = [&nodes.first, &nodes.second].map(Browser::new);
    let guess = async |n: usize| {
        browsers[n % 2].sign_in("nobody@example.com", "guess-guess-guess").await.unwrap()
    };
    // They are counted by the minute: all within one.
    eventually("there is time in this minute", Duration::from_secs(40), async || {
        Ok((jiff::Timestamp::now().as_second() % 60 < 30).then_some(()))
    })
    .await
    .unwrap();
    for n in 0..10 {
        refused(&guess(n).await, 401, "sign-in-refused");
    }
    for n in 0..2 {
        let answer = guess(n).await;
        let problem = refused(&answer, 429, "rate-limited");
        assert!(problem.detail.contains("10 attempts to sign in a minute"), "{problem:?}");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
}

/// How often a server has looked for what is to be counted.
async fn roll_ups(server: &ServerProcess) -> anyhow::Result<u32> {
    let metrics = server.api().get("/metrics").await?.text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("bellpush_roll_up_steps_total "));
    Ok(line.map_or(Ok(0), str::parse)?)
}

#[tokio::test]
async fn one_server_counts_for_analytics_and_another_goes_on_with_it() {
    let mut nodes = Nodes::start().await;
    let is_first = eventually("one counts", 3 * SOON, async || {
        let [first, second] = [roll_ups(&nodes.first).await?, roll_ups(&nodes.second).await?];
        assert!(first < 2 || second < 2, "{first} {second}");
        Ok((first >= 3 || second >= 3).then_some((first >= 3, first.min(second))))
    });
    let (is_first, of_other) = is_first.await.unwrap();
    // Who was alone led for a moment, as the first one is before the second comes.
    assert_eq!(of_other, 0);
    let (leader, other) = match is_first {
        true => (&mut nodes.first, &nodes.second),
        false => (&mut nodes.second, &nodes.first),
    };
    leader.terminate().await.unwrap();
    eventually("the other goes on", SOON, async || Ok((roll_ups(other).await? > 0).then_some(())))
        .await
        .unwrap();
}
