//! Writing lines, each with a hash over itself and the line before, and looking whether they are
//! all still there as they were written.

use bellpush_core::{delivery::Seq, events::EventTime};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use sha2::{Digest, Sha256};

use super::{Actor, Line};
use crate::{
    OpenError, StoreError,
    db::{self, Db, Row, migrations, target::Target, to_json},
};

/// Lines that are read at once.
const STEP: i64 = 1_000;

/// What is wrong with the trail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A line is gone.
    #[error("line {0} is missing")]
    Missing(i64),
    /// A line, or the one before, is not as it was written.
    #[error("line {0} is not as it was written, or follows another line than it did")]
    Changed(i64),
    /// Lines at the end are gone, or were added past the server.
    #[error("the trail should end with line {expected}, and ends with line {found}")]
    End {
        /** The last line that the server has written. */
        expected: i64,
        /** The last line that is there. */
        found: i64,
    },
}

/// The trail of a database.
#[derive(Debug, Clone)]
pub struct AuditTrail(Db);

impl AuditTrail {
    /// Opens the trail of a database that a server may be running on.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub async fn open(target: &Target) -> Result<Self, OpenError> {
        let db = Db::beside(target).await?;
        migrations::check_current(&db.read).await?;
        Ok(Self(db))
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// Reads the whole trail: how many lines it has, or the first thing that is wrong.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify(&self) -> Result<Result<i64, AuditFault>, StoreError> {
        verify(&self.0.read).await
    }
}

pub(super) async fn verify(
    connection: &impl ConnectionTrait,
) -> Result<Result<i64, AuditFault>, StoreError> {
    let mut last = Link { seq: 0, hash: String::new() };
    // Lines that are written meanwhile are left for the next time.
    let head = head(connection).await?;
    while last.seq < head.seq {
        let lines = lines(connection, last.seq, head.seq).await?;
        if lines.is_empty() {
            break;
        }
        for row in lines {
            let seq: i64 = row.get("seq")?;
            if seq != last.seq + 1 {
                return Ok(Err(AuditFault::Missing(last.seq + 1)));
            }
            let hash = row_hash(&row, &last.hash)?;
            if row.get::<String>("hash")? != hash {
                return Ok(Err(AuditFault::Changed(seq)));
            }
            last = Link { seq, hash };
        }
    }
    if last.seq != head.seq || last.hash != head.hash {
        return Ok(Err(AuditFault::End { expected: head.seq, found: last.seq }));
    }
    // The server moves the head with each line: the head that is read second is no less than the last line.
    let newest = db::one(connection, "SELECT MAX(seq) AS seq FROM audit_trail", []).await?;
    let newest = newest.and_then(|row| row.get::<Option<i64>>("seq").transpose()).transpose()?;
    let (found, expected) = (newest.unwrap_or(0), self::head(connection).await?.seq);
    Ok(if found <= expected { Ok(last.seq) } else { Err(AuditFault::End { expected, found }) })
}

/// The end of the trail.
struct Link {
    seq: i64,
    hash: String,
}

/// Writes one line, at the end of the transaction that does what it tells of: others wait for it
/// from here on.
pub(crate) async fn write(
    transaction: &DatabaseTransaction,
    actor: &Actor,
    at: EventTime,
    line: Line,
) -> Result<Seq, StoreError> {
    let sql = "UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash";
    let head = db::one(transaction, sql, []).await?;
    let head = head.ok_or(StoreError::Corrupt { column: "audit_head.seq" })?;
    let (seq, before): (i64, String) = (head.get("seq")?, head.get("hash")?);
    let actor_id = actor.who.id();
    let address = actor.address.map(|address| address.to_string());
    let app_id = line.app_id.map(|id| id.to_string());
    let changes = to_json(&line.changes);
    // As it will be read back.
    let text = |text: Option<String>| text.map(|text| db::without_nul(&text).into_owned());
    let (actor_name, subject_name) = (text(actor.name.clone()), text(line.subject_name));
    let hash = hash(&Hashed {
        before: &before,
        seq,
        at: at.millis(),
        action: line.action.as_str(),
        actor_kind: actor.who.kind(),
        actor_id: actor_id.as_deref(),
        actor_name: actor_name.as_deref(),
        address: address.as_deref(),
        app_id: app_id.as_deref(),
        subject_id: line.subject_id.as_deref(),
        subject_name: subject_name.as_deref(),
        changes: &changes,
    });
    let sql = "
        INSERT INTO audit_trail
            (seq, at, action, actor_kind, actor_id, actor_name, address, app_id, subject_id,
             subject_name, changes, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = [
        seq.into(),
        at.millis().into(),
        line.action.as_str().into(),
        actor.who.kind().into(),
        actor_id.into(),
        actor_name.into(),
        address.into(),
        app_id.into(),
        line.subject_id.into(),
        subject_name.into(),
        changes.into(),
        hash.clone().into(),
    ];
    db::execute(transaction, sql, values).await?;
    set_head(transaction, &hash).await?;
    Ok(Seq(seq))
}

/// Writes the line of an update, unless nothing has changed by it.
pub(crate) async fn write_update(
    transaction: &DatabaseTransaction,
    actor: &Actor,
    at: EventTime,
    line: Line,
) -> Result<(), StoreError> {
    if !line.changes.is_empty() {
        write(transaction, actor, at, line).await?;
    }
    Ok(())
}

/// Gives lines their hashes that a migration has brought here without.
pub(crate) async fn hash_earlier(db: &Db) -> Result<(), StoreError> {
    if !is_without(&head(&db.read).await?) {
        return Ok(());
    }
    let transaction = db.begin().await?;
    // Other nodes that start at the same time wait here.
    db::execute(&transaction, "UPDATE audit_head SET seq = seq WHERE id = 1", []).await?;
    let end = head(&transaction).await?;
    if !is_without(&end) {
        return Ok(());
    }
    let mut last = Link { seq: 0, hash: String::new() };
    while last.seq < end.seq {
        let lines = lines(&transaction, last.seq, end.seq).await?;
        if lines.is_empty() {
            break;
        }
        for row in lines {
            let hash = row_hash(&row, &last.hash)?;
            let seq: i64 = row.get("seq")?;
            let sql = "UPDATE audit_trail SET hash = $2 WHERE seq = $1";
            db::execute(&transaction, sql, [seq.into(), hash.clone().into()]).await?;
            last = Link { seq, hash };
        }
    }
    set_head(&transaction, &last.hash).await?;
    Ok(db::commit(transaction).await?)
}

fn is_without(head: &Link) -> bool {
    head.seq > 0 && head.hash.is_empty()
}

async fn head(connection: &impl ConnectionTrait) -> Result<Link, StoreError> {
    let row = db::one(connection, "SELECT seq, hash FROM audit_head WHERE id = 1", []).await?;
    let row = row.ok_or(StoreError::Corrupt { column: "audit_head.seq" })?;
    Ok(Link { seq: row.get("seq")?, hash: row.get("hash")? })
}

async fn set_head(transaction: &DatabaseTransaction, hash: &str) -> Result<(), StoreError> {
    let sql = "UPDATE audit_head SET hash = $1 WHERE id = 1";
    db::execute(transaction, sql, [hash.into()]).await?;
    Ok(())
}

async fn lines(
    connection: &impl ConnectionTrait,
    after: i64,
    last: i64,
) -> Result<Vec<Row>, StoreError> {
    let sql = concat!(
        "
        SELECT ",
        db::columns!(audit_trail),
        ", audit_trail.hash
        FROM audit_trail
        WHERE seq > $1
          AND seq <= $2
        ORDER BY seq
        LIMIT $3"
    );
    Ok(db::all(connection, sql, [after.into(), last.into(), STEP.into()]).await?)
}

/// What a line's hash is over, in this order.
#[derive(serde::Serialize)]
struct Hashed<'a> {
    before: &'a str,
    seq: i64,
    at: i64,
    action: &'a str,
    actor_kind: &'a str,
    actor_id: Option<&'a str>,
    actor_name: Option<&'a str>,
    address: Option<&'a str>,
    app_id: Option<&'a str>,
    subject_id: Option<&'a str>,
    subject_name: Option<&'a str>,
    changes: &'a str,
}

fn row_hash(row: &Row, before: &str) -> Result<String, StoreError> {
    let optional = |column| row.get::<Option<String>>(column);
    Ok(hash(&Hashed {
        before,
        seq: row.get("seq")?,
        at: row.get("at")?,
        action: &row.get::<String>("action")?,
        actor_kind: &row.get::<String>("actor_kind")?,
        actor_id: optional("actor_id")?.as_deref(),
        actor_name: optional("actor_name")?.as_deref(),
        address: optional("address")?.as_deref(),
        app_id: optional("app_id")?.as_deref(),
        subject_id: optional("subject_id")?.as_deref(),
        subject_name: optional("subject_name")?.as_deref(),
        changes: &row.get::<String>("changes")?,
    }))
}

fn hash(line: &Hashed<'_>) -> String {
    Sha256::digest(to_json(line)).iter().map(|byte| format!("{byte:02x}")).collect()
}
