//! The query of a path: parameters, filters, sorting, pages. Everything wrong with it is one answer.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::cursor::Cursor;
use super::query_pairs::pairs;
use super::{Problem, query_values};
use crate::db::listing::{Condition, Field, Kind, Operand, Operator, Slice, Sort};
use crate::validation::{Code, Fault, Names, Violations, quote};
use crate::values::TagLabel;

/// The most rows of one page.
pub(super) const LIMIT: u32 = 100;
/// How many rows a page has where the request does not say.
pub(super) const DEFAULT_LIMIT: u32 = 20;

/// The most values of one filter.
const LISTED: usize = 100;
/// The most parameters of one query: each is looked for among all that an operation has.
const PARAMETERS: usize = 200;

/// The parameters of one request, taken one after the other. What nobody takes is refused.
#[derive(Debug)]
pub struct Query {
    pub(super) sent: Vec<(String, String)>,
    pub(super) taken: Vec<bool>,
    known: Vec<String>,
    /// The objects of whose members there are filters.
    pub(super) objects: Vec<&'static str>,
    violations: Violations,
}

/// The query of an operation that has no parameters: each is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::new(parts.uri.query()).finish().map(|()| Self)
    }
}

/// What a list asks for.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub conditions: Vec<Condition>,
    pub sort: Vec<Sort>,
    pub slice: Slice,
    /// What a cursor must have been made for.
    pub digest: u64,
}

impl Query {
    /// Reads a query in the form of `application/x-www-form-urlencoded`.
    pub fn new(query: Option<&str>) -> Self {
        let mut violations = Violations::default();
        let mut sent = Vec::new();
        for (name, value) in pairs(query.unwrap_or_default()) {
            match value {
                Ok(value) => sent.push((name, value)),
                Err(fault) => violations.add(|| name, || fault),
            }
        }
        if sent.len() > PARAMETERS {
            let message = format!(
                "At most {PARAMETERS} parameters can be sent; {} were found.",
                sent.len()
            );
            violations.add(String::new, || Fault::new(Code::TooMany, message));
            sent.truncate(PARAMETERS);
        }
        Self {
            taken: vec![false; sent.len()],
            sent,
            known: Vec::new(),
            objects: Vec::new(),
            violations,
        }
    }

    /// Something is wrong with a parameter.
    pub fn refuse(&mut self, name: &str, fault: Fault) {
        self.violations.add(|| name.to_owned(), || fault);
    }

    /// The value of a parameter; a second one is refused.
    pub fn take(&mut self, name: &str) -> Option<String> {
        if self.sent.is_empty() {
            return None;
        }
        self.known.push(name.to_owned());
        let mut value = None;
        for index in 0..self.sent.len() {
            let (Some((sent, text)), Some(taken)) =
                (self.sent.get(index), self.taken.get_mut(index))
            else {
                continue;
            };
            if sent != name {
                continue;
            }
            *taken = true;
            if value.is_none() {
                value = Some(text.clone());
            } else {
                let message = "This parameter stands here more than once. Keep one of them.";
                self.refuse(name, Fault::new(Code::DuplicateKey, message));
            }
        }
        value
    }

    /// A parameter that is `true` or `false`; false where it is missing.
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

    /// Parameters of the published API that show nothing here.
    pub fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.flag(name);
        }
    }

    /// The same without a cursor, of a list that is short.
    pub fn pages(&mut self, fields: &'static [Field], default: &str) -> ListQuery {
        let conditions = self.conditions(fields);
        let sort = self.sort(fields, default);
        let (page, limit) = self.page();
        ListQuery {
            conditions,
            sort,
            slice: Slice::Page { page, limit },
            digest: 0,
        }
    }

    /// Filters, sorting and pages over the fields of a list. `name` is that of the list, whose cursors no other
    /// takes; `default` is the field that sorts it where the request does not say.
    pub fn list(&mut self, name: &str, fields: &'static [Field], default: &str) -> ListQuery {
        let conditions = self.conditions(fields);
        // A cursor follows the order of creation, whatever the list's own order is.
        let by_cursor = self.sent.iter().any(|(name, _)| name == "cursor");
        let sort = self.sort(fields, if by_cursor { "created_at" } else { default });
        let objects = &self.objects;
        let is_filter = |name: &str| {
            let field = name.split_once('.').map_or(name, |(field, _)| field);
            fields.iter().any(|it| it.name == field) || objects.contains(&field)
        };
        let filters = self.sent.iter().filter(|(name, _)| is_filter(name));
        let descending = sort.first().is_some_and(|it| it.descending);
        let digest = Cursor::digest(name, filters, descending);
        let slice = self.slice(&sort, digest);
        ListQuery {
            conditions,
            sort,
            slice,
            digest,
        }
    }

    fn conditions(&mut self, fields: &'static [Field]) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for field in fields {
            let Some(default) = field.operators.first() else {
                continue;
            };
            let spelt = field
                .operators
                .iter()
                .map(|operator| (*operator, format!("{}.{}", field.name, operator.as_str())));
            let mut names: Vec<_> = spelt.collect();
            names.insert(0, (*default, field.name.to_owned()));
            let mut seen: Vec<Operator> = Vec::new();
            for (operator, name) in names {
                let Some(value) = self.take(&name) else {
                    continue;
                };
                if seen.contains(&operator) {
                    let message = format!(
                        "{} and {} are the same condition. Keep one of them.",
                        field.name, name
                    );
                    self.refuse(&name, Fault::new(Code::DuplicateKey, message));
                    continue;
                }
                seen.push(operator);
                match operand(field, operator, &value) {
                    Ok(operand) => conditions.push(Condition {
                        field,
                        operator,
                        operand,
                    }),
                    Err(fault) => self.refuse(&name, fault),
                }
            }
        }
        self.refuse_operators(fields);
        conditions
    }

    /// Names of fields with operators that they do not have.
    fn refuse_operators(&mut self, fields: &'static [Field]) {
        for index in 0..self.sent.len() {
            let (Some((name, _)), Some(false)) = (self.sent.get(index), self.taken.get(index))
            else {
                continue;
            };
            let Some((field, operator)) = name.split_once('.') else {
                continue;
            };
            let Some(field) = fields.iter().find(|it| it.name == field) else {
                continue;
            };
            let fault = unsupported_operator(field, operator);
            let name = name.clone();
            if let Some(taken) = self.taken.get_mut(index) {
                *taken = true;
            }
            self.refuse(&name, fault);
        }
    }

    fn sort(&mut self, fields: &'static [Field], default: &str) -> Vec<Sort> {
        let sent = self.take("sort");
        let by_default = sent.as_deref().is_none_or(str::is_empty);
        let text = if by_default {
            default.to_owned()
        } else {
            sent.unwrap_or_default()
        };
        let mut sort: Vec<Sort> = Vec::new();
        let most = fields.iter().filter(|it| it.sortable).count();
        if text.split(',').nth(most).is_some() {
            let message = format!("At most {most} fields can sort this list; more were sent.");
            self.refuse("sort", Fault::new(Code::TooMany, message));
        }
        for key in text.split(',').take(most) {
            let (name, direction) = key.trim().split_once('.').unwrap_or((key.trim(), "asc"));
            let sortable = || fields.iter().filter(|it| it.sortable);
            let field = sortable().find(|it| it.name == name);
            let names: Vec<_> = sortable().map(|it| it.name).collect();
            match (field, direction) {
                (None, _) => {
                    let message = format!(
                        "There is no sorting by {}; the fields are {}.",
                        quote(name),
                        names.join(", ")
                    );
                    let names: Names = names.into_iter().collect();
                    let fault = Fault::new(Code::Choice, message)
                        .with_candidates(name, names.clone())
                        .with_allowed(names);
                    self.refuse("sort", fault);
                }
                (Some(field), "asc" | "desc") => {
                    if sort.iter().any(|it| it.field.name == field.name) {
                        let message = format!("{name} stands here twice. Keep one of them.");
                        self.refuse("sort", Fault::new(Code::DuplicateValue, message));
                    } else {
                        let descending = direction == "desc";
                        sort.push(Sort { field, descending });
                    }
                }
                (Some(_), _) => {
                    let message = format!(
                        "A direction is asc or desc; {} was found.",
                        quote(direction)
                    );
                    let fault = Fault::new(Code::Choice, message)
                        .with_candidates(direction, ["asc", "desc"])
                        .with_allowed(["asc", "desc"]);
                    self.refuse("sort", fault);
                }
            }
        }
        sort
    }

    fn slice(&mut self, sort: &[Sort], digest: u64) -> Slice {
        let (page, limit) = self.page();
        let Some(cursor) = self.take("cursor") else {
            return Slice::Page { page, limit };
        };
        if self.sent.iter().any(|(name, _)| name == "page") {
            let message = "page and cursor cannot both be given. Keep one of them.";
            for name in ["page", "cursor"] {
                self.refuse(name, Fault::new(Code::MutuallyExclusive, message));
            }
        }
        let by_creation = matches!(sort, [key] if key.field.name == "created_at");
        if !by_creation {
            let message = "A cursor follows the order of creation: leave sort out, or sort by \
                           created_at or created_at.desc alone.";
            self.refuse("sort", Fault::new(Code::MutuallyExclusive, message));
        }
        let position = if cursor.is_empty() {
            None
        } else {
            match Cursor::read(&cursor, digest) {
                Ok(cursor) => Some(cursor.position),
                Err(fault) => {
                    self.refuse("cursor", fault);
                    None
                }
            }
        };
        Slice::After { position, limit }
    }

    fn page(&mut self) -> (u32, u32) {
        let limit = self.number("limit", DEFAULT_LIMIT, LIMIT);
        (self.number("page", 1, i32::MAX.unsigned_abs()), limit)
    }

    fn number(&mut self, name: &str, default: u32, max: u32) -> u32 {
        let Some(value) = self.take(name) else {
            return default;
        };
        match value.parse() {
            Ok(number) if (1..=max).contains(&number) => number,
            _ => {
                let message = format!(
                    "This must be a whole number from 1 to {max}; \"{}\" was found.",
                    quote(&value)
                );
                self.refuse(name, Fault::new(Code::Range, message));
                default
            }
        }
    }

    /// Refuses what nobody took, and everything else that is wrong, in the order of the query.
    ///
    /// # Errors
    /// 400.
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
            let message = format!("There is no parameter {} here.", quote(&name));
            let fault = Fault::new(Code::UnknownField, message);
            let fault = match name.split_once('.') {
                // The same member of an object that there is.
                Some((_, member)) if !self.objects.is_empty() => {
                    let objects = self.objects.iter().map(|it| format!("{it}.{member}"));
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

/// A field has no such operator.
pub(super) fn unsupported_operator(field: &Field, operator: &str) -> Fault {
    let operators = field.operators.iter().map(|it| it.as_str());
    let operators: Vec<_> = operators.collect();
    let message = format!(
        "{} cannot be compared with {}; its operators are {}.",
        field.name,
        quote(operator),
        operators.join(", ")
    );
    let operators: Names = operators.into_iter().collect();
    Fault::new(Code::Choice, message)
        .with_candidates(operator, operators.clone())
        .with_allowed(operators)
}

/// The value of a filter, as its field has it.
fn operand(field: &Field, operator: Operator, sent: &str) -> Result<Operand, Fault> {
    if sent.contains('\0') {
        let message = "This text has the character U+0000, which nothing here has. Remove it.";
        return Err(Fault::new(Code::Character, message));
    }
    let list = || sent.split(',').map(str::trim);
    let takes_list =
        matches!(field.kind, Kind::Names(_)) || matches!(operator, Operator::In | Operator::NotIn);
    if takes_list && list().nth(LISTED).is_some() {
        let message = format!("At most {LISTED} values can stand here; more were sent.");
        return Err(Fault::new(Code::TooMany, message));
    }
    match (field.kind, operator) {
        (_, Operator::IsNull) => query_values::boolean(sent).map(Operand::Boolean),
        (Kind::Word(words), Operator::In | Operator::NotIn) => {
            let texts = list().map(|word| query_values::word(word, words));
            Ok(Operand::Texts(texts.collect::<Result<_, _>>()?))
        }
        (_, Operator::In | Operator::NotIn) => {
            Ok(Operand::Texts(list().map(str::to_owned).collect()))
        }
        (Kind::Names(_), _) => {
            let names = list().map(|it| TagLabel::fold(it).into());
            Ok(Operand::Texts(names.collect()))
        }
        (Kind::Text, Operator::Like | Operator::Ilike) => {
            query_values::pattern(sent).map(Operand::Text)
        }
        (Kind::Text | Kind::Key(_) | Kind::Object, _) => Ok(Operand::Text(sent.to_owned())),
        (Kind::Word(words), _) => query_values::word(sent, words).map(Operand::Text),
        (Kind::Uuid, _) => query_values::uuid(sent).map(Operand::Uuid),
        (Kind::Moment, _) => query_values::moment(sent).map(Operand::Moment),
        (Kind::Day, _) => query_values::day(sent).map(Operand::Day),
        (Kind::Country, _) => query_values::country(sent).map(Operand::Text),
        (Kind::Boolean, _) => query_values::boolean(sent).map(Operand::Boolean),
    }
}
