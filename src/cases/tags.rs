//! `GET|POST|DELETE /cases/{id}/tags`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::{TAGS, TagReference, tags};
use super::model::CaseHeader;
use super::references::{self, ReferenceKeys};
use super::store;
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::events::{Change, Event, Subject};
use crate::http::{JsonBody, NoQuery, Parsed, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::schema::shape;
use crate::tags::{Tag, TagView};
use crate::validation::{Code, Fault, Field, Items, Scope, Text};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::wire_object;
use crate::writes::{Outcome, Write};

wire_object! {
    /// Tags to add to a case, or to remove from it.
    CaseTagsRequest {
        /// Labels (case-insensitive) or ids.
        "tags" => tags: Items<Text<'de>, TAGS> =
            shape::list(shape::text(1, 100).example("VIP"), TAGS).required(),
    }
}

/// The tags of a case.
#[derive(Debug, Serialize, ToSchema)]
struct CaseTagsView<'t> {
    /// The tags of the case, in their order.
    tags: Vec<TagView<'t>>,
}

struct Work {
    workspace_id: Uuid,
    reference: CaseReference,
    if_match: IfMatch,
    request: Parsed<Vec<TagReference>>,
    now: DateTime<Utc>,
}

/// Returns the tags of a case.
///
/// # Errors
/// Returns 400, 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/cases/{case}/tags",
    operation_id = "get_case_tags",
    tag = "Cases",
    params(CaseReference),
    responses(
        (status = 200, description = "The tags.", body = CaseTagsView<'static>, headers(("ETag"))),
    ),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    reference: CaseReference,
    _: NoQuery,
) -> Result<Response, Problem> {
    let input = (caller.workspace_id, reference);
    let found = database
        .read(deadline, input, |connection, input| {
            Box::pin(async move { store::find_header(connection, input.0, &input.1).await })
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let case: CaseHeader = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(response(&case, StatusCode::OK)?.into_response())
}

/// Adds tags to a case, after those that it has. Tags that it has already keep their position.
///
/// # Errors
/// Returns 400, 401, 404, 412 or a database error.
#[utoipa::path(
    post,
    path = "/cases/{case}/tags",
    operation_id = "add_case_tags",
    tag = "Cases",
    params(CaseReference, IfMatch, IdempotencyKey),
    request_body(
        content = CaseTagsRequest<'static>,
        example = json!({"tags": ["VIP"]}),
    ),
    responses(
        (status = 201, description = "The tags.", body = CaseTagsView<'static>, headers(("ETag"))),
    ),
)]
pub async fn add(
    write: Write,
    reference: CaseReference,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = work(&write, reference, if_match, body.clone()).await?;
    let add = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let case = change(connection, &work, |current, sent| {
                let new = sent.into_iter().filter(|tag| !current.contains(tag));
                current
                    .iter()
                    .cloned()
                    .chain(new.collect::<Vec<_>>())
                    .collect()
            });
            outcome(case.await?, StatusCode::CREATED, "api__added_tags__case")
        })
    });
    add.await
}

/// Removes tags from a case. Tags that it does not have are ignored.
///
/// # Errors
/// Returns 400, 401, 404, 412 or a database error.
#[utoipa::path(
    delete,
    path = "/cases/{case}/tags",
    operation_id = "remove_case_tags",
    tag = "Cases",
    params(CaseReference, IfMatch),
    request_body(
        content = CaseTagsRequest<'static>,
        example = json!({"tags": ["VIP"]}),
    ),
    responses(
        (status = 200, description = "The tags.", body = CaseTagsView<'static>, headers(("ETag"))),
    ),
)]
pub async fn remove(
    write: Write,
    reference: CaseReference,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = work(&write, reference, if_match, body.clone()).await?;
    let remove = write.run(&body, work, |connection, work| {
        Box::pin(async move {
            let case = change(connection, &work, |current, sent| {
                let remaining = current.iter().filter(|tag| !sent.contains(tag));
                remaining.cloned().collect()
            });
            outcome(case.await?, StatusCode::OK, "api__removed_tags__case")
        })
    });
    remove.await
}

async fn work(
    write: &Write,
    reference: CaseReference,
    if_match: IfMatch,
    body: bytes::Bytes,
) -> Result<Work, Problem> {
    let request = parse_body!(
        write.compute,
        body,
        CaseTagsRequest<'_>,
        CaseTagsRequest::parse
    )?;
    Ok(Work {
        workspace_id: write.workspace_id,
        reference,
        if_match,
        request,
        now: write.now,
    })
}

/// Sets the tags of a case to what `change` returns for its current tags and the sent tags. Returns the case, the version
/// of the references, and whether its tags changed.
async fn change(
    connection: &mut PgConnection,
    work: &Work,
    change: impl Fn(&[Tag], Vec<Tag>) -> Vec<Tag>,
) -> Result<(CaseHeader, Uuid, bool), Problem> {
    let workspace_id = work.workspace_id;
    let locked = lock(connection, workspace_id, &work.reference, &work.if_match).await?;
    let mut case = store::header(connection, workspace_id, locked.id).await?;
    let sent = &work.request.value;
    let references =
        references::read_in(connection, workspace_id, &ReferenceKeys::of_tags(sent)).await?;
    let mut violations = work.request.violations();
    let mut scope = Scope::root(&mut violations);
    let sent = references::tags(sent, &references, &mut scope);
    let tags = change(&case.tags, sent);
    if tags.len() > TAGS {
        let message = format!(
            "A case has at most {TAGS} tags; this request leads to {}. Remove some.",
            tags.len()
        );
        scope.key("tags").refuse(Fault::new(Code::TooMany, message));
    }
    work.request.refuse(violations)?;
    let is_changed = tags != case.tags;
    if is_changed {
        case.tags = tags;
        store::replace_tags(connection, workspace_id, case.id, &case.tags).await?;
        case.version = touch(connection, workspace_id, case.id, work.now).await?;
    }
    Ok((case, locked.reference_version, is_changed))
}

fn outcome(
    (case, reference_version, is_changed): (CaseHeader, Uuid, bool),
    status: StatusCode,
    activity: &'static str,
) -> Result<Outcome, Problem> {
    let outcome = Outcome::from(response(&case, status)?)
        .subject(case.id)
        .checked_with(is_changed.then_some(reference_version));
    if !is_changed {
        return Ok(outcome);
    }
    let change = Change::new(case.id, Subject::Case, case.version, activity);
    Ok(outcome.change(
        change
            .with_fields(["tags"])
            .with_event(Event::CASE_TAGS_UPDATED),
    ))
}

fn response(case: &CaseHeader, status: StatusCode) -> Result<WriteResponse, Problem> {
    let view = CaseTagsView {
        tags: case.tags.iter().map(TagView::new).collect(),
    };
    Ok(WriteResponse::json(status, &view)?.with_version(case.version))
}

impl CaseTagsRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Vec<TagReference> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        if matches!(self.tags, Field::Missing | Field::Null) {
            let message = "tags is required: a list of labels or ids.";
            scope
                .key("tags")
                .refuse(Fault::new(Code::Required, message));
        }
        tags(scope, self.tags())
    }
}
