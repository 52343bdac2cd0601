//! `POST /cases` and `POST /cases/batch`.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};

mod attempt;
mod batch;
mod batch_earlier;
mod batch_item;
mod batch_items;
mod batch_view;
mod create_request;
mod defaults;
mod draft;
mod dry_run;
mod entities;
mod examples;
mod finish;
mod graph;
mod group_commit;
mod insert;
mod origin;
mod record;
mod request;
mod rows;
mod writer;

pub use batch::{__path_batch, batch};
pub use draft::CaseDraft;
pub use examples::add_examples;
pub use request::CaseRequest;
pub use writer::CaseWriter;

use create_request::CreateRequest;
use dry_run::DryRun;
use origin::Single;

use crate::cases::view::CaseView;
use crate::http::{JsonBody, Prefix, Problem};
use crate::idempotency::IdempotencyKey;
use crate::state::FeatureState;
use crate::writes::Write;

/// Creates a case with its companies, individuals and relations, or returns every error of the request.
///
/// # Errors
/// Returns the problem of the request; [`crate::http::ProblemType`] lists all types. Nothing was stored, unless it is
/// `outcome-unknown`.
#[utoipa::path(
    post,
    path = "/cases",
    operation_id = "create_case",
    description = include_str!("create.md"),
    tag = "Cases",
    params(DryRun, IdempotencyKey),
    request_body = CaseRequest<'static>,
    responses(
        (
            status = 201,
            description = "The whole case.",
            body = CaseView<'static>,
            headers(("ETag"), ("Location")),
        ),
        (
            status = 200,
            description = "The valid case of a dry run, with ids that are not stored.",
            body = CaseView<'static>,
        ),
    ),
)]
pub async fn create(
    write: Write,
    FeatureState(cases): FeatureState<CaseWriter>,
    Prefix(prefix): Prefix,
    DryRun(dry_run): DryRun,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let claim = write.claim(&body);
    let request = Arc::new(CreateRequest::read(&write, body, Single { prefix }).await?);
    if dry_run {
        return Ok(cases.check(&write, request).await?.into_response());
    }
    let store = || cases.store(&write, &request, claim.as_ref());
    let executed = write.execute_once(claim.as_ref(), store).await?;
    Ok(executed.into_response())
}
