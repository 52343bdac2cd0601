//! `POST /users`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

use super::request::{UserDraft, UserRequest};
use super::{StoredUser, UserView, store};
use crate::auth::Caller;
use crate::db::Deadline;
use crate::http::{JsonBody, NoQuery, Prefix, Problem};
use crate::parsed;
use crate::state::AppState;
use crate::validation::Mode;
use crate::values::now;

/// The role of a user of whom the request says none.
const ROLE: &str = "analyst";

/// Adds a user to the workspace.
///
/// # Errors
/// 400, 401, 409 and what the database can have.
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    Prefix(prefix): Prefix,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parsed!(body, UserRequest<'_>, |request: UserRequest<'_>, scope| {
        request.parse(Mode::Create, scope)
    })?;
    request.refuse(request.violations())?;
    let now = now();
    let UserDraft {
        first_name,
        last_name,
        email,
        role,
        suspended,
    } = request.value;
    let user = StoredUser {
        id: state.ids.next(now),
        first_name: first_name.unwrap_or_default(),
        last_name: last_name.unwrap_or_default(),
        email: email.map_or_else(String::new, |it| it.as_str().to_owned()),
        role: role.unwrap_or_else(|| ROLE.to_owned()),
        created_at: now,
        suspended_at: suspended.unwrap_or_default().then_some(now),
    };
    let work = (caller.workspace_id, user);
    let create = state
        .database
        .transaction(deadline, work, |connection, work| {
            Box::pin(async move {
                store::save(connection, work.0, &work.1).await?;
                Ok::<_, Problem>(work.1.clone())
            })
        });
    let user = create.await?;
    let location = [(LOCATION, format!("{prefix}/users/{}", user.id))];
    Ok((StatusCode::CREATED, location, Json(UserView::new(&user))).into_response())
}
