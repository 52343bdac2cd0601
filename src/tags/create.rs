//! `POST /tags`.

use axum::http::StatusCode;
use axum::response::Response;

use super::request::TagRequest;
use super::{Tag, TagView, store};
use crate::http::{JsonBody, NoQuery, Prefix, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::{Code, Fault};
use crate::writes::{Outcome, Write};

/// The maximum number of tags of a workspace.
const MAX_TAGS: i64 = 200;

/// Adds a tag to the workspace.
///
/// # Errors
/// Returns 400, 401, 409 or a database error.
#[utoipa::path(
    post,
    path = "/tags",
    operation_id = "create_tag",
    tag = "Tags",
    params(IdempotencyKey),
    request_body(
        content = TagRequest<'static>,
        example = json!({"label": "Priority"}),
    ),
    responses(
        (status = 201, description = "The tag.", body = TagView<'static>, headers(("Location"))),
    ),
)]
pub async fn create(
    write: Write,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parse_body!(
        write.compute,
        body.clone(),
        TagRequest<'_>,
        TagRequest::parse
    )?;
    request.refuse(request.violations())?;
    let (now, id) = (write.now, write.ids.next(write.now));
    let work = (write.workspace_id, id, request, now);
    let create = write.run(&body, work, move |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, request, now) = &*work;
            let Some(label) = &request.value else {
                return Err(Problem::Plain(ProblemType::InternalError));
            };
            if store::count_locked(connection, *workspace_id).await? >= MAX_TAGS {
                let message = format!("A workspace has at most {MAX_TAGS} tags. Delete one first.");
                return Err(Problem::conflict("", Fault::new(Code::TooMany, message)));
            }
            store::check_label(connection, *workspace_id, *id, label).await?;
            store::insert(connection, *workspace_id, *id, label, *now).await?;
            let tag = Tag {
                id: *id,
                label: label.as_str().into(),
                created_at: *now,
            };
            let response = WriteResponse::json(StatusCode::CREATED, &TagView::new(&tag))?;
            Ok(Outcome::from(
                response.with_location(format!("{prefix}/tags/{id}")),
            ))
        })
    });
    create.await
}
