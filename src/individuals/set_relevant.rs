//! `POST /individuals/{id}/set-relevant`.

use axum::extract::State;
use axum::response::Response;

use super::create::answer;
use super::store;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{Id, JsonBody, NoQuery, Problem, with_etag};
use crate::parsed;
use crate::values::now;
use crate::versions::{CaseReference, IfMatch, RelevanceRequest, lock, touch};

/// Says whether an individual is relevant: what is not is left out of the answer to `GET /cases/{id}`.
///
/// # Errors
/// 400, 401, 404, 412 and what the database can have.
pub async fn set_relevant(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parsed!(body, RelevanceRequest<'_>, RelevanceRequest::parse)?;
    let work = (caller.workspace_id, id, if_match, request, now());
    let set = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, if_match, request, now) = &*work;
            let case_id = store::case_of(connection, *workspace_id, *id).await?;
            let reference = CaseReference::by_id(case_id);
            lock(connection, *workspace_id, &reference, if_match).await?;
            request.refuse(request.violations())?;
            let mut found = store::read(connection, *workspace_id, *id).await?;
            found.individual.is_relevant = request.value;
            found.individual.updated_at = *now;
            store::save(connection, *workspace_id, &found.individual).await?;
            found.version = touch(connection, *workspace_id, case_id, *now).await?;
            Ok::<_, Problem>(found)
        })
    });
    let found = set.await?;
    Ok(with_etag(found.version, answer(&found)))
}
