//! The promises, checked one by one.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use bellpush_test_support::{
    api::{Call, Recorded},
    sink::Received,
};

use crate::ledger::Ledger;

/// What there is to see when all is over.
pub(crate) struct Evidence {
    /// All calls of the API.
    pub(crate) calls: Vec<Call>,
    /// The whole event log, oldest first.
    pub(crate) events: Vec<Recorded>,
    /// All requests at the webhook endpoint, in the order of their arrival.
    pub(crate) received: Vec<Received>,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ends = BTreeMap::<_, usize>::new();
        for call in &self.calls {
            let why = call.reason.as_deref().or(call.error_code.as_deref());
            *ends.entry(why.unwrap_or("live")).or_default() += 1;
        }
        write!(
            f,
            "server: {} events, {} calls {ends:?}; {} requests at the endpoint",
            self.events.len(),
            self.calls.len(),
            self.received.len()
        )
    }
}

fn is_terminal(name: &str) -> bool {
    matches!(name, "call_ended" | "call_error")
}

/// Everything that was promised and not kept, in words.
pub(crate) fn faults(ledger: &Ledger, evidence: &Evidence) -> Vec<String> {
    let mut faults = ledger.entries().strange.clone();
    check_log(ledger, evidence, &mut faults);
    check_calls(ledger, evidence, &mut faults);
    check_endpoint(evidence, &mut faults);
    faults
}

/// What was acknowledged is in the log, once and unchanged, and nothing else is but what the server
/// decides by itself.
fn check_log(ledger: &Ledger, evidence: &Evidence, faults: &mut Vec<String>) {
    let entries = ledger.entries();
    let mut log = HashMap::new();
    for event in &evidence.events {
        if log.insert(event.id.as_str(), event).is_some() {
            faults.push(format!("the event {} is in the log twice", event.id));
        }
        let decided_by_server = matches!(event.name().as_str(), "call_started" | "call_ended")
            || event.name() == "call_error";
        match (entries.sent.get(&event.id), event.envelope()) {
            (Some(sent), Ok(envelope)) => {
                let call_id = sent.get("callId").and_then(|id| id.as_str());
                if sent["event"] != envelope || call_id != event.call_id.as_deref() {
                    faults.push(format!("the event {} was changed: {envelope}", event.id));
                }
            }
            (None, Ok(_)) if decided_by_server => {}
            (None, Ok(envelope)) => faults.push(format!("nobody ever sent {envelope}")),
            (_, Err(error)) => faults.push(format!("the event {}: {error:#}", event.id)),
        }
    }
    for id in &entries.acknowledged {
        if !log.contains_key(id.as_str()) {
            faults.push(format!("the event {id} was acknowledged and is lost"));
        }
    }
}

/// Each accepted call has one start, one end, and nothing of the life cycle after it.
fn check_calls(ledger: &Ledger, evidence: &Evidence, faults: &mut Vec<String>) {
    let mut names = HashMap::<&str, Vec<String>>::new();
    for event in &evidence.events {
        if let Some(call_id) = &event.call_id {
            names.entry(call_id).or_default().push(event.name());
        }
    }
    let known: HashSet<&str> = evidence.calls.iter().map(|call| call.id.as_str()).collect();
    for id in &ledger.entries().accepted_calls {
        if !known.contains(id.as_str()) {
            faults.push(format!("{id} was accepted and is lost"));
        }
    }
    for id in names.keys().filter(|id| !known.contains(*id)) {
        faults.push(format!("{id} has events and is no call"));
    }
    for call in &evidence.calls {
        let names = names.remove(call.id.as_str()).unwrap_or_default();
        let story = format!("{} ({}): {}", call.id, call.state, names.join(", "));
        let count = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
        if count("call_started") != 1 || names.first().is_none_or(|name| name != "call_started") {
            faults.push(format!("does not begin with its one call_started: {story}"));
        }
        if count("call_ended") + count("call_error") != 1 {
            faults.push(format!("has not one end: {story}"));
        }
        let after = names.iter().skip_while(|name| !is_terminal(name)).skip(1);
        let custom = crate::load::CUSTOM_EVENT;
        if let Some(name) =
            after.into_iter().find(|name| *name != "survey_submitted" && *name != custom)
        {
            faults.push(format!("has {name} after its end: {story}"));
        }
        let by_state = match call.state.as_str() {
            "ended" => count("call_ended"),
            "error" => count("call_error"),
            _ => 0,
        };
        if by_state != 1 {
            faults.push(format!("its record and its events differ: {story}"));
        }
        if ledger.entries().ended_calls.contains(&call.id) && call.state != "ended" {
            faults.push(format!("its clean end was acknowledged and is lost: {story}"));
        }
    }
}

/// The endpoint saw every event of the log and no other, signed, always the same bytes, and those
/// of one call in their order.
fn check_endpoint(evidence: &Evidence, faults: &mut Vec<String>) {
    let log: HashMap<&str, &Recorded> =
        evidence.events.iter().map(|event| (event.id.as_str(), event)).collect();
    let mut seen = HashSet::new();
    let mut taken = HashSet::new();
    let mut arrivals = HashMap::<&str, Vec<&str>>::new();
    for request in &evidence.received {
        let Some(event) = log.get(request.id()) else {
            faults.push(format!("the endpoint got {:?}, which is not in the log", request.id()));
            continue;
        };
        if request.signed != Some(true) {
            faults.push(format!("a wrong signature of {}", event.id));
        }
        if request.body != event.event.get().as_bytes() {
            faults.push(format!("other bytes than those in the log of {}", event.id));
        }
        if request.header("bellpush-call-id") != event.call_id.as_deref().unwrap_or_default() {
            faults.push(format!("another call than that in the log of {}", event.id));
        }
        if accepted(request) {
            taken.insert(event.id.as_str());
        }
        if let (true, Some(call_id)) = (seen.insert(event.id.as_str()), &event.call_id) {
            arrivals.entry(call_id).or_default().push(&event.id);
        }
    }
    let mut order = HashMap::<&str, Vec<&str>>::new();
    for event in &evidence.events {
        if !taken.contains(event.id.as_str()) {
            faults.push(format!("the endpoint was never given {} {}", event.name(), event.id));
        }
        if let Some(call_id) = &event.call_id {
            order.entry(call_id).or_default().push(&event.id);
        }
    }
    for (call_id, order) in order {
        let arrived = arrivals.remove(call_id).unwrap_or_default();
        if arrived != order {
            let names = |ids: &[&str]| {
                ids.iter()
                    .filter_map(|id| log.get(id))
                    .map(|event| event.name())
                    .collect::<Vec<_>>()
            };
            faults.push(format!(
                "the events of {call_id} did not arrive in their order: {:?} in the log, {:?} at \
                 the endpoint",
                names(&order),
                names(&arrived)
            ));
        }
    }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;

/// Whether the endpoint took it.
pub(crate) fn accepted(request: &Received) -> bool {
    request.answered.is_some_and(|status| (200..300).contains(&status))
}
