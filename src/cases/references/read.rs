//! Reads the references of a request in one round trip.

use std::sync::Arc;

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::keys::ReferenceKeys;
use crate::custom_properties::Definitions;
use crate::db::Session;
use crate::events::Endpoint;
use crate::http::Problem;
use crate::tags::Tag;
use crate::templates::TemplateRules;
use crate::users::User;
use crate::values::PlainText;

/// The references of a request that exist in the workspace. `tags`, `template_keys` and `space_slugs` also contain
/// candidates for suggestions.
#[derive(Debug, Clone, Deserialize)]
pub struct References {
    /// The version of the references of the workspace when they were read.
    pub version: Uuid,
    pub template: Option<TemplateRules>,
    /// Whether the template of the request exists, but is archived.
    pub template_is_archived: bool,
    /// The default tags of the template that still exist.
    pub default_tags: Vec<Tag>,
    pub default_assignee: Option<User>,
    pub template_keys: Vec<String>,
    pub assignee: Option<User>,
    pub space_exists: bool,
    pub space_slugs: Vec<String>,
    pub tags: Arc<[Tag]>,
    pub external_id_case: Option<Uuid>,
    pub definitions: Definitions,
    /// The webhook endpoints that are online.
    pub endpoints: Arc<[Endpoint]>,
}

/// Reads the references of a request.
///
/// # Errors
/// Returns a [`crate::db::DatabaseError`] as `Problem::Database`.
pub async fn read(
    session: &mut Session,
    workspace_id: Uuid,
    keys: &ReferenceKeys,
) -> Result<References, Problem> {
    let references = session.read(|connection| {
        let keys = keys.clone();
        Box::pin(async move { query(connection, workspace_id, &keys).await })
    });
    Ok(references.await?)
}

/// Reads the references of a request inside a transaction.
///
/// # Errors
/// Returns a [`crate::db::DatabaseError`] as `Problem::Database`.
pub async fn read_in(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    keys: &ReferenceKeys,
) -> Result<References, Problem> {
    Ok(query(connection, workspace_id, keys).await?)
}

async fn query(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    keys: &ReferenceKeys,
) -> Result<References, sqlx::Error> {
    let shared = &keys.shared;
    let tags: Vec<&str> = shared.tags.iter().map(PlainText::as_str).collect();
    let references = sqlx::query_file_scalar!(
        "src/cases/references/read.sql",
        workspace_id,
        shared.template_key.as_deref(),
        shared.template_id,
        shared.assignee_id,
        shared.space_slug.as_deref(),
        &tags as _,
        keys.external_id.as_deref(),
        shared.current_template_id,
    )
    .fetch_one(connection)
    .await?;
    Ok(references.0)
}
