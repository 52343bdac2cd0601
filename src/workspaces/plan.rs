//! The way from what a workspace has to what a file says. Pure.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::WorkspaceFile;
use super::rows::{CustomPropertyRow, Row, SpaceRow, TagRow, TemplateRow, UserRow};
use super::template_defaults::with_defaults;
use crate::ids::IdSource;

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Created,
    Updated,
    Unchanged,
}

/// One entry of the file and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub action: Action,
    pub kind: &'static str,
    pub name: String,
}

/// Rows of every kind: what a workspace has, or what is to be written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub templates: Vec<TemplateRow>,
    pub tags: Vec<TagRow>,
    pub users: Vec<UserRow>,
    pub spaces: Vec<SpaceRow>,
    pub custom_properties: Vec<CustomPropertyRow>,
}

/// What is to be written, and a line for each entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub rows: Rows,
    pub lines: Vec<Line>,
    /// What cannot be done, one sentence each.
    pub conflicts: Vec<String>,
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Created => "created",
            Action::Updated => "updated",
            Action::Unchanged => "unchanged",
        };
        write!(formatter, "{action:<9}  {} {}", self.kind, self.name)
    }
}

impl Plan {
    /// Holds a file against what is there. What the file does not name stays as it is.
    pub fn new(file: WorkspaceFile, there: &Rows, ids: &IdSource, now: DateTime<Utc>) -> Self {
        let mut plan = Self::default();
        let mut rows = Rows {
            templates: Vec::new(),
            tags: plan.entries(file.tags, &there.tags, ids, now),
            users: plan.entries(file.users, &there.users, ids, now),
            spaces: plan.entries(file.spaces, &there.spaces, ids, now),
            custom_properties: plan.entries(
                file.custom_properties,
                &there.custom_properties,
                ids,
                now,
            ),
        };
        // The defaults of a template may name what the file itself brings.
        let (templates, conflicts) = with_defaults(file.templates, &rows, there);
        plan.conflicts.extend(conflicts);
        let lines = std::mem::take(&mut plan.lines);
        rows.templates = plan.entries(templates, &there.templates, ids, now);
        plan.lines.extend(lines);
        Self { rows, ..plan }
    }

    /// The entries of one kind that differ from what is there.
    fn entries<R: Row>(
        &mut self,
        entries: Vec<R>,
        there: &[R],
        ids: &IdSource,
        now: DateTime<Utc>,
    ) -> Vec<R> {
        let by_name: HashMap<_, _> = there.iter().map(|it| (it.folded_name(), it)).collect();
        let by_id: HashMap<_, _> = there.iter().filter_map(|it| Some((it.id()?, it))).collect();
        let mut changed = Vec::new();
        for mut entry in entries {
            let name = entry.name();
            let named = by_name.get(&entry.folded_name());
            let found = entry.id().and_then(|id| by_id.get(&id)).or(named).copied();
            if let (Some(wanted), Some(has)) = (entry.id(), found.and_then(Row::id))
                && wanted != has
            {
                let kind = R::KIND;
                self.conflicts.push(format!(
                    "The {kind} {name} is there with the id {has}, which never changes. Write \
                     that id, or none."
                ));
                continue;
            }
            if let Some(what) = found.and_then(|found| entry.unchangeable(found)) {
                let kind = R::KIND;
                self.conflicts.push(format!(
                    "The {what} of the {kind} {name} never changes. Define another and archive \
                     this one."
                ));
                continue;
            }
            if entry.id().is_none() {
                entry.set_id(found.and_then(Row::id).unwrap_or_else(|| ids.next(now)));
            }
            let action = match found {
                None => Action::Created,
                Some(found) if *found == entry => Action::Unchanged,
                Some(_) => Action::Updated,
            };
            let kind = R::KIND;
            self.lines.push(Line { action, kind, name });
            if action != Action::Unchanged {
                changed.push(entry);
            }
        }
        changed
    }
}
