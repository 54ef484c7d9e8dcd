//! Single sign-on: to the provider, and back.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;
use utoipa::IntoParams;

use crate::{
    http::{
        body::QueryParameters,
        client_ip::{ClientIp, LimitKey},
        headers,
        limits::Limits,
        problem::Problem,
    },
    sign_in::{
        Entrance,
        sso::{ReturnTo, Returned, Sso, SsoFailure},
    },
};

/// Where a browser goes for single sign-on.
pub(super) const PATH: &str = "/v1/sign-in/sso";
/// Where it is told why it did not get in.
const SIGN_IN_PAGE: &str = "/studio/sign-in";

/// Where the browser comes back to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Going {
    /// A page of Call Studio, with query and fragment. Anything else leads to its beginning.
    #[param(example = "/studio/apps")]
    return_to: Option<String>,
}

/// What the provider sends back by the browser.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ComingBack {
    /// What was sent to the provider.
    state: Option<String>,
    /// What the provider says more for.
    code: Option<String>,
    /// Why it says nothing.
    error: Option<String>,
    /// The same in words.
    error_description: Option<String>,
}

/// Go to single sign-on
///
/// For browsers: it leads to the provider. Where that can't be, it leads to Call Studio's page for signing
/// in, with the reason as `problem` and in words as `detail`.
#[utoipa::path(
    get, path = "/v1/sign-in/sso", operation_id = "beginSso", tag = "sign-in",
    params(Going),
    responses((status = 303, description = "To the provider"))
)]
pub(crate) async fn begin(
    State(sso): State<Sso>,
    State(limits): State<std::sync::Arc<Limits>>,
    LimitKey(address): LimitKey,
    QueryParameters(Going { return_to }): QueryParameters<Going>,
) -> Result<Response, Problem> {
    limits.request(address)?;
    Ok(match sso.begin(ReturnTo::of(return_to.as_deref())).await {
        Ok((url, cookie)) => (cookie, see(&url)).into_response(),
        Err(failure) => told(&failure),
    })
}

/// Come back from single sign-on
///
/// For browsers that the provider sends here: they are signed in, and led to where they wanted to go.
#[utoipa::path(
    get, path = "/v1/sign-in/sso/callback", operation_id = "finishSso", tag = "sign-in",
    params(ComingBack),
    responses((status = 303, description = "To the page that was asked for, or to that for signing in"))
)]
pub(crate) async fn finish(
    State(sso): State<Sso>,
    State(entrance): State<Entrance>,
    State(limits): State<std::sync::Arc<Limits>>,
    LimitKey(address): LimitKey,
    ClientIp(from): ClientIp,
    headers: HeaderMap,
    QueryParameters(back): QueryParameters<ComingBack>,
) -> Result<Response, Problem> {
    limits.request(address)?;
    let ComingBack { state, code, error, error_description } = back;
    let returned = Returned { state, code, error, error_description };
    let arrival = entrance.arrival(&headers, from);
    Ok(match sso.finish(returned, &headers, &arrival).await {
        Ok(return_to) => (entrance.cookie(&arrival), see(return_to.as_str())).into_response(),
        Err(failure) => told(&failure),
    })
}

fn told(failure: &SsoFailure) -> Response {
    tracing::info!(problem = failure.word(), %failure, "single sign-on let nobody in");
    let mut query = Serializer::new(String::new());
    query.append_pair("problem", failure.word()).append_pair("detail", &failure.to_string());
    see(&format!("{SIGN_IN_PAGE}?{}", query.finish())).into_response()
}

fn see(url: &str) -> impl IntoResponse {
    let headers = [
        (header::LOCATION, headers::value(url)),
        (header::CACHE_CONTROL, headers::value("no-store")),
        (header::REFERRER_POLICY, headers::value("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, headers)
}
