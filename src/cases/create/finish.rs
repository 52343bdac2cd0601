//! Makes a valid case from a draft and its references.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::defaults::fill_defaults;
use super::draft::CaseDraft;
use super::entities::Entity;
use super::graph::ResolvedRelation;
use crate::cases::model::{Case, CaseHeader, Status};
use crate::cases::references::{self, References};
use crate::cases::required::require;
use crate::companies::{CompanyDraft, StoredCompany};
use crate::custom_properties::{self, Definitions, Properties, PropertyInputs, Target};
use crate::http::Problem;
use crate::ids::IdSource;
use crate::individuals::{Individual, StoredIndividual};
use crate::relations::{Holder, RelationDetails, StoredRelation};
use crate::tags::Tag;
use crate::templates::TemplateRules;
use crate::validation::{Fault, Scope, Violations, sort_in_document_order};
use crate::values::PlainText;

impl CaseDraft {
    /// Makes the case, with new ids.
    ///
    /// # Errors
    /// Returns `Problem::Invalid` with every error in the order of the body, `Problem::ExternalIdTaken` if the only
    /// error is that another case has the external id, or `Problem::Encode` if the case has no JSON form.
    pub fn finish(
        mut self,
        mut references: References,
        body: &[u8],
        ids: &IdSource,
        now: DateTime<Utc>,
    ) -> Result<Case, Problem> {
        let mut violations = std::mem::take(&mut self.violations);
        let mut scope = Scope::root(&mut violations);
        let mut tags = self.resolve(&references, &mut scope);
        let mut properties = self.properties(&references.definitions, &mut scope);
        let case_properties = &mut properties.case;
        fill_defaults(
            &self,
            &mut references,
            &mut tags,
            case_properties,
            &mut violations,
        );
        let taken = references.external_id_case;
        let applies = |it: &&TemplateRules| self.status == Status::Open && !it.required.is_empty();
        let rules = references.template.as_ref().filter(applies).cloned();
        // An invalid case is built only to find which required fields are missing.
        let case = if violations.is_empty() || rules.is_some() {
            let name = self.name.take().unwrap_or_default();
            Some(self.into_case(name, references, tags, properties, ids, now))
        } else {
            None
        };
        if let (Some(rules), Some(case)) = (rules, &case) {
            let (key, required) = (&rules.template.key, &rules.required);
            require(key, required, case, &mut violations).map_err(Problem::Encode)?;
        }
        match (taken, case) {
            (None, Some(case)) if violations.is_empty() => return Ok(case),
            (Some(case_id), _) if violations.is_empty() => {
                return Err(Problem::ExternalIdTaken { case_id });
            }
            (Some(case_id), _) => Scope::root(&mut violations)
                .key("external_id")
                .refuse(Fault::external_id_taken(case_id)),
            (None, _) => {}
        }
        Err(refused(violations, body))
    }

    /// Refuses references that the workspace does not have. Returns the tags, each once.
    fn resolve(&self, references: &References, scope: &mut Scope<'_>) -> Vec<Tag> {
        if let Some(reference) = &self.template {
            references::template(reference, references, scope);
        }
        if let Some(id) = self.assignee_id {
            references::assignee(id, references, scope);
        }
        if let Some(slug) = &self.space_slug {
            references::space(slug, references, scope);
        }
        references::tags(&self.tags, references, scope)
    }

    /// Checks the custom properties of the case, its companies and its individuals.
    fn properties(&self, all: &Definitions, scope: &mut Scope<'_>) -> CheckedProperties {
        let case = checked(&self.custom_properties, Target::Case, all, scope);
        let mut companies = scope.key("companies");
        let company_properties = self.companies.iter().enumerate().map(|(index, it)| {
            checked(
                &it.custom_properties,
                Target::Company,
                all,
                &mut companies.index(index),
            )
        });
        let company_properties = company_properties.collect();
        let mut individuals = scope.key("individuals");
        let individual_properties = self.individuals.iter().enumerate().map(|(index, it)| {
            checked(
                &it.custom_properties,
                Target::Individual,
                all,
                &mut individuals.index(index),
            )
        });
        CheckedProperties {
            case,
            companies: company_properties,
            individuals: individual_properties.collect(),
        }
    }

    fn into_case(
        self,
        name: PlainText,
        references: References,
        tags: Vec<Tag>,
        properties: CheckedProperties,
        ids: &IdSource,
        now: DateTime<Utc>,
    ) -> Case {
        let created_at = self.history.created_at.unwrap_or(now);
        let id = ids.next(now);
        let new_ids = |count: usize| (0..count).map(|_| ids.next(now)).collect::<Vec<_>>();
        let company_ids = new_ids(self.companies.len());
        let individual_ids = new_ids(self.individuals.len());
        let at = Times { created_at, now };
        let has_main = self.graph.main.is_some();
        let relations = self.graph.relations;
        let relations = self::relations(id, relations, &company_ids, &individual_ids, ids, at);
        let companies = companies(id, self.companies, company_ids, properties.companies, at);
        let individuals = self.individuals.into_iter().map(|draft| {
            // With a main company, the graph has a relation with these details.
            let pending_details = if has_main {
                RelationDetails::default()
            } else {
                draft.shorthand
            };
            (draft.individual, pending_details)
        });
        let individuals =
            self::individuals(id, individuals, individual_ids, properties.individuals, at);
        let decisions = self.history.decisions.iter();
        let reviews: Vec<_> = decisions.map(|it| it.review(ids.next(now), now)).collect();
        let metadata = (!self.metadata.is_empty()).then(|| self.metadata.into_iter().collect());
        Case {
            header: CaseHeader {
                id,
                name,
                status: self.status,
                review: reviews.last().cloned(),
                external_id: self.external_id,
                template: references.template.map(|it| it.template),
                assignee: references.assignee,
                space_slug: self.space_slug,
                metadata,
                custom_properties: properties.case,
                tags,
                version: 1,
                created_at,
                updated_at: now,
                last_activity_at: now,
            },
            reviews,
            companies,
            individuals,
            relations,
            definitions: references.definitions,
        }
    }
}

/// The creation time of a case, here or in another system, and the time of the write.
#[derive(Debug, Clone, Copy)]
struct Times {
    created_at: DateTime<Utc>,
    now: DateTime<Utc>,
}

struct CheckedProperties {
    case: Properties,
    companies: Vec<Properties>,
    individuals: Vec<Properties>,
}

/// The problem of an invalid case, with its errors in the order of the body.
fn refused(mut violations: Violations, body: &[u8]) -> Problem {
    sort_in_document_order(&mut violations, body);
    Problem::Invalid(violations)
}

fn checked(
    given: &PropertyInputs,
    target: Target,
    all: &Definitions,
    scope: &mut Scope<'_>,
) -> Properties {
    custom_properties::values(custom_properties::check(given, target, all, scope))
}

fn companies(
    case_id: Uuid,
    drafts: Vec<CompanyDraft>,
    ids: Vec<Uuid>,
    properties: Vec<Properties>,
    Times { created_at, now }: Times,
) -> Vec<StoredCompany> {
    let drafts = drafts.into_iter().zip(ids).zip(properties);
    drafts
        .map(|((draft, id), custom_properties)| StoredCompany {
            id,
            case_id,
            is_relevant: true,
            company: draft.company,
            custom_properties,
            created_at,
            updated_at: now,
        })
        .collect()
}

fn individuals(
    case_id: Uuid,
    drafts: impl Iterator<Item = (Individual, RelationDetails)>,
    ids: Vec<Uuid>,
    properties: Vec<Properties>,
    Times { created_at, now }: Times,
) -> Vec<StoredIndividual> {
    let drafts = drafts.zip(ids).zip(properties);
    drafts
        .map(
            |(((individual, pending_details), id), custom_properties)| StoredIndividual {
                id,
                case_id,
                is_relevant: true,
                individual,
                pending_details,
                custom_properties,
                created_at,
                updated_at: now,
            },
        )
        .collect()
}

fn relations(
    case_id: Uuid,
    resolved: Vec<ResolvedRelation>,
    companies: &[Uuid],
    individuals: &[Uuid],
    ids: &IdSource,
    Times { created_at, now }: Times,
) -> Vec<StoredRelation> {
    let mut relations = Vec::with_capacity(resolved.len());
    let relation = |it: ResolvedRelation| {
        let holder = match it.from {
            Entity::Company(index) => Holder::Company(*companies.get(index)?),
            Entity::Individual(index) => Holder::Individual(*individuals.get(index)?),
        };
        let (id, to) = (ids.next(now), *companies.get(it.to)?);
        let new = StoredRelation::new(id, case_id, holder, to, it.details, now);
        Some(StoredRelation { created_at, ..new })
    };
    relations.extend(resolved.into_iter().filter_map(relation));
    relations
}
