//! Stores or checks the items of a batch.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::Semaphore;

use super::batch_earlier::{find_earlier, resolve_taken};
use super::batch_item::{Item, ItemResult, OnceKey, is_undecided, retry_later};
use super::batch_view::ItemView;
use super::writer::CaseWriter;
use crate::http::Problem;
use crate::validation::Budget;
use crate::writes::Write;

/// The most items of a batch that are checked concurrently and not written: items of a dry run, and items with errors.
/// Each uses a connection, and more of them would delay other requests. Items that are written share statements.
const CHECKED: usize = 4;

/// A batch: the state that its items share.
pub struct Batch {
    pub write: Write,
    cases: CaseWriter,
    /// The size of the request body, in bytes.
    size: usize,
    is_dry_run: bool,
    checks: Semaphore,
}

impl Batch {
    /// Creates a batch for a request body of `size` bytes.
    pub fn new(write: Write, cases: CaseWriter, size: usize, is_dry_run: bool) -> Self {
        Self {
            write,
            cases,
            size,
            is_dry_run,
            checks: Semaphore::new(CHECKED),
        }
    }

    /// Stores or checks the items. Returns their results in the order of the request.
    ///
    /// # Errors
    /// Returns a problem of the batch as a whole. Nothing was stored.
    pub async fn run(&self, items: Vec<Bytes>) -> Result<Vec<ItemView>, Problem> {
        let items = items.into_iter().enumerate();
        let items = items.map(|(index, it)| Item::read(index, it, self.size, &self.write));
        let turn = self.write.compute.turn(self.size).await?;
        let mut items: Vec<_> = turn.run(|| items.collect());
        let once_keys: Vec<_> = items.iter().map(|it| it.once_key.clone()).collect();
        let earlier = find_earlier(&self.write, &items, &once_keys, self.is_dry_run).await?;
        for (item, earlier) in items.iter_mut().zip(earlier) {
            item.earlier = earlier;
        }
        let mut results = self.results(items, &once_keys).await;
        resolve_taken(&self.write, &once_keys, &mut results).await;
        let turn = self.write.compute.turn_to_finish(self.size).await;
        Ok(turn.run(|| self.views(results)))
    }

    async fn results(&self, items: Vec<Item>, once_keys: &[Option<OnceKey>]) -> Vec<ItemResult> {
        let items = items.into_iter().enumerate();
        let mut external_ids = HashSet::new();
        let mut is_first = |item: &Item| {
            let once_key = item.once_key.as_ref();
            once_key.is_none_or(|(external_id, _)| external_ids.insert(external_id.clone()))
        };
        // Items with the same external id are stored in their order: the first now, the others after all other items.
        let (first, repeated) = items.partition::<Vec<_>, _>(|(_, item)| is_first(item));
        let mut results = self.concurrent_results(first).await;
        for (index, item) in repeated {
            let is_same = |it: &Option<OnceKey>| match (it, &item.once_key) {
                (Some((one, _)), Some((other, _))) => one == other,
                _ => false,
            };
            let mut others = results.iter();
            // An earlier item with this external id may still be stored. This one must not overtake it.
            let must_wait = self.write.deadline.has_passed()
                || others.any(|(other, result)| {
                    once_keys.get(*other).is_some_and(is_same) && is_undecided(result)
                });
            let result = if must_wait && item.earlier.is_none() {
                Err(retry_later())
            } else {
                self.result(item).await
            };
            results.push((index, result));
        }
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, it)| it).collect()
    }

    /// The results of items with different external ids, each with its index.
    async fn concurrent_results(&self, items: Vec<(usize, Item)>) -> Vec<(usize, ItemResult)> {
        let at_once = if self.is_dry_run {
            CHECKED
        } else {
            // While one group is written, the next one queues up.
            2 * self.cases.group_size()
        };
        let results = items.into_iter();
        let results = results.map(|(index, item)| async move { (index, self.result(item).await) });
        stream::iter(results).buffered(at_once).collect().await
    }

    async fn result(&self, item: Item) -> ItemResult {
        if let Some(earlier) = item.earlier {
            return earlier;
        }
        let request = item.request?;
        let _permit = if item.is_valid {
            None
        } else {
            // The semaphore is never closed.
            self.checks.acquire().await.ok()
        };
        let write = &self.write;
        if self.is_dry_run {
            return self.cases.check(write, request).await;
        }
        let claim = item.claim.as_ref();
        let store = || self.cases.store(write, &request, claim);
        Ok(write.execute_once(claim, store).await?.response)
    }

    fn views(&self, results: Vec<ItemResult>) -> Vec<ItemView> {
        let mut causes: BTreeMap<String, usize> = BTreeMap::new();
        let mut budget = Budget::default();
        let now = self.write.now;
        let views = results.into_iter().map(|it| {
            it.unwrap_or_else(|problem| {
                if let Some(cause) = problem.cause() {
                    *causes.entry(cause).or_default() += 1;
                }
                let document = problem.document("", now, &mut budget);
                document.count(&self.write.metrics);
                document.into()
            })
        });
        let views = views.collect();
        for (cause, items) in causes {
            tracing::error!(cause, items, "items of a batch failed");
        }
        views
    }
}
