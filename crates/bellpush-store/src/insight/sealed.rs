//! What is kept compressed and encrypted: the records of calls, and exports.

use std::io::{Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use crate::{
    OpenError, StoreError,
    db::{self, Db},
    vault::{DataKey, KeyRing},
};

/// The identity that the key is sealed for.
pub(crate) const DATA_KEY: &str = "settings:data_key";
/// Bytes that one record unfolds to, at most.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The key of this database; it is made when there is none.
pub(crate) async fn data_key(db: &Db, keys: &KeyRing) -> Result<DataKey, OpenError> {
    let new = DataKey::generate().map_err(StoreError::from)?;
    let sealed = keys.seal(DATA_KEY, &new.to_text()).map_err(StoreError::from)?;
    let sql = "
        INSERT INTO settings (key, value)
        VALUES ('data_key', $1)
        ON CONFLICT (key) DO NOTHING";
    db::execute(&db.write, sql, [sealed.into()]).await.map_err(StoreError::from)?;
    let sql = "SELECT value FROM settings WHERE key = 'data_key'";
    let row = db::one(&db.write, sql, []).await.map_err(StoreError::from)?;
    let sealed: String = match row {
        Some(row) => row.get("value")?,
        None => return Err(StoreError::Corrupt { column: "settings.value" }.into()),
    };
    let text = keys.open(DATA_KEY, &sealed).map_err(StoreError::from)?;
    Ok(DataKey::from_text(&text).map_err(StoreError::from)?)
}

/// Compresses and encrypts for the record of this identity.
pub(crate) fn fold(key: &DataKey, identity: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let compressed = encoder.write_all(plain).and_then(|()| encoder.finish());
    let compressed = compressed.map_err(|_| StoreError::Corrupt { column: "body" })?;
    Ok(key.encrypt(identity, &compressed)?)
}

/// The other way round.
pub(crate) fn unfold(key: &DataKey, identity: &str, body: &[u8]) -> Result<Vec<u8>, StoreError> {
    let compressed = key.decrypt(identity, body)?;
    let mut plain = Vec::new();
    let read = ZlibDecoder::new(&*compressed).take(MAX_BYTES).read_to_end(&mut plain);
    read.map_err(|_| StoreError::Corrupt { column: "body" })?;
    Ok(plain)
}
