//! `POST /companies/{id}/set-relevant`.

use axum::response::Response;

use super::part::FoundCompany;
use super::view::CompanyView;
use crate::case_parts::{self, RelevanceRequest};
use crate::http::{Id, JsonBody, NoQuery, Problem};
use crate::idempotency::IdempotencyKey;
use crate::versions::IfMatch;
use crate::writes::Write;

/// Sets whether a company is relevant. The response to `GET /cases/{id}` omits one that is not.
///
/// # Errors
/// Returns the problems of [`case_parts::set_relevant`].
#[utoipa::path(
    post,
    path = "/companies/{id}/set-relevant",
    operation_id = "set_company_relevant",
    tag = "Companies",
    params(Id, IfMatch, IdempotencyKey),
    request_body(
        content = RelevanceRequest<'static>,
        example = json!({"is_relevant": false}),
    ),
    responses((status = 200, description = "The company.", body = CompanyView<'static>, headers(("ETag")))),
)]
pub async fn set_relevant(
    write: Write,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    case_parts::set_relevant::<FoundCompany>(write, id, if_match, body).await
}
