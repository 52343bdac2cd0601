//! `PATCH /individuals/{id}`.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::create;
use super::request::IndividualUpdateRequest;
use super::store::{self, FoundIndividual};
use super::{IndividualChanges, IndividualRequest, IndividualView};
use crate::custom_properties::{self, Target};
use crate::events::{Event, changed_fields};
use crate::http::{Id, JsonBody, NoQuery, Parsed, Problem};
use crate::ids::IdSource;
use crate::parse_body;
use crate::relations::{self, Holder, RelationDetails, StoredRelation};
use crate::validation::{Scope, overlay};
use crate::versions::{CaseReference, IfMatch, lock, touch};
use crate::writes::{Outcome, Write};

struct Work {
    workspace_id: Uuid,
    id: Uuid,
    if_match: IfMatch,
    request: Parsed<IndividualChanges>,
    ids: IdSource,
    now: DateTime<Utc>,
}

/// Changes an individual: what is absent stays, `null` clears; custom properties, address and bank
/// account are merged.
///
/// # Errors
/// 400, 401, 404, 412 and what the database can have.
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
    let case_id = store::case_of(connection, workspace_id, work.id).await?;
    let reference = CaseReference::by_id(case_id);
    lock(connection, workspace_id, &reference, &work.if_match).await?;
    let mut found = store::read(connection, workspace_id, work.id).await?;
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
    // What was refused already may only follow: the rules over several members come last.
    if violations.is_empty() {
        stored.individual.check(&mut Scope::root(&mut violations));
    }
    work.request.refuse(violations)?;
    custom_properties::merge(&mut stored.custom_properties, checked);
    stored.updated_at = work.now;
    if !changes.shorthand.fields.is_empty() {
        change_shorthand(connection, &work, &mut found).await?;
    }
    store::save(connection, workspace_id, &found.individual).await?;
    found.version = touch(connection, workspace_id, case_id, work.now).await?;
    let mut fields = changed_fields(&before, &found.individual).map_err(Problem::Encode)?;
    // With a main company these are its relation's, and of the individual all the same.
    if found.main.is_some() {
        let shorthand = changes.shorthand.fields.iter();
        fields.extend(shorthand.map(ToString::to_string));
    }
    let change = create::change(&found, "api__updated__individual");
    let change = change
        .with_fields(fields)
        .with_event(Event::INDIVIDUAL_INFO_UPDATED);
    Ok(Outcome::from(create::response(StatusCode::OK, &found)?).change(change))
}

/// Roles, position and percentages on the individual itself are those of its relation to the main
/// company; without one they stay on the individual.
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
