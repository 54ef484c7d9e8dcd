//! `GET /w/{appId}`: the widget's document, with its policy and its configuration.
//!
//! The allowed origins become `frame-ancestors`, so that the browser itself refuses any other page.
//! What is wrong with the address is said on the page, in one sentence, with the offending key.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{FromRef, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bellpush_core::{
    app::AppSettings,
    context::Context,
    embed::VisitProblem,
    events::EventTime,
    ids::{AppId, DestinationId},
    origin::AllowedOrigin,
    routing::RouteRequest,
};
use bellpush_store::{App, Session, Store};
use serde::Serialize;
use serde_json::Value;

use super::{
    ancestors::{embedder, with_ancestors},
    html::{NO_REFERRER, Nonce, Page, escape},
    keys::check_widget_key,
    rehearsed,
};
use crate::{
    api::path::PathIds,
    clock::now,
    config::ServerConfig,
    designs::Designs,
    embed::EmbedReports,
    hours::opening_status::{self, OpeningStatusView},
    http::{
        assets::{WidgetManifest, widget_manifest},
        client_ip::LimitKey,
        limits::Limits,
        problem::Problem,
    },
    sessions::Sessions,
    tokens::SessionToken,
};

/// Bytes of the hosts of a design's pictures in one directive of the policy, at most.
const MAX_SOURCES_BYTES: usize = 512;

/// What the widget is told in its document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WidgetConfig<'a> {
    app_id: AppId,
    key: &'a str,
    preview: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    preview_token: Option<&'a str>,
    server_time: EventTime,
    /// The one that the address asks for.
    language: Option<&'a str>,
    default_language: &'a str,
    theme: Scheme,
    context: &'a Context,
    session: Option<&'a str>,
    destination: Option<DestinationId>,
    allowed_origins: &'a [AllowedOrigin],
    design: &'a Value,
    design_version: Option<u32>,
    /// Whether it may show more than every widget can by itself.
    extras: bool,
    consent_hashes: BTreeMap<&'a str, String>,
    /// The address of the custom code's document, when there is code.
    code_url: Option<String>,
    hours: OpeningStatusView,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    Light,
    Dark,
    #[default]
    Auto,
}

/// The reserved parameters of the address.
#[derive(Debug, Default)]
struct Parameters {
    key: String,
    session: Option<String>,
    destination: Option<String>,
    language: Option<String>,
    theme: Scheme,
    origin: Option<String>,
    preview: Option<String>,
}

/// Serves the document.
pub(crate) async fn document(
    State(documents): State<Documents>,
    State(limits): State<Arc<Limits>>,
    LimitKey(address): LimitKey,
    headers: HeaderMap,
    app_id: Result<PathIds<String>, Problem>,
    RawQuery(query): RawQuery,
) -> Response {
    let page = match limits.request(address).and(app_id) {
        Ok(PathIds(app_id)) => {
            let query = query.as_deref().unwrap_or_default();
            documents.page(&app_id, query, &headers, LimitKey(address)).await
        }
        Err(problem) => Err(problem),
    };
    match page {
        Ok(page) => page.packed_for(&headers),
        Err(problem) => {
            let page = refusal(&problem, widget_manifest());
            let mut headers = problem.retry_after_header();
            if let Some(seconds) = headers.get(header::RETRY_AFTER).cloned() {
                // Nothing in the page could ask again: the browser does by itself.
                headers.insert(header::REFRESH, seconds);
            }
            (headers, page).into_response()
        }
    }
}

/// What a document is made from.
#[derive(Debug)]
pub(crate) struct Documents {
    store: Store,
    sessions: Sessions,
    config: Arc<ServerConfig>,
    designs: Designs,
    reports: EmbedReports,
}

impl<S> FromRef<S> for Documents
where
    Store: FromRef<S>,
    Sessions: FromRef<S>,
    Arc<ServerConfig>: FromRef<S>,
    Designs: FromRef<S>,
    EmbedReports: FromRef<S>,
{
    fn from_ref(state: &S) -> Self {
        Self {
            store: FromRef::from_ref(state),
            sessions: FromRef::from_ref(state),
            config: FromRef::from_ref(state),
            designs: FromRef::from_ref(state),
            reports: FromRef::from_ref(state),
        }
    }
}

impl Documents {
    async fn page(
        &self,
        app_id: &str,
        query: &str,
        headers: &HeaderMap,
        limit_key: LimitKey,
    ) -> Result<Page, Problem> {
        let manifest = widget_manifest().ok_or_else(|| {
            Problem::unavailable(
                "the web parts are not built; run cargo xtask build, then build again",
            )
        })?;
        let app_id: AppId = app_id.parse().map_err(|_| unknown_app(app_id))?;
        let app = self.store.app(app_id).await?.ok_or_else(|| unknown_app(app_id))?;
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
        let pairs = || pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
        let parameters = Parameters::read(pairs());
        let embedder = embedder(parameters.origin.as_deref(), headers);
        let refused = |problem| {
            self.reports.keep_refusal(app_id, problem, embedder.as_deref(), headers);
        };
        check_widget_key(&self.store, app_id, &parameters.key)
            .await
            .inspect_err(|_| refused(VisitProblem::WidgetKey))?;

        let session = match &parameters.session {
            Some(token) => Some(self.session_of(app_id, token, limit_key).await?),
            None => None,
        };
        let context = match &session {
            Some(session) => session.context.clone(),
            None => {
                Context::from_query(pairs()).map_err(|error| Problem::invalid(error.to_string()))?
            }
        };
        let destination = match parameters.destination.as_deref() {
            Some(text) => Some(text.parse().map_err(|error| Problem::invalid(format!("{error}")))?),
            None => session.as_ref().and_then(|session| session.destination_id),
        };
        let routing_key = session.as_ref().and_then(|session| session.routing_key.as_deref());
        let asked = RouteRequest { destination_id: destination, routing_key };
        let hours = opening_status::of(&self.store, &app, asked).await?;
        let is_preview = parameters.preview.is_some();
        if is_preview {
            self.sessions.maker_of_preview(app_id, parameters.preview.as_deref()).await?;
        }
        let ancestors = self.ancestors(&app.settings, session.as_deref(), is_preview);
        if embedder.as_ref().is_some_and(|it| ancestors.iter().all(|known| known.as_str() != it)) {
            refused(VisitProblem::Origin);
        }
        let code_origin = self.config.code_origin.as_ref().map_or("", AllowedOrigin::as_str);
        let preview = session.as_ref().map_or(is_preview, |session| session.preview);
        let shown = self.designs.shown(&app, preview).await?;
        let denied_for = rehearsed::denied_for(&self.store, &app, asked, preview).await?;
        let design = shown.told();
        let config = WidgetConfig {
            app_id,
            key: &parameters.key,
            preview,
            preview_token: parameters.preview.as_deref(),
            server_time: now(),
            language: parameters.language.as_deref(),
            default_language: &app.settings.language,
            theme: parameters.theme,
            context: &context,
            session: parameters.session.as_deref(),
            destination,
            allowed_origins: &ancestors,
            design: &design,
            design_version: shown.version,
            extras: preview || shown.wants_extras(),
            consent_hashes: shown.consent_hashes(),
            code_url: (!app.settings.custom_code.is_empty()).then(|| {
                match is_preview && session.is_none() {
                    true => format!("{code_origin}/w/{app_id}/code/preview"),
                    false => format!("{code_origin}/w/{app_id}/code"),
                }
            }),
            hours,
        };
        let mut nodes = self.store.node_urls(self.store.clock().await?).await?;
        nodes.extend(self.config.node_urls.iter().map(ToString::to_string));
        let addresses = Addresses {
            nodes: &nodes,
            code_origin,
            embedder: embedder.as_deref(),
            pictures: shown.design.origins(),
            denied_for,
        };
        Ok(render(&app, &config, manifest, &addresses))
    }

    /// Who may embed this very document: the session's origin when there is one, else the app's. A
    /// preview is for the server's own pages alone.
    fn ancestors(
        &self,
        settings: &AppSettings,
        session: Option<&Session>,
        preview: bool,
    ) -> Vec<AllowedOrigin> {
        match session {
            Some(Session { origin: Some(origin), .. }) => vec![origin.clone()],
            None if preview => vec![self.config.own_origin.clone()],
            _ => settings.allowed_origins.clone(),
        }
    }

    async fn session_of(
        &self,
        app_id: AppId,
        token: &str,
        limit_key: LimitKey,
    ) -> Result<Arc<Session>, Problem> {
        let token = SessionToken::parse(token).ok_or_else(|| {
            Problem::session_expired("the session parameter is not a session token")
        })?;
        let session = self.sessions.of_token(&token, limit_key).await?;
        if session.app_id != app_id {
            return Err(Problem::session_expired("the session belongs to another app"));
        }
        Ok(session)
    }
}

fn unknown_app(id: impl std::fmt::Display) -> Problem {
    let shown: String = id.to_string().chars().take(64).collect();
    Problem::not_found(format!("there is no app {shown}; check the address of the widget"))
}

impl Parameters {
    fn read<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (key, value) in pairs {
            match key {
                "key" => found.key = value.to_owned(),
                "session" if !value.is_empty() => found.session = Some(value.to_owned()),
                "destination" if !value.is_empty() => found.destination = Some(value.to_owned()),
                "lang" if !value.is_empty() => {
                    found.language = Some(value.chars().take(35).collect())
                }
                "theme" => {
                    found.theme = match value {
                        "light" => Scheme::Light,
                        "dark" => Scheme::Dark,
                        _ => Scheme::Auto,
                    }
                }
                "origin" if !value.is_empty() => found.origin = Some(value.to_owned()),
                // As ever, these say that it is none.
                "preview" if !matches!(value, "" | "0" | "false") => {
                    found.preview = Some(value.to_owned());
                }
                _ => {}
            }
        }
        found
    }
}

/// What else the document is written with: whom it has to do with.
struct Addresses<'a> {
    /// URLs of nodes that may hold the widget's calls.
    nodes: &'a [String],
    /// The origin of custom code; empty where it is the server's own.
    code_origin: &'a str,
    /// Where images and fonts of the design are.
    pictures: Vec<String>,
    /// Who embeds it, as far as is known.
    embedder: Option<&'a str>,
    /// For how long a rehearsal keeps the microphone from it, in milliseconds.
    denied_for: Option<u64>,
}

fn render(
    app: &App,
    config: &WidgetConfig<'_>,
    manifest: &WidgetManifest,
    addresses: &Addresses<'_>,
) -> Page {
    let nonce = Nonce::random();
    // The one character that could end the script element, in a form that JSON reads the same.
    let json = serde_json::to_string(config).unwrap_or_default().replace('<', "\\u003c");
    // What draws a document of its own is fetched beside the script, and not only by it.
    let preloaded = if config.extras { manifest.extras.as_slice() } else { &[] };
    let preload: String = preloaded
        .iter()
        .map(|file| {
            format!("<link rel=\"modulepreload\" href=\"/{}\" nonce=\"{nonce}\">", escape(file))
        })
        .collect();
    // A preview is no visit of anybody.
    let visit = match config.preview {
        true => String::new(),
        false => {
            format!("<script type=\"module\" src=\"/embed/visit.js\" nonce=\"{nonce}\"></script>")
        }
    };
    let denied = addresses.denied_for.map(|millis| rehearsed::script(millis, &nonce));
    let denied = denied.unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"{lang}\" data-theme=\"{theme}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/{css}\" nonce=\"{nonce}\">\
         <script type=\"application/json\" id=\"bellpush-config\" nonce=\"{nonce}\">{json}</script>{denied}\
         <script type=\"module\" src=\"/{js}\" nonce=\"{nonce}\"></script>{preload}{visit}\
         </head><body><div id=\"bellpush\"></div></body></html>",
        lang = escape(config.language.unwrap_or(config.default_language)),
        theme = match config.theme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
            Scheme::Auto => "auto",
        },
        title = escape(&app.settings.name),
        css = escape(&manifest.css),
        js = escape(&manifest.js),
    );
    let assets = asset_sources(&addresses.pictures);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; \
         style-src 'self' 'nonce-{nonce}'; connect-src {}; img-src 'self' data:{assets}; \
         media-src 'self' blob: mediastream:; font-src 'self'{assets}; frame-src {}; worker-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors",
        ["'self'"]
            .into_iter()
            .chain(addresses.nodes.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" "),
        if addresses.code_origin.is_empty() { "'self'" } else { addresses.code_origin },
    );
    let policy = with_ancestors(policy, config.allowed_origins, addresses.embedder);
    Page {
        status: StatusCode::OK,
        html,
        policy,
        permissions: "microphone=(self), autoplay=(self)",
        referrer: NO_REFERRER,
    }
}

/// The hosts that pictures and fonts of a design come from, as sources of a policy. More of them than
/// there is room for beside the ancestors are any host.
fn asset_sources(origins: &[String]) -> String {
    let sources: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    if sources.len() > MAX_SOURCES_BYTES { " https:".into() } else { sources }
}

/// The page for an address that is refused. Any page may show it: its only content is the reason.
fn refusal(problem: &Problem, manifest: Option<&WidgetManifest>) -> Page {
    let css = manifest.map_or_else(String::new, |manifest| {
        format!("<link rel=\"stylesheet\" href=\"/{}\">", escape(&manifest.css))
    });
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>{css}</head>\
         <body><main class=\"bp-refused\"><h1>{title}</h1><p role=\"alert\">{detail}</p></main>\
         </body></html>",
        title = escape("This widget can't be shown"),
        detail = escape(&problem.detail),
    );
    Page {
        status: problem.status(),
        html,
        policy: "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'".into(),
        permissions: "microphone=()",
        referrer: NO_REFERRER,
    }
}
