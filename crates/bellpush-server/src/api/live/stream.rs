//! One stream: what is told to one who watches, until that ends.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{extract::FromRef, response::sse};
use bellpush_core::{
    access::Resource,
    ids::{AppId, CallId},
};
use bellpush_store::{RecordedEvent, Store};
use futures_util::{Stream as Messages, stream};
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::view::{CallProgress, LiveCallView, LiveSnapshot};
use crate::{
    access::Reader,
    api::events::EventView,
    calls::Calls,
    followers::OpenStream,
    http::problem::Problem,
    live::{Cursor, Happened, LiveFeed, Watcher},
    server::Server,
};

/// A stream that has nothing to tell shows by this that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Which of what happens is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) name: Option<String>,
    pub(super) context: Option<(String, String)>,
    pub(super) call_id: Option<CallId>,
}

/// A stream that was asked for.
pub(super) struct Stream {
    server: Server,
    app_id: AppId,
    filter: Filter,
    reader: Reader,
    watcher: Watcher,
}

impl Filter {
    fn lets_through(&self, happened: &Happened) -> bool {
        match happened {
            Happened::Event(event) => self.lets_event(event),
            Happened::Call { call_id, .. } => {
                self.call_id.is_none_or(|wanted| wanted == *call_id)
                    && self.name.is_none()
                    && self.context.is_none()
            }
        }
    }

    fn lets_event(&self, event: &RecordedEvent) -> bool {
        let of_call = self.call_id.is_none_or(|wanted| event.call_id == Some(wanted));
        let of_name = self.name.as_ref().is_none_or(|wanted| event.name == *wanted);
        of_call && of_name && self.context.as_ref().is_none_or(|pair| has_context(event, pair))
    }
}

fn has_context(event: &RecordedEvent, (key, value): &(String, String)) -> bool {
    let envelope = serde_json::from_str::<serde_json::Value>(&event.envelope);
    envelope.is_ok_and(|envelope| envelope["data"]["context"][key] == **value)
}

impl Stream {
    pub(super) fn begin(server: Server, app_id: AppId, filter: Filter, reader: Reader) -> Self {
        let watcher = LiveFeed::from_ref(&server).watch();
        Self { server, app_id, filter, reader, watcher }
    }

    /// Waits until nothing is missed any more.
    pub(super) async fn ready(&self) {
        self.watcher.ready().await;
    }

    /// The calls under way, and where what happens next will stand.
    pub(super) async fn snapshot(&self) -> Result<(LiveSnapshot, Cursor), Problem> {
        // In this order: what happens in between is told once more, rather than not at all.
        let cursor = self.watcher.now();
        let store = Store::from_ref(&self.server);
        let calls = Arc::<Calls>::from_ref(&self.server);
        let under_way = store.calls_under_way(self.app_id).await?;
        let of_context = |context: &bellpush_core::context::Context| {
            let pair = self.filter.context.as_ref();
            pair.is_none_or(|(key, value)| context.get(key) == Some(value))
        };
        let calls = under_way
            .into_iter()
            .filter(|found| self.filter.call_id.is_none_or(|wanted| wanted == found.call.id))
            .filter(|found| of_context(&found.context))
            .map(|found| {
                let stage = calls.stage(found.call.id);
                LiveCallView::new(found, stage)
            })
            .collect();
        Ok((LiveSnapshot { calls, cursor: cursor.to_string() }, cursor))
    }

    /// The messages: from where the reader was, if that is known, else from a snapshot on.
    pub(super) fn messages(
        self,
        after: Option<Option<Cursor>>,
        open: OpenStream,
    ) -> impl Messages<Item = Result<sse::Event, Infallible>> {
        // The first one comes at once: it shows the reader that the way is open.
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let place = match after {
            None => Place::New,
            Some(None) => Place::Lost,
            Some(Some(cursor)) => Place::At(cursor),
        };
        let state = Telling { stream: self, open, place, waiting: VecDeque::new(), heartbeat };
        stream::unfold(state, |mut state| async move {
            loop {
                // Before each message, also of those that wait already.
                state.look().await;
                if let Some(message) = state.waiting.pop_front() {
                    return Some((Ok(message), state));
                }
                if matches!(state.place, Place::Ended) {
                    return None;
                }
                state.advance().await;
            }
        })
    }
}

/// Where the reader is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// At the beginning.
    New,
    /// Where it was is not known any more.
    Lost,
    At(Cursor),
    Ended,
}

struct Telling {
    stream: Stream,
    open: OpenStream,
    place: Place,
    waiting: VecDeque<sse::Event>,
    heartbeat: tokio::time::Interval,
}

impl Telling {
    /// Ends the stream of who may not read any more, or reads by newer ones: what was not told yet is not
    /// told.
    async fn look(&mut self) {
        if !matches!(self.place, Place::Ended) && self.open.is_replaced() {
            self.waiting.clear();
            return self.end("replaced");
        }
        if !matches!(self.place, Place::Ended) && !self.stream.reader.may_still_read().await {
            self.waiting.clear();
            self.end("unauthorized");
        }
    }

    /// Waits for what is to be told next, and makes the messages.
    async fn advance(&mut self) {
        let cursor = match self.place {
            Place::Ended => return,
            Place::Lost => {
                self.waiting.push_back(named("resync").data("{}"));
                return self.place = Place::New;
            }
            Place::New => return self.tell_snapshot().await,
            Place::At(cursor) => cursor,
        };
        let Some(happened) = self.stream.watcher.after(cursor) else {
            return self.place = Place::Lost;
        };
        let next = happened.last().map_or(cursor, |(_, place)| *place);
        self.place = Place::At(next);
        let (app_id, filter) = (self.stream.app_id, &self.stream.filter);
        let may_see = |happened: &Happened| match happened {
            Happened::Event(_) => self.stream.reader.may_read(Resource::Events),
            Happened::Call { .. } => true,
        };
        self.waiting.extend(
            happened
                .iter()
                .filter(|(happened, _)| happened.app_id() == app_id)
                .filter(|(happened, _)| may_see(happened) && filter.lets_through(happened))
                .filter_map(|(happened, place)| Some(message(happened)?.id(place.to_string()))),
        );
        if self.waiting.is_empty() {
            self.wait(next).await;
        }
    }

    async fn tell_snapshot(&mut self) {
        match self.stream.snapshot().await {
            Ok((snapshot, cursor)) => {
                let data = data(&snapshot);
                self.waiting.push_back(named("snapshot").id(cursor.to_string()).data(data));
                self.place = Place::At(cursor);
            }
            Err(_) => self.end("unavailable"),
        }
    }

    async fn wait(&mut self, cursor: Cursor) {
        let Self { stream, heartbeat, open, .. } = self;
        tokio::select! {
            () = stream.watcher.changed() => {}
            _ = heartbeat.tick() => {
                let beat = named("heartbeat").id(cursor.to_string()).data("{}");
                self.waiting.push_back(beat);
            }
            () = stream.server.stopping() => self.end("shutdown"),
            () = stream.reader.is_due() => {}
            () = open.replaced() => {}
        }
    }

    fn end(&mut self, reason: &str) {
        self.waiting.push_back(named("end").data(data(&serde_json::json!({ "reason": reason }))));
        self.place = Place::Ended;
    }
}

fn message(happened: &Happened) -> Option<sse::Event> {
    Some(match happened {
        Happened::Event(event) => {
            let view = EventView::try_from((**event).clone()).ok()?;
            named("event").data(data(&view))
        }
        Happened::Call { call_id, phase, held, .. } => {
            let progress = CallProgress { call_id: *call_id, phase: *phase, held: *held };
            named("call").data(data(&progress))
        }
    })
}

fn named(name: &str) -> sse::Event {
    sse::Event::default().event(name)
}

/// JSON in one line, of views that serde can always write.
fn data(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_default()
}
