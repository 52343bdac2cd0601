//! `GET /custom-properties/{target}/{key}`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::path::PropertyPath;
use super::{PropertyView, StoredProperty, store};
use crate::auth::Caller;
use crate::db::{Database, Deadline};
use crate::http::{NoQuery, Problem, ProblemType};

/// Reads a custom property with its options, archived or not.
///
/// # Errors
/// Returns 401, 404 or a database error.
#[utoipa::path(
    get,
    path = "/custom-properties/{target}/{key}",
    operation_id = "get_custom_property",
    tag = "Custom properties",
    params(PropertyPath),
    responses((status = 200, description = "The custom property.", body = PropertyView<'static>)),
)]
pub async fn get(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    path: PropertyPath,
    _: NoQuery,
) -> Result<Response, Problem> {
    let input = (caller.workspace_id, path);
    let found = database
        .read(deadline, input, |connection, input| {
            Box::pin(async move {
                let (workspace_id, path) = &*input;
                store::find(connection, *workspace_id, path.target, &path.key).await
            })
        })
        .await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let property: StoredProperty = serde_json::from_value(found).map_err(Problem::Decode)?;
    Ok(Json(PropertyView::new(&property)).into_response())
}
