//! `PATCH /cases/{case}/relations/{id}`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::request::{percentage, position, relation_roles, roles_shape};
use super::{Holder, ROLES, RelationView, Roles, store};
use crate::events::changed_fields;
use crate::http::{Id, JsonBody, NoQuery, Parsed, Problem, ProblemType, WriteResponse};
use crate::parse_body;
use crate::schema::shape;
use crate::validation::{Change, Items, Number, Scope, Text};
use crate::values::{Percentage, PlainText, uuid};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::wire_object;
use crate::writes::{Outcome, Write};

wire_object! {
    /// A change of a relation. Absent fields stay, `null` clears a field.
    RelationUpdateRequest {
        /// Share of the voting rights, in percent.
        "voting_rights_percentage" => voting_rights_percentage: Number = Percentage::shape(),
        /// Share of the ownership, in percent.
        "ownership_percentage" => ownership_percentage: Number = Percentage::shape(),
        /// Roles in the company, each once.
        "roles" => roles: Items<Text<'de>, ROLES> = roles_shape(),
        /// Position of the holder in the company, such as `CEO`.
        "position" => position: Text<'de> = shape::text(1, 1_000).example("CEO"),
        /// The company in which the relation is held.
        "to_company_id" => held_in: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8aa").required(),
    }
}

#[derive(Debug, Clone)]
struct Changes {
    voting_rights_percentage: Change<Percentage>,
    ownership_percentage: Change<Percentage>,
    roles: Change<Roles>,
    position: Change<PlainText>,
    to_company_id: Option<Uuid>,
}

struct Work {
    workspace_id: Uuid,
    reference: CaseReference,
    id: Uuid,
    if_match: IfMatch,
    request: Parsed<Changes>,
    now: DateTime<Utc>,
}

/// Changes a relation. Absent fields stay, `null` clears a field.
///
/// # Errors
/// Returns a problem with the status 400, 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    patch,
    path = "/cases/{case}/relations/{id}",
    operation_id = "update_relation",
    tag = "Relations",
    params(CaseReference, Id, IfMatch),
    request_body(
        content = RelationUpdateRequest<'static>,
        example = json!(
            {"ownership_percentage": 30, "roles": ["shareholder", "legal_representative"],
                "position": "CEO"}
        ),
    ),
    responses(
        (status = 200, description = "The relation.", body = RelationView<'static>, headers(("ETag"))),
    ),
)]
pub async fn update(
    write: Write,
    reference: CaseReference,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = Work {
        workspace_id: write.workspace_id,
        reference,
        id,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            RelationUpdateRequest<'_>,
            RelationUpdateRequest::parse
        )?,
        now: write.now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(change(connection, work))
        })
        .await
}

async fn change(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    let workspace_id = work.workspace_id;
    let case = lock(connection, workspace_id, &work.reference, &work.if_match).await?;
    let found = store::find(connection, workspace_id, case.id, work.id).await?;
    let mut relation = found.ok_or(Problem::Plain(ProblemType::NotFound))?;
    let before = relation.clone();
    let changes = &work.request.value;
    let mut violations = work.request.violations();
    if let Some(to) = changes.to_company_id {
        let members = store::members(connection, workspace_id, case.id).await?;
        let company = relation.from_company_id.map(Holder::Company);
        let holder = company.or(relation.from_individual_id.map(Holder::Individual));
        if let Some(holder) = holder {
            let mut scope = Scope::root(&mut violations);
            members.target(holder, Some(to), Some(relation.id), &mut scope);
        }
        relation.to_company_id = to;
    }
    work.request.refuse(violations)?;
    let holding = &mut relation.holding;
    holding.voting_rights_percentage = changes
        .voting_rights_percentage
        .apply(holding.voting_rights_percentage);
    holding.ownership_percentage = changes
        .ownership_percentage
        .apply(holding.ownership_percentage);
    holding.position = changes.position.apply(holding.position.take());
    let roles = std::mem::take(&mut holding.roles);
    holding.roles = changes.roles.apply(Some(roles)).unwrap_or_default();
    relation.updated_at = work.now;
    store::save(connection, workspace_id, std::slice::from_ref(&relation)).await?;
    let version = touch(connection, workspace_id, case.id, work.now).await?;
    let response = WriteResponse::json(StatusCode::OK, &RelationView::new(&relation))?;
    let fields = changed_fields(&before, &relation).map_err(Problem::Encode)?;
    let change = relation.change(version).with_fields(fields);
    Ok(Outcome::from(response.with_version(version)).change(change))
}

impl RelationUpdateRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Changes {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        Changes {
            voting_rights_percentage: scope
                .change_with(self.voting_rights_percentage(), percentage),
            ownership_percentage: scope.change_with(self.ownership_percentage(), percentage),
            roles: scope.change_with(self.roles(), |scope, field| {
                Some(relation_roles(scope, field))
            }),
            position: scope.change(self.position(), position),
            to_company_id: scope.replacement(self.held_in(), uuid),
        }
    }
}
