//! The query of a request. One response reports all of its errors.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::query_pairs::pairs;
use super::{Problem, query_values};
use crate::validation::{Code, Fault, Names, Violations, quote};

/// Maximum number of parameters of one query. Each is compared with all parameters of the operation.
const MAX_PARAMETERS: usize = 200;

/// The parameters of one request. An operation takes its parameters one by one; the remaining ones are errors.
#[derive(Debug)]
pub struct Query {
    pub(super) sent: Vec<(String, String)>,
    pub(super) taken: Vec<bool>,
    /// The names that the operation accepts, collected as it takes them.
    known: Vec<String>,
    /// The objects with filters by key.
    pub(super) objects: Vec<&'static str>,
    violations: Violations,
}

/// The query of an operation without parameters. Every parameter is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::new(parts.uri.query()).finish().map(|()| Self)
    }
}

impl Query {
    /// Decodes a query (`application/x-www-form-urlencoded`).
    pub fn new(query: Option<&str>) -> Self {
        let mut violations = Violations::default();
        let mut sent = Vec::new();
        for (name, value) in pairs(query.unwrap_or_default()) {
            match value {
                Ok(value) => sent.push((name, value)),
                Err(fault) => violations.add(|| name, || fault),
            }
        }
        if sent.len() > MAX_PARAMETERS {
            let message = format!(
                "At most {MAX_PARAMETERS} parameters are allowed; {} were sent.",
                sent.len()
            );
            violations.add(String::new, || Fault::new(Code::TooMany, message));
            sent.truncate(MAX_PARAMETERS);
        }
        Self {
            taken: vec![false; sent.len()],
            sent,
            known: Vec::new(),
            objects: Vec::new(),
            violations,
        }
    }

    /// Adds an error of a parameter.
    pub fn refuse(&mut self, name: &str, fault: Fault) {
        self.violations.add(|| name.to_owned(), || fault);
    }

    /// Takes the value of a parameter. Adds an error if it was sent more than once.
    pub fn take(&mut self, name: &str) -> Option<String> {
        if self.sent.is_empty() {
            return None;
        }
        self.known.push(name.to_owned());
        let mut value = None;
        for index in 0..self.sent.len() {
            let (Some((sent, sent_value)), Some(taken)) =
                (self.sent.get(index), self.taken.get_mut(index))
            else {
                continue;
            };
            if sent != name {
                continue;
            }
            *taken = true;
            if value.is_none() {
                value = Some(sent_value.clone());
            } else {
                let message = "This parameter appears more than once. Keep one of them.";
                self.refuse(name, Fault::new(Code::DuplicateKey, message));
            }
        }
        value
    }

    /// Takes a boolean parameter. The default is `false`.
    pub fn flag(&mut self, name: &str) -> bool {
        let Some(value) = self.take(name) else {
            return false;
        };
        match query_values::boolean(&value) {
            Ok(value) => value,
            Err(fault) => {
                self.refuse(name, fault);
                false
            }
        }
    }

    /// Takes boolean parameters that have no effect.
    pub fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.flag(name);
        }
    }

    /// Ends the query. Every parameter that was not taken is an error.
    ///
    /// # Errors
    /// Returns [`Problem::InvalidQuery`] (400) with all errors in the order of the query.
    pub fn finish(mut self) -> Result<(), Problem> {
        let unknown: Vec<String> = self
            .sent
            .iter()
            .zip(&self.taken)
            .filter(|(_, taken)| !**taken)
            .map(|((name, _), _)| name.clone())
            .collect();
        let known = std::mem::take(&mut self.known);
        let names: Names = known.iter().cloned().collect();
        for name in unknown {
            let message = format!("There is no parameter {}.", quote(&name));
            let fault = Fault::new(Code::UnknownField, message);
            let fault = match name.split_once('.') {
                // The same key of a known object.
                Some((_, key)) if !self.objects.is_empty() => {
                    let objects = self.objects.iter().map(|it| format!("{it}.{key}"));
                    let candidates: Names = objects.chain(known.iter().cloned()).collect();
                    fault.with_candidates(&name, candidates)
                }
                _ => fault.with_candidates(&name, names.clone()),
            };
            self.refuse(&name, fault);
        }
        if self.violations.is_empty() {
            return Ok(());
        }
        let sent = &self.sent;
        self.violations
            .recorded_mut()
            .sort_by_cached_key(|violation| {
                sent.iter().position(|(name, _)| *name == violation.pointer)
            });
        Err(Problem::InvalidQuery(self.violations))
    }
}
