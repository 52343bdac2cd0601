//! `POST /custom-properties/{target}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use sqlx::PgConnection;

use super::path::TargetPath;
use super::request::CustomPropertyRequest;
use super::{PropertyView, StoredProperty, store};
use crate::auth::Caller;
use crate::db::Deadline;
use crate::http::{JsonBody, NoQuery, Prefix, Problem, ProblemType};
use crate::parsed;
use crate::state::AppState;
use crate::validation::{Code, Fault};
use crate::values::now;

/// Defines a custom property.
///
/// # Errors
/// 400, 401, 409 and what the database can have.
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    Prefix(prefix): Prefix,
    TargetPath(target): TargetPath,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parsed!(
        body,
        CustomPropertyRequest<'_>,
        CustomPropertyRequest::parse
    )?;
    request.refuse(request.violations())?;
    let draft = request.value;
    let (Some(key), Some(label), Some(kind)) = (draft.key, draft.label, draft.kind) else {
        // Without a fault all of them are there.
        return Err(Problem::Plain(ProblemType::InternalError));
    };
    let now = now();
    let property = StoredProperty {
        id: state.ids.next(now),
        target,
        key,
        label,
        kind,
        settings: draft.settings,
        options: draft.options.unwrap_or_default(),
        created_at: now,
        updated_at: now,
        archived_at: draft.archived.unwrap_or_default().then_some(now),
    };
    let work = (caller.workspace_id, property);
    let property = state
        .database
        .transaction(deadline, work, |connection, work| {
            Box::pin(add(connection, work))
        })
        .await?;
    let target = target.as_str();
    let location = format!("{prefix}/custom-properties/{target}/{}", property.key);
    let view = Json(PropertyView::new(&property));
    Ok((StatusCode::CREATED, [(LOCATION, location)], view).into_response())
}

async fn add(
    connection: &mut PgConnection,
    work: Arc<(uuid::Uuid, StoredProperty)>,
) -> Result<StoredProperty, Problem> {
    let (workspace_id, property) = &*work;
    let there = store::find(connection, *workspace_id, property.target, &property.key).await?;
    if there.is_some() {
        let message = format!("There is a custom property {} already.", property.key);
        return Err(Problem::conflict(
            "/key",
            Fault::new(Code::DuplicateValue, message),
        ));
    }
    store::save(connection, *workspace_id, property).await?;
    Ok(property.clone())
}
