//! `PATCH /individuals/{id}`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::part::FoundIndividual;
use super::request::IndividualUpdateRequest;
use super::{IndividualChanges, IndividualRequest, IndividualView};
use crate::case_parts::{CasePart, lock_case_of, read};
use crate::custom_properties::{self, Target};
use crate::events::{Event, changed_fields};
use crate::http::{Id, JsonBody, NoQuery, Parsed, Problem};
use crate::ids::IdSource;
use crate::parse_body;
use crate::relations::{self, Holder, RelationDetails, StoredRelation};
use crate::validation::{Scope, overlay};
use crate::versions::{IfMatch, touch};
use crate::writes::{Outcome, Write};

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    if_match: IfMatch,
    request: Parsed<IndividualChanges>,
    ids: IdSource,
    now: DateTime<Utc>,
}

/// Changes an individual. Absent fields stay, `null` clears a field; custom properties, address and bank account are
/// merged.
///
/// # Errors
/// Returns a problem with the status 400, 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    patch,
    path = "/individuals/{id}",
    operation_id = "update_individual",
    tag = "Individuals",
    params(Id, IfMatch),
    request_body(
        content = IndividualUpdateRequest,
        example = json!({"birth_date": "1980-04-01", "nationalities": ["FR"]}),
    ),
    responses(
        (status = 200, description = "The individual.", body = IndividualView<'static>, headers(("ETag"))),
    ),
)]
pub async fn update(
    write: Write,
    Id(id): Id,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = write.now;
    let work = Work {
        workspace_id: write.workspace_id,
        id,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            IndividualRequest<'_>,
            |request: IndividualRequest<'_>, scope| { request.parse_changes(now, scope) }
        )?,
        ids: write.ids.clone(),
        now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(change(connection, work))
        })
        .await
}

async fn change(connection: &mut PgConnection, work: Arc<Work>) -> Result<Outcome, Problem> {
    let workspace_id = work.workspace_id;
    let case =
        lock_case_of::<FoundIndividual>(connection, workspace_id, work.id, &work.if_match).await?;
    let mut found: FoundIndividual = read(connection, workspace_id, work.id).await?;
    let changes = &work.request.value;
    let mut violations = work.request.violations();
    let mut scope = Scope::root(&mut violations);
    let given = &changes.draft.custom_properties;
    let checked =
        custom_properties::check(given, Target::Individual, &found.definitions, &mut scope);
    let before = found.individual.clone();
    let stored = &mut found.individual;
    stored.individual = overlay(&stored.individual, &changes.draft.individual, &changes.sent)
        .map_err(Problem::Encode)?;
    // An error of these rules may only follow from a refused field: they come last.
    if violations.is_empty() {
        stored.individual.check(&mut Scope::root(&mut violations));
    }
    work.request.refuse(violations)?;
    custom_properties::merge(&mut stored.custom_properties, checked);
    stored.updated_at = work.now;
    if !changes.shorthand.fields.is_empty() {
        change_shorthand(connection, &work, &mut found).await?;
    }
    found.save(connection, workspace_id).await?;
    found.version = touch(connection, workspace_id, case.id, work.now).await?;
    let mut fields = changed_fields(&before, &found.individual).map_err(Problem::Encode)?;
    // With a main company these are fields of its relation, and shown on the individual.
    if found.main.is_some() {
        let shorthand = changes.shorthand.fields.iter();
        fields.extend(shorthand.map(ToString::to_string));
    }
    let change = found.change("api__updated__individual");
    let change = change
        .with_fields(fields)
        .with_event(Event::INDIVIDUAL_INFO_UPDATED);
    let outcome = Outcome::from(found.response(StatusCode::OK)?).change(change);
    let has_properties = !changes.draft.custom_properties.is_empty();
    Ok(outcome.checked_with(has_properties.then_some(case.reference_version)))
}

/// Changes roles, position and percentages. They belong to the relation to the main company, or to the individual if
/// there is no main company.
async fn change_shorthand(
    connection: &mut PgConnection,
    work: &Work,
    found: &mut FoundIndividual,
) -> Result<(), Problem> {
    let changes = &work.request.value;
    let changed = |holding: &RelationDetails| {
        overlay(holding, &changes.draft.shorthand, &changes.shorthand).map_err(Problem::Encode)
    };
    let Some(main) = found.main else {
        found.individual.pending_details = changed(&found.individual.pending_details)?;
        return Ok(());
    };
    let index = found
        .relations
        .iter()
        .position(|it| it.to_company_id == main);
    let relation = match index.and_then(|index| found.relations.get_mut(index)) {
        Some(relation) => {
            relation.holding = changed(&relation.holding)?;
            relation.updated_at = work.now;
            relation.clone()
        }
        None => {
            let holding = changed(&RelationDetails::default())?;
            if holding.is_empty() {
                return Ok(());
            }
            let (id, case_id) = (work.ids.next(work.now), found.individual.case_id);
            let holder = Holder::Individual(work.id);
            let relation = StoredRelation::new(id, case_id, holder, main, holding, work.now);
            found.relations.push(relation.clone());
            relation
        }
    };
    let relations = std::slice::from_ref(&relation);
    Ok(relations::store::save(connection, work.workspace_id, relations).await?)
}
