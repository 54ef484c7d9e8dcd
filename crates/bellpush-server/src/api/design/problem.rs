//! What is wrong with a document, all of it at once.

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bellpush_core::FieldError;
use bellpush_store::{DesignError, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;

/// One fault of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DesignFault {
    /// Where: a JSON pointer into the document.
    pointer: String,
    /// What to change, in a sentence.
    detail: String,
}

/// A problem that names every fault of a document; the first one stands in `detail` and `pointer`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DesignProblem {
    #[serde(flatten)]
    problem: Problem,
    /// Every fault, up to fifty, in the order of the document.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<DesignFault>,
}

/// Why a request about a design was refused.
#[derive(Debug)]
pub(crate) struct Refused(Box<DesignProblem>);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Box::new(DesignProblem { problem, errors: Vec::new() }))
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl From<DesignError> for Refused {
    fn from(error: DesignError) -> Self {
        match error {
            DesignError::Store(error) => error.into(),
            DesignError::UnknownApp => Problem::not_found("there is no such app").into(),
            DesignError::MissingFields(faults) => faults.into(),
            DesignError::Outdated(outdated) => Problem::outdated(outdated).into(),
        }
    }
}

impl From<Vec<FieldError>> for Refused {
    fn from(faults: Vec<FieldError>) -> Self {
        let problem = match faults.first() {
            Some(first) => Problem::invalid(&first.message).at(&first.pointer),
            None => Problem::invalid("the document can't be used"),
        };
        let errors = faults
            .into_iter()
            .map(|fault| DesignFault { pointer: fault.pointer, detail: fault.message })
            .collect();
        Self(Box::new(DesignProblem { problem, errors }))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(refused) = self;
        if refused.errors.is_empty() {
            return refused.problem.into_response();
        }
        let mut response = (refused.problem.status(), Json(&*refused)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
