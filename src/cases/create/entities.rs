//! The companies and individuals of a request: their indices, refs and the main company.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::companies::{CompanyDraft, CompanyType};
use crate::individuals::IndividualDraft;
use crate::validation::{Code, Fault, Names, Scope, quote};

/// A company or an individual, by its index in its array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    Company(usize),
    Individual(usize),
}

impl Entity {
    /// The name of its array, and its index.
    pub fn location(self) -> (&'static str, usize) {
        match self {
            Self::Company(index) => ("companies", index),
            Self::Individual(index) => ("individuals", index),
        }
    }

    /// Its JSON Pointer (RFC 6901).
    pub fn pointer(self) -> String {
        let (array, index) = self.location();
        format!("/{array}/{index}")
    }
}

/// The main company of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MainCompany {
    /// The index of the company.
    One(usize),
    /// The request has no companies.
    NoCompany,
    /// An error of the companies was reported already. Errors that follow from it are not.
    Unclear,
}

impl MainCompany {
    /// Finds the main company. Refuses a second one, and companies of which none is the main one.
    pub fn find(companies: &[CompanyDraft], scope: &mut Scope<'_>) -> Self {
        if companies.is_empty() {
            return Self::NoCompany;
        }
        let is_main = |it: &CompanyDraft| it.kind == Some(CompanyType::Main);
        let mut scope = scope.key("companies");
        let Some(first) = companies.iter().position(is_main) else {
            // A company whose type was refused may be the main one.
            if companies.iter().all(|company| company.kind.is_some()) {
                scope.refuse(Fault::new(
                    Code::MainCompanyMissing,
                    "A case with companies needs one main company, and all of these are affiliated. Set \
                     type to main on one of them.",
                ));
            }
            return Self::Unclear;
        };
        let mut main = Self::One(first);
        let companies = companies.iter().enumerate().skip(first + 1);
        for (index, _) in companies.filter(|(_, it)| is_main(it)) {
            main = Self::Unclear;
            let message = format!(
                "A case has one main company, and /companies/{first} is the main company. Set type to \
                 affiliated here."
            );
            let fault = Fault::new(Code::MainCompanyRepeated, message).with_allowed(["affiliated"]);
            scope.index(index).key("type").refuse(fault);
        }
        main
    }
}

/// The entities of a request by their refs.
pub struct Refs<'d> {
    entities: HashMap<&'d str, Entity>,
    /// The refs of the companies, sorted: only an error needs them.
    companies: OnceCell<Names>,
}

impl<'d> Refs<'d> {
    /// Collects the refs. Refuses a ref that an earlier entity has.
    pub fn new(
        companies: &'d [CompanyDraft],
        individuals: &'d [IndividualDraft],
        scope: &mut Scope<'_>,
    ) -> Self {
        let mut entities = HashMap::new();
        let companies = companies.iter().enumerate();
        let companies = companies.map(|(index, it)| (Entity::Company(index), &it.reference));
        let individuals = individuals.iter().enumerate();
        let individuals = individuals.map(|(index, it)| (Entity::Individual(index), &it.reference));
        for (entity, reference) in companies.chain(individuals) {
            let Some(reference) = reference.as_deref() else {
                continue;
            };
            let Some(first) = entities.get(reference).copied() else {
                entities.insert(reference, entity);
                continue;
            };
            let message = format!(
                "{} has the ref {} already. Choose another.",
                Entity::pointer(first),
                quote(reference)
            );
            let (array, index) = entity.location();
            let mut scope = scope.key(array);
            let fault = Fault::new(Code::RefDuplicate, message);
            scope.index(index).key("ref").refuse(fault);
        }
        Self {
            entities,
            companies: OnceCell::new(),
        }
    }

    /// The entity with this ref.
    pub fn find(&self, reference: &str) -> Option<Entity> {
        self.entities.get(reference).copied()
    }

    /// The refs of the companies, sorted.
    pub fn of_companies(&self) -> &Names {
        self.companies.get_or_init(|| {
            let refs = self.entities.iter();
            let refs = refs.filter(|(_, it)| matches!(it, Entity::Company(_)));
            let mut refs: Vec<_> = refs.map(|(reference, _)| (*reference).to_owned()).collect();
            refs.sort_unstable();
            refs.into_iter().collect()
        })
    }
}
