//! What is answered of a case. Parts of the published answer that stand for features which this
//! server does not have are present and empty, so that typed clients can decode it.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::model::{Case, Properties, StoredCompany, StoredIndividual};
use crate::companies::Company;
use crate::custom_properties::{Definition, Target};
use crate::individuals::Individual;
use crate::relations::Holding;
use crate::templates::Template;
use crate::users::User;

type Nothing = Option<()>;
type Empty = [(); 0];

/// A whole case.
#[derive(Debug, Serialize)]
pub struct CaseView<'c> {
    id: Uuid,
    name: &'c str,
    status: &'c str,
    review: Nothing,
    external_id: Option<&'c str>,
    space_slug: Option<&'c str>,
    template: Option<&'c Template>,
    template_id: Option<Uuid>,
    contact_has_actions: bool,
    reviewer_has_actions: bool,
    flags: Empty,
    tags: Vec<&'c str>,
    risk: Nothing,
    custom_properties: BTreeMap<&'c str, Option<&'c Value>>,
    metadata: Option<&'c BTreeMap<String, String>>,
    last_activity_at: String,
    last_contact_action_at: Nothing,
    controls: Empty,
    individuals: Vec<IndividualView<'c>>,
    companies: Vec<CompanyView<'c>>,
    assignee: Option<&'c User>,
    assignee_id: Option<Uuid>,
    client_portal: Nothing,
    created_at: String,
    updated_at: String,
}

/// A company of a case.
#[derive(Debug, Serialize)]
struct CompanyView<'c> {
    id: Uuid,
    case_id: Uuid,
    is_relevant: bool,
    #[serde(flatten)]
    company: &'c Company,
    entity_legal_form_label: Nothing,
    custom_properties: BTreeMap<&'c str, Option<&'c Value>>,
    document_orders: Empty,
    checks: Empty,
    relations: Vec<RelationView<'c>>,
    created_at: String,
    updated_at: String,
    last_activity_at: String,
}

/// An individual of a case; roles, position and percentages mirror its relation to the main company.
#[derive(Debug, Serialize)]
struct IndividualView<'c> {
    id: Uuid,
    case_id: Uuid,
    is_relevant: bool,
    #[serde(flatten)]
    individual: &'c Individual,
    #[serde(flatten)]
    holding: &'c Holding,
    custom_properties: BTreeMap<&'c str, Option<&'c Value>>,
    checks: Empty,
    relations: Vec<RelationView<'c>>,
    created_at: String,
    updated_at: String,
    last_activity_at: String,
}

/// A relation, shown with the entity that holds it.
#[derive(Debug, Serialize)]
struct RelationView<'c> {
    id: Uuid,
    to_company_id: Uuid,
    #[serde(flatten)]
    holding: &'c Holding,
    created_at: String,
    updated_at: String,
}

impl<'c> CaseView<'c> {
    /// The view of a case.
    pub fn new(case: &'c Case) -> Self {
        let at = timestamp(case.created_at);
        let mut held: BTreeMap<Uuid, Vec<RelationView<'c>>> = BTreeMap::new();
        for relation in &case.relations {
            let holder = relation.from_company_id.or(relation.from_individual_id);
            held.entry(holder.unwrap_or_default())
                .or_default()
                .push(RelationView {
                    id: relation.id,
                    to_company_id: relation.to_company_id,
                    holding: &relation.holding,
                    created_at: at.clone(),
                    updated_at: at.clone(),
                });
        }
        let main = case
            .companies
            .iter()
            .find(|it| it.company.kind == crate::companies::CompanyType::Main)
            .map(|it| it.id);
        let individuals = case.individuals.iter().map(|it| {
            let relations = held.remove(&it.id).unwrap_or_default();
            individual(case, it, main, relations, &at)
        });
        let individuals = individuals.collect();
        let companies = case
            .companies
            .iter()
            .map(|it| company(case, it, held.remove(&it.id).unwrap_or_default(), &at));
        Self {
            id: case.id,
            name: &case.name,
            status: &case.status,
            review: None,
            external_id: case.external_id.as_deref(),
            space_slug: case.space_slug.as_deref(),
            template: case.template.as_ref(),
            template_id: case.template.as_ref().map(|it| it.id),
            contact_has_actions: false,
            reviewer_has_actions: false,
            flags: [],
            tags: case.tags.iter().map(|tag| tag.label.as_str()).collect(),
            risk: None,
            custom_properties: listed(&case.custom_properties, Target::Case, &case.definitions),
            metadata: case.metadata.as_ref(),
            last_activity_at: at.clone(),
            last_contact_action_at: None,
            controls: [],
            individuals,
            companies: companies.collect(),
            assignee: case.assignee.as_ref(),
            assignee_id: case.assignee.as_ref().map(|it| it.id),
            client_portal: None,
            created_at: at.clone(),
            updated_at: at,
        }
    }
}

fn company<'c>(
    case: &'c Case,
    stored: &'c StoredCompany,
    relations: Vec<RelationView<'c>>,
    at: &str,
) -> CompanyView<'c> {
    CompanyView {
        id: stored.id,
        case_id: case.id,
        is_relevant: true,
        company: &stored.company,
        entity_legal_form_label: None,
        custom_properties: listed(
            &stored.custom_properties,
            Target::Company,
            &case.definitions,
        ),
        document_orders: [],
        checks: [],
        relations,
        created_at: at.to_owned(),
        updated_at: at.to_owned(),
        last_activity_at: at.to_owned(),
    }
}

fn individual<'c>(
    case: &'c Case,
    stored: &'c StoredIndividual,
    main: Option<Uuid>,
    relations: Vec<RelationView<'c>>,
    at: &str,
) -> IndividualView<'c> {
    let to_main = relations.iter().find(|it| Some(it.to_company_id) == main);
    IndividualView {
        id: stored.id,
        case_id: case.id,
        is_relevant: true,
        individual: &stored.individual,
        holding: to_main.map_or(&stored.carried, |it| it.holding),
        custom_properties: listed(
            &stored.custom_properties,
            Target::Individual,
            &case.definitions,
        ),
        checks: [],
        relations,
        created_at: at.to_owned(),
        updated_at: at.to_owned(),
        last_activity_at: at.to_owned(),
    }
}

/// Every custom property that is not archived, with null where there is no value.
fn listed<'c>(
    values: &'c Properties,
    target: Target,
    definitions: &'c [Definition],
) -> BTreeMap<&'c str, Option<&'c Value>> {
    let of_target = definitions
        .iter()
        .filter(|it| it.target == target && !it.archived);
    of_target
        .map(|it| (it.key.as_str(), values.get(&it.key)))
        .collect()
}

/// UTC with milliseconds and `Z` (RFC 3339).
fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
