//! Paging and filters, as lists share them.

use std::{fmt::Display, str::FromStr};

use bellpush_core::schema::text_in_form;
use serde::Deserialize;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::http::problem::Problem;

/// Items on one page unless asked otherwise.
const DEFAULT_LIMIT: u32 = 50;
/// Items on one page, at most.
const MAX_LIMIT: u32 = 500;

/// Where a page begins.
enum Cursor {}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        let rule = "the `next` of a page of this very list";
        text_in_form("cursor", rule).examples(["2041"]).into()
    }
}

impl ToSchema for Cursor {}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next` of the page before.
    #[param(value_type = Option<Cursor>, inline)]
    pub(crate) after: Option<String>,
    /// Items on the page: 1 to 500, 50 by default.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: Option<u32>,
}

impl PageQuery {
    /// The page for the store; `key` reads `after`.
    ///
    /// # Errors
    /// 422 for a limit or a place out of range.
    pub(crate) fn request<K>(
        &self,
        key: impl Fn(&str) -> Option<K>,
    ) -> Result<bellpush_store::PageRequest<K>, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::invalid(format!("limit is between 1 and {MAX_LIMIT}")).of("limit"));
        }
        let after = match self.after.as_deref() {
            None => None,
            Some(text) => Some(key(text).ok_or_else(|| {
                let detail = "after is not the next of a page; leave it out for the first page";
                Problem::invalid(detail).of("after")
            })?),
        };
        Ok(bellpush_store::PageRequest { after, limit })
    }
}

/// Reads `key:value`. A context key can't hold a colon, so the first one divides.
///
/// # Errors
/// 422 without a colon.
pub(crate) fn context_filter(text: Option<&str>) -> Result<Option<(String, String)>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let (key, value) = text.split_once(':').ok_or_else(|| {
        Problem::invalid("write the context filter as context=orderId:A-12345").of("context")
    })?;
    Ok(Some((key.to_owned(), value.to_owned())))
}

/// Reads a parameter that has a form of its own.
///
/// # Errors
/// 422 that names the parameter.
pub(crate) fn parsed<T: FromStr<Err: Display>>(
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.map(str::parse)
        .transpose()
        .map_err(|error: T::Err| Problem::invalid(format!("{name}: {error}")).of(name))
}
