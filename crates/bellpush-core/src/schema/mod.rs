//! How values that have a form of their own stand in the description of the API. Their bounds and
//! patterns are the constants that the rules are made of, so that neither can change alone.

#[cfg(feature = "openapi")]
mod builders;
#[cfg(test)]
pub(crate) mod tests;

#[cfg(feature = "openapi")]
pub use builders::{BEYOND, text_in_form, text_of};
#[cfg(feature = "openapi")]
pub(crate) use builders::{beyond, integer, only_field, text};

/// Describes types, each by a schema of its own.
macro_rules! described {
    ($($type:ident: $schema:expr;)+) => {$(
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                #[allow(unused_imports, reason = "not all use all of it")]
                use crate::schema::{NOT_BLANK, beyond, integer, only_field, text, text_in_form, text_of};
                $schema.into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $type {}
    )+};
}

/// The same for forms that have no type of their own: they stand in for the type of a field.
macro_rules! forms {
    ($($(#[$doc:meta])* $vis:vis $form:ident: $schema:expr;)+) => {
        $(
            $(#[$doc])*
            #[cfg(feature = "openapi")]
            #[derive(Debug)]
            $vis enum $form {}
        )+
        crate::schema::described! { $($form: $schema;)+ }
    };
}

pub(crate) use {described, forms};

/// Not only blanks.
#[cfg(feature = "openapi")]
pub(crate) const NOT_BLANK: &str = r"\S";

forms! {
    /// A name for people.
    pub(crate) Name: text_of(1, crate::field_error::MAX_NAME_CHARS).pattern(Some(NOT_BLANK));
}
