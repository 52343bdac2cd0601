//! `POST /custom-properties/{target}`.

use axum::http::StatusCode;
use axum::response::Response;
use sqlx::PgConnection;
use uuid::Uuid;

use super::path::TargetPath;
use super::request::CustomPropertyRequest;
use super::{PropertyView, StoredProperty, store};
use crate::http::{JsonBody, NoQuery, Prefix, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::validation::{Code, Fault};
use crate::writes::{Outcome, Write};

/// Defines a custom property.
///
/// # Errors
/// Returns 400, 401, 409 or a database error.
#[utoipa::path(
    post,
    path = "/custom-properties/{target}",
    operation_id = "create_custom_property",
    tag = "Custom properties",
    params(TargetPath, IdempotencyKey),
    request_body(
        content = CustomPropertyRequest<'static>,
        example = json!(
            {"key": "segment", "label": "Segment", "type": "choices",
                "options": [{"key": "retail", "label": "Retail"}, {"key": "corporate",
                "label": "Corporate"}]}
        ),
    ),
    responses(
        (
            status = 201,
            description = "The custom property.",
            body = PropertyView<'static>,
            headers(("Location")),
        ),
    ),
)]
pub async fn create(
    write: Write,
    Prefix(prefix): Prefix,
    TargetPath(target): TargetPath,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let request = parse_body!(
        write.compute,
        body.clone(),
        CustomPropertyRequest<'_>,
        CustomPropertyRequest::parse
    )?;
    request.refuse(request.violations())?;
    let draft = request.value;
    let (Some(key), Some(label), Some(kind)) = (draft.key, draft.label, draft.kind) else {
        // A valid request has all of them.
        return Err(Problem::Plain(ProblemType::InternalError));
    };
    let now = write.now;
    let property = StoredProperty {
        id: write.ids.next(now),
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
    let work = (write.workspace_id, property);
    write
        .run(&body, work, move |connection, work| {
            Box::pin(async move {
                let (workspace_id, property) = &*work;
                insert(connection, *workspace_id, property).await?;
                let response =
                    WriteResponse::json(StatusCode::CREATED, &PropertyView::new(property))?;
                let (target, key) = (target.as_str(), &property.key);
                let location = format!("{prefix}/custom-properties/{target}/{key}");
                Ok(Outcome::from(response.with_location(location)))
            })
        })
        .await
}

async fn insert(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    property: &StoredProperty,
) -> Result<(), Problem> {
    let found = store::find(connection, workspace_id, property.target, &property.key).await?;
    if found.is_some() {
        let message = format!(
            "Another custom property already has the key {}. Use a different one.",
            property.key
        );
        return Err(Problem::conflict(
            "/key",
            Fault::new(Code::DuplicateValue, message),
        ));
    }
    Ok(store::save(connection, workspace_id, property).await?)
}
