//! The SQL of templates.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{DefaultsDraft, StoredTemplate};
use crate::custom_properties::Definitions;
use crate::http::Problem;
use crate::tags::Tag;
use crate::users::User;
use crate::validation::{Code, Fault};
use crate::values::TagLabel;

/// The existing objects that defaults refer to.
#[derive(Debug, Deserialize)]
pub struct DefaultReferences {
    /// The tags that are referred to, and candidates for suggestions.
    pub tags: Vec<Tag>,
    pub assignee: Option<User>,
    pub definitions: Definitions,
}

/// Finds a template by its id, as the JSON of a [`StoredTemplate`].
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<Option<Value>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(t) AS "template!" FROM templates AS t
           WHERE workspace_id = $1 AND id = $2"#,
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await
}

/// Reads the objects that defaults refer to, and every definition of a custom property.
///
/// # Errors
/// Returns a database error, or [`Problem::Decode`] if the JSON cannot be decoded.
pub async fn references(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    defaults: &DefaultsDraft,
) -> Result<DefaultReferences, Problem> {
    let tags = defaults.tags.iter().flatten();
    let tags: Vec<String> = tags.map(|it| TagLabel::fold(it).into()).collect();
    let found = sqlx::query_file_scalar!(
        "src/templates/references.sql",
        workspace_id,
        &tags,
        defaults.assignee_id
    )
    .fetch_one(connection)
    .await?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

/// Inserts or updates a template.
///
/// # Errors
/// Returns 409 if another template has the key, or a database error.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    stored: &StoredTemplate,
) -> Result<(), Problem> {
    let template = &stored.rules.template;
    let taken = sqlx::query_scalar!(
        "SELECT id FROM templates WHERE workspace_id = $1 AND key = $2 AND id <> $3",
        workspace_id,
        template.key.as_str(),
        template.id
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(other) = taken {
        let message = format!("The template {other} already has this key. Use a different one.");
        let fault = Fault::new(Code::DuplicateValue, message);
        return Err(Problem::conflict("/key", fault));
    }
    sqlx::query!(
        "INSERT INTO templates (workspace_id, id, key, name, description, defaults, required,
             created_at, updated_at, archived_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT ON CONSTRAINT templates_pkey DO UPDATE SET key = excluded.key,
             name = excluded.name, description = excluded.description,
             defaults = excluded.defaults, required = excluded.required,
             updated_at = excluded.updated_at, archived_at = excluded.archived_at",
        workspace_id,
        template.id,
        template.key.as_str(),
        template.name.as_str(),
        stored.description,
        json!(stored.rules.defaults),
        json!(stored.rules.required),
        stored.created_at,
        stored.updated_at,
        stored.archived_at
    )
    .execute(connection)
    .await?;
    Ok(())
}
