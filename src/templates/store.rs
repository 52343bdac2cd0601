//! All SQL of templates.

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

/// What the workspace has of what defaults refer to.
#[derive(Debug, Deserialize)]
pub struct DefaultReferences {
    /// Those that are named, and candidates for a suggestion.
    pub tags: Vec<Tag>,
    pub assignee: Option<User>,
    pub definitions: Definitions,
}

/// A template by its id, if the workspace has it, as JSON of a [`StoredTemplate`].
///
/// # Errors
/// Those of the database.
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

/// What the workspace has of what defaults refer to.
///
/// # Errors
/// Those of the database, and a row that cannot be read.
pub async fn known(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    defaults: &DefaultsDraft,
) -> Result<DefaultReferences, Problem> {
    let tags = defaults.tags.iter().flatten();
    let tags: Vec<String> = tags.map(|it| TagLabel::fold(it).into()).collect();
    let found = sqlx::query_file_scalar!(
        "src/templates/known.sql",
        workspace_id,
        &tags,
        defaults.assignee_id
    )
    .fetch_one(connection)
    .await?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

/// Writes a template: a new one, or what became of one that is there.
///
/// # Errors
/// 409 where another has the key, and those of the database.
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
        let message = format!("The template {other} has this key. Give each template its own.");
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

/// Locks a row until the transaction ends, so that nobody changes it between its read and its write.
///
/// # Errors
/// Those of the database.
pub async fn lock(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM templates WHERE workspace_id = $1 AND id = $2 FOR UPDATE",
        workspace_id,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(())
}
