//! What schemas are put together from.

use utoipa::openapi::{
    ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
    extensions::{Extensions, ExtensionsBuilder},
    schema::AdditionalProperties,
};

/// Says, in a schema, which rule the server holds beyond what a JSON Schema can say.
pub const BEYOND: &str = "x-beyond-schema";

/// A text.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A text of so many characters.
#[must_use]
pub fn text_of(least: usize, most: usize) -> ObjectBuilder {
    text().min_length(Some(least)).max_length(Some(most))
}

/// A text in a form that has a name, and that no pattern can say.
#[must_use]
pub fn text_in_form(form: &str, rule: &str) -> ObjectBuilder {
    text().format(Some(SchemaFormat::Custom(form.into()))).extensions(Some(beyond(rule)))
}

/// A whole number within bounds.
pub(crate) fn integer(least: u32, most: u32) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most))
}

/// An object with this field and no other.
pub(crate) fn only_field(name: &str, schema: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    ObjectBuilder::new()
        .property(name, schema)
        .required(name)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

/// The extension that names a rule beyond the schema.
pub(crate) fn beyond(rule: &str) -> Extensions {
    ExtensionsBuilder::new().add(BEYOND, rule).build()
}
