//! All routes, and what goes around every request.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    csrf::{CsrfLayer, ProtectionError},
};
use utoipa::openapi::{
    Info, OpenApi, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Guard, guard},
    api, calls,
    cluster::web_files::hashed_files,
    contract, demo,
    http::{assets, headers, problem::Problem},
    ops, reference,
    server::Server,
    studio, widget,
};

/// How long a browser may remember what a node allows.
const PREFLIGHT_TIME: Duration = Duration::from_secs(3_600);

/// The API's routes with their description.
fn api_routes() -> OpenApiRouter<Server> {
    OpenApiRouter::with_openapi(description())
        .merge(api::routes())
        .merge(call_routes())
        .merge(widget_routes())
}

/// The routes of a call, for widgets.
fn call_routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(calls::place::place))
        .routes(routes!(calls::control::hang_up, calls::resume::patch))
        .routes(routes!(calls::resume::resume))
        .routes(routes!(calls::control::leave))
        .routes(routes!(calls::control::dtmf))
        .routes(routes!(calls::control::warn))
        .routes(routes!(calls::follow::follow))
}

/// The widget's part of the API.
fn widget_routes() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(widget::sessions::create))
        .routes(routes!(widget::sessions::refresh))
        .routes(routes!(widget::events::submit))
        .routes(routes!(widget::callbacks::create))
        .routes(routes!(widget::visits::create))
}

/// The OpenAPI document of `/v1`.
pub fn openapi() -> serde_json::Value {
    contract::complete(api_routes().into_openapi())
}

/// The whole server as a router.
pub fn router(server: Server) -> Router {
    let (api, document) = api_routes().split_for_parts();
    let document: &'static serde_json::Value = Box::leak(Box::new(contract::complete(document)));
    let guarded = Guard::new(&server, document);
    let api = api.route_layer(middleware::from_fn_with_state(guarded, guard));
    // The widget lives on the server's own origin: a page of another site has no business here,
    // whatever token it may have got hold of.
    let config = server.config();
    let own_origin = config.own_origin.as_str();
    let csrf = CsrfLayer::new();
    // At a node's own URL, pages of the server's public URL are its own as well.
    let csrf = csrf.clone().add_trusted_origin(own_origin).unwrap_or(csrf);
    let own_pages_only = csrf.with_rejection_response(|_: ProtectionError| -> Response {
        Problem::cross_site(
            "only the server's own pages may send this; if you embed the widget, use its \
                 iframe or the loader",
        )
        .into_response()
    });
    let router = Router::new()
        .merge(api)
        .merge(studio::routes())
        .merge(reference::routes())
        .route("/v1/openapi.json", get(move || async move { axum::Json(document) }))
        .route("/w/check", get(widget::check::document))
        .route("/w/check/media", get(widget::check::media))
        .route("/w/check/stream", get(widget::check::stream))
        .route("/w/{appId}", get(widget::document::document))
        .route("/w/{appId}/code", get(widget::code::code))
        .route("/w/{appId}/code/preview", get(widget::code::preview))
        .route("/widget/assets/{file}", hashed_files("widget"))
        .route("/demo", get(demo::page))
        .route("/demo/assets/{file}", hashed_files("demo"))
        .route("/embed.js", get(loader))
        .route("/embed/{file}", get(loader_part))
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(own_pages_only);
    let router = if config.has_metrics_address {
        router
    } else {
        router.route("/metrics", get(ops::metrics_by_token))
    };
    let router = match &config.node_url {
        Some(_) => router.layer(for_own_pages(own_origin)),
        None => router,
    };
    let router = match &config.code_origin {
        Some(origin) => router
            .layer(middleware::from_fn_with_state(origin.clone(), widget::code::on_its_own_origin)),
        None => router,
    };
    router
        .layer(middleware::map_response(with_security_headers))
        .layer(middleware::from_fn(log))
        .layer(CatchPanicLayer::custom(|_| {
            Problem::internal("the server failed at this request; its log says where")
                .into_response()
        }))
        .with_state(server)
}

/// The router of an address for metrics alone.
pub fn metrics_router(server: Server) -> Router {
    Router::new().route("/metrics", get(ops::metrics_openly)).fallback(not_found).with_state(server)
}

/// Lets the widgets of the server's public URL ask this node by its own.
fn for_own_pages(own_origin: &str) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list([headers::value(own_origin)]))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(PREFLIGHT_TIME)
}

fn description() -> OpenApi {
    let mut info = Info::new("Bellpush", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Click-to-call: apps and what belongs to them, calls and their events. Errors are problem \
         documents (RFC 9457)."
            .into(),
    );
    let mut document = OpenApiBuilder::new().info(info).build();
    let components = document.components.get_or_insert_default();
    let bearer = || SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("api_key", bearer());
    components.add_security_scheme("session", bearer());
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-bellpush")));
    components.add_security_scheme("browser", cookie);
    document
}

async fn loader(headers: HeaderMap) -> Response {
    assets::serve_to_pages("embed.js", &headers)
}

async fn loader_part(Path(file): Path<String>, headers: HeaderMap) -> Response {
    assets::serve_to_pages(&format!("embed/{file}"), &headers)
}

async fn not_found(uri: Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path()))
}

async fn method_not_allowed(request: Request) -> Problem {
    Problem::method_not_allowed(format!(
        "{} does not take {}",
        request.uri().path(),
        request.method()
    ))
}

async fn with_security_headers(mut response: Response) -> Response {
    for (name, value) in headers::ALWAYS {
        response
            .headers_mut()
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// One line a request. The query is left out: it may hold a visitor's context or a token.
async fn log(request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map_or("none", |route| route.as_str())
        .to_owned();
    let response = next.run(request).await;
    let status = response.status();
    let elapsed = started.elapsed();
    metrics::histogram!(
        "bellpush_http_seconds", "route" => route, "status" => status.as_u16().to_string()
    )
    .record(elapsed.as_secs_f64());
    let millis = elapsed.as_secs_f64() * 1000.0;
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(%method, path, status = status.as_u16(), millis, "request");
    } else {
        tracing::debug!(%method, path, status = status.as_u16(), millis, "request");
    }
    response
}
