//! Filters, sorting and pages of lists.

use super::Query;
use super::cursor::Cursor;
use super::operands::{operand, unsupported_operator};
use crate::db::listing::{Condition, Field, Operator, Slice, Sort};
use crate::validation::{Code, Fault, Names, quote};

/// Maximum number of rows per page.
pub(super) const MAX_LIMIT: u32 = 100;
/// Default number of rows per page.
pub(super) const DEFAULT_LIMIT: u32 = 20;

/// The query of a list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    pub conditions: Vec<Condition>,
    pub sort: Vec<Sort>,
    pub slice: Slice,
    /// The digest of the list, which its cursors contain.
    pub digest: u64,
}

impl Query {
    /// Takes the parameters of a list. Cursors belong to the list `name`. `default` is the default sort order.
    pub fn list(&mut self, name: &str, fields: &'static [Field], default: &str) -> ListQuery {
        let conditions = self.conditions(fields);
        // Cursors always use the order of creation.
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

    /// Takes the parameters of a list without cursors.
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

    fn conditions(&mut self, fields: &'static [Field]) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for field in fields {
            let Some(default) = field.operators.first() else {
                continue;
            };
            let explicit = field
                .operators
                .iter()
                .map(|operator| (*operator, format!("{}.{}", field.name, operator.as_str())));
            let mut names: Vec<_> = explicit.collect();
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

    /// Adds an error for each known field with an operator that it does not have.
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
        let keys = if by_default {
            default.to_owned()
        } else {
            sent.unwrap_or_default()
        };
        let mut sort: Vec<Sort> = Vec::new();
        let max = fields.iter().filter(|it| it.sortable).count();
        if keys.split(',').nth(max).is_some() {
            let message = format!("At most {max} sort fields are allowed; more were sent.");
            self.refuse("sort", Fault::new(Code::TooMany, message));
        }
        for key in keys.split(',').take(max) {
            let (name, direction) = key.trim().split_once('.').unwrap_or((key.trim(), "asc"));
            let sortable = || fields.iter().filter(|it| it.sortable);
            let field = sortable().find(|it| it.name == name);
            let names: Vec<_> = sortable().map(|it| it.name).collect();
            match (field, direction) {
                (None, _) => {
                    let message = format!(
                        "This list cannot be sorted by {}; the sort fields are {}.",
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
                        let message = format!("{name} appears twice. Keep one of them.");
                        self.refuse("sort", Fault::new(Code::DuplicateValue, message));
                    } else {
                        let descending = direction == "desc";
                        sort.push(Sort { field, descending });
                    }
                }
                (Some(_), _) => {
                    let message = format!(
                        "The direction must be asc or desc; {} was found.",
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
            let message = "A cursor uses the order of creation. Omit sort, or sort only by created_at or \
                           created_at.desc.";
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
        let limit = self.number("limit", DEFAULT_LIMIT, MAX_LIMIT);
        (self.number("page", 1, i32::MAX.unsigned_abs()), limit)
    }

    /// Takes an integer from 1 to `max`.
    fn number(&mut self, name: &str, default: u32, max: u32) -> u32 {
        let Some(value) = self.take(name) else {
            return default;
        };
        match value.parse() {
            Ok(number) if (1..=max).contains(&number) => number,
            _ => {
                let message = format!(
                    "This must be an integer from 1 to {max}; \"{}\" was found.",
                    quote(&value)
                );
                self.refuse(name, Fault::new(Code::Range, message));
                default
            }
        }
    }
}
