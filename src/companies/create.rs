//! `POST /companies`.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::FoundCompany;
use super::{CompanyDraft, CompanyRequest, CompanyType, CompanyView, StoredCompany, store};
use crate::custom_properties::{self, Definitions, Target, store::definitions};
use crate::events::{Change, Event, Subject};
use crate::http::{JsonBody, NoQuery, Parsed, Prefix, Problem, WriteResponse};
use crate::idempotency::IdempotencyKey;
use crate::ids::IdSource;
use crate::parse_body;
use crate::relations::{self, Holder, Members, RelationDetails, StoredRelation, hold};
use crate::validation::{Code, Fault, Mode, Scope};
use crate::versions::{IfMatch, lock_named, touch};
use crate::writes::{Outcome, Write};

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
/// 400, 401, 404, 412 and what the database can have.
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
                let created = add(connection, &work).await?;
                let location = format!("{}/companies/{}", work.prefix, created.company.id);
                let response = response(StatusCode::CREATED, &created)?.with_location(location);
                let change = change(&created, "api__created__company");
                Ok(Outcome::from(response).change(change.with_event(Event::COMPANY_CREATED)))
            })
        })
        .await
}

/// The answer that shows a company.
pub fn response(status: StatusCode, found: &FoundCompany) -> Result<WriteResponse, Problem> {
    let relations: Vec<_> = found.relations.iter().collect();
    let view = CompanyView::new(&found.company, &relations, &found.definitions);
    Ok(WriteResponse::json(status, &view)?.with_version(found.version))
}

/// A change of a company that is there.
pub fn change(found: &FoundCompany, activity: &'static str) -> Change {
    let (case_id, subject) = (found.company.case_id, Subject::Company(found.company.id));
    Change::new(case_id, subject, found.version, activity)
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
        new.bonds.case_id,
        &work.if_match,
        &mut violations,
    )
    .await?;
    let case_id = case.map_or(Uuid::nil(), |case| case.id);
    let mut members = relations::store::members(connection, workspace_id, case_id).await?;
    let id = work.ids.next(now);
    let mut scope = Scope::root(&mut violations);
    let first_main = place(&mut members, id, new, &mut scope);
    let relations = if case.is_some() {
        hold(
            &new.bonds.held,
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
    store::save(connection, workspace_id, &company).await?;
    relations::store::save(connection, workspace_id, &relations).await?;
    if first_main {
        attach_to_main(connection, workspace_id, &company, &work.ids).await?;
    }
    Ok(FoundCompany {
        version: touch(connection, workspace_id, case_id, now).await?,
        company,
        relations,
        definitions,
    })
}

/// Makes room for the company among those of its case; whether it is their first main company.
fn place(members: &mut Members, id: Uuid, new: &CompanyDraft, scope: &mut Scope<'_>) -> bool {
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

/// What an individual carries until its case has a main company.
#[derive(Debug, Deserialize)]
struct Carrier {
    id: Uuid,
    #[serde(flatten)]
    holding: RelationDetails,
}

/// Older clients post individuals before the company: what these carry becomes their relations to
/// it.
async fn attach_to_main(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    company: &StoredCompany,
    ids: &IdSource,
) -> Result<(), Problem> {
    let carriers = store::carriers(connection, workspace_id, company.case_id).await?;
    let carriers: Vec<Carrier> = carriers
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(Problem::Decode)?;
    let (case_id, now) = (company.case_id, company.created_at);
    let relations: Vec<_> = carriers
        .into_iter()
        .map(|it| {
            let holder = Holder::Individual(it.id);
            StoredRelation::new(ids.next(now), case_id, holder, company.id, it.holding, now)
        })
        .collect();
    if !relations.is_empty() {
        store::adopt_carried(connection, workspace_id, company, &relations).await?;
    }
    Ok(())
}
