//! The demo: an app that can be called at once, and the page that embeds it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bellpush_core::{
    app::{AppSettings, ButtonEffect, CustomButton, CustomCode, Question, Survey},
    ids::AppId,
    lifecycle::State as LifecycleState,
    origin::AllowedOrigin,
};
use bellpush_store::{Actor, SaveError, Store};
use serde::Serialize;

use crate::{
    http::{assets, problem::Problem},
    tokens::WidgetKey,
    widget::html::Page,
};

/// Where the store remembers which app is the demo.
const SETTING: &str = "demo_app";
const PLACEHOLDER: &str = "__BELLPUSH_DEMO__";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The demo app, by what a page needs to embed it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Demo {
    /// The app.
    pub app_id: AppId,
    /// One of its widget keys.
    pub key: String,
}

impl Demo {
    /// Finds the demo app or makes it, with a survey of two questions, buttons and custom code,
    /// and allows the given origins to embed it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn prepare(store: &Store, origins: Vec<AllowedOrigin>) -> Result<Self, SaveError> {
        let known = store.setting(SETTING).await?.and_then(|id| id.parse().ok());
        let app = match known {
            Some(id) => store.app(id).await?,
            None => None,
        };
        let app = match app {
            Some(mut app) => {
                add_new(&mut app.settings.allowed_origins, origins);
                store.update_app(app.id, &app.settings, &Actor::SERVER).await?;
                app
            }
            None => {
                let app = store.create_app(&settings(origins), &Actor::SERVER).await?;
                store.put_setting(SETTING, &app.id.to_string()).await?;
                app
            }
        };
        if let Some(key) = store.widget_keys(app.id).await?.into_iter().next() {
            return Ok(Self { app_id: app.id, key: key.key });
        }
        let key = WidgetKey::random();
        store.create_widget_key(app.id, key.reveal(), &Actor::SERVER).await?;
        Ok(Self { app_id: app.id, key: key.reveal().to_owned() })
    }
}

/// Adds origins that are not there already.
fn add_new(present: &mut Vec<AllowedOrigin>, origins: Vec<AllowedOrigin>) {
    for origin in origins {
        if !present.contains(&origin) {
            present.push(origin);
        }
    }
}

fn settings(origins: Vec<AllowedOrigin>) -> AppSettings {
    let mut allowed_origins = Vec::new();
    add_new(&mut allowed_origins, origins);
    let question = |id: &str, label: &str| Question { id: id.to_owned(), label: label.to_owned() };
    let button = |label: &str, effect| CustomButton {
        label: label.to_owned(),
        states: vec![LifecycleState::Idle, LifecycleState::Ended, LifecycleState::SurveySubmitted],
        effect,
    };
    AppSettings {
        allowed_origins,
        survey: Some(Survey {
            questions: vec![
                question("sound", "How well did you hear yourself?"),
                question("speed", "How fast was the call connected?"),
            ],
            comment_label: Some("Anything you would like to add?".into()),
        }),
        custom_buttons: vec![
            button("Copy the order code", ButtonEffect::Copy { text: "A-12345".into() }),
            button(
                "Ask to be called back",
                ButtonEffect::Emit { name: "callback_wanted".into(), data: serde_json::Map::new() },
            ),
        ],
        custom_code: CustomCode {
            head: String::new(),
            body: "<script>\n  // Runs in a sandbox and hears every event.\n  \
                   c2c.on('*', (event) => console.log('custom code heard', event.name, event.id));\n\
                   </script>\n"
                .into(),
        },
        ..AppSettings::named("Demo")
    }
}

/// `GET /demo`: a page that embeds the demo app and shows its events.
pub(crate) async fn page(State(demo): State<Option<Demo>>) -> Result<Response, Problem> {
    let demo = demo.ok_or_else(|| {
        Problem::not_found("there is no demo on this server; start it with --demo")
    })?;
    let html = assets::text("demo/index.html").ok_or_else(|| {
        Problem::unavailable("the web parts are not built; run cargo xtask build, then build again")
    })?;
    let json = serde_json::to_string(&demo).unwrap_or_default().replace('<', "\\u003c");
    let page = Page {
        status: StatusCode::OK,
        html: html.replace(PLACEHOLDER, &json),
        policy: POLICY.into(),
        permissions: "microphone=(self), autoplay=(self), clipboard-write=(self)",
        referrer: "strict-origin-when-cross-origin",
    };
    Ok(page.into_response())
}
