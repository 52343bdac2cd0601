//! `POST /users`.

use axum::http::StatusCode;
use axum::response::Response;

use super::request::{UserDraft, UserRequest};
use super::{StoredUser, UserView, store};
use crate::http::{JsonBody, NoQuery, Prefix, Problem, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::Mode;
use crate::writes::{Outcome, Write};

/// The role of a new user if the request has none.
const DEFAULT_ROLE: &str = "analyst";

/// Adds a user to the workspace.
///
/// # Errors
/// Returns 400, 401, 409 or a database error.
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "create_user",
    tag = "Users",
    params(IdempotencyKey),
    request_body(
        content = UserRequest<'static>,
        example = json!(
            {"first_name": "Grace", "last_name": "Hopper", "email": "grace@example.com",
                "role": "analyst"}
        ),
    ),
    responses(
        (status = 201, description = "The user.", body = UserView<'static>, headers(("Location"))),
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
        UserRequest<'_>,
        |request: UserRequest<'_>, scope| { request.parse(Mode::Create, scope) }
    )?;
    request.refuse(request.violations())?;
    let now = write.now;
    let UserDraft {
        first_name,
        last_name,
        email,
        role,
        suspended,
    } = request.value;
    let user = StoredUser {
        id: write.ids.next(now),
        first_name: first_name.unwrap_or_default(),
        last_name: last_name.unwrap_or_default(),
        email: email.map_or_else(String::new, |it| it.as_str().to_owned()),
        role: role.unwrap_or_else(|| DEFAULT_ROLE.to_owned()),
        created_at: now,
        suspended_at: suspended.unwrap_or_default().then_some(now),
    };
    let work = (write.workspace_id, user);
    let create = write.run(&body, work, move |connection, work| {
        Box::pin(async move {
            let (workspace_id, user) = &*work;
            store::save(connection, *workspace_id, user).await?;
            let response = WriteResponse::json(StatusCode::CREATED, &UserView::new(user))?;
            Ok(Outcome::from(
                response.with_location(format!("{prefix}/users/{}", user.id)),
            ))
        })
    });
    create.await
}
