//! `POST /cases`.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::CaseRequest;
use super::new_case::{Arrival, CaseWriter, CreateAttempt, parse};
use super::view::CaseView;
use crate::http::{JsonBody, Limits, Prefix, Problem, Query, described};
use crate::idempotency::IdempotencyKey;
use crate::parameters;
use crate::state::FeatureState;
use crate::validation::Mode;
use crate::writes::Write;

parameters!(Parameters, {
    let about = "Checks everything and keeps nothing: 200 instead of 201, no `Location`, and an \
                 `Idempotency-Key` is not used up.";
    vec![described::flag("dry_run", about)]
});

/// Creates a case with everything that belongs to it, or says everything that is wrong.
///
/// # Errors
/// Every problem that a create can have; after any of them nothing was stored, or it says so.
#[utoipa::path(
    post,
    path = "/cases",
    operation_id = "create_case",
    description = include_str!("create.md"),
    tag = "Cases",
    params(Parameters, IdempotencyKey),
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
            description = "Of a dry run: the case as it would be. Nothing is kept.",
            body = CaseView<'static>,
        ),
    ),
)]
pub async fn create(
    write: Write,
    State(limits): State<Limits>,
    FeatureState(creates): FeatureState<CaseWriter>,
    Prefix(prefix): Prefix,
    RawQuery(query): RawQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let is_dry_run = query.flag("dry_run");
    query.finish()?;
    let parse = || parse(&body, Mode::Create, write.now);
    let mut draft = Some(write.compute.turn(body.len()).await?.run(parse)?);
    let claim = write.claim(&body);
    let mut attempt = || {
        let arrival = Arrival::Alone { prefix };
        let case = CreateAttempt::of(&write, &creates, arrival, draft.take(), body.clone());
        case.with_group_size(limits.group_size)
            .claiming(claim.clone())
    };
    if is_dry_run {
        return Ok(Box::pin(attempt().check()).await?.into_response());
    }
    let answered = write
        .execute_once(claim.as_ref(), || attempt().store())
        .await?;
    Ok(answered.into_response())
}
