//! `PATCH /users/{id}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::request::{UserRequest, UserUpdateRequest};
use super::{UserView, store};
use crate::auth::Caller;
use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::http::{Id, JsonBody, NoQuery, Problem, ProblemType};
use crate::lock_row;
use crate::parse_body;
use crate::validation::Mode;
use crate::writes::Compute;

/// Changes or suspends a user. The cases of a suspended user stay assigned.
///
/// # Errors
/// Returns 400, 401, 404, 409 or a database error.
#[utoipa::path(
    patch,
    path = "/users/{id}",
    operation_id = "update_user",
    tag = "Users",
    params(Id),
    request_body(
        content = UserUpdateRequest,
        example = json!({"role": "senior analyst"}),
    ),
    responses((status = 200, description = "The user.", body = UserView<'static>)),
)]
pub async fn update(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    compute: Compute,
    Id(id): Id,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parse_body!(
        compute,
        body,
        UserRequest<'_>,
        |request: UserRequest<'_>, scope| { request.parse(Mode::Update, scope) }
    )?;
    let work = (caller.workspace_id, id, request, now());
    let update = database.transaction(deadline, work, |connection, work| {
        Box::pin(async move {
            let (workspace_id, id, request, now) = &*work;
            lock_row!("users", connection, *workspace_id, *id).await?;
            let found = store::find(connection, *workspace_id, *id).await?;
            let mut user = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
            request.refuse(request.violations())?;
            let changes = request.value.clone();
            user.first_name = changes.first_name.unwrap_or(user.first_name);
            user.last_name = changes.last_name.unwrap_or(user.last_name);
            user.email = changes
                .email
                .map_or(user.email, |it| it.as_str().to_owned());
            user.role = changes.role.unwrap_or(user.role);
            user.suspended_at = match changes.suspended {
                Some(true) => user.suspended_at.or(Some(*now)),
                Some(false) => None,
                None => user.suspended_at,
            };
            store::save(connection, *workspace_id, &user).await?;
            Ok::<_, Problem>(user)
        })
    });
    Ok(Json(UserView::new(&update.await?)).into_response())
}
