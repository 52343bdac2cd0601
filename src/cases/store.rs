//! The SQL of stored cases.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{CaseHeader, Review};
use crate::http::{Problem, ProblemType};
use crate::tags::Tag;
use crate::versions::CaseReference;

/// Finds a whole case by its id or external id. Returns the JSON of a [`super::model::Case`], not decoded: decoding a
/// large case takes long.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
) -> Result<Option<String>, sqlx::Error> {
    let (id, external_id) = (reference.id(), reference.external_id());
    sqlx::query_file_scalar!("src/cases/find.sql", workspace_id, id, external_id)
        .fetch_optional(connection)
        .await
}

/// Finds the version of a case. Returns `None` if its references may have changed since the case was last written:
/// responses with this version may then differ.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find_unchanged(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
) -> Result<Option<i64>, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT c.version, r.version IS NOT NULL AS "is_unchanged!"
           FROM cases AS c LEFT JOIN reference_versions AS r
               ON r.workspace_id = $1 AND r.version = c.reference_version
           WHERE c.workspace_id = $1 AND (c.id = $2 OR c.external_id = $3)
           ORDER BY (c.id = $2) DESC NULLS LAST LIMIT 1"#,
        workspace_id,
        reference.id(),
        reference.external_id()
    );
    let found = found.fetch_optional(connection).await?;
    Ok(found.filter(|it| it.is_unchanged).map(|it| it.version))
}

/// Finds a case without its companies, individuals and relations.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn find_header(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    reference: &CaseReference,
) -> Result<Option<Value>, sqlx::Error> {
    let (id, external_id) = (reference.id(), reference.external_id());
    sqlx::query_file_scalar!("src/cases/header.sql", workspace_id, id, external_id)
        .fetch_optional(connection)
        .await
}

/// Reads a locked case without its companies, individuals and relations.
///
/// # Errors
/// Returns [`Problem::Decode`] if the row cannot be decoded, 404 if there is no such case, or a database error.
pub async fn header(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<CaseHeader, Problem> {
    let found = find_header(connection, workspace_id, &CaseReference::by_id(id)).await?;
    let found = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    serde_json::from_value(found).map_err(Problem::Decode)
}

/// Updates the row of a locked case.
///
/// # Errors
/// Returns a database error. It names the constraint that a concurrent change broke.
pub async fn update(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case: &CaseHeader,
) -> Result<(), Problem> {
    sqlx::query!(
        "UPDATE cases SET name = $3, status = $4, external_id = $5, template_id = $6,
             assignee_id = $7, metadata = $8, custom_properties = $9, version = $10,
             updated_at = $11, last_activity_at = $12,
             reference_version = (SELECT version FROM reference_versions WHERE workspace_id = $1)
         WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        case.id,
        case.name.as_str(),
        case.status.as_str(),
        case.external_id.as_deref(),
        case.template.as_ref().map(|it| it.id),
        case.assignee.as_ref().map(|it| it.id),
        case.metadata.as_ref().map(|it| json!(it)),
        json!(case.custom_properties),
        case.version,
        case.updated_at,
        case.last_activity_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes a locked case. Foreign keys cascade to its companies, individuals and relations.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn delete(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    id: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM cases WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds a review to a locked case and sets the status of the case.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn insert_review(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    review: &Review,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH review AS (
             INSERT INTO case_reviews
                 (workspace_id, case_id, id, status, comment, reviewed_at, next_review_at,
                 created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING status
         )
         UPDATE cases SET status = review.status, updated_at = greatest(updated_at, $8)
         FROM review WHERE workspace_id = $1 AND id = $2",
        workspace_id,
        case_id,
        review.id,
        review.status.as_str(),
        review.comment.as_deref(),
        review.reviewed_at,
        review.next_review_at,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces the tags of a locked case. They have the order of the list.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
pub async fn replace_tags(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    case_id: Uuid,
    tags: &[Tag],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = tags.iter().map(|tag| tag.id).collect();
    sqlx::query!(
        "WITH removed AS (
             DELETE FROM case_tags
             WHERE workspace_id = $1 AND case_id = $2 AND tag_id <> ALL ($3)
         )
         INSERT INTO case_tags (workspace_id, case_id, tag_id, ordinal)
         SELECT $1, $2, t.id, t.ordinal FROM unnest($3::uuid[]) WITH ORDINALITY AS t (id, ordinal)
         ON CONFLICT ON CONSTRAINT case_tags_pkey DO UPDATE SET ordinal = excluded.ordinal",
        workspace_id,
        case_id,
        &ids
    )
    .execute(connection)
    .await?;
    Ok(())
}
