//! Compares a file with a workspace. Pure.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::WorkspaceFile;
use super::rows::{CustomPropertyRow, Row, SpaceRow, TagRow, TemplateRow, UserRow};
use super::template_defaults::with_defaults;
use crate::ids::IdSource;

/// The action for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Created,
    Updated,
    Unchanged,
}

/// An entry of the file and its action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub action: Action,
    pub kind: &'static str,
    pub name: String,
}

/// Rows of every kind: those of a workspace, or those to write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub templates: Vec<TemplateRow>,
    pub tags: Vec<TagRow>,
    pub users: Vec<UserRow>,
    pub spaces: Vec<SpaceRow>,
    pub custom_properties: Vec<CustomPropertyRow>,
}

/// The rows to write, and a line for each entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub rows: Rows,
    pub lines: Vec<Line>,
    /// One sentence for each entry that cannot be applied.
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
    /// Compares a file with the stored rows. Rows that the file does not name do not change.
    pub fn new(file: WorkspaceFile, stored: &Rows, ids: &IdSource, now: DateTime<Utc>) -> Self {
        let mut plan = Self::default();
        let mut rows = Rows {
            templates: Vec::new(),
            tags: plan.entries(file.tags, &stored.tags, ids, now),
            users: plan.entries(file.users, &stored.users, ids, now),
            spaces: plan.entries(file.spaces, &stored.spaces, ids, now),
            custom_properties: plan.entries(
                file.custom_properties,
                &stored.custom_properties,
                ids,
                now,
            ),
        };
        // The defaults of a template may name other entries of the file.
        let (templates, conflicts) = with_defaults(file.templates, &rows, stored);
        plan.conflicts.extend(conflicts);
        let lines = std::mem::take(&mut plan.lines);
        rows.templates = plan.entries(templates, &stored.templates, ids, now);
        plan.lines.extend(lines);
        Self { rows, ..plan }
    }

    /// Returns the entries of one kind that differ from the stored rows.
    fn entries<R: Row>(
        &mut self,
        entries: Vec<R>,
        stored: &[R],
        ids: &IdSource,
        now: DateTime<Utc>,
    ) -> Vec<R> {
        let by_name: HashMap<_, _> = stored.iter().map(|it| (it.folded_name(), it)).collect();
        let by_id: HashMap<_, _> = stored
            .iter()
            .filter_map(|it| Some((it.id()?, it)))
            .collect();
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
                    "The {kind} {name} exists with the id {has}, which cannot change. Use \
                     that id, or leave it out."
                ));
                continue;
            }
            if let Some(field) = found.and_then(|found| entry.changed_constant(found)) {
                let kind = R::KIND;
                self.conflicts.push(format!(
                    "The {field} of the {kind} {name} cannot change. Create another {kind} and archive \
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
