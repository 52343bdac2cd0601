//! What requests of late referred to, so that the next one with the same references reads nothing.

use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::references::{Known, Lookups};
use crate::values::TagLabel;

/// How many rows are remembered, of all workspaces together: a few hundred bytes each.
const ROWS: u64 = 20_000;
/// How many sets of references, roughly.
const SETS: usize = 1_000;

/// References that were found, by workspace and by what was looked for. Nothing here is trusted: a
/// write that was checked against it names its version, and does nothing where there is another.
#[derive(Clone)]
pub struct Remembered(Arc<Cache<(Uuid, Lookups), Known, Rows>>);

/// The rows that a set of references has.
#[derive(Debug, Clone, Copy)]
struct Rows;

impl Weighter<(Uuid, Lookups), Known> for Rows {
    fn weight(&self, _: &(Uuid, Lookups), known: &Known) -> u64 {
        let options = known.definitions.iter().map(|it| it.options.len());
        let rows = options.sum::<usize>()
            + known.definitions.len()
            + known.endpoints.len()
            + known.tags.len()
            + known.default_tags.len();
        1 + u64::try_from(rows).unwrap_or(u64::MAX)
    }
}

impl Default for Remembered {
    fn default() -> Self {
        Self(Arc::new(Cache::with_weighter(SETS, ROWS, Rows)))
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Remembered")
    }
}

impl Remembered {
    /// What was found of these references the last time. Of an external id it knows nothing.
    pub fn of(&self, workspace_id: Uuid, lookups: &Lookups) -> Option<Known> {
        self.0.get(&(workspace_id, lookups.without_external_id()))
    }

    /// Remembers what was found; what only suggestions need is left out.
    pub fn keep(&self, workspace_id: Uuid, lookups: &Lookups, mut known: Known) {
        known.template_keys = Vec::new();
        known.space_slugs = Vec::new();
        known.tags.retain(|tag| {
            let names = [TagLabel::fold(&tag.label), tag.id.to_string()];
            names.iter().any(|name| lookups.names_tag(name))
        });
        self.0
            .insert((workspace_id, lookups.without_external_id()), known);
    }
}
