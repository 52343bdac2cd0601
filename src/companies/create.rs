//! `POST /companies`.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::part::FoundCompany;
use super::{CompanyDraft, CompanyRequest, CompanyType, CompanyView, StoredCompany, pending};
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

/// The most companies of a case.
const COMPANIES: usize = 1_000;

struct Work {
    workspace_id: Uuid,
    if_match: IfMatch,
    request: Parsed<CompanyDraft>,
    prefix: &'static str,
    ids: IdSource,
    now: DateTime<Utc>,
}

/// Adds a company to a case.
///
/// # Errors
/// Returns a problem with the status 400, 404 or 412, or a [`crate::db::DatabaseError`] as `Problem::Database`.
#[utoipa::path(
    post,
    path = "/companies",
    operation_id = "create_company",
    tag = "Companies",
    params(IdempotencyKey, IfMatch),
    request_body(
        content = CompanyRequest<'static>,
        example = json!(
            {"case_id": "0198a000-0000-4000-8000-00000000ffff", "name": "Acme Holding SA",
                "type": "affiliated", "country": "LU"}
        ),
    ),
    responses((
        status = 201,
        description = "The company.",
        body = CompanyView<'static>,
        headers(("ETag"), ("Location")),
    )),
)]
pub async fn create(
    write: Write,
    Prefix(prefix): Prefix,
    if_match: IfMatch,
    _: NoQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let work = Work {
        workspace_id: write.workspace_id,
        if_match,
        request: parse_body!(
            write.compute,
            body.clone(),
            CompanyRequest<'_>,
            |request: CompanyRequest<'_>, scope| { request.parse(Mode::Create, scope) }
        )?,
        prefix,
        ids: write.ids.clone(),
        now: write.now,
    };
    write
        .run(&body, work, |connection, work| {
            Box::pin(async move {
                let references = match work.request.value.custom_properties.is_empty() {
                    true => None,
                    false => Some(reference_version(connection, work.workspace_id).await?),
                };
                let created = add(connection, &work).await?;
                let location = format!("{}/companies/{}", work.prefix, created.company.id);
                let response = created
                    .response(StatusCode::CREATED)?
                    .with_location(location);
                let change = created.change("api__created__company");
                let change = change.with_event(Event::COMPANY_CREATED);
                Ok(Outcome::from(response)
                    .change(change)
                    .checked_with(references))
            })
        })
        .await
}

async fn add(connection: &mut PgConnection, work: &Work) -> Result<FoundCompany, Problem> {
    let (workspace_id, now) = (work.workspace_id, work.now);
    let new = &work.request.value;
    let mut violations = work.request.violations();
    let found = definitions(connection, workspace_id).await?;
    let definitions: Definitions = serde_json::from_value(found).map_err(Problem::Decode)?;
    let given = &new.custom_properties;
    let mut scope = Scope::root(&mut violations);
    let checked = custom_properties::check(given, Target::Company, &definitions, &mut scope);
    let case = lock_named(
        connection,
        workspace_id,
        new.relation_inputs.case_id,
        &work.if_match,
        &mut violations,
    )
    .await?;
    let case_id = case.map_or(Uuid::nil(), |case| case.id);
    let mut members = relations::store::members(connection, workspace_id, case_id).await?;
    let id = work.ids.next(now);
    let mut scope = Scope::root(&mut violations);
    let first_main = add_member(&mut members, id, new, &mut scope);
    let relations = if case.is_some() {
        hold(
            &new.relation_inputs.held,
            case_id,
            Holder::Company(id),
            &members,
            &work.ids,
            now,
            &mut scope,
        )
    } else {
        Vec::new()
    };
    work.request.refuse(violations)?;
    let company = StoredCompany {
        id,
        case_id,
        is_relevant: true,
        company: new.company.clone(),
        custom_properties: custom_properties::values(checked),
        created_at: now,
        updated_at: now,
    };
    let mut found = FoundCompany {
        version: 0,
        company,
        relations,
        definitions,
    };
    found.save(connection, workspace_id).await?;
    relations::store::save(connection, workspace_id, &found.relations).await?;
    if first_main {
        attach_to_main(connection, workspace_id, &found.company, &work.ids).await?;
    }
    found.version = touch(connection, workspace_id, case_id, now).await?;
    Ok(found)
}

/// Adds the company to the members of its case. Returns whether it is their first main company.
fn add_member(members: &mut Members, id: Uuid, new: &CompanyDraft, scope: &mut Scope<'_>) -> bool {
    if members.companies.len() >= COMPANIES {
        let message = format!("A case has at most {COMPANIES} companies; this one is full.");
        scope
            .key("case_id")
            .refuse(Fault::new(Code::TooMany, message));
    }
    let is_main = new.kind == Some(CompanyType::Main);
    if let (true, Some(main)) = (is_main, members.main) {
        let message = format!(
            "A case has one main company; this one has {main}. Set type to affiliated here."
        );
        let fault = Fault::new(Code::MainCompanyRepeated, message).with_allowed(["affiliated"]);
        scope.key("type").refuse(fault);
        return false;
    }
    members.companies.insert(id);
    if is_main {
        members.main = Some(id);
    }
    is_main
}

/// The details of the relation that an individual will hold in the main company of its case.
#[derive(Debug, Deserialize)]
struct PendingDetails {
    id: Uuid,
    #[serde(flatten)]
    holding: RelationDetails,
}

/// Makes the pending details of individuals relations to the first main company: older clients create individuals
/// before it.
async fn attach_to_main(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    company: &StoredCompany,
    ids: &IdSource,
) -> Result<(), Problem> {
    let found = pending::find(connection, workspace_id, company.case_id).await?;
    let pending: Vec<PendingDetails> = found
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(Problem::Decode)?;
    let (case_id, now) = (company.case_id, company.created_at);
    let relations: Vec<_> = pending
        .into_iter()
        .map(|it| {
            let holder = Holder::Individual(it.id);
            StoredRelation::new(ids.next(now), case_id, holder, company.id, it.holding, now)
        })
        .collect();
    if !relations.is_empty() {
        pending::attach(connection, workspace_id, company, &relations).await?;
    }
    Ok(())
}
