//! `POST /individuals`.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::part::FoundIndividual;
use super::{IndividualDraft, IndividualRequest, IndividualView, StoredIndividual};
use crate::case_parts::CasePart;
use crate::custom_properties::{self, Definitions, Target, store::definitions};
use crate::events::Event;
use crate::http::{JsonBody, NoQuery, Parsed, Prefix, Problem};
use crate::idempotency::IdempotencyKey;
use crate::ids::IdSource;
use crate::parse_body;
use crate::relations::{self, Holder, Members, RelationDetails, StoredRelation, hold};
use crate::validation::{Code, Fault, Mode, Scope};
use crate::versions::{IfMatch, lock_named, touch};
use crate::writes::{Outcome, Write, reference_version};

/// The most individuals of a case.
const INDIVIDUALS: usize = 1_000;

struct Work {
    workspace_id: Uuid,
    if_match: IfMatch,
    request: Parsed<IndividualDraft>,
    prefix: &'static str,
    ids: IdSource,
    now: DateTime<Utc>,
}

/// Adds an individual to a case.
///
/// # Errors
/// Returns a problem with the status 400, 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    post,
    path = "/individuals",
    operation_id = "create_individual",
    tag = "Individuals",
    params(IfMatch, IdempotencyKey),
    request_body(
        content = IndividualRequest<'static>,
        example = json!(
            {"case_id": "0198a000-0000-4000-8000-00000000ffff", "first_name": "Jane",
                "last_name": "Doe", "email": "jane@example.com", "is_signatory": true}
        ),
    ),
    responses(
        (
            status = 201,
            description = "The individual.",
            body = IndividualView<'static>,
            headers(("ETag"), ("Location")),
        ),
    ),
)]
pub async fn create(
    write: Write,
    Prefix(prefix): Prefix,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = write.now;
    let work = Work {
        workspace_id: write.workspace_id,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            IndividualRequest<'_>,
            |request: IndividualRequest<'_>, scope| { request.parse(Mode::Create, scope, now) }
        )?,
        prefix,
        ids: write.ids.clone(),
        now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(async move {
                let references = match work.request.value.custom_properties.is_empty() {
                    true => None,
                    false => Some(reference_version(connection, work.workspace_id).await?),
                };
                let created = add(connection, &work).await?;
                let location = format!("{}/individuals/{}", work.prefix, created.individual.id);
                let response = created
                    .response(StatusCode::CREATED)?
                    .with_location(location);
                let change = created.change("api__created__individual");
                let change = change.with_event(Event::INDIVIDUAL_CREATED);
                Ok(Outcome::from(response)
                    .change(change)
                    .checked_with(references))
            })
        })
        .await
}

async fn add(connection: &mut PgConnection, work: &Work) -> Result<FoundIndividual, Problem> {
    let (workspace_id, now) = (work.workspace_id, work.now);
    let new = &work.request.value;
    let mut violations = work.request.violations();
    let found = definitions(connection, workspace_id).await?;
    let definitions: Definitions = serde_json::from_value(found).map_err(Problem::Decode)?;
    let given = &new.custom_properties;
    let mut scope = Scope::root(&mut violations);
    let checked = custom_properties::check(given, Target::Individual, &definitions, &mut scope);
    let case = lock_named(
        connection,
        workspace_id,
        new.relation_inputs.case_id,
        &work.if_match,
        &mut violations,
    )
    .await?;
    let case_id = case.map_or(Uuid::nil(), |case| case.id);
    let members = relations::store::members(connection, workspace_id, case_id).await?;
    let id = work.ids.next(now);
    let mut scope = Scope::root(&mut violations);
    if members.individuals.len() >= INDIVIDUALS {
        let message = format!("A case has at most {INDIVIDUALS} individuals; this one is full.");
        scope
            .key("case_id")
            .refuse(Fault::new(Code::TooMany, message));
    }
    let (relations, pending_details) = match case {
        Some(_) => relate(work, case_id, id, &members, &mut scope),
        None => Default::default(),
    };
    work.request.refuse(violations)?;
    let individual = StoredIndividual {
        id,
        case_id,
        is_relevant: true,
        individual: new.individual.clone(),
        pending_details,
        custom_properties: custom_properties::values(checked),
        created_at: now,
        updated_at: now,
    };
    let mut found = FoundIndividual {
        version: 0,
        main: members.main,
        individual,
        relations,
        definitions,
    };
    found.save(connection, workspace_id).await?;
    relations::store::save(connection, workspace_id, &found.relations).await?;
    found.version = touch(connection, workspace_id, case_id, now).await?;
    Ok(found)
}

/// The relations that the individual holds, and its pending details if the case has no main company.
fn relate(
    work: &Work,
    case_id: Uuid,
    id: Uuid,
    members: &Members,
    scope: &mut Scope<'_>,
) -> (Vec<StoredRelation>, RelationDetails) {
    let (new, ids, now) = (&work.request.value, &work.ids, work.now);
    let holder = Holder::Individual(id);
    let mut relations = hold(
        &new.relation_inputs.held,
        case_id,
        holder,
        members,
        ids,
        now,
        scope,
    );
    let shorthand = &new.shorthand;
    let Some(main) = members.main else {
        return (relations, shorthand.clone());
    };
    if let Some(relation) = relations.iter_mut().find(|it| it.to_company_id == main) {
        for field in relation.holding.fill(shorthand) {
            scope.key(field).refuse(Fault::relation_conflict(field));
        }
    } else if !shorthand.is_empty() {
        let (id, holding) = (ids.next(now), shorthand.clone());
        relations.push(StoredRelation::new(id, case_id, holder, main, holding, now));
    }
    (relations, RelationDetails::default())
}
