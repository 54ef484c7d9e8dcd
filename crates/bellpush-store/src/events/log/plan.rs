//! Decides which requests of a group are kept. Pure: what the database knows comes in as [`Facts`].

use std::collections::{HashMap, HashSet};

use bellpush_core::{
    events::{ALERT_FIRED, ALERT_RECOVERED, CALLBACK_REQUESTED, Event, EventName},
    ids::{AppId, CallId, EventId, NodeId, SessionId},
};

use crate::events::append::{Append, CallEnd, NewCall, Refusal};

/// What the database knows of all that a group mentions.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Apps that exist.
    pub(super) apps: HashSet<AppId>,
    /// Events that are in the log, with their apps.
    pub(super) events: HashMap<EventId, AppId>,
    /// Calls that exist.
    pub(super) calls: HashMap<CallId, KnownCall>,
    /// How many calls are live of the apps whose calls are counted.
    pub(super) live: HashMap<AppId, u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownCall {
    pub(super) app_id: AppId,
    pub(super) session_id: SessionId,
    /// The node that it lives on, or lived.
    pub(super) node_id: NodeId,
    pub(super) stage: Stage,
}

/// How far a call has come, as far as the log's rules go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Live,
    Ended,
    Surveyed,
    Failed,
}

/// What is to be done with an append that breaks no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Write,
    /// Its id is known: it was written before, or is written earlier in this group.
    Repeated,
}

impl Facts {
    /// Admits a request as a whole, and from then on counts it among the facts.
    ///
    /// # Errors
    /// The first append that breaks a rule; the facts are then as before.
    pub(super) fn admit<'a>(
        &mut self,
        request: impl IntoIterator<Item = &'a Append>,
    ) -> Result<Vec<Verdict>, (usize, Refusal)> {
        let mut new = Self::default();
        let verdicts = request
            .into_iter()
            .enumerate()
            .map(|(index, append)| self.judge(&mut new, append).map_err(|refusal| (index, refusal)))
            .collect::<Result<_, _>>()?;
        self.events.extend(new.events);
        self.calls.extend(new.calls);
        for (app_id, started) in new.live {
            *self.live.entry(app_id).or_default() += started;
        }
        Ok(verdicts)
    }

    /// Judges one append by these facts and the `new` ones of the same request.
    fn judge(&self, new: &mut Self, append: &Append) -> Result<Verdict, Refusal> {
        let event = append.event();
        match new.events.get(&event.id).or_else(|| self.events.get(&event.id)) {
            Some(app_id) if *app_id == event.app_id => return Ok(Verdict::Repeated),
            Some(_) => return Err(Refusal::IdTaken),
            None => {}
        }
        if !self.apps.contains(&event.app_id) {
            return Err(Refusal::UnknownApp);
        }
        if !fits(append) {
            return Err(Refusal::Mismatch);
        }
        if let Some(call_id) = event.call_id {
            let call = new.calls.get(&call_id).or_else(|| self.calls.get(&call_id));
            if let Some((stage, node_id)) = next_stage(append, call)? {
                let (app_id, session_id) = (event.app_id, event.session_id);
                if let Append::CallStarted { call: NewCall { app_limit, .. }, .. } = append {
                    let started = new.live.entry(app_id).or_default();
                    let live = self.live.get(&app_id).copied().unwrap_or(0) + *started;
                    if app_limit.is_some_and(|limit| live >= limit) {
                        return Err(Refusal::TooManyCalls);
                    }
                    *started += 1;
                }
                new.calls.insert(call_id, KnownCall { app_id, session_id, node_id, stage });
            }
        }
        new.events.insert(event.id, event.app_id);
        Ok(Verdict::Write)
    }
}

/// Whether it is the name of an event that tells of an alert, which is of no visitor.
fn is_of_alert(name: &str) -> bool {
    [ALERT_FIRED, ALERT_RECOVERED].contains(&name)
}

/// Whether an event may do what it is appended for: what a call's state rests on comes in its own
/// kind of append, and never without the call.
fn fits(append: &Append) -> bool {
    let event = append.event();
    let name: Option<EventName> = event.envelope.name.parse().ok();
    let allowed = match append {
        // call_error without a call is that of a call which was never accepted.
        Append::Event(_) => match name {
            Some(EventName::CallError) => return event.call_id.is_none(),
            Some(EventName::CallStarted | EventName::CallEnded | EventName::SurveySubmitted) => {
                return false;
            }
            _ if is_of_alert(&event.envelope.name) => {
                return event.call_id.is_none() && event.session_id == SessionId::OF_APP;
            }
            _ => return event.envelope.name != CALLBACK_REQUESTED,
        },
        Append::CallStarted { .. } => EventName::CallStarted,
        Append::CallEnded { finish, .. } => match finish.end {
            CallEnd::Ended { .. } => EventName::CallEnded,
            CallEnd::Failed { .. } => EventName::CallError,
        },
        Append::Survey { .. } => EventName::SurveySubmitted,
        Append::CallbackRequested { .. } => {
            return event.envelope.name == CALLBACK_REQUESTED && event.call_id.is_none();
        }
    };
    name == Some(allowed) && event.call_id.is_some()
}

/// The stage that an append moves its call to, and the call's node; `None` when it leaves the call as it is.
fn next_stage(
    append: &Append,
    call: Option<&KnownCall>,
) -> Result<Option<(Stage, NodeId)>, Refusal> {
    let event: &Event = append.event();
    if let Append::CallStarted { call: new, .. } = append {
        return match call {
            None => Ok(Some((Stage::Live, new.node_id))),
            Some(_) => Err(Refusal::AlreadyStarted),
        };
    }
    // A call of another app or session is none of this event's business.
    let KnownCall { stage, node_id: at, .. } = *call
        .filter(|call| call.app_id == event.app_id && call.session_id == event.session_id)
        .ok_or(Refusal::UnknownCall)?;
    match (append, stage) {
        (Append::CallEnded { node_id, .. }, Stage::Live) if *node_id != at => {
            Err(Refusal::LivesElsewhere)
        }
        (Append::CallEnded { finish, .. }, Stage::Live) => {
            let stage = match finish.end {
                CallEnd::Ended { .. } => Stage::Ended,
                CallEnd::Failed { .. } => Stage::Failed,
            };
            Ok(Some((stage, at)))
        }
        (Append::CallEnded { .. }, _) => Err(Refusal::AlreadyEnded),
        (Append::Survey { .. }, Stage::Ended) => Ok(Some((Stage::Surveyed, at))),
        (Append::Survey { .. }, Stage::Surveyed) => Err(Refusal::SurveyTwice),
        (Append::Survey { .. }, Stage::Live | Stage::Failed) => Err(Refusal::NotEnded),
        (Append::Event(_) | Append::CallStarted { .. } | Append::CallbackRequested { .. }, _) => {
            Ok(None)
        }
    }
}
