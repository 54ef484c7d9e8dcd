//! Keeping a trunk's user registered (RFC 3261 section 10).

use std::{sync::Arc, time::Duration};

use rsipstack::sip::{Method, Response};

use super::{
    Registration, RegistrationStatus,
    message_parts::{address, header, split_list, value},
    stack::Flow,
    trunk::{RequestIds, Trunk},
};

/// How long to wait after a failure; doubled each time, to the most.
const MIN_BACKOFF: Duration = Duration::from_secs(5);
const MAX_BACKOFF: Duration = Duration::from_secs(300);
/// The shortest time between two registrations, whatever the registrar says.
const MIN_INTERVAL: Duration = Duration::from_secs(10);
/// Tries to shorten or lengthen the time as the registrar wishes, in one go.
const MAX_REPEATS: usize = 3;
/// How long taking the registration back may take.
const UNREGISTER_TIMEOUT: Duration = Duration::from_secs(2);

/// Registers the trunk's user, and again before that expires, until the trunk stops.
pub(super) async fn run(trunk: Arc<Trunk>, registration: Registration) {
    trunk.change(|status| status.registration = RegistrationStatus::Pending);
    let mut ids = RequestIds::new();
    let mut expires = registration.expires;
    let mut backoff = MIN_BACKOFF;
    loop {
        let wait = tokio::select! {
            () = trunk.stopped.cancelled() => break,
            result = register(&trunk, &mut ids, &mut expires) => match result {
                Ok(granted) => {
                    backoff = MIN_BACKOFF;
                    trunk.change(|status| {
                        status.registration = RegistrationStatus::Registered;
                        status.last_error = None;
                    });
                    // Early enough for a second try before it is over.
                    (granted * 4 / 5).max(MIN_INTERVAL.min(granted / 2))
                }
                Err(error) => {
                    tracing::warn!(trunk = %trunk.config.id, error, "a trunk can't register");
                    trunk.change(|status| {
                        status.registration = RegistrationStatus::Failed;
                        status.last_error = Some(error);
                    });
                    let wait = backoff;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                    wait
                }
            },
        };
        tokio::select! {
            () = trunk.stopped.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    let mut none = Duration::ZERO;
    let _ = tokio::time::timeout(UNREGISTER_TIMEOUT, register(&trunk, &mut ids, &mut none)).await;
}

/// Registers at the first target that answers. Returns how long that is good for.
async fn register(
    trunk: &Trunk,
    ids: &mut RequestIds,
    expires: &mut Duration,
) -> Result<Duration, String> {
    let hops = trunk.hops().await.map_err(|error| error.to_string())?;
    let mut last = String::new();
    for hop in hops {
        let flow = match trunk.flow(&hop).await {
            Ok(flow) => flow,
            Err(error) => {
                last = error.to_string();
                trunk.change(|status| status.failed(hop.address, last.clone()));
                continue;
            }
        };
        match register_at(trunk, ids, expires, &flow).await {
            Ok(granted) => {
                trunk.change(|status| status.answered(hop.address, None));
                return Ok(granted);
            }
            Err(RegisterError::Rejected(error)) => return Err(error),
            Err(RegisterError::Unanswered(error)) => {
                trunk.change(|status| status.failed(hop.address, error.clone()));
                last = error;
            }
        }
    }
    Err(last)
}

enum RegisterError {
    /// Another target will say the same.
    Rejected(String),
    /// Another target may do better.
    Unanswered(String),
}

async fn register_at(
    trunk: &Trunk,
    ids: &mut RequestIds,
    expires: &mut Duration,
    flow: &Flow,
) -> Result<Duration, RegisterError> {
    let contact = flow.contact(trunk.user());
    for _ in 0..MAX_REPEATS {
        ids.cseq += 1;
        let more = vec![
            header("Contact", contact.clone()),
            header("Expires", expires.as_secs().to_string()),
        ];
        let request = trunk
            .request_uri(None)
            .map(|uri| trunk.request(Method::Register, uri, ids, flow, more))
            .ok_or_else(|| RegisterError::Rejected("the trunk's domain is no domain".to_owned()))?;
        let mut cseq = ids.cseq;
        let next = || {
            cseq += 1;
            cseq
        };
        let credentials = trunk.config.credentials.as_ref();
        let response = trunk
            .stack
            .exchange(request, flow, credentials, next)
            .await
            .map_err(|error| RegisterError::Unanswered(error.to_string()))?;
        ids.cseq = cseq;
        match response.status_code.code() {
            200..=299 => return Ok(granted_interval(&response, &contact, *expires)),
            // RFC 3261 section 10.2.8.
            423 => {
                let least = value(&response.headers, "Min-Expires")
                    .and_then(|text| text.trim().parse().ok())
                    .map(Duration::from_secs)
                    .filter(|least| *least > *expires);
                match least {
                    Some(least) => *expires = least,
                    None => return Err(RegisterError::Rejected("REGISTER: 423".to_owned())),
                }
            }
            408 | 503 => return Err(RegisterError::Unanswered(describe(&response))),
            _ => return Err(RegisterError::Rejected(describe(&response))),
        }
    }
    Err(RegisterError::Rejected("the registrar agrees to no time".to_owned()))
}

/// How long the registrar keeps our Contact: its own time, or that of all, or what we asked for.
fn granted_interval(response: &Response, contact: &str, asked: Duration) -> Duration {
    let ours = address(contact);
    let seconds = |text: &str| text.trim().parse().ok().map(Duration::from_secs);
    response
        .headers
        .iter()
        .filter(|header| header.name().eq_ignore_ascii_case("Contact"))
        .flat_map(|header| split_list(header.value()))
        .find(|binding| address(binding).map(bare) == ours.map(bare))
        .and_then(|binding| {
            let (_, parameters) = binding.rsplit_once('>')?;
            parameters.split(';').find_map(|parameter| {
                let (name, text) = parameter.split_once('=')?;
                name.trim().eq_ignore_ascii_case("expires").then(|| seconds(text))?
            })
        })
        .or_else(|| value(&response.headers, "Expires").and_then(seconds))
        .unwrap_or(asked)
}

/// A URI without its parameters, which a registrar may change.
fn bare(uri: &str) -> &str {
    uri.split(';').next().unwrap_or(uri)
}

fn describe(response: &Response) -> String {
    format!("REGISTER: {} {}", response.status_code.code(), response.status_code.text())
}
