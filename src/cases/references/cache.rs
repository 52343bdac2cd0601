//! The references of earlier requests. A request with the same reference keys needs no read.

use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use uuid::Uuid;

use super::keys::{ReferenceKeys, SharedReferenceKeys};
use super::read::References;
use crate::values::TagLabel;

/// The capacity, in rows of all workspaces together: a few hundred bytes each.
const ROWS: u64 = 20_000;
/// The expected number of entries.
const ENTRIES: usize = 1_000;

/// References by workspace and by the keys of a request. An entry can be outdated: the insert compares its version with
/// that of the workspace, and writes nothing if they differ.
#[derive(Clone)]
pub struct ReferenceCache(Arc<Cache<CacheKey, References, Rows>>);

/// The workspace, and the reference keys of a request.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
struct CacheKey(Uuid, SharedReferenceKeys);

/// A borrowed [`CacheKey`].
#[derive(Debug, Hash)]
struct BorrowedKey<'k>(Uuid, &'k SharedReferenceKeys);

impl Equivalent<CacheKey> for BorrowedKey<'_> {
    fn equivalent(&self, key: &CacheKey) -> bool {
        self.0 == key.0 && *self.1 == key.1
    }
}

/// Weighs an entry by its number of rows.
#[derive(Debug, Clone, Copy)]
struct Rows;

impl Weighter<CacheKey, References> for Rows {
    fn weight(&self, _: &CacheKey, references: &References) -> u64 {
        let definitions = &references.definitions;
        let options = definitions.iter().map(|it| it.options.len());
        let rows = options.sum::<usize>()
            + definitions.len()
            + references.endpoints.len()
            + references.tags.len()
            + references.default_tags.len();
        1 + u64::try_from(rows).unwrap_or(u64::MAX)
    }
}

impl Default for ReferenceCache {
    fn default() -> Self {
        Self(Arc::new(Cache::with_weighter(ENTRIES, ROWS, Rows)))
    }
}

impl fmt::Debug for ReferenceCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ReferenceCache")
    }
}

impl ReferenceCache {
    /// The references of an earlier request with the same keys. `external_id_case` is always `None`.
    pub fn get(&self, workspace_id: Uuid, keys: &ReferenceKeys) -> Option<References> {
        self.0.get(&BorrowedKey(workspace_id, &keys.shared))
    }

    /// Stores references, without the candidates for suggestions: a request with an error reads them again.
    pub fn insert(&self, workspace_id: Uuid, keys: &ReferenceKeys, mut references: References) {
        references.template_keys = Vec::new();
        references.space_slugs = Vec::new();
        let shared = &keys.shared;
        let tags = references.tags.iter().filter(|tag| {
            shared.names_tag(&TagLabel::fold(&tag.label)) || shared.names_tag(&tag.id.to_string())
        });
        references.tags = tags.cloned().collect();
        let key = CacheKey(workspace_id, shared.clone());
        self.0.insert(key, references);
    }
}
