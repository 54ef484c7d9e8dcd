//! Rotation of the master key: every sealed record is found here, and sealed anew.

use std::collections::BTreeMap;

use sea_orm::DatabaseTransaction;

use crate::{
    Store, StoreError,
    access::sso::SECRET_IDENTITY,
    db::{self, Row},
    insight::sealed::DATA_KEY,
    integrations::sealed::{key_identity, retired_identity, secret_identity, signing_identity},
    routing::trunks::password_identity,
    store::{MASTER_KEY_CHECK, totp_identity},
    vault::KeyRing,
};

/// Records that are sealed anew by one transaction, at most.
const GROUP: usize = 200;

/// Where sealed records are. A new table or column of them belongs in here.
struct SealedColumn {
    /// Names a record by `one` and `two`, with its `sealed` text.
    select: &'static str,
    /// Puts `$3` in place of `$4` in the record that `$1` and `$2` name.
    update: &'static str,
    /// The identity that the record named so is sealed for.
    identity: fn(&str, &str) -> String,
}

/// The check of the key comes first: from then on no process starts that lacks the new key.
const SEALED_COLUMNS: [SealedColumn; 9] = [
    SealedColumn {
        select: "
            SELECT key AS one, '' AS two, value AS sealed
            FROM settings
            WHERE key = 'master_key_check'",
        update: "UPDATE settings SET value = $3 WHERE key = $1 AND $2 = '' AND value = $4",
        identity: |_, _| MASTER_KEY_CHECK.to_owned(),
    },
    SealedColumn {
        select: "
            SELECT key AS one, '' AS two, value AS sealed
            FROM settings
            WHERE key = 'data_key'",
        update: "UPDATE settings SET value = $3 WHERE key = $1 AND $2 = '' AND value = $4",
        identity: |_, _| DATA_KEY.to_owned(),
    },
    SealedColumn {
        select: "SELECT id AS one, '' AS two, signing_secret AS sealed FROM integrations",
        update: "
            UPDATE integrations
            SET signing_secret = $3
            WHERE id = $1
              AND $2 = ''
              AND signing_secret = $4",
        identity: |id, _| signing_identity(id),
    },
    SealedColumn {
        select: "
            SELECT id AS one, '' AS two, signing_key AS sealed
            FROM integrations
            WHERE signing_key IS NOT NULL",
        update: "
            UPDATE integrations
            SET signing_key = $3
            WHERE id = $1
              AND $2 = ''
              AND signing_key = $4",
        identity: |id, _| key_identity(id),
    },
    SealedColumn {
        select: "SELECT integration_id AS one, id AS two, sealed FROM retired_signing_secrets",
        update: "
            UPDATE retired_signing_secrets
            SET sealed = $3
            WHERE integration_id = $1
              AND id = $2
              AND sealed = $4",
        identity: retired_identity,
    },
    SealedColumn {
        select: "SELECT integration_id AS one, name AS two, sealed FROM integration_secrets",
        update: "
            UPDATE integration_secrets
            SET sealed = $3
            WHERE integration_id = $1
              AND name = $2
              AND sealed = $4",
        identity: secret_identity,
    },
    SealedColumn {
        select: "
            SELECT id AS one, '' AS two, password AS sealed
            FROM trunks
            WHERE password IS NOT NULL",
        update: "UPDATE trunks SET password = $3 WHERE id = $1 AND $2 = '' AND password = $4",
        identity: |id, _| password_identity(id),
    },
    SealedColumn {
        select: "
            SELECT key AS one, '' AS two, value AS sealed
            FROM settings
            WHERE key = 'sso_client_secret'",
        update: "UPDATE settings SET value = $3 WHERE key = $1 AND $2 = '' AND value = $4",
        identity: |_, _| SECRET_IDENTITY.to_owned(),
    },
    SealedColumn {
        select: "SELECT member_id AS one, '' AS two, sealed FROM totp_keys",
        update: "UPDATE totp_keys SET sealed = $3 WHERE member_id = $1 AND $2 = '' AND sealed = $4",
        identity: |id, _| totp_identity(id),
    },
];

struct Sealed {
    one: String,
    two: String,
    sealed: String,
    version: u8,
}

impl Store {
    /// How many records are sealed with each version of the master key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealed_records(&self) -> Result<BTreeMap<u8, usize>, StoreError> {
        let mut counts = BTreeMap::new();
        for column in &SEALED_COLUMNS {
            for record in db::read(db::all(&self.db().read, column.select, []).await?, sealed)? {
                *counts.entry(record.version).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// Seals all records that are sealed with an older version with the current one. Stopped in the
    /// middle, it goes on where it was. Returns how many it has sealed anew.
    ///
    /// # Errors
    /// When the database fails, or a record can't be opened; those before are sealed anew then.
    pub async fn seal_anew(&self) -> Result<usize, StoreError> {
        let current = self.keys().current();
        let mut done = 0;
        for column in &SEALED_COLUMNS {
            let records = db::read(db::all(&self.db().read, column.select, []).await?, sealed)?;
            let old: Vec<_> =
                records.into_iter().filter(|record| record.version != current).collect();
            for group in old.chunks(GROUP) {
                let transaction = self.db().begin_configuration().await?;
                for record in group {
                    done += seal_anew(&transaction, self.keys(), column, record).await?;
                }
                db::commit(transaction).await?;
            }
        }
        Ok(done)
    }

    /// Whether a server is running on this database, by the clock that leases go by.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_in_use(&self) -> Result<bool, StoreError> {
        let now = self.clock().await?;
        let sql = "SELECT id FROM nodes WHERE lease_until > $1";
        Ok(db::one(&self.db().read, sql, [now.millis().into()]).await?.is_some())
    }
}

async fn seal_anew(
    transaction: &DatabaseTransaction,
    keys: &KeyRing,
    column: &SealedColumn,
    record: &Sealed,
) -> Result<usize, StoreError> {
    let identity = (column.identity)(&record.one, &record.two);
    let secret = keys.open(&identity, &record.sealed)?;
    let values = [
        record.one.as_str().into(),
        record.two.as_str().into(),
        keys.seal(&identity, &secret)?.into(),
        record.sealed.as_str().into(),
    ];
    Ok(usize::from(db::execute(transaction, column.update, values).await? > 0))
}

fn sealed(row: &Row) -> Result<Sealed, StoreError> {
    let sealed: String = row.get("sealed")?;
    let version = KeyRing::version_of(&sealed)?;
    Ok(Sealed { one: row.get("one")?, two: row.get("two")?, sealed, version })
}
