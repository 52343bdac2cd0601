//! `PATCH /custom-properties/{target}/{key}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::path::PropertyPath;
use super::request::{CustomPropertyDraft, CustomPropertyUpdateRequest};
use super::{PropertyView, StoredProperty, store};
use crate::auth::Caller;
use crate::clock::now;
use crate::db::{Database, Deadline};
use crate::http::{JsonBody, NoQuery, Parsed, Problem, ProblemType};
use crate::lock_row;
use crate::parse_body;
use crate::validation::{Scope, overlay};
use crate::writes::Compute;

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    path: PropertyPath,
    request: Parsed<CustomPropertyDraft>,
    now: DateTime<Utc>,
}

/// Changes the label, settings or options of a custom property, or archives it. Stored values do not change.
///
/// # Errors
/// Returns 400, 401, 404 or a database error.
#[utoipa::path(
    patch,
    path = "/custom-properties/{target}/{key}",
    operation_id = "update_custom_property",
    tag = "Custom properties",
    params(PropertyPath),
    request_body(
        content = CustomPropertyUpdateRequest<'static>,
        example = json!({"label": "Risk score (0 to 100)"}),
    ),
    responses((status = 200, description = "The custom property.", body = PropertyView<'static>)),
)]
pub async fn update(
    State(database): State<Database>,
    caller: Caller,
    deadline: Deadline,
    compute: Compute,
    path: PropertyPath,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let workspace_id = caller.workspace_id;
    let read = database.read(
        deadline,
        (workspace_id, path.clone()),
        |connection, input| {
            Box::pin(async move {
                let (workspace_id, PropertyPath { target, key }) = &*input;
                store::find(connection, *workspace_id, *target, key).await
            })
        },
    );
    // The checks of an update depend on the type, which never changes.
    let StoredProperty { id, kind, .. } = stored(read.await?)?;
    let work = Work {
        workspace_id,
        id,
        path,
        request: parse_body!(
            compute,
            body,
            CustomPropertyUpdateRequest<'_>,
            |request: CustomPropertyUpdateRequest<'_>, scope| request.parse(kind, scope)
        )?,
        now: now(),
    };
    let property = database
        .transaction(deadline, work, |connection, work| {
            Box::pin(change(connection, work))
        })
        .await?;
    Ok(Json(PropertyView::new(&property)).into_response())
}

fn stored(found: Option<Value>) -> Result<StoredProperty, Problem> {
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

async fn change(connection: &mut PgConnection, work: Arc<Work>) -> Result<StoredProperty, Problem> {
    lock_row!("custom_properties", connection, work.workspace_id, work.id).await?;
    let PropertyPath { target, key } = &work.path;
    let found = store::find(connection, work.workspace_id, *target, key).await?;
    let mut property = stored(found)?;
    let draft = work.request.value.clone();
    let mut violations = work.request.violations();
    property.settings = overlay(&property.settings, &draft.settings, &draft.sent_settings)
        .map_err(Problem::Encode)?;
    if violations.is_empty() {
        let mut scope = Scope::root(&mut violations);
        property.settings.check(&mut scope.key("settings"));
    }
    work.request.refuse(violations)?;
    property.label = draft.label.unwrap_or(property.label);
    property.options = draft.options.unwrap_or(property.options);
    property.archived_at = match draft.archived {
        Some(true) => property.archived_at.or(Some(work.now)),
        Some(false) => None,
        None => property.archived_at,
    };
    property.updated_at = work.now;
    store::save(connection, work.workspace_id, &property).await?;
    Ok(property)
}
