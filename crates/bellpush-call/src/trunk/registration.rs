//! Keeping a trunk's user registered (RFC 3261 section 10).

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use rsipstack::sip::{HeadersExt as _, Method, Response, prelude::ToTypedHeader as _};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Registration, RegistrationStatus,
    authentication::describe,
    flow::Flow,
    message_parts::{address, header, parameter, retry_after, split_list, uri, value},
    trunk::{RequestIds, Trunk},
};

/// The shortest time between two registrations, whatever the registrar says.
const MIN_INTERVAL: Duration = Duration::from_secs(10);
/// The longest time that is asked for, whatever the registrar says.
const MAX_EXPIRES: Duration = Duration::from_secs(24 * 3_600);
/// How long to wait after a failure; doubled each time, to the most.
const MIN_BACKOFF: Duration = MIN_INTERVAL;
const MAX_BACKOFF: Duration = Duration::from_secs(300);
/// Tries to shorten or lengthen the time as the registrar wishes, in one go.
const MAX_REPEATS: usize = 3;
/// How long taking the registration back may take.
const UNREGISTER_TIMEOUT: Duration = Duration::from_secs(2);

/// What the registrar is to keep.
struct Binding {
    ids: RequestIds,
    /// Names us, whatever becomes of our address on the way (RFC 5626 section 4.1).
    instance: String,
    /// How long it shall be kept.
    expires: Duration,
    /// Until when registrars want to be left alone.
    left_alone: HashMap<SocketAddr, Instant>,
}

impl Binding {
    fn new(expires: Duration) -> Self {
        let uuid = uuid::Builder::from_random_bytes(rand::random()).into_uuid();
        let instance = format!("urn:uuid:{uuid}");
        Self { ids: RequestIds::new(), instance, expires, left_alone: HashMap::new() }
    }
}

/// Why there is no registration.
struct Refusal {
    error: String,
    /// How long the registrar wants to be left alone.
    retry_after: Duration,
}

/// Registers the trunk's user, and again before that expires, until the trunk stops.
///
/// `before` did the same for the trunk as it was set up before. It takes its binding back, and a registrar
/// that knows bindings by their Contact (RFC 3261 section 10.3) would take back ours, had we registered
/// by then. It does so in its own limited time.
pub(super) async fn run(
    trunk: Arc<Trunk>,
    registration: Registration,
    before: Option<JoinHandle<()>>,
) {
    trunk.change(|status| status.registration = RegistrationStatus::Pending);
    if let Some(before) = before {
        let _ = before.await;
        // Also when the trunk is stopped by now: whoever comes next waits for us alone.
        if trunk.stopped.is_cancelled() {
            return;
        }
    }
    let mut binding = Binding::new(registration.expires);
    let mut backoff = MIN_BACKOFF;
    loop {
        let (wait, flow) = tokio::select! {
            () = trunk.stopped.cancelled() => break,
            result = register(&trunk, &mut binding) => match result {
                Ok((granted, flow)) => {
                    backoff = MIN_BACKOFF;
                    trunk.change(|status| {
                        status.registration = RegistrationStatus::Registered;
                        status.last_error = None;
                    });
                    // Early enough for a second try before it is over.
                    ((granted - granted / 5).max(MIN_INTERVAL), Some(flow))
                }
                Err(Refusal { error, retry_after }) => {
                    // What another registrar wanted, or this one then, need not be so any more.
                    binding.expires = registration.expires;
                    tracing::warn!(trunk = %trunk.config.id, error, "a trunk can't register");
                    trunk.change(|status| {
                        status.registration = RegistrationStatus::Failed;
                        status.last_error = Some(error);
                    });
                    let wait = backoff.max(retry_after);
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                    (wait, None)
                }
            },
        };
        let soonest = Instant::now() + MIN_INTERVAL;
        tokio::select! {
            () = trunk.stopped.cancelled() => break,
            () = sleep(wait) => {}
            // RFC 5626 section 4.4: calls come by that connection, and with it the binding may be gone.
            () = lost(flow.as_ref()) => {
                trunk.change(|status| status.registration = RegistrationStatus::Pending);
                tokio::select! {
                    () = trunk.stopped.cancelled() => break,
                    () = sleep_until(soonest) => {}
                }
            }
        }
    }
    binding.expires = Duration::ZERO;
    let _ = tokio::time::timeout(UNREGISTER_TIMEOUT, register(&trunk, &mut binding)).await;
}

/// Waits until the connection of a registration is closed; for ever where there is none.
async fn lost(flow: Option<&Flow>) {
    match flow {
        Some(flow) => flow.closed.cancelled().await,
        None => std::future::pending().await,
    }
}

/// Registers at the first target that answers. Returns how long that is good for, and the way that it took.
async fn register(trunk: &Trunk, binding: &mut Binding) -> Result<(Duration, Flow), Refusal> {
    let failed = |error: String| Refusal { error, retry_after: Duration::ZERO };
    let hops = trunk.hops().await.map_err(|error| failed(error.to_string()))?;
    let now = Instant::now();
    binding.left_alone.retain(|_, until| now < *until);
    let mut last = failed("REGISTER: Retry-After allows none yet".to_owned());
    for hop in &hops {
        if binding.left_alone.contains_key(&hop.address) {
            continue;
        }
        let flow = match trunk.flow(hop).await {
            Ok(flow) => flow,
            Err(error) => {
                last = failed(error.to_string());
                trunk.change(|status| status.failed(hop.address, last.error.clone()));
                continue;
            }
        };
        match register_at(trunk, binding, &flow).await {
            Ok(granted) => {
                trunk.change(|status| status.answered(hop.address, None));
                return Ok((granted, flow));
            }
            Err(RegisterError::Rejected(refusal)) => return Err(refusal),
            Err(RegisterError::Unanswered(refusal)) => {
                trunk.change(|status| status.failed(hop.address, refusal.error.clone()));
                if !refusal.retry_after.is_zero() {
                    let until = Instant::now() + refusal.retry_after;
                    binding.left_alone.insert(hop.address, until);
                }
                last = refusal;
            }
        }
    }
    // One of them may be asked at any time, or the first when its time is over.
    let now = Instant::now();
    let pauses = hops.iter().map(|hop| {
        let until = binding.left_alone.get(&hop.address);
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    });
    Err(Refusal { retry_after: pauses.min().unwrap_or_default(), ..last })
}

enum RegisterError {
    /// Another target will say the same.
    Rejected(Refusal),
    /// Another target may do better.
    Unanswered(Refusal),
}

async fn register_at(
    trunk: &Trunk,
    binding: &mut Binding,
    flow: &Flow,
) -> Result<Duration, RegisterError> {
    let contact =
        format!("{};+sip.instance=\"<{}>\"", flow.contact(trunk.user()), binding.instance);
    let failed = |error: &str| Refusal { error: error.to_owned(), retry_after: Duration::ZERO };
    for _ in 0..MAX_REPEATS {
        binding.ids.cseq += 1;
        let more = vec![
            header("Contact", contact.clone()),
            header("Expires", binding.expires.as_secs().to_string()),
        ];
        let request = trunk
            .request_uri(None)
            .map(|uri| trunk.request(Method::Register, uri, &binding.ids, flow, more))
            .ok_or_else(|| RegisterError::Rejected(failed("the trunk's domain is no domain")))?;
        let mut cseq = binding.ids.cseq;
        let next = || {
            cseq += 1;
            cseq
        };
        let mut authentication = trunk.authentication(flow).of_registration();
        let exchange = trunk.stack.exchange(request, flow, &mut authentication, next).await;
        binding.ids.cseq = cseq;
        let response = exchange
            .map_err(|error| RegisterError::Unanswered(failed(&error.to_string())))?
            .response;
        let refusal = Refusal {
            error: describe("REGISTER", &response, authentication.unanswered.as_ref()),
            retry_after: retry_after(&response.headers).unwrap_or_default(),
        };
        match response.status_code.code() {
            200..=299 => {
                let granted = granted(&response, &contact, &binding.instance, binding.expires);
                // Who asks for none is content with that.
                if granted.is_zero() && !binding.expires.is_zero() {
                    let error = "REGISTER: the registrar grants no time (expires=0)";
                    return Err(RegisterError::Rejected(failed(error)));
                }
                return Ok(granted);
            }
            // RFC 3261 section 10.2.8.
            423 => {
                let least = value(&response.headers, "Min-Expires")
                    .and_then(seconds)
                    .filter(|least| *least > binding.expires && *least <= MAX_EXPIRES);
                match least {
                    Some(least) => binding.expires = least,
                    None => return Err(RegisterError::Rejected(refusal)),
                }
            }
            408 | 500 | 503 => return Err(RegisterError::Unanswered(refusal)),
            _ => return Err(RegisterError::Rejected(refusal)),
        }
    }
    Err(RegisterError::Rejected(failed("the registrar agrees to no time")))
}

/// How long the registrar keeps our binding. It is found by our instance, or by our address, or by
/// the one that translation made of that, as the answer's Via tells; and when it is none of these, by
/// the shortest of all, since any may be ours. A registrar may shorten the time that was asked for, and no
/// more (RFC 3261 section 10.3).
fn granted(response: &Response, contact: &str, instance: &str, asked: Duration) -> Duration {
    let whole = value(&response.headers, "Expires").and_then(seconds).unwrap_or(asked);
    let bindings: Vec<(&str, Duration)> = response
        .headers
        .iter()
        .filter(|header| {
            ["Contact", "m"].iter().any(|name| header.name().eq_ignore_ascii_case(name))
        })
        .flat_map(|header| split_list(header.value()))
        .map(|binding| (binding, parameter(binding, "expires").and_then(seconds).unwrap_or(whole)))
        .collect();
    let find = |is_ours: &dyn Fn(&str) -> bool| {
        bindings.iter().find(|(binding, _)| is_ours(binding)).map(|(_, expires)| *expires)
    };
    let has_instance = |binding: &str| {
        parameter(binding, "+sip.instance")
            .is_some_and(|text| text.trim_matches(['"', '<', '>']).eq_ignore_ascii_case(instance))
    };
    let ours = place(contact);
    let translated =
        response.via_header().ok().and_then(|via| via.first_value().ok()?.typed().ok()).and_then(
            |via| Some(SocketAddr::new(via.received()?.ok()?, via.rport()??).to_string()),
        );
    find(&has_instance)
        .or_else(|| find(&|binding| ours.is_some() && place(binding) == ours))
        .or_else(|| find(&|binding| translated.is_some() && place(binding) == translated))
        .or_else(|| bindings.iter().map(|(_, expires)| *expires).min())
        .unwrap_or(whole)
        .min(asked)
}

/// The host and port of a Contact, without what a registrar may change.
fn place(contact: &str) -> Option<String> {
    let uri = uri(address(contact)?)?;
    let port = uri.host_with_port.port.map_or(5060, |port| port.value().to_owned());
    Some(format!("{}:{port}", uri.host_with_port.host))
}

fn seconds(text: &str) -> Option<Duration> {
    // Some write it in quotes.
    text.trim().trim_matches('"').parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::SipMessage;

    use super::*;

    const OURS: &str = "<sip:1000@10.0.0.5:5062>;+sip.instance=\"<urn:uuid:1>\"";

    fn granted_by(headers: &str) -> u64 {
        let text = format!(
            "SIP/2.0 200 OK\r\n\
             Via: SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK1;received=192.0.2.9;rport=4000\r\n\
             From: <sip:y@h>;tag=1\r\nTo: <sip:x@h>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\
             {headers}Content-Length: 0\r\n\r\n"
        );
        match SipMessage::try_from(text.as_bytes()) {
            Ok(SipMessage::Response(response)) => {
                granted(&response, OURS, "urn:uuid:1", Duration::from_secs(3_600)).as_secs()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_lifetime_is_that_of_our_own_binding_whatever_became_of_it() {
        for (headers, seconds) in [
            // As it was sent, beside another.
            ("Contact: <sip:o@h>;expires=30, <sip:1000@10.0.0.5:5062>;expires=600\r\n", 600),
            ("Contact: <sip:1000@10.0.0.5:5062;ob;transport=UDP>;q=0.5;expires=20\r\n", 20),
            // Rewritten, and known by the instance.
            (
                "Contact: <sip:o@h>;expires=5\r\n\
                 Contact: <sip:z@192.0.2.77:9>;expires=20;+sip.instance=\"<urn:uuid:1>\"\r\n",
                20,
            ),
            // Rewritten to where the registrar saw us.
            ("Contact: <sip:o@h>;expires=5,<sip:1000@192.0.2.9:4000>;expires=20\r\n", 20),
            ("Contact: <sip:1000@192.0.2.9:4000>\r\nExpires: 40\r\n", 40),
            // Rewritten to what nobody knows: it may be any.
            ("Contact: <sip:a@h>;expires=50,<sip:b@h>;expires=20\r\nExpires: 900\r\n", 20),
            ("m: <sip:b@h>;expires=20\r\n", 20),
            ("Contact: <sip:1000@10.0.0.5:5062>;expires=0\r\n", 0),
            // In quotes, as some write it.
            ("Contact: <sip:1000@10.0.0.5:5062>;expires=\"20\"\r\n", 20),
            // Longer than was asked for, up to what is no time any more.
            ("Contact: <sip:1000@10.0.0.5:5062>;expires=4294967295\r\n", 3_600),
            ("Contact: <sip:1000@10.0.0.5:5062>;expires=18446744073709551615\r\n", 3_600),
            ("Contact: <sip:1000@10.0.0.5:5062>;expires=18446744073709551616\r\n", 3_600),
            ("Expires: 18446744073709551615\r\n", 3_600),
            // None is named.
            ("Expires: 90\r\n", 90),
            ("", 3_600),
        ] {
            assert_eq!(granted_by(headers), seconds, "{headers}");
        }
    }
}
