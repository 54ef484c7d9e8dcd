//! A store of one's own for each test, on SQLite or PostgreSQL.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use bellpush_core::{
    app::AppSettings,
    context::Context,
    events::{CatalogueEvent, EndReason, Envelope, ErrorCode, Event, EventTime},
    ids::{AppId, CallId, DestinationId, EventId, NodeId, SessionId},
};
use bellpush_store::{
    Actor, Append, CallEnd, CallFinish, KeyRing, MasterKey, NewCall, NewSession, OpenError,
    SecretHash, Session, Store, Target,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;
use uuid::Uuid;

// Whoever takes this file by its path has the other one beside it, too.
#[path = "template.rs"]
mod template;

const SETTING: &str = "BELLPUSH_TEST_POSTGRES";

/// A database with an open store.
pub(crate) struct Site {
    pub(crate) target: Target,
    pub(crate) store: Store,
    place: Place,
}

enum Place {
    Directory(TempDir),
    Database { admin_url: String, url: String, name: String },
}

impl Site {
    pub(crate) async fn sqlite() -> Self {
        let dir = TempDir::new().unwrap();
        let target = Target::Sqlite { dir: dir.path().join("data") };
        let store = Store::open(target.clone(), master_key()).await.unwrap();
        Self { target, store, place: Place::Directory(dir) }
    }

    pub(crate) async fn postgres() -> Self {
        let admin_url = std::env::var(SETTING).unwrap_or_else(|_| {
            panic!("{SETTING} is not set: run `cargo xtask test`, which starts a PostgreSQL")
        });
        let name = format!("bellpush_test_{}", Uuid::now_v7().simple());
        let admin = Database::connect(&admin_url).await.unwrap();
        let template = template::ready(&admin, &admin_url).await;
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await
            .unwrap();
        admin.close().await.unwrap();
        let url = template::beside(&admin_url, &name);
        let target = Target::Postgres { url: url.clone().into() };
        let store = Store::open(target.clone(), master_key()).await.unwrap();
        Self { target, store, place: Place::Database { admin_url, url, name } }
    }

    pub(crate) fn url(&self) -> String {
        match &self.place {
            Place::Directory(dir) => format!("sqlite://{}/data/bellpush.db", dir.path().display()),
            Place::Database { url, .. } => url.clone(),
        }
    }

    /// A connection past the store.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        Database::connect(self.url()).await.unwrap()
    }

    /// Runs SQL past the store, as an administrator might.
    pub(crate) async fn sql(&self, sql: &str) {
        let connection = Database::connect(self.url()).await.unwrap();
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Waits until somebody waits for a lock on PostgreSQL.
    pub(crate) async fn wait_for_lock(&self) {
        let sql = "SELECT pid::TEXT AS found FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while self.found(sql).await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Sets the clock of the database so many hours ahead of this machine's, or behind it, for those who
    /// connect from now on.
    pub(crate) async fn shift_clock(&self, hours: i32) {
        let Place::Database { name, .. } = &self.place else { panic!("SQLite has no clock") };
        self.sql(&format!(
            "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS 'SELECT pg_catalog.clock_timestamp() + {hours} * INTERVAL ''1 hour''';
             ALTER DATABASE {name} SET search_path = public, pg_catalog"
        ))
        .await;
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Database { .. })
    }

    /// Waits until nothing is there of an app or integration that is gone.
    pub(crate) async fn nothing_is_left(&self) {
        let of_integrations = ["deliveries", "attempts", "attempt_hours", "removals"]
            .map(|table| (table, "integration_id NOT IN (SELECT id FROM integrations)"));
        let of_apps = ["events", "calls", "sessions"]
            .map(|table| (table, "app_id NOT IN (SELECT id FROM app_rows)"));
        let of_these = [
            ("app_rows", "removed"),
            ("event_traces", "event_seq NOT IN (SELECT seq FROM events)"),
            ("survey_responses", "call_id NOT IN (SELECT id FROM calls)"),
            ("call_records", "call_id NOT IN (SELECT id FROM calls)"),
            ("session_tokens", "session_id NOT IN (SELECT id FROM sessions)"),
        ];
        let left: Vec<_> = of_integrations
            .iter()
            .chain(&of_apps)
            .chain(&of_these)
            .map(|(table, gone)| format!("(SELECT COUNT(*) FROM {table} WHERE {gone})"))
            .collect();
        let sql = format!("SELECT {} AS left_over", left.join(" + "));
        let connection = Database::connect(self.url()).await.unwrap();
        let backend = connection.get_database_backend();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let sql = Statement::from_string(backend, sql.clone());
            let row = connection.query_one_raw(sql).await.unwrap().unwrap();
            let left: i64 = row.try_get("", "left_over").unwrap();
            if left == 0 {
                break;
            }
            assert!(Instant::now() < deadline, "{left} rows are left");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        connection.close().await.unwrap();
    }

    /// Opens the store once more; on SQLite as soon as its last holder is gone.
    pub(crate) async fn open(&self, keys: impl Into<KeyRing>) -> Result<Store, OpenError> {
        open(&self.target, keys.into()).await
    }

    /// What a query calls `found`, as it lies in the database.
    pub(crate) async fn found(&self, sql: &str) -> Vec<String> {
        let connection = Database::connect(self.url()).await.unwrap();
        let sql = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(sql).await.unwrap();
        let found = rows.iter().map(|row| row.try_get("", "found").unwrap()).collect();
        connection.close().await.unwrap();
        found
    }

    /// The columns of a SQLite file whose names are like one of these, with their tables.
    pub(crate) async fn columns(&self, like: &[&str]) -> Vec<String> {
        let connection = Database::connect(self.url()).await.unwrap();
        let like: Vec<_> = like.iter().map(|name| format!("field.name LIKE '{name}'")).collect();
        let sql = format!(
            "SELECT tables.name || '.' || field.name AS found
             FROM sqlite_master AS tables
             JOIN pragma_table_info(tables.name) AS field
             WHERE tables.type = 'table'
               AND ({})
             ORDER BY found",
            like.join(" OR ")
        );
        let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
        let found = rows.unwrap().iter().map(|row| row.try_get("", "found").unwrap()).collect();
        connection.close().await.unwrap();
        found
    }

    /// The tables of which a row has a text somewhere, in whatever case.
    pub(crate) async fn tables_with(&self, text: &str) -> Vec<String> {
        let connection = Database::connect(self.url()).await.unwrap();
        let backend = connection.get_database_backend();
        let names = match backend {
            DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            _ => {
                "SELECT CAST(table_name AS TEXT) AS name
                 FROM information_schema.tables
                 WHERE table_schema = 'public'"
            }
        };
        let asked = async |sql: &str| {
            connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap()
        };
        let mut found = Vec::new();
        for table in asked(names).await {
            let name: String = table.try_get("", "name").unwrap();
            let whole = match backend {
                DbBackend::Sqlite => {
                    let columns = format!("SELECT name FROM pragma_table_info('{name}')");
                    let columns: Vec<String> = asked(&columns)
                        .await
                        .iter()
                        .map(|row| row.try_get("", "name").unwrap())
                        .map(|column: String| format!("COALESCE(CAST(\"{column}\" AS TEXT), '')"))
                        .collect();
                    columns.join(" || ' ' || ")
                }
                _ => "CAST(it AS TEXT)".to_owned(),
            };
            let sql = format!(
                "SELECT COUNT(*) AS found FROM \"{name}\" AS it WHERE LOWER({whole}) LIKE '%{text}%'"
            );
            let rows: i64 = asked(&sql).await[0].try_get("", "found").unwrap();
            if rows > 0 {
                found.push(name);
            }
        }
        connection.close().await.unwrap();
        found
    }

    /// Goes on with another handle, as after a crash: nothing is closed.
    pub(crate) async fn reopen(self) -> Self {
        let Self { target, store, place } = self;
        drop(store);
        let store = open(&target, master_key().into()).await.unwrap();
        Self { target, store, place }
    }

    pub(crate) async fn clear(self) {
        self.store.close().await;
        if let Place::Database { admin_url, name, .. } = self.place {
            let admin = Database::connect(admin_url).await.unwrap();
            admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            admin.close().await.unwrap();
        }
    }

    pub(crate) async fn app(&self) -> AppId {
        self.store.create_app(&AppSettings::named("Shop"), &Actor::HOST).await.unwrap().id
    }

    /// An app with one visitor on its page.
    pub(crate) async fn visitor(&self) -> Visitor {
        let app_id = self.app().await;
        self.visitor_of(app_id, &[("orderId", "A-1")], false).await
    }

    pub(crate) async fn visitor_of(
        &self,
        app_id: AppId,
        context: &[(&str, &str)],
        preview: bool,
    ) -> Visitor {
        let new = NewSession {
            browser: Some("Firefox"),
            language: Some("de".into()),
            app_id,
            origin: Some("https://shop.example".parse().unwrap()),
            context: Context::new(context.iter().copied()).unwrap(),
            preview,
            routing_key: Some("vip".into()),
            destination_id: None,
            sign_in_id: None,
            api_key_id: None,
            widget_key_id: None,
        };
        let token = SecretHash::of(&Uuid::now_v7().to_string());
        let later = EventTime::from_millis(now().millis() + 900_000).unwrap();
        let session = self.store.create_session(new, &token, later).await.unwrap().unwrap();
        Visitor { session, token }
    }
}

async fn open(target: &Target, key: KeyRing) -> Result<Store, OpenError> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Store::open(target.clone(), key.clone()).await {
            Err(OpenError::InUse(_)) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            result => return result,
        }
    }
}

/// The nodes that calls began on.
static NODES: Mutex<BTreeMap<CallId, NodeId>> = Mutex::new(BTreeMap::new());

fn node_of(call_id: CallId) -> NodeId {
    NODES.lock().unwrap().get(&call_id).copied().unwrap_or_else(new_node)
}

/// The hash of the token that a call begins with.
pub(crate) fn first_token(call_id: CallId) -> SecretHash {
    SecretHash::of(&format!("rt_{call_id}"))
}

/// A widget session, and the events that come out of it.
pub(crate) struct Visitor {
    pub(crate) session: Session,
    pub(crate) token: SecretHash,
}

impl Visitor {
    pub(crate) fn app_id(&self) -> AppId {
        self.session.app_id
    }

    pub(crate) fn event(&self, what: &CatalogueEvent, call_id: Option<CallId>) -> Event {
        self.enveloped(what.envelope(&self.session.context, self.session.preview, now()), call_id)
    }

    pub(crate) fn custom(&self, name: &str) -> Event {
        let data = serde_json::json!({ "context": self.session.context });
        let data = data.as_object().unwrap().clone();
        self.enveloped(Envelope { name: name.into(), data, timestamp: now() }, None)
    }

    fn enveloped(&self, envelope: Envelope, call_id: Option<CallId>) -> Event {
        Event {
            id: event_id(),
            app_id: self.session.app_id,
            session_id: self.session.id,
            call_id,
            preview: self.session.preview,
            trace_parent: None,
            envelope,
        }
    }

    pub(crate) fn loaded(&self) -> Event {
        self.event(&CatalogueEvent::WidgetLoaded { is_preview: self.session.preview }, None)
    }

    pub(crate) fn starts(&self, call_id: CallId, node_id: NodeId) -> Append {
        NODES.lock().unwrap().insert(call_id, node_id);
        let event = CatalogueEvent::CallStarted {
            destination_id: None,
            routing_key: self.session.routing_key.clone(),
            has_form_values: true,
        };
        let form = serde_json::json!({ "name": "Ada" });
        Append::CallStarted {
            event: self.event(&event, Some(call_id)),
            call: NewCall {
                destination_id: None,
                profile_id: DestinationId::from_uuid(Uuid::now_v7()),
                routing_key: self.session.routing_key.clone(),
                node_id,
                app_limit: None,
                resume: first_token(call_id),
                form_values: form.as_object().cloned(),
                consent: None,
            },
        }
    }

    /// The end of a call at the node that it began on, as the one after it.
    pub(crate) fn hangs_up(&self, call_id: CallId) -> Append {
        let (duration, reason) = (7, EndReason::UserHangup);
        Append::CallEnded {
            node_id: node_of(call_id),
            event: self.event(&CatalogueEvent::CallEnded { duration, reason }, Some(call_id)),
            finish: CallFinish {
                connected_at: Some(now()),
                ..CallEnd::Ended { reason, duration }.into()
            },
        }
    }

    pub(crate) fn loses_media(&self, call_id: CallId) -> Append {
        let code = ErrorCode::MediaFailed;
        Append::CallEnded {
            node_id: node_of(call_id),
            event: self.event(&CatalogueEvent::CallError { code }, Some(call_id)),
            finish: CallEnd::Failed { code }.into(),
        }
    }

    pub(crate) fn rates(&self, call_id: CallId) -> Append {
        let answers = bellpush_core::app::Answers {
            answers: vec![bellpush_core::app::Answer { question_id: "q1".into(), rating: 5 }],
            comment: Some("Thanks".into()),
        };
        let summary = answers.summary().unwrap();
        let event = self.event(&CatalogueEvent::SurveySubmitted(summary), Some(call_id));
        Append::Survey { event, answers }
    }

    /// A live call of this visitor.
    pub(crate) async fn calls(&self, store: &Store) -> CallId {
        let call_id = new_call();
        store.append(vec![self.starts(call_id, new_node())]).await.unwrap();
        call_id
    }
}

pub(crate) fn master_key() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

pub(crate) fn now() -> EventTime {
    EventTime::new(jiff::Timestamp::now())
}

pub(crate) fn after(seconds: i64) -> EventTime {
    EventTime::from_millis(now().millis() + seconds * 1000).unwrap()
}

pub(crate) fn event_id() -> EventId {
    EventId::from_uuid(Uuid::now_v7()).unwrap()
}

pub(crate) fn new_call() -> CallId {
    CallId::from_uuid(Uuid::now_v7())
}

pub(crate) fn new_node() -> NodeId {
    NodeId::from_uuid(Uuid::now_v7())
}

pub(crate) fn new_session_id() -> SessionId {
    SessionId::from_uuid(Uuid::now_v7())
}
