//! Asks who sends a request, and whether they may, before any handler of the API runs.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRef, MatchedPath, RawPathParams, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bellpush_core::{access::Place, ids::AppId};
use bellpush_store::Store;
use serde_json::Value;

use super::{
    Access, Need, Where,
    callers::{Caller, Identity},
    need_of,
    refusals::Refusals,
};
use crate::{
    clock::now,
    http::{
        client_ip::{TrustedProxies, client_ip},
        problem::{Problem, Refused},
    },
    server::Server,
    sign_in::is_proved,
};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A method and a path as the API's description has it.
type Operation = (Method, String);

/// What the guard goes by.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    access: Access,
    proxies: TrustedProxies,
    needs: Arc<HashMap<Operation, Option<Need>>>,
    refusals: Refusals,
}

impl Guard {
    /// For the operations of the API's description.
    pub(crate) fn new(server: &Server, document: &Value) -> Self {
        let mut needs = HashMap::new();
        for (path, operations) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                let need = need_of(operation["operationId"].as_str().unwrap_or_default());
                let Ok(method) = method.to_uppercase().parse() else { continue };
                // What answers GET answers HEAD, too.
                if method == Method::GET {
                    needs.insert((Method::HEAD, path.clone()), need);
                }
                needs.insert((method, path.clone()), need);
            }
        }
        let (access, proxies) = (Access::from_ref(server), TrustedProxies::from_ref(server));
        let refusals = Refusals::new(Store::from_ref(server));
        Self { access, proxies, needs: Arc::new(needs), refusals }
    }

    /// Who is let in to do what; `None` where nobody is asked who they are.
    async fn check(&self, request: &mut Request) -> Result<Option<(Caller, Operation)>, Problem> {
        let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let operation = (request.method().clone(), path.unwrap_or_default().to_owned());
        let need = match self.needs.get(&operation) {
            // The router knows the path, but not with this method, and says so.
            None => return Ok(None),
            Some(None) => return Err(Problem::internal("nobody may use this operation")),
            Some(Some(Need::Nothing | Need::Session)) => return Ok(None),
            Some(Some(need)) => *need,
        };
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let peer = peer.ok_or_else(|| Problem::internal("the server does not know who asks"))?;
        let address = client_ip(peer, request.headers(), &self.proxies);
        let caller = self.access.identify(request.headers(), address).await?;
        permit(request, need, &caller)
            .await
            .inspect_err(|problem| self.refusals.note(&caller, &operation, problem.needed()))?;
        request.extensions_mut().insert(caller.clone());
        Ok(Some((caller, operation)))
    }
}

/// Whether it is permitted to whoever asks.
async fn permit(request: &mut Request, need: Need, caller: &Caller) -> Result<(), Problem> {
    check_origin(request, caller)?;
    if let Need::May { permission, place, .. } = need {
        caller.must_have(permission)?;
        let place = match place {
            Where::Installation => Place::Installation,
            Where::AnyApp => Place::AnyApp,
            Where::App => {
                let app = app_of(request).await?;
                caller.reaches(app)?;
                Place::App(app)
            }
        };
        caller.must(permission, place)?;
    }
    check_person(need, caller)
}

/// A layer around the routes of the API.
pub(crate) async fn guard(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let let_in = match guard.check(&mut request).await {
        Ok(let_in) => let_in,
        Err(problem) => return problem.into_response(),
    };
    let mut response = next.run(request).await;
    let Some((caller, operation)) = let_in else { return response };
    // Of what a request is about, handlers know more.
    if let Some(Refused { needed }) = response.extensions().get() {
        guard.refusals.note(&caller, &operation, *needed);
    }
    // What is told to somebody is for no cache, and not for whoever sits there next.
    let cache = response.headers_mut().entry(header::CACHE_CONTROL);
    cache.or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A browser sends its cookie by itself: what it changes must come from a page of ours, and browsers
/// say where it comes from. What they say, a layer around all routes has judged.
fn check_origin(request: &Request, caller: &Caller) -> Result<(), Problem> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_browser = matches!(caller.identity(), Identity::Person(_));
    let says = |name| request.headers().contains_key(name);
    if is_browser && !is_safe && !says(FETCH_SITE) && !says(header::ORIGIN) {
        let detail = "a browser that says not where a request comes from can't change anything";
        return Err(Problem::cross_site(detail));
    }
    Ok(())
}

/// What only a person can have: and a proof of a moment ago that it is they who sit there.
fn check_person(need: Need, caller: &Caller) -> Result<(), Problem> {
    let (person_only, proof) = match need {
        Need::Person { proof } => (true, proof),
        Need::May { proof, .. } => (false, proof),
        Need::Nothing | Need::Session | Need::Anyone => (false, false),
    };
    match caller.identity() {
        Identity::Key(_) if person_only => Err(Problem::people_only()),
        Identity::Person(signed_in) if proof && !is_proved(&signed_in.sign_in, now()) => {
            Err(Problem::proof_needed())
        }
        _ => Ok(()),
    }
}

/// The app that the path names.
async fn app_of(request: &mut Request) -> Result<AppId, Problem> {
    use axum::RequestExt;
    let params = request.extract_parts::<RawPathParams>().await;
    let params = params.map_err(|error| Problem::not_found(error.body_text()))?;
    let (_, id) = params
        .iter()
        .find(|(name, _)| *name == "appId")
        .ok_or_else(|| Problem::internal("the path names no app"))?;
    id.parse().map_err(|error| Problem::not_found(format!("{error}")))
}
