//! The schema's versions: embedded, only forward, each in a transaction of its own.
//!
//! A migration must be safe while the previous version of bellpush still runs, and when it starts again:
//! expand first, contract in a later version. The one that contracts says in `schema_compatibility`
//! which version a program has to know from then on.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionTrait};

use super::{
    connections::{Db, Lock, lock},
    row::now,
    statements::{all, execute, one},
    target::Target,
};
use crate::error::{DatabaseError, OpenError, StoreError};

/// Every version, in order, by the number of its file. Numbers may leave gaps: what is missing in a
/// database is applied, also where a later one is there.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first_light", include_str!("../../migrations/0001_first_light.sql")),
    (2, "integration_secrets", include_str!("../../migrations/0002_integration_secrets.sql")),
    (3, "profiles_and_trunks", include_str!("../../migrations/0003_profiles_and_trunks.sql")),
    (4, "steering_deliveries", include_str!("../../migrations/0004_steering_deliveries.sql")),
    (5, "who_answered", include_str!("../../migrations/0005_who_answered.sql")),
    (6, "traces", include_str!("../../migrations/0006_traces.sql")),
    (7, "removals", include_str!("../../migrations/0007_removals.sql")),
    (8, "removed_apps", include_str!("../../migrations/0008_removed_apps.sql")),
    (9, "api_keys", include_str!("../../migrations/0009_api_keys.sql")),
    (10, "sip_failures", include_str!("../../migrations/0010_sip_failures.sql")),
    (11, "designs", include_str!("../../migrations/0011_designs.sql")),
    (13, "access", include_str!("../../migrations/0013_access.sql")),
    (14, "audit_trail", include_str!("../../migrations/0014_audit_trail.sql")),
    (15, "second_factors", include_str!("../../migrations/0015_second_factors.sql")),
    (16, "single_sign_on", include_str!("../../migrations/0016_single_sign_on.sql")),
    (30, "call_search", include_str!("../../migrations/0030_call_search.sql")),
    (31, "call_records", include_str!("../../migrations/0031_call_records.sql")),
    (32, "exports", include_str!("../../migrations/0032_exports.sql")),
    (33, "revisions", include_str!("../../migrations/0033_revisions.sql")),
    (34, "analytics", include_str!("../../migrations/0034_analytics.sql")),
    (37, "alerts", include_str!("../../migrations/0037_alerts.sql")),
    (
        40,
        "applied_configurations",
        include_str!("../../migrations/0040_applied_configurations.sql"),
    ),
    (41, "erasures", include_str!("../../migrations/0041_erasures.sql")),
    (42, "retention", include_str!("../../migrations/0042_retention.sql")),
    (43, "design_schedules", include_str!("../../migrations/0043_design_schedules.sql")),
    (45, "embed_reports", include_str!("../../migrations/0045_embed_reports.sql")),
    (50, "shards", include_str!("../../migrations/0050_shards.sql")),
    (51, "attempt_exchanges", include_str!("../../migrations/0051_attempt_exchanges.sql")),
    (52, "previews_of_sign_ins", include_str!("../../migrations/0052_previews_of_sign_ins.sql")),
    (53, "saved_views", include_str!("../../migrations/0053_saved_views.sql")),
    (55, "rehearsals", include_str!("../../migrations/0055_rehearsals.sql")),
    (59, "trunk_outages", include_str!("../../migrations/0059_trunk_outages.sql")),
    (63, "schema_compatibility", include_str!("../../migrations/0063_schema_compatibility.sql")),
    (64, "dialogs", include_str!("../../migrations/0064_dialogs.sql")),
    (65, "resume_tokens", include_str!("../../migrations/0065_resume_tokens.sql")),
    (66, "orphaned_calls", include_str!("../../migrations/0066_orphaned_calls.sql")),
    (69, "integration_outages", include_str!("../../migrations/0069_integration_outages.sql")),
    (70, "repeated_claims", include_str!("../../migrations/0070_repeated_claims.sql")),
    (80, "dialogs_to_end", include_str!("../../migrations/0080_dialogs_to_end.sql")),
    (81, "former_tokens", include_str!("../../migrations/0081_former_tokens.sql")),
    (90, "first_partitions", include_str!("../../migrations/0090_first_partitions.sql")),
    (
        91,
        "first_partitions_checked",
        include_str!("../../migrations/0091_first_partitions_checked.sql"),
    ),
    (92, "partitions", include_str!("../../migrations/0092_partitions.sql")),
    (93, "solved_challenges", include_str!("../../migrations/0093_solved_challenges.sql")),
    (94, "keys_of_sessions", include_str!("../../migrations/0094_keys_of_sessions.sql")),
    (95, "sign_in_attempts", include_str!("../../migrations/0095_sign_in_attempts.sql")),
    (99, "makers_of_keys", include_str!("../../migrations/0099_makers_of_keys.sql")),
    (100, "web_files", include_str!("../../migrations/0100_web_files.sql")),
];

/// What a version begins with that only PostgreSQL needs.
const POSTGRES_ONLY: &str = "{POSTGRES}";

/// The version from which on a database says which programs may use it.
const COMPATIBILITY: i64 = 63;

const HISTORY: &str = "
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version BIGINT PRIMARY KEY,
        name TEXT NOT NULL,
        applied_at BIGINT NOT NULL
    )";

/// How long a version on PostgreSQL waits for a table that others use: whoever comes later waits behind
/// it. More than `deadlock_timeout`, after which a vacuum of PostgreSQL's own gives way.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '1500ms'";

/// How often, and for how long, a version is tried that others are in the way of.
#[derive(Debug, Clone, Copy)]
struct Patience {
    pause: Duration,
    in_all: Duration,
}

/// In the pauses those behind it go on.
const PATIENCE: Patience =
    Patience { pause: Duration::from_secs(2), in_all: Duration::from_secs(300) };

/// Brings the schema up to date. Other nodes that start at the same time wait.
pub(crate) async fn migrate(connection: &DatabaseConnection) -> Result<(), OpenError> {
    migrate_within(connection, PATIENCE).await
}

async fn migrate_within(
    connection: &DatabaseConnection,
    patience: Patience,
) -> Result<(), OpenError> {
    let mut began = Instant::now();
    loop {
        match next_version(connection).await? {
            Step::Done => return Ok(()),
            Step::Applied => began = Instant::now(),
            Step::InTheWay(version, name) if began.elapsed() >= patience.in_all => {
                return Err(OpenError::TablesInUse { version, name });
            }
            Step::InTheWay(version, name) => {
                tracing::warn!(
                    version,
                    name,
                    "the database's schema is not updated yet: a transaction of another program uses \
                     tables that are to be changed; let it end (a backup, a long query: pg_stat_activity \
                     shows them), or end it by pg_terminate_backend; trying again"
                );
                tokio::time::sleep(patience.pause).await;
            }
        }
    }
}

/// What came of the next version.
enum Step {
    /// There is none.
    Done,
    Applied,
    /// Somebody uses what it changes.
    InTheWay(i64, &'static str),
}

async fn next_version(connection: &DatabaseConnection) -> Result<Step, OpenError> {
    let backend = connection.get_database_backend();
    let transaction = connection.begin().await?;
    lock(&transaction, Lock::Migration).await?;
    transaction.execute_unprepared(HISTORY).await?;
    let applied = applied(&transaction).await?;
    check_usable(&transaction, &applied).await?;
    let Some((version, name, sql)) = missing(&applied) else {
        transaction.commit().await?;
        return Ok(Step::Done);
    };
    // Not before: another node may be at a version that takes its time.
    if backend == DbBackend::Postgres {
        transaction.execute_unprepared(LOCK_TIMEOUT).await?;
    }
    match transaction.execute_unprepared(&dialect(backend, sql)).await {
        Ok(_) => {}
        Err(error) if backend != DbBackend::Postgres => return Err(error.into()),
        Err(error) => {
            transaction.rollback().await?;
            return in_the_way(error).map(|()| Step::InTheWay(*version, name));
        }
    }
    execute(
        &transaction,
        "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
        [(*version).into(), (*name).into(), now().millis().into()],
    )
    .await?;
    transaction.commit().await?;
    tracing::info!(version, name, "database schema updated");
    Ok(Step::Applied)
}

/// Passes over that others hold what a version waited for, or wait for it in turn.
fn in_the_way(error: DbErr) -> Result<(), OpenError> {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    match DatabaseError::from(error) {
        DatabaseError::Conflict(_) => Ok(()),
        DatabaseError::Refused { code, .. } if code == LOCK_NOT_AVAILABLE => Ok(()),
        error => Err(StoreError::from(error).into()),
    }
}

/// Opens a database that a server may be running on. Its schema is brought up to date where none can be.
pub(crate) async fn open_beside(target: &Target) -> Result<Db, OpenError> {
    let db = Db::beside(target).await?;
    if db.is_alone() {
        migrate(&db.write).await?;
    } else {
        check_current(&db.write).await?;
    }
    Ok(db)
}

/// Refuses a schema that lacks a version, and one that this program is too old for.
pub(crate) async fn check_current(connection: &DatabaseConnection) -> Result<(), OpenError> {
    const UNDEFINED_TABLE: &str = "42P01";
    let applied = applied(connection).await.map_err(|error| match error {
        StoreError::Database(DatabaseError::Refused { code, .. }) if code == UNDEFINED_TABLE => {
            OpenError::Empty
        }
        error => error.into(),
    })?;
    check_usable(connection, &applied).await?;
    match missing(&applied) {
        Some((known, ..)) => {
            let found = applied.last().copied().unwrap_or_default();
            Err(OpenError::OlderSchema { found, known: *known })
        }
        None => Ok(()),
    }
}

/// Refuses a schema that needs a newer program. One with more than is known here may say that it does
/// not: so an older server can start again beside newer ones, and instead of them.
async fn check_usable(
    connection: &impl ConnectionTrait,
    applied: &BTreeSet<i64>,
) -> Result<(), OpenError> {
    let Some(found) = newer(applied) else { return Ok(()) };
    let known = newest();
    // Without it the database is of a time when no newer schema could be used.
    let oldest = if applied.contains(&COMPATIBILITY) {
        let sql = "SELECT MAX(oldest) AS oldest FROM schema_compatibility";
        one(connection, sql, []).await?.map(|row| row.get::<Option<i64>>("oldest")).transpose()?
    } else {
        None
    };
    match oldest.flatten() {
        Some(oldest) if oldest <= known => {
            tracing::info!(
                found,
                known,
                "the database was made by a newer version, which this one works beside"
            );
            Ok(())
        }
        _ => Err(OpenError::NewerSchema { found, known }),
    }
}

/// The versions that a database has.
async fn applied(connection: &impl ConnectionTrait) -> Result<BTreeSet<i64>, StoreError> {
    let rows = all(connection, "SELECT version FROM schema_migrations", []).await?;
    rows.iter().map(|row| row.get("version")).collect()
}

/// The first one that a database lacks.
fn missing(applied: &BTreeSet<i64>) -> Option<&'static (i64, &'static str, &'static str)> {
    MIGRATIONS.iter().find(|(version, ..)| !applied.contains(version))
}

/// The last one that is not known here.
fn newer(applied: &BTreeSet<i64>) -> Option<i64> {
    let known = |found: &i64| MIGRATIONS.iter().any(|(version, ..)| version == found);
    applied.iter().rev().find(|found| !known(found)).copied()
}

fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

fn dialect(backend: DbBackend, sql: &str) -> String {
    let sql = match (sql.strip_prefix(POSTGRES_ONLY), backend) {
        (Some(sql), DbBackend::Postgres) => sql,
        (Some(_), _) => "",
        (None, _) => sql,
    };
    let (id, seq, clustered, bytes) = match backend {
        DbBackend::Postgres => {
            ("TEXT COLLATE \"C\"", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "", "BYTEA")
        }
        _ => ("TEXT", "INTEGER PRIMARY KEY AUTOINCREMENT", "WITHOUT ROWID", "BLOB"),
    };
    sql.replace("{ID}", id)
        .replace("{SEQ}", seq)
        .replace("{CLUSTERED}", clustered)
        .replace("{BYTES}", bytes)
}

#[cfg(test)]
mod tests {
    use sea_orm::Database;

    use super::*;
    use crate::{db::all, query_plans::site::Site};

    /// A database as the version with so many migrations left it.
    async fn of_version(last: usize) -> DatabaseConnection {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        bring_to(&database, last).await;
        database
    }

    async fn bring_to(database: &DatabaseConnection, last: usize) {
        database.execute_unprepared(HISTORY).await.unwrap();
        for (version, name, sql) in MIGRATIONS.iter().take(last) {
            let sql = dialect(database.get_database_backend(), sql);
            database.execute_unprepared(&sql).await.unwrap();
            let sql = format!("INSERT INTO schema_migrations VALUES ({version}, '{name}', 0)");
            database.execute_unprepared(&sql).await.unwrap();
        }
    }

    #[test]
    fn a_version_that_is_missing_is_found_though_later_ones_are_there() {
        let mut applied: BTreeSet<i64> = MIGRATIONS.iter().map(|(version, ..)| *version).collect();
        assert_eq!((missing(&applied), newer(&applied)), (None, None));
        applied.remove(&4);
        assert_eq!(missing(&applied).unwrap().0, 4);
        applied.insert(9_999);
        assert_eq!(newer(&applied), Some(9_999));
    }

    #[test]
    fn each_version_is_the_number_of_its_file() {
        assert!(MIGRATIONS.is_sorted_by(|(one, ..), (other, ..)| one < other));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let files: BTreeSet<_> = files.map(|name| name.into_string().unwrap()).collect();
        let named = MIGRATIONS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql"));
        assert_eq!(named.collect::<BTreeSet<_>>(), files);
    }

    #[tokio::test]
    async fn keys_that_the_configuration_gave_before_are_known_as_such() {
        let database = of_version(8).await;
        for (id, name) in [("key_1", "admin (from the configuration)"), ("key_2", "admin")] {
            let sql = format!("INSERT INTO api_keys VALUES ('{id}', '{name}', '{id}', 0)");
            database.execute_unprepared(&sql).await.unwrap();
        }
        migrate(&database).await.unwrap();
        let sql = "SELECT id FROM api_keys WHERE configured";
        let found = all(&database, sql, []).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].get::<String>("id").unwrap(), "key_1");
    }

    #[tokio::test]
    async fn what_hangs_on_an_app_of_an_older_schema_still_goes_with_it() {
        let database = of_version(7).await;
        for sql in [
            "INSERT INTO apps (id, settings, created_at, updated_at) VALUES ('app_1', '{}', 0, 0)",
            "INSERT INTO sessions (id, app_id, context, preview, created_at)
             VALUES ('ses_1', 'app_1', '{}', FALSE, 0)",
        ] {
            database.execute_unprepared(sql).await.unwrap();
        }
        migrate(&database).await.unwrap();

        let count = async |table: &str| {
            let sql = format!("SELECT COUNT(*) AS rows FROM {table}");
            one(&database, &sql, []).await.unwrap().unwrap().get::<i64>("rows").unwrap()
        };
        assert_eq!((count("apps").await, count("sessions").await), (1, 1));
        database.execute_unprepared("UPDATE app_rows SET removed = TRUE").await.unwrap();
        assert_eq!((count("apps").await, count("sessions").await), (0, 1));
        database.execute_unprepared("DELETE FROM app_rows").await.unwrap();
        assert_eq!(count("sessions").await, 0);
    }

    /// A long read, as that of a backup, keeps the schema as it is, and nobody else waits for either.
    #[tokio::test]
    async fn nobody_waits_behind_a_version_that_waits_for_a_table() {
        let site = Site::postgres().await;
        let database = Database::connect(site.url()).await.unwrap();
        database
            .execute_unprepared("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            .await
            .unwrap();
        bring_to(&database, MIGRATIONS.iter().take_while(|(version, ..)| *version < 81).count())
            .await;
        for sql in [
            "INSERT INTO app_rows (id, settings, created_at, updated_at) VALUES ('app_1', '{}', 0, 0)",
            "INSERT INTO sessions (id, app_id, context, preview, created_at)
             VALUES ('ses_00', 'app_1', '{}', FALSE, 0)",
        ] {
            database.execute_unprepared(sql).await.unwrap();
        }
        let reader = Database::connect(site.url()).await.unwrap().begin().await.unwrap();
        reader.execute_unprepared("LOCK TABLE calls IN ACCESS SHARE MODE").await.unwrap();

        let soon = Patience { pause: Duration::from_millis(200), in_all: Duration::ZERO };
        let given_up = migrate_within(&database, soon).await.unwrap_err();
        assert!(matches!(given_up, OpenError::TablesInUse { version: 81, .. }), "{given_up}");

        let patience = Patience { in_all: Duration::from_secs(60), ..soon };
        let writer = Database::connect(site.url()).await.unwrap();
        let (migrated, ()) = tokio::join!(migrate_within(&database, patience), async {
            let began = Instant::now();
            for n in 0.. {
                let wrote = Instant::now();
                let sql = format!(
                    "INSERT INTO calls (id, app_id, session_id, profile_id, node_id, state, started_at)
                     VALUES ('call_{n}', 'app_1', 'ses_00', 'dst_1', 'node_1', 'live', 0)"
                );
                writer.execute_unprepared(&sql).await.unwrap();
                assert!(wrote.elapsed() < Duration::from_secs(2), "{:?}", wrote.elapsed());
                // Longer than a version waits, and its pause.
                if began.elapsed() > Duration::from_secs(4) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            reader.rollback().await.unwrap();
        });
        migrated.unwrap();
        check_current(&database).await.unwrap();
        site.clear().await;
    }

    /// What an older program has written, and writes meanwhile, all finds its partition.
    #[tokio::test]
    async fn tables_become_partitioned_while_an_older_program_writes_to_them() {
        let site = Site::postgres().await;
        let database = Database::connect(site.url()).await.unwrap();
        database
            .execute_unprepared("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            .await
            .unwrap();
        bring_to(&database, MIGRATIONS.iter().take_while(|(version, ..)| *version < 90).count())
            .await;
        for sql in [
            "INSERT INTO app_rows (id, settings, created_at, updated_at) VALUES ('app_1', '{}', 0, 0)",
            "INSERT INTO sessions (id, app_id, context, preview, created_at)
             VALUES ('ses_00', 'app_1', '{}', FALSE, 0)",
            // Of a server whose clock was years ahead.
            "INSERT INTO sessions (id, app_id, context, preview, created_at)
             VALUES ('ses_020000000000700080000000000000', 'app_1', '{}', FALSE, 0)",
            "INSERT INTO session_tokens VALUES ('hash', 'ses_00', 1)",
            "INSERT INTO session_context VALUES ('app_1', 'key', 'value', 'ses_00')",
            "INSERT INTO event_traces VALUES (1, '00-1')",
        ] {
            database.execute_unprepared(sql).await.unwrap();
        }
        // As it writes an event, its delivery and an attempt.
        let write = async |n: i64| {
            let sql = format!(
                "INSERT INTO events (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
                 VALUES ('00-{n}', 'app_1', 'ses_00', 'call_{n}', 'call_ended', FALSE, '{{}}', 0, 0)
                 ON CONFLICT DO NOTHING
                 RETURNING seq"
            );
            let seq: i64 = one(&database, &sql, []).await.unwrap().unwrap().get("seq").unwrap();
            let sql = "INSERT INTO deliveries VALUES ('int_1', $1, 'dead', 1, NULL)";
            execute(&database, sql, [seq.into()]).await.unwrap();
            let sql = "INSERT INTO attempts VALUES ('int_1', $1, 1, 0, 0, 500, 'x', '', NULL)";
            execute(&database, sql, [seq.into()]).await.unwrap();
            seq
        };
        for n in 1..=3 {
            assert_eq!(write(n).await, n);
        }
        let other = Database::connect(site.url()).await.unwrap();
        let (migrated, last) = tokio::join!(migrate(&other), async {
            let mut last = 3;
            for n in 4..=500 {
                let seq = write(n).await;
                assert_eq!(seq, last + 1, "no place is left out, and none is used twice");
                last = seq;
            }
            last
        });
        migrated.unwrap();

        let count = async |table: &str| {
            let sql = format!("SELECT COUNT(*) AS rows FROM {table}");
            one(&database, &sql, []).await.unwrap().unwrap().get::<i64>("rows").unwrap()
        };
        for table in ["events", "deliveries", "attempts", "events_first", "deliveries_first"] {
            assert_eq!(count(table).await, last, "{table}");
        }
        assert_eq!(count("sessions_first").await, 2);
        assert_eq!((count("event_traces").await, count("session_context").await), (1, 1));
        let refused = database
            .execute_unprepared(
                "INSERT INTO events (id, app_id, session_id, call_id, name, preview, envelope, occurred_at, recorded_at)
                 VALUES ('00-9000', 'app_1', 'ses_00', 'call_7', 'call_error', FALSE, '{}', 0, 0)",
            )
            .await;
        assert!(refused.is_err(), "a call of an older program has one end, too");
        database.execute_unprepared("DELETE FROM sessions").await.unwrap();
        let left = ["session_tokens", "session_context"].map(count);
        assert_eq!(futures_util::future::join_all(left).await, [0, 0]);
        site.clear().await;
    }
}
