//! What is measured: the server, or another that does the same job.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use bellpush_test_support::{
    server::{Options as ServerOptions, ServerProcess},
    widget::{Embed, Widget},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    janus::{self, Janus},
    mode::Mode,
    rtpengine::{self, RtpEngine},
};

const ORIGIN: &str = "https://shop.example";

/// The same for at most so many calls, whose callers are all at one address.
pub(super) fn for_calls(settings: ServerOptions, most: usize) -> ServerOptions {
    let most = (most + 1).to_string();
    settings
        .with("--max-calls", &most)
        .with("--max-calls-per-address", &most)
        .with("--rtp-listen", "127.0.0.1")
        .with("--rtp-address", "127.0.0.1")
}

/// A running server that sends calls to the answerer.
pub(super) enum Subject {
    Bellpush(Bellpush),
    Janus(Janus),
    RtpEngine(RtpEngine),
}

/// A caller that may call.
pub(super) enum Visitor {
    Widget(Box<Widget>),
    Janus(janus::Line),
    RtpEngine(rtpengine::Line),
}

/// Ours, with an app whose calls go to the answerer.
pub(super) struct Bellpush {
    /// Alive for as long as it is measured; none where another one keeps it.
    _server: Option<ServerProcess>,
    pid: u32,
    embed: Embed,
    /// The profile that is called; none for the demo.
    destination: Value,
}

impl Subject {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Bellpush(_) => "bellpush",
            Self::Janus(_) => "janus",
            Self::RtpEngine(_) => "rtpengine",
        }
    }

    pub(super) fn pid(&self) -> u32 {
        match self {
            Self::Bellpush(bellpush) => bellpush.pid,
            Self::Janus(janus) => janus.pid(),
            Self::RtpEngine(rtpengine) => rtpengine.pid(),
        }
    }

    /// Does for each caller what comes before its call, so many at a time.
    pub(super) async fn open(
        &self,
        ends: std::ops::Range<usize>,
        at_once: usize,
    ) -> anyhow::Result<Vec<(usize, Visitor)>> {
        match self {
            Self::Bellpush(bellpush) => bellpush.open(ends, at_once).await,
            Self::Janus(janus) => Ok(ends.map(|end| (end, Visitor::Janus(janus.line()))).collect()),
            Self::RtpEngine(server) => {
                Ok(ends.map(|end| (end, Visitor::RtpEngine(server.line(end)))).collect())
            }
        }
    }
}

impl Visitor {
    /// Calls, and returns the answer to the offer.
    pub(super) async fn call(&self, offer: &str) -> anyhow::Result<String> {
        match self {
            Self::Widget(widget) => Ok(widget.offer(offer).await?.expect(201)?.text()),
            Self::Janus(line) => line.call(offer).await,
            Self::RtpEngine(line) => line.call(offer).await,
        }
    }
}

impl Bellpush {
    /// Starts the server named by BELLPUSH_BIN, for at most so many calls.
    pub(super) async fn start(mode: Mode, sip: SocketAddr, most: usize) -> anyhow::Result<Self> {
        // The log of each call would be measured too.
        let settings = for_calls(ServerOptions::sqlite().with("--log-level", "warn"), most);
        let server = ServerProcess::start(settings).await?;
        let bellpush = Self::at(&server, mode, sip).await?;
        Ok(Self { _server: Some(server), ..bellpush })
    }

    /// A server that runs, with a new app.
    pub(super) async fn at(
        server: &ServerProcess,
        mode: Mode,
        sip: SocketAddr,
    ) -> anyhow::Result<Self> {
        let api = server.api();
        // So many sessions at once would be asked to prove that they are people.
        let settings = json!({ "name": "Load", "allowedOrigins": [ORIGIN], "challenge": "off" });
        let app = api.create_app(&settings).await?;
        let mut destination = Value::Null;
        if mode != Mode::Demo {
            let trunk = json!({
                "name": "Load",
                "domain": Ipv4Addr::LOCALHOST,
                "port": sip.port(),
                "codecs": ["pcma", "pcmu"],
                "keepAliveSeconds": null,
            });
            let trunk: Value =
                api.post("/v1/trunks", &trunk).await?.expect(201)?.json().context("the trunk")?;
            let policy = if mode == Mode::Transcode { "opus" } else { "pass_through" };
            let profile = json!({
                "name": "Load",
                "kind": "sip",
                "trunkId": trunk["id"],
                "to": "100",
                "codecPolicy": policy,
            });
            let path = format!("/v1/apps/{}/destinations", app.id);
            let profile: Value =
                api.post(&path, &profile).await?.expect(201)?.json().context("the profile")?;
            destination = profile["id"].clone();
        }
        let key = api.create_widget_key(&app).await?.key;
        let embed = Embed { server: server.url(), app, key, origin: ORIGIN.into() };
        let pid = server.pid().context("the server is not running")?;
        Ok(Self { _server: None, pid, embed, destination })
    }

    async fn open(
        &self,
        ends: std::ops::Range<usize>,
        at_once: usize,
    ) -> anyhow::Result<Vec<(usize, Visitor)>> {
        let mut opening = JoinSet::new();
        let mut visitors = Vec::new();
        for end in ends {
            if opening.len() == at_once {
                visitors.push(opening.join_next().await.context("no widget")???);
            }
            let embed = self.embed.clone();
            // Its context tells the telephone system which of the callers it is.
            let mut request = embed.request(&json!({ "end": end.to_string() }));
            request["destination"] = self.destination.clone();
            opening.spawn(async move {
                let session = embed.ask(&request).await?.expect(201)?.json()?;
                let widget = Box::new(Widget::new(&embed.server, session));
                anyhow::Ok((end, Visitor::Widget(widget)))
            });
        }
        while let Some(visitor) = opening.join_next().await {
            visitors.push(visitor??);
        }
        Ok(visitors)
    }
}
