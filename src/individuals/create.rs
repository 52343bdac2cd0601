//! `POST /individuals`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::FoundIndividual;
use super::{IndividualDraft, IndividualRequest, IndividualView, StoredIndividual, store};
use crate::auth::Caller;
use crate::custom_properties::{self, Definition, Target, store::definitions};
use crate::db::Deadline;
use crate::http::{JsonBody, NoQuery, Parsed, Prefix, Problem, with_etag};
use crate::parsed;
use crate::relations::{self, Holder, Holding, Members, StoredRelation, hold};
use crate::state::AppState;
use crate::validation::{Code, Fault, Mode, Scope};
use crate::values::{IdSource, now};
use crate::versions::{IfMatch, lock_named, touch};

/// The most individuals of a case.
const INDIVIDUALS: usize = 1_000;

struct Work {
    workspace_id: Uuid,
    if_match: IfMatch,
    request: Parsed<IndividualDraft>,
    ids: IdSource,
    now: DateTime<Utc>,
}

/// Adds an individual to a case.
///
/// # Errors
/// 400, 401, 404, 412 and what the database can have.
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    deadline: Deadline,
    Prefix(prefix): Prefix,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let now = now();
    let work = Work {
        workspace_id: caller.workspace_id,
        if_match,
        request: parsed!(
            body,
            IndividualRequest<'_>,
            |request: IndividualRequest<'_>, scope| { request.parse(Mode::Create, scope, now) }
        )?,
        ids: state.ids.clone(),
        now,
    };
    let created = state
        .database
        .transaction(deadline, work, |connection, work| {
            Box::pin(add(connection, work))
        })
        .await?;
    let location = [(
        LOCATION,
        format!("{prefix}/individuals/{}", created.individual.id),
    )];
    let answer = (StatusCode::CREATED, location, answer(&created));
    Ok(with_etag(created.version, answer))
}

/// The answer that shows an individual.
pub fn answer(found: &FoundIndividual) -> Response {
    let relations: Vec<_> = found.relations.iter().collect();
    Json(IndividualView::new(
        &found.individual,
        &relations,
        found.main,
        &found.definitions,
    ))
    .into_response()
}

async fn add(connection: &mut PgConnection, work: Arc<Work>) -> Result<FoundIndividual, Problem> {
    let (workspace_id, now) = (work.workspace_id, work.now);
    let new = &work.request.value;
    let mut violations = work.request.violations();
    let found = definitions(connection, workspace_id).await?;
    let definitions: Vec<Definition> = serde_json::from_value(found).map_err(Problem::Corrupt)?;
    let given = &new.custom_properties;
    let mut scope = Scope::root(&mut violations);
    let checked = custom_properties::check(given, Target::Individual, &definitions, &mut scope);
    let case = lock_named(
        connection,
        workspace_id,
        new.bonds.case_id,
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
    let (relations, carried) = match case {
        Some(_) => relate(&work, case_id, id, &members, &mut scope),
        None => Default::default(),
    };
    work.request.refuse(violations)?;
    let individual = StoredIndividual {
        id,
        case_id,
        is_relevant: true,
        individual: new.individual.clone(),
        carried,
        custom_properties: custom_properties::values(checked),
        created_at: now,
        updated_at: now,
    };
    store::save(connection, workspace_id, &individual).await?;
    relations::store::save(connection, workspace_id, &relations).await?;
    Ok(FoundIndividual {
        version: touch(connection, workspace_id, case_id, now).await?,
        main: members.main,
        individual,
        relations,
        definitions,
    })
}

/// The relations that the individual holds, and what it carries where its case has no main company.
fn relate(
    work: &Work,
    case_id: Uuid,
    id: Uuid,
    members: &Members,
    scope: &mut Scope<'_>,
) -> (Vec<StoredRelation>, Holding) {
    let (new, ids, now) = (&work.request.value, &work.ids, work.now);
    let holder = Holder::Individual(id);
    let mut relations = hold(&new.bonds.held, case_id, holder, members, ids, now, scope);
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
    (relations, Holding::default())
}
