//! What requests of late referred to, so that the next one with the same references reads nothing.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use uuid::Uuid;

use super::references::{ReferenceKeys, References, SharedReferenceKeys};
use crate::values::TagLabel;

/// How many rows are remembered, of all workspaces together: a few hundred bytes each.
const ROWS: u64 = 20_000;
/// How many sets of references, roughly.
const SETS: usize = 1_000;

/// References that were found, by workspace and by what was looked for. Nothing here is trusted: a
/// write that was checked against it names its version, and does nothing where there is another.
#[derive(Clone)]
pub struct ReferenceCache(Arc<Cache<Place, References, Rows>>);

/// Of which workspace references are, and what was looked for.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
struct Place(Uuid, SharedReferenceKeys);

/// The same, to be found.
#[derive(Debug, Hash)]
struct Sought<'l>(Uuid, &'l SharedReferenceKeys);

impl Equivalent<Place> for Sought<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.0 == place.0 && *self.1 == place.1
    }
}

/// The rows that a set of references has.
#[derive(Debug, Clone, Copy)]
struct Rows;

impl Weighter<Place, References> for Rows {
    fn weight(&self, _: &Place, known: &References) -> u64 {
        let options = known.definitions.iter().map(|it| it.options.len());
        let rows = options.sum::<usize>()
            + known.definitions.len()
            + known.endpoints.len()
            + known.tags.len()
            + known.default_tags.len();
        1 + u64::try_from(rows).unwrap_or(u64::MAX)
    }
}

impl Default for ReferenceCache {
    fn default() -> Self {
        Self(Arc::new(Cache::with_weighter(SETS, ROWS, Rows)))
    }
}

impl fmt::Debug for ReferenceCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReferenceCache")
    }
}

impl ReferenceCache {
    /// What was found of these references the last time. Of an external id it knows nothing.
    pub fn of(&self, workspace_id: Uuid, lookups: &ReferenceKeys) -> Option<References> {
        self.0.get(&Sought(workspace_id, &lookups.shared))
    }

    /// Remembers what was found; what only suggestions need is left out.
    pub fn keep(&self, workspace_id: Uuid, lookups: &ReferenceKeys, mut known: References) {
        known.template_keys = Vec::new();
        known.space_slugs = Vec::new();
        let shared = &lookups.shared;
        let tags = known.tags.iter().filter(|tag| {
            shared.names_tag(&TagLabel::fold(&tag.label)) || shared.names_tag(&tag.id.to_string())
        });
        known.tags = tags.cloned().collect();
        self.0.insert(Place(workspace_id, shared.clone()), known);
    }
}
