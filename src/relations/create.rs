//! `POST /cases/{case}/relations`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::request::{percentage, position, relation_roles, roles_shape};
use super::{Holder, ROLES, RelationDetails, RelationView, StoredRelation, store};
use crate::http::{JsonBody, NoQuery, Parsed, Problem, ProblemType, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::parse_body;
use crate::schema::shape;
use crate::validation::{Code, Fault, Items, Number, Scope, Text, is_given};
use crate::values::{Percentage, exclusive, uuid};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::wire_object;
use crate::writes::{Outcome, Write};

wire_object! {
    /// A relation between two parts of a stored case. One of `from_company_id` and `from_individual_id` is required.
    RelationCreateRequest {
        /// The company that holds the relation.
        "from_company_id" => holding_company: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8ab"),
        /// The individual that holds the relation.
        "from_individual_id" => holding_individual: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8ac"),
        /// The company in which the relation is held; the main company if it is absent.
        "to_company_id" => held_in: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8aa"),
        /// Share of the voting rights, in percent.
        "voting_rights_percentage" => voting_rights_percentage: Number = Percentage::shape(),
        /// Share of the ownership, in percent.
        "ownership_percentage" => ownership_percentage: Number = Percentage::shape(),
        /// Roles in the company, each once.
        "roles" => roles: Items<Text<'de>, ROLES> = roles_shape(),
        /// Position of the holder in the company, such as `CEO`.
        "position" => position: Text<'de> = shape::text(1, 1_000).example("CEO"),
    }
}

/// A parsed relation. If it is valid, `holder` is present.
#[derive(Debug, Clone)]
struct NewRelation {
    holder: Option<Holder>,
    to_company_id: Option<Uuid>,
    holding: RelationDetails,
}

struct Work {
    workspace_id: Uuid,
    reference: CaseReference,
    if_match: IfMatch,
    request: Parsed<NewRelation>,
    id: Uuid,
    now: DateTime<Utc>,
}

/// Adds a relation to a case.
///
/// # Errors
/// Returns a problem with the status 400, 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    post,
    path = "/cases/{case}/relations",
    operation_id = "create_relation",
    tag = "Relations",
    params(CaseReference, IfMatch, IdempotencyKey),
    request_body(
        content = RelationCreateRequest<'static>,
        example = json!(
            {"from_individual_id": "0198a000-0000-4000-8000-00000000fffe",
                "roles": ["shareholder"], "ownership_percentage": 25.5}
        ),
    ),
    responses(
        (status = 201, description = "The relation.", body = RelationView<'static>, headers(("ETag"))),
    ),
)]
pub async fn create(
    write: Write,
    reference: CaseReference,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = write.now;
    let work = Work {
        workspace_id: write.workspace_id,
        reference,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            RelationCreateRequest<'_>,
            RelationCreateRequest::parse
        )?,
        id: write.ids.next(now),
        now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(add(connection, work))
        })
        .await
}

async fn add(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    let workspace_id = work.workspace_id;
    let case = lock(connection, workspace_id, &work.reference, &work.if_match).await?;
    let members = store::members(connection, workspace_id, case.id).await?;
    let new = &work.request.value;
    let mut violations = work.request.violations();
    let mut scope = Scope::root(&mut violations);
    let to = new.holder.and_then(|holder| {
        members.check_holder(holder, &mut scope);
        members.target(holder, new.to_company_id, None, &mut scope)
    });
    work.request.refuse(violations)?;
    let (Some(holder), Some(to)) = (new.holder, to) else {
        // A valid request has both.
        return Err(Problem::Plain(ProblemType::InternalError));
    };
    let holding = new.holding.clone();
    let relation = StoredRelation::new(work.id, case.id, holder, to, holding, work.now);
    store::save(connection, workspace_id, std::slice::from_ref(&relation)).await?;
    let version = touch(connection, workspace_id, case.id, work.now).await?;
    let response = WriteResponse::json(StatusCode::CREATED, &RelationView::new(&relation))?;
    let change = relation.change(version);
    Ok(Outcome::from(response.with_version(version)).change(change))
}

impl RelationCreateRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> NewRelation {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let company_given = is_given(&self.holding_company);
        let individual_given = is_given(&self.holding_individual);
        let names = [
            ("from_company_id", "from_individual_id"),
            ("from_individual_id", "from_company_id"),
        ];
        for (key, other) in names {
            if company_given && individual_given {
                scope.key(key).refuse(exclusive(key, other));
            } else if !company_given && !individual_given {
                let message = format!("Either {key} or {other} is required; both are missing.");
                scope.key(key).refuse(Fault::new(Code::Required, message));
            }
        }
        let company = scope
            .optional(self.holding_company(), uuid)
            .map(Holder::Company);
        let individual = scope
            .optional(self.holding_individual(), uuid)
            .map(Holder::Individual);
        NewRelation {
            holder: company.or(individual),
            to_company_id: scope.optional(self.held_in(), uuid),
            holding: RelationDetails {
                voting_rights_percentage: percentage(scope, self.voting_rights_percentage()),
                ownership_percentage: percentage(scope, self.ownership_percentage()),
                roles: relation_roles(scope, self.roles()),
                position: scope.optional(self.position(), position),
            },
        }
    }
}
