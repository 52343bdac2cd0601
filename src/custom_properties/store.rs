//! The SQL of custom properties.

use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{StoredProperty, Target};

/// Reads every definition of a workspace, archived or not, as the JSON of [`Definitions`](super::Definitions).
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn definitions(
    connection: &mut PgConnection,
    workspace_id: Uuid,
) -> Result<Value, sqlx::Error> {
    sqlx::query_file_scalar!("src/custom_properties/definitions.sql", workspace_id)
        .fetch_one(connection)
        .await
}

/// Finds a property by its key, as the JSON of a [`StoredProperty`].
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    target: Target,
    key: &str,
) -> Result<Option<Value>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT to_jsonb(p) || jsonb_build_object('options', (
               SELECT coalesce(jsonb_agg(jsonb_build_object('key', o.key, 'label', o.label)
                   ORDER BY o.ordinal, o.key), '[]')
               FROM custom_property_options AS o
               WHERE o.workspace_id = $1 AND o.custom_property_id = p.id)) AS "property!"
           FROM custom_properties AS p WHERE workspace_id = $1 AND target = $2 AND key = $3"#,
        workspace_id,
        target.as_str(),
        key
    )
    .fetch_optional(connection)
    .await
}

/// Inserts or updates a property with its options.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails: it violates `custom_properties_key_key` if another property has the
/// key.
pub async fn save(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    property: &StoredProperty,
) -> Result<(), sqlx::Error> {
    sqlx::query_file!(
        "src/custom_properties/save.sql",
        workspace_id,
        property.id,
        property.target.as_str(),
        property.key,
        property.label,
        property.kind.as_str(),
        json!(property.settings),
        property.created_at,
        property.updated_at,
        property.archived_at,
        json!(property.options)
    )
    .execute(connection)
    .await?;
    Ok(())
}
