//! A visitor who stays in one call, and takes it up at another server when its own does not answer, or asks for
//! that: what the widget's script does, in short.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use bellpush_test_support::{
    SOON,
    answer::Answer,
    visitor::{Visitor, VisitorCall},
    widget::Widget,
};
use serde_json::{Value, json};
use tokio::{sync::watch, time};

use crate::ledger::Ledger;

/// What is said, in G.711.
const SAID: u8 = 7;
/// So long no packet comes before a call is taken up elsewhere.
const SILENT_FOR: Duration = Duration::from_millis(1_500);
/// How often the call's server is asked whether it has something to say.
const LOOK: Duration = Duration::from_millis(200);
/// How long a server has to answer.
const ANSWER_WITHIN: Duration = Duration::from_millis(1_500);
/// Some server takes the call by then: as long as a database may be away, and more.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

pub(super) struct Patient {
    widget: Widget,
    servers: Vec<String>,
    /// The server that has the call.
    at: String,
    call_id: String,
    token: String,
    media: VisitorCall,
    ledger: Arc<Ledger>,
    /// How often the call went to another server.
    moved: usize,
}

impl Patient {
    /// Calls the telephone by one of these servers, and hears it.
    pub(super) async fn call(
        widget: Widget,
        servers: &[String],
        at: usize,
        ledger: Arc<Ledger>,
    ) -> anyhow::Result<Self> {
        let placed = widget.place().await?;
        ledger.entries().accepted_calls.insert(placed.call_id.clone());
        let mut patient = Self {
            at: servers.get(at).context("there is no such server")?.clone(),
            widget,
            servers: servers.to_vec(),
            call_id: placed.call_id,
            token: placed.resume_token,
            media: placed.media,
            ledger,
            moved: 0,
        };
        patient.hears_the_telephone().await?;
        Ok(patient)
    }

    /// Stays in the call until it is over, and hangs up then. Returns how often it went elsewhere.
    pub(super) async fn stay(mut self, mut over: watch::Receiver<bool>) -> anyhow::Result<usize> {
        let call_id = self.call_id.clone();
        let stayed = async {
            while !*over.borrow_and_update() {
                let flows = flows(&mut self.media).await;
                if !flows || self.is_asked_to_move().await? {
                    self.take_up().await?;
                }
                let _ = time::timeout(LOOK, over.changed()).await;
            }
            self.hears_the_telephone().await?;
            self.hang_up().await
        };
        stayed.await.with_context(|| format!("{call_id} was lost at {}", self.at))?;
        Ok(self.moved)
    }

    /// The telephone sends back what it hears.
    async fn hears_the_telephone(&mut self) -> anyhow::Result<()> {
        let (began, mut from) = (Instant::now(), 0);
        while began.elapsed() < SOON {
            self.media.say([vec![SAID; 160]]);
            let heard = self.media.wait_until(LOOK, |heard| {
                let new = heard.packets.get(from..).unwrap_or_default();
                from += new.len();
                new.iter().any(|packet| packet.payload[..] == [SAID; 160])
            });
            if heard.await.is_ok() {
                return Ok(());
            }
        }
        bail!("what was said does not come back")
    }

    /// What the call's server says of it. One that can't be asked says nothing: then packets tell.
    async fn is_asked_to_move(&self) -> anyhow::Result<bool> {
        let widget = self.widget.at(&self.at);
        let Some(answer) = within(widget.poll(&self.call_id, 0)).await else { return Ok(false) };
        if answer.status != 200 {
            return Ok(false);
        }
        let page: Value = answer.json()?;
        let messages = page["messages"].as_array().context("no messages")?;
        let is_over = |message: &&Value| {
            let name = message["data"]["event"]["name"].as_str().unwrap_or_default();
            matches!(name, "call_ended" | "call_error")
        };
        if let Some(end) = messages.iter().find(is_over) {
            bail!("it was ended: {end}");
        }
        Ok(messages.iter().any(|message| message["type"] == "move"))
    }

    /// Asks one server after the other for the call, until one has it. All are asked by the same request, since
    /// one whose answer was lost may have it.
    async fn take_up(&mut self) -> anyhow::Result<()> {
        let visitor = Visitor::new().await?;
        let mut body = json!({
            "resumeToken": self.token, "sdp": visitor.offer(), "takeOver": true,
        });
        let own = self.servers.iter().position(|server| *server == self.at).unwrap_or_default();
        let mut turns = self.servers.iter().cycle().skip(own + 1);
        let began = Instant::now();
        let answer = loop {
            let server = turns.next().context("there are no servers")?;
            let mut answer = self.ask(server, &body).await;
            let named = answer.as_ref().filter(|answer| answer.status == 421);
            if let Some(address) = named.and_then(|answer| address(answer).ok()) {
                // That one has answered this very request.
                answer = self.ask(server_of(&address), &body).await;
                if answer.is_none() {
                    body["unreachable"] = true.into();
                }
            }
            match answer {
                Some(answer) if answer.status == 200 => break answer,
                Some(answer) if matches!(answer.status, 401 | 404 | 422) => {
                    bail!("{server} refuses it: {}", answer.text());
                }
                _ => {}
            }
            ensure!(began.elapsed() < TAKEN_WITHIN, "nobody takes it");
            time::sleep(LOOK).await;
        };
        let answer: Value = answer.json()?;
        let text = |name: &str| answer[name].as_str().with_context(|| format!("no {name}"));
        let mut media = visitor.accept(text("sdp")?)?;
        // Of a server that dies just now nothing comes: then the next one is asked.
        let _ = media.wait_until(SILENT_FOR, |heard| heard.connected).await;
        std::mem::replace(&mut self.media, media).close();
        text("resumeToken")?.clone_into(&mut self.token);
        self.widget.session = serde_json::from_value(answer["session"].clone())?;
        let at = server_of(text("address")?);
        self.moved += usize::from(at != self.at);
        at.clone_into(&mut self.at);
        Ok(())
    }

    async fn ask(&self, server: &str, body: &Value) -> Option<Answer> {
        let widget = self.widget.at(server);
        within(widget.claim(&self.call_id, body)).await
    }

    async fn hang_up(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < TAKEN_WITHIN {
            let widget = self.widget.at(&self.at);
            match widget.hang_up(&self.call_id).await {
                Ok(answer) if answer.status == 204 => {
                    self.ledger.entries().ended_calls.insert(self.call_id.clone());
                    return Ok(());
                }
                Ok(answer) if answer.status == 421 => {
                    server_of(&address(&answer)?).clone_into(&mut self.at);
                }
                _ => time::sleep(LOOK).await,
            }
        }
        bail!("it can't be hung up")
    }
}

/// Whether a packet comes before it is too long that none has.
async fn flows(media: &mut VisitorCall) -> bool {
    let mut before = None;
    let more = media.wait_until(SILENT_FOR, |heard| {
        heard.packets.len() > *before.get_or_insert(heard.packets.len())
    });
    more.await.is_ok()
}

/// An answer that does not take too long.
async fn within<E>(asked: impl Future<Output = Result<Answer, E>>) -> Option<Answer> {
    time::timeout(ANSWER_WITHIN, asked).await.ok()?.ok()
}

/// The server at which a call is.
fn server_of(address: &str) -> &str {
    address.split("/v1/").next().unwrap_or_default()
}

/// Where a server says that a call is.
fn address(answer: &Answer) -> anyhow::Result<String> {
    let problem: Value = answer.json()?;
    Ok(problem["address"].as_str().context("no address")?.to_owned())
}
