//! Where the deliveries that are asked for stand: one or several.

use axum::{extract::FromRequestParts, http::request::Parts};
use bellpush_core::delivery::DeliveryStatus;
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::http::problem::Problem;

/// Where the deliveries stand.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Statuses {
    /// Only deliveries that stand here: `pending`, `delivered` or `dead`; several times for several.
    #[param(value_type = Option<Vec<DeliveryStatus>>, inline)]
    pub(super) status: Vec<DeliveryStatus>,
}

impl<S: Sync> FromRequestParts<S> for Statuses {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let given = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "status");
        let status = given.map(|(_, word)| read(&word)).collect::<Result<_, _>>()?;
        Ok(Self { status })
    }
}

fn read(word: &str) -> Result<DeliveryStatus, Problem> {
    let read = DeliveryStatus::deserialize(StrDeserializer::<Error>::new(word));
    read.map_err(|error| Problem::invalid(format!("status: {error}")).of("status"))
}
