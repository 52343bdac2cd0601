//! `POST /companies/{id}/set-relevant`.

use axum::http::StatusCode;
use axum::response::Response;

use super::create::{change, response};
use super::{CompanyView, store};
use crate::events::Event;
use crate::http::{Id, JsonBody, NoQuery, Problem};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::versions::{CaseReference, IfMatch, RelevanceRequest, lock, touch};
use crate::writes::{Outcome, Write};

/// Says whether a company is relevant: what is not is left out of the answer to `GET /cases/{id}`.
///
/// # Errors
/// 400, 401, 404, 412 and what the database can have.
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
    let request = parse_body!(
        write.compute,
        body.clone(),
        RelevanceRequest<'_>,
        RelevanceRequest::parse
    )?;
    let work = (write.workspace_id, id, if_match, request, write.now);
    let set = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, if_match, request, now) = &*work;
            let case_id = store::case_of(connection, *workspace_id, *id).await?;
            let reference = CaseReference::by_id(case_id);
            lock(connection, *workspace_id, &reference, if_match).await?;
            request.refuse(request.violations())?;
            let mut found = store::read(connection, *workspace_id, *id).await?;
            found.company.is_relevant = request.value;
            found.company.updated_at = *now;
            store::save(connection, *workspace_id, &found.company).await?;
            found.version = touch(connection, *workspace_id, case_id, *now).await?;
            let change = if request.value {
                change(&found, "api__marked_as_relevant__company")
                    .with_event(Event::COMPANY_RELEVANT)
            } else {
                change(&found, "api__marked_as_not_relevant__company")
                    .with_event(Event::COMPANY_NOT_RELEVANT)
            };
            Ok(Outcome::from(response(StatusCode::OK, &found)?).change(change))
        })
    });
    set.await
}
