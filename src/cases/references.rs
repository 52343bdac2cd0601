//! What only the database knows of a request, read in one round trip.

use std::sync::Arc;

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{CaseChanges, CaseDraft, CaseHeader, Reference, TemplateReference};
use crate::custom_properties::Definitions;
use crate::db::Session;
use crate::events::Endpoint;
use crate::http::Problem;
use crate::tags::Tag;
use crate::templates::TemplateRules;
use crate::users::User;
use crate::validation::Change;
use crate::values::{PlainText, TagLabel};

/// What a request refers to.
#[derive(Debug, Clone, Default)]
pub struct ReferenceKeys {
    /// What others may refer to as well.
    pub shared: SharedReferenceKeys,
    external_id: Option<PlainText>,
}

/// What a request refers to, but for the external id, of which each case has its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SharedReferenceKeys {
    template_key: Option<PlainText>,
    template_id: Option<Uuid>,
    assignee_id: Option<Uuid>,
    space_slug: Option<PlainText>,
    tags: Vec<PlainText>,
    /// The template that a case has and keeps, archived or not.
    kept_template_id: Option<Uuid>,
}

/// What the workspace has of it. Tags, template keys and slugs hold
/// candidates for a suggestion too.
#[derive(Debug, Clone, Deserialize)]
pub struct References {
    /// The version that the references of the workspace had when this was read.
    pub version: Uuid,
    pub template: Option<TemplateRules>,
    /// The template that is named is there, and no longer in use.
    pub template_is_archived: bool,
    /// Those of the template's default tags that are there.
    pub default_tags: Vec<Tag>,
    pub default_assignee: Option<User>,
    pub template_keys: Vec<String>,
    pub assignee: Option<User>,
    pub space_exists: bool,
    pub space_slugs: Vec<String>,
    pub tags: Arc<[Tag]>,
    pub external_id_case: Option<Uuid>,
    pub definitions: Definitions,
    /// Who may wait for the events of the request.
    pub endpoints: Arc<[Endpoint]>,
}

impl ReferenceKeys {
    /// What a draft refers to.
    pub fn of(draft: &CaseDraft) -> Self {
        let shared = SharedReferenceKeys {
            assignee_id: draft.assignee_id,
            space_slug: draft.space_slug.clone(),
            tags: folded(&draft.tags),
            ..SharedReferenceKeys::default()
        };
        Self {
            shared: shared.with_template(draft.template.as_ref()),
            external_id: draft.external_id.clone(),
        }
    }

    /// Tags alone.
    pub fn of_tags(tags: &[Reference]) -> Self {
        let shared = SharedReferenceKeys {
            tags: folded(tags),
            ..SharedReferenceKeys::default()
        };
        Self {
            shared,
            external_id: None,
        }
    }

    /// What a change refers to, and the template that the case keeps.
    pub fn of_changes(changes: &CaseChanges, case: &CaseHeader) -> Self {
        let kept = match (&changes.template, &case.template) {
            (Change::Keep, Some(template)) => Some(template.id),
            _ => None,
        };
        let shared = SharedReferenceKeys {
            kept_template_id: kept,
            assignee_id: changes.assignee_id.set().copied(),
            ..SharedReferenceKeys::default()
        };
        Self {
            shared: shared.with_template(changes.template.set()),
            external_id: changes.external_id.set().cloned(),
        }
    }
}

impl SharedReferenceKeys {
    /// Whether a tag is looked for by this text: an id, or a label without its case.
    pub fn names_tag(&self, text: &str) -> bool {
        self.tags.iter().any(|it| it.as_str() == text)
    }

    fn with_template(self, template: Option<&TemplateReference>) -> Self {
        let (template_key, template_id) = match template {
            Some(TemplateReference::Key(key)) => (Some(key.clone()), None),
            Some(TemplateReference::Id(id)) => (None, Some(*id)),
            None => (None, None),
        };
        Self {
            template_key,
            template_id,
            ..self
        }
    }
}

fn folded(tags: &[Reference]) -> Vec<PlainText> {
    tags.iter().map(|tag| TagLabel::fold(&tag.name)).collect()
}

/// Reads everything that a request refers to, in one round trip.
///
/// # Errors
/// Those of the database, and a row that cannot be read.
pub async fn read(
    session: &mut Session,
    workspace_id: Uuid,
    lookups: &ReferenceKeys,
) -> Result<References, Problem> {
    let known = session.read(|connection| {
        let lookups = lookups.clone();
        Box::pin(async move { query(connection, workspace_id, &lookups).await })
    });
    Ok(known.await?)
}

/// The same inside a transaction.
///
/// # Errors
/// Those of the database, and a row that cannot be read.
pub async fn read_in(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    lookups: &ReferenceKeys,
) -> Result<References, Problem> {
    Ok(query(connection, workspace_id, lookups).await?)
}

async fn query(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    lookups: &ReferenceKeys,
) -> Result<References, sqlx::Error> {
    let shared = &lookups.shared;
    let tags: Vec<&str> = shared.tags.iter().map(PlainText::as_str).collect();
    let known = sqlx::query_file_scalar!(
        "src/cases/references.sql",
        workspace_id,
        shared.template_key.as_deref(),
        shared.template_id,
        shared.assignee_id,
        shared.space_slug.as_deref(),
        &tags as _,
        lookups.external_id.as_deref(),
        shared.kept_template_id,
    )
    .fetch_one(connection)
    .await?;
    Ok(known.0)
}
