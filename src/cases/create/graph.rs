//! The refs and relations of one payload: refs in, indices out. Pure.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::mem::take;

use crate::companies::{CompanyDraft, CompanyType};
use crate::individuals::IndividualDraft;
use crate::relations::{RELATIONS_OF_CASE, RelationDetails, RelationDraft, Source};
use crate::validation::{Code, Fault, Names, Scope, quote};

/// How many refs a message's `allowed` lists.
const ALLOWED: usize = 20;

/// An entity of the payload, by its index in its array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    Company(usize),
    Individual(usize),
}

impl Entity {
    fn array(self) -> (&'static str, usize) {
        match self {
            Self::Company(index) => ("companies", index),
            Self::Individual(index) => ("individuals", index),
        }
    }

    fn pointer(self) -> String {
        let (array, index) = self.array();
        format!("/{array}/{index}")
    }
}

/// A relation whose company is known.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedRelation {
    /// Who holds it.
    pub from: Entity,
    /// The index of the company in which it is held.
    pub to: usize,
    pub holding: RelationDetails,
}

/// The main company and all relations; whole where nothing was refused.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    pub main: Option<usize>,
    pub relations: Vec<ResolvedRelation>,
}

/// What stands for 'the main company' while relations are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Main {
    /// There is exactly one.
    One(usize),
    /// The payload has no company.
    NoCompany,
    /// None or several, which has been refused: what only follows from it is not.
    Unclear,
}

struct Resolver<'d> {
    main: Main,
    companies_are_known: bool,
    refs: HashMap<&'d str, Entity>,
    seen: HashSet<(Entity, usize)>,
    /// The refs of companies, in their order; made when the first is looked for.
    company_refs: OnceCell<Names>,
    relations: Vec<ResolvedRelation>,
}

impl Graph {
    /// Resolves every relation, which its holder no longer has then; what cannot be is refused at its
    /// place. `companies_are_known` is false where something else than an array stands for them, or more
    /// than a case can have.
    pub fn resolve(
        companies: &mut [CompanyDraft],
        companies_are_known: bool,
        individuals: &mut [IndividualDraft],
        scope: &mut Scope<'_>,
    ) -> Self {
        let of_companies = companies.iter_mut().map(|it| take(&mut it.bonds.relations));
        let of_companies: Vec<_> = of_companies.collect();
        let of_individuals = individuals.iter_mut();
        let of_individuals = of_individuals.map(|it| take(&mut it.bonds.relations));
        let of_individuals: Vec<_> = of_individuals.collect();
        let held = of_companies.iter().chain(&of_individuals).map(Vec::len);
        let held = held.sum::<usize>();
        if held > RELATIONS_OF_CASE {
            let message = format!(
                "A case has at most {RELATIONS_OF_CASE} relations; {held} were sent. Leave out those \
                 that matter least, or make several cases."
            );
            scope.refuse(Fault::new(Code::TooMany, message));
            return Self::default();
        }
        let main = if companies_are_known {
            main(companies, scope)
        } else {
            Main::Unclear
        };
        let refs = refs(companies, individuals, scope);
        let mut resolver = Resolver {
            main,
            companies_are_known,
            refs,
            seen: HashSet::with_capacity(held),
            company_refs: OnceCell::new(),
            relations: Vec::with_capacity(held),
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
        let main = if let Main::One(index) = main {
            Some(index)
        } else {
            None
        };
        Self {
            main,
            relations: resolver.relations,
        }
    }
}

/// Exactly one company is the main one; every further one is refused.
fn main(companies: &[CompanyDraft], scope: &mut Scope<'_>) -> Main {
    if companies.is_empty() {
        return Main::NoCompany;
    }
    let mut mains = (0..companies.len()).filter(|index| {
        companies
            .get(*index)
            .is_some_and(|it| it.kind == Some(CompanyType::Main))
    });
    let unread = companies.iter().any(|company| company.kind.is_none());
    let Some(first) = mains.next() else {
        if !unread {
            scope.key("companies").refuse(Fault::new(
                Code::MainCompanyMissing,
                "A case with companies has one main company; all of these are affiliated. Set \
                 type to main on one of them.",
            ));
        }
        return Main::Unclear;
    };
    let mut one = Main::One(first);
    for index in mains {
        one = Main::Unclear;
        let message = format!(
            "A case has one main company; /companies/{first} is one already. Set type to \
             affiliated here."
        );
        scope
            .key("companies")
            .index(index)
            .key("type")
            .refuse(Fault::new(Code::MainCompanyRepeated, message).with_allowed(["affiliated"]));
    }
    one
}

/// Who has which ref; a ref that an earlier entity has is refused.
fn refs<'d>(
    companies: &'d [CompanyDraft],
    individuals: &'d [IndividualDraft],
    scope: &mut Scope<'_>,
) -> HashMap<&'d str, Entity> {
    let mut refs = HashMap::new();
    let companies = companies
        .iter()
        .enumerate()
        .map(|(i, it)| (Entity::Company(i), &it.reference));
    let individuals = individuals
        .iter()
        .enumerate()
        .map(|(i, it)| (Entity::Individual(i), &it.reference));
    for (entity, reference) in companies.chain(individuals) {
        let Some(reference) = reference.as_deref() else {
            continue;
        };
        match refs.get(reference) {
            None => drop(refs.insert(reference, entity)),
            Some(first) => {
                let (array, index) = entity.array();
                let message = format!(
                    "The ref {} is taken by {}. Give each company and individual its own.",
                    quote(reference),
                    Entity::pointer(*first)
                );
                scope
                    .key(array)
                    .index(index)
                    .key("ref")
                    .refuse(Fault::new(Code::RefDuplicate, message));
            }
        }
    }
    refs
}

impl Resolver<'_> {
    fn add(&mut self, from: Entity, relations: Vec<Option<RelationDraft>>, scope: &mut Scope<'_>) {
        let (array, index) = from.array();
        for (position, relation) in relations.into_iter().enumerate() {
            let Some(relation) = relation else { continue };
            let mut array = scope.key(array);
            let mut holder = array.index(index);
            let mut list = holder.key("relations");
            let mut place = list.index(position);
            let Some(to) = self.target(&relation, &mut place) else {
                continue;
            };
            if from == Entity::Company(to) {
                place.key("source_company_ref").refuse(Fault::new(
                    Code::RelationToSelf,
                    "A company cannot hold a relation in itself. Name another company with \
                     source_company_ref, or remove the relation.",
                ));
            } else if self.seen.insert((from, to)) {
                self.relations.push(ResolvedRelation {
                    from,
                    to,
                    holding: relation.holding,
                });
            } else {
                let from = from.pointer();
                let there = format!("There is a relation from {from} to /companies/{to} already.");
                place.refuse(Fault::relation_duplicate(there));
            }
        }
    }

    /// The company in which a relation is held.
    fn target(&self, relation: &RelationDraft, place: &mut Scope<'_>) -> Option<usize> {
        if self.main == Main::NoCompany {
            place.refuse(Fault::new(
                Code::RelationWithoutCompany,
                "This request has no company in which a relation could be held. Add the company, \
                 or remove the relation.",
            ));
            return None;
        }
        match &relation.source {
            Source::Refused => None,
            Source::Main => match self.main {
                Main::One(main) => Some(main),
                Main::NoCompany | Main::Unclear => None,
            },
            Source::Ref(reference) => match self.refs.get(reference.as_str()) {
                Some(Entity::Company(index)) => Some(*index),
                Some(individual @ Entity::Individual(_)) => {
                    place.key("source_company_ref").refuse_with(|| {
                        let message = format!(
                            "The ref {} is that of {}. A relation is held in a company.",
                            quote(reference),
                            individual.pointer()
                        );
                        Fault::new(Code::RefNotACompany, message)
                            .with_allowed(self.company_refs().first(ALLOWED))
                    });
                    None
                }
                // Where not all companies were read, it may be one of the others.
                None if !self.companies_are_known => None,
                None => {
                    place
                        .key("source_company_ref")
                        .refuse_with(|| self.not_found(reference));
                    None
                }
            },
        }
    }

    fn not_found(&self, reference: &str) -> Fault {
        let known = self.company_refs();
        let message = format!(
            "No company of this request has the ref {}.",
            quote(reference)
        );
        Fault::new(Code::RefNotFound, message)
            .with_candidates(reference, known.clone())
            .with_allowed(known.first(ALLOWED))
    }

    fn company_refs(&self) -> Names {
        let sorted = || {
            let refs = self.refs.iter();
            let refs = refs.filter(|(_, it)| matches!(it, Entity::Company(_)));
            let mut refs: Vec<_> = refs.map(|(reference, _)| (*reference).to_owned()).collect();
            refs.sort_unstable();
            refs.into_iter().collect()
        };
        self.company_refs.get_or_init(sorted).clone()
    }

    /// What stands on the individual itself fills its relation to the main company, or makes it.
    fn add_shorthand(&mut self, from: Entity, shorthand: &RelationDetails, scope: &mut Scope<'_>) {
        let Main::One(main) = self.main else { return };
        if shorthand.is_empty() {
            return;
        }
        // The relations of this individual are the last ones in the list.
        let own = self.relations.iter_mut().rev();
        let existing = own
            .take_while(|it| it.from == from)
            .find(|it| it.to == main);
        let Some(existing) = existing else {
            let holding = shorthand.clone();
            self.relations.push(ResolvedRelation {
                from,
                to: main,
                holding,
            });
            return;
        };
        for field in existing.holding.fill(shorthand) {
            let (array, index) = from.array();
            let fault = Fault::relation_conflict(field);
            scope.key(array).index(index).key(field).refuse(fault);
        }
    }
}
