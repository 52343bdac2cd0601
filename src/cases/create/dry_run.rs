//! The query parameter `dry_run`.

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::http::{Problem, Query, parameters};

const NAME: &str = "dry_run";

/// Whether to check the request without storing anything. Refuses every other query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DryRun(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for DryRun {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, state).await;
        let mut query = Query::new(query.as_deref());
        let dry_run = query.flag(NAME);
        query.finish()?;
        Ok(Self(dry_run))
    }
}

impl IntoParams for DryRun {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "Checks the request and stores nothing, not even the `Idempotency-Key`. The status of a valid \
                     case is 200 instead of 201, without `Location` and `ETag`.";
        vec![parameters::flag(NAME, about)]
    }
}
