//! What the server's connections to PostgreSQL are set to.

use sea_orm::{DatabaseConnection, DbErr};

use super::statements::one;

/// Settings of each connection, as PostgreSQL shows them.
pub(super) const SETTINGS: [(&str, &str); 7] = [
    // Every query of ours looks up keys (query_plans.rs). Statistics that lag behind a fast-growing log
    // must not make the planner read whole tables instead.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // What these settings discourage counts as very expensive, also where nothing else can be done: PostgreSQL
    // would compile such statements each time, which takes a hundred times as long as executing them.
    ("jit", "off"),
    // Pages that a connection writes go to the disk as they come. Otherwise the system keeps them for
    // half a minute, then writes them all at once, and commits wait.
    ("backend_flush_after", "1MB"),
    // A node that was stopped or cut off in the middle of a transaction holds locks that the others wait
    // for.
    ("idle_in_transaction_session_timeout", "5s"),
    // The same of one that is in the middle of a statement by then, or that has given it up.
    ("client_connection_check_interval", "1s"),
];

/// Says so in the log where a pooler in front of the database has left out what its connections were to
/// be set to: then only the role can have it.
pub(crate) async fn check(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let shown = SETTINGS.map(|(name, _)| format!("current_setting('{name}') AS {name}"));
    let sql = format!("SELECT {}, current_user::text AS role", shown.join(", "));
    let Some(row) = one(connection, &sql, []).await? else { return Ok(()) };
    let missing = |(name, value): &(&'static str, &str)| {
        row.get::<String>(name).ok().as_deref() != Some(*value)
    };
    let missing: Vec<_> = SETTINGS.into_iter().filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let role: String = row.get("role").unwrap_or_default();
    let role = role.replace('"', "\"\"");
    let statements = missing
        .iter()
        .map(|(name, value)| format!("ALTER ROLE \"{role}\" SET {name} = '{value}';"));
    tracing::warn!(
        "the database's connections are not set to what this server asks for, as behind a pooler; let \
         the role have it: {}",
        statements.collect::<Vec<_>>().join(" ")
    );
    Ok(())
}
