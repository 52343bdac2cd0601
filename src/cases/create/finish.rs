//! From a draft and its references to a valid case.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::defaults::fill_defaults;
use super::draft::CaseDraft;
use super::graph::{Entity, ResolvedRelation};
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
    /// The case, or every error of the request in the order of its body.
    ///
    /// # Errors
    /// Returns `Problem::Invalid` with every error, or `Problem::ExternalIdTaken` if the external id is the only one.
    pub fn finish(
        mut self,
        mut known: References,
        body: &[u8],
        ids: &IdSource,
        now: DateTime<Utc>,
    ) -> Result<Case, Problem> {
        let mut violations = std::mem::take(&mut self.violations);
        let mut scope = Scope::root(&mut violations);
        let mut tags = self.resolve(&known, &mut scope);
        let mut properties = self.properties(&known.definitions, &mut scope);
        let of_case = &mut properties.case;
        fill_defaults(&self, &mut known, &mut tags, of_case, &mut violations);
        let taken = known.external_id_case;
        let asks = |it: &&TemplateRules| self.status == Status::Open && !it.required.is_empty();
        let rules = known.template.as_ref().filter(asks).cloned();
        // An invalid case is built only to find which required fields are missing.
        let case = if violations.is_empty() || rules.is_some() {
            let name = self.name.take().unwrap_or_default();
            Some(self.into_case(name, known, tags, properties, ids, now))
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
    fn resolve(&self, known: &References, scope: &mut Scope<'_>) -> Vec<Tag> {
        if let Some(reference) = &self.template {
            references::template(reference, known, scope);
        }
        if let Some(id) = self.assignee_id {
            references::assignee(id, known, scope);
        }
        if let Some(slug) = &self.space_slug {
            references::space(slug, known, scope);
        }
        references::tags(&self.tags, known, scope)
    }

    /// The custom properties of the case, of its companies and of its individuals.
    fn properties(&self, all: &Definitions, scope: &mut Scope<'_>) -> CheckedProperties {
        let case = checked(&self.custom_properties, Target::Case, all, scope);
        let mut companies = scope.key("companies");
        let of_companies = self.companies.iter().enumerate().map(|(index, it)| {
            checked(
                &it.custom_properties,
                Target::Company,
                all,
                &mut companies.index(index),
            )
        });
        let of_companies = of_companies.collect();
        let mut individuals = scope.key("individuals");
        let of_individuals = self.individuals.iter().enumerate().map(|(index, it)| {
            checked(
                &it.custom_properties,
                Target::Individual,
                all,
                &mut individuals.index(index),
            )
        });
        CheckedProperties {
            case,
            companies: of_companies,
            individuals: of_individuals.collect(),
        }
    }

    fn into_case(
        self,
        name: PlainText,
        known: References,
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
            // With a main company, the details are a relation to it.
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
                template: known.template.map(|it| it.template),
                assignee: known.assignee,
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
            definitions: known.definitions,
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

/// The errors, in the order of the body.
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
        let new = StoredRelation::new(id, case_id, holder, to, it.holding, now);
        Some(StoredRelation { created_at, ..new })
    };
    relations.extend(resolved.into_iter().filter_map(relation));
    relations
}
