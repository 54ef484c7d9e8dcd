//! The JSON Schema of the document, from its types.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::document::Design;

/// Of which side of the document the schema speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is written: what has a default may be left out.
    Written,
    /// What is read back: what has a default is there.
    Read,
}

/// The schema, in the dialect of 2020-12. It says what the types say; rules between fields, such as
/// contrast and completeness, are checked by [`Design::read`] alone.
#[must_use]
pub fn schema(side: Side) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = match side {
        Side::Written => settings.for_deserialize(),
        Side::Read => settings.for_serialize(),
    };
    let mut schema = settings.into_generator().into_root_schema_for::<Design>();
    schema.insert("$id".to_owned(), "urn:bellpush:schema:design:1".into());
    schema.insert("title".to_owned(), "Design".into());
    schema.to_value()
}
