//! The relations of a request, with refs resolved to indices.

use std::collections::HashSet;
use std::mem::take;

use super::entities::{Entity, MainCompany, Refs};
use crate::companies::CompanyDraft;
use crate::individuals::IndividualDraft;
use crate::relations::{RELATIONS_OF_CASE, RelationDetails, RelationDraft, Source};
use crate::validation::{Code, Fault, Scope, quote};

/// The most refs that an error lists as allowed.
const ALLOWED: usize = 20;

/// A relation between two entities of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedRelation {
    /// The holder.
    pub from: Entity,
    /// The index of the company in which the relation is held.
    pub to: usize,
    pub details: RelationDetails,
}

/// The main company and the relations of a request. Some are missing if the request has errors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    pub main: Option<usize>,
    pub relations: Vec<ResolvedRelation>,
}

struct Resolver<'d> {
    main: MainCompany,
    companies_are_complete: bool,
    refs: Refs<'d>,
    seen: HashSet<(Entity, usize)>,
    relations: Vec<ResolvedRelation>,
}

impl Graph {
    /// Takes the relations from the drafts and resolves them. Refuses relations that a case cannot have.
    /// `companies_are_complete` is false if the companies are not an array, or more than a case can have.
    pub fn resolve(
        companies: &mut [CompanyDraft],
        companies_are_complete: bool,
        individuals: &mut [IndividualDraft],
        scope: &mut Scope<'_>,
    ) -> Self {
        let of_companies = companies
            .iter_mut()
            .map(|it| take(&mut it.relation_inputs.relations));
        let of_companies: Vec<_> = of_companies.collect();
        let of_individuals = individuals.iter_mut();
        let of_individuals = of_individuals.map(|it| take(&mut it.relation_inputs.relations));
        let of_individuals: Vec<_> = of_individuals.collect();
        let count = of_companies.iter().chain(&of_individuals).map(Vec::len);
        let count = count.sum::<usize>();
        if count > RELATIONS_OF_CASE {
            let message = format!(
                "A case has at most {RELATIONS_OF_CASE} relations, and {count} were sent. Remove some, or create \
                 several cases."
            );
            scope.refuse(Fault::new(Code::TooMany, message));
            return Self::default();
        }
        let main = if companies_are_complete {
            MainCompany::find(companies, scope)
        } else {
            MainCompany::Unclear
        };
        let refs = Refs::new(companies, individuals, scope);
        let mut resolver = Resolver {
            main,
            companies_are_complete,
            refs,
            seen: HashSet::with_capacity(count),
            relations: Vec::with_capacity(count),
        };
        for (index, relations) in of_companies.into_iter().enumerate() {
            resolver.add(Entity::Company(index), relations, scope);
        }
        let individuals = individuals.iter().zip(of_individuals).enumerate();
        for (index, (individual, relations)) in individuals {
            let entity = Entity::Individual(index);
            resolver.add(entity, relations, scope);
            resolver.add_shorthand(entity, &individual.shorthand, scope);
        }
        Self {
            main: match main {
                MainCompany::One(index) => Some(index),
                MainCompany::NoCompany | MainCompany::Unclear => None,
            },
            relations: resolver.relations,
        }
    }
}

impl Resolver<'_> {
    fn add(&mut self, from: Entity, relations: Vec<Option<RelationDraft>>, scope: &mut Scope<'_>) {
        let (array, index) = from.location();
        for (position, relation) in relations.into_iter().enumerate() {
            let Some(relation) = relation else { continue };
            let mut array = scope.key(array);
            let mut holder = array.index(index);
            let mut list = holder.key("relations");
            let mut scope = list.index(position);
            let Some(to) = self.target(&relation, &mut scope) else {
                continue;
            };
            if from == Entity::Company(to) {
                scope.key("source_company_ref").refuse(Fault::new(
                    Code::RelationToSelf,
                    "A company cannot hold a relation in itself. Name another company with \
                     source_company_ref, or remove the relation.",
                ));
            } else if self.seen.insert((from, to)) {
                self.relations.push(ResolvedRelation {
                    from,
                    to,
                    details: relation.holding,
                });
            } else {
                let from = from.pointer();
                let message = format!("An earlier relation is from {from} to /companies/{to} too.");
                scope.refuse(Fault::relation_duplicate(message));
            }
        }
    }

    /// The index of the company in which a relation is held. Refuses a ref that is not the ref of a company.
    fn target(&self, relation: &RelationDraft, scope: &mut Scope<'_>) -> Option<usize> {
        if self.main == MainCompany::NoCompany {
            scope.refuse(Fault::new(
                Code::RelationWithoutCompany,
                "A relation needs a company, and this request has none. Add the company, or remove the relation.",
            ));
            return None;
        }
        match &relation.source {
            Source::Refused => None,
            Source::Main => match self.main {
                MainCompany::One(main) => Some(main),
                MainCompany::NoCompany | MainCompany::Unclear => None,
            },
            Source::Ref(reference) => match self.refs.find(reference) {
                Some(Entity::Company(index)) => Some(index),
                Some(individual @ Entity::Individual(_)) => {
                    scope.key("source_company_ref").refuse_with(|| {
                        let message = format!(
                            "The ref {} is the ref of {}. A relation is held in a company.",
                            quote(reference),
                            individual.pointer()
                        );
                        Fault::new(Code::RefNotACompany, message)
                            .with_allowed(self.refs.of_companies().first(ALLOWED))
                    });
                    None
                }
                // A company that was not read may have the ref.
                None if !self.companies_are_complete => None,
                None => {
                    scope
                        .key("source_company_ref")
                        .refuse_with(|| self.not_found(reference));
                    None
                }
            },
        }
    }

    fn not_found(&self, reference: &str) -> Fault {
        let refs = self.refs.of_companies();
        let message = format!(
            "No company of this request has the ref {}.",
            quote(reference)
        );
        Fault::new(Code::RefNotFound, message)
            .with_candidates(reference, refs.clone())
            .with_allowed(refs.first(ALLOWED))
    }

    /// Merges the details on the individual itself into its relation to the main company, or adds that relation.
    fn add_shorthand(&mut self, from: Entity, shorthand: &RelationDetails, scope: &mut Scope<'_>) {
        let MainCompany::One(main) = self.main else {
            return;
        };
        if shorthand.is_empty() {
            return;
        }
        // The relations of this individual are the last ones in the list.
        let own = self.relations.iter_mut().rev();
        let existing = own
            .take_while(|it| it.from == from)
            .find(|it| it.to == main);
        let Some(existing) = existing else {
            self.relations.push(ResolvedRelation {
                from,
                to: main,
                details: shorthand.clone(),
            });
            return;
        };
        for field in existing.details.fill(shorthand) {
            let (array, index) = from.location();
            let fault = Fault::relation_conflict(field);
            scope.key(array).index(index).key(field).refuse(fault);
        }
    }
}
