//! Storing or checking the items of a batch.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::batch_view::ItemView;
use super::create_request::{CreateRequest, parse};
use super::draft::CaseDraft;
use super::origin::{BatchItem, Digest};
use super::writer::CaseWriter;
use crate::db::DatabaseError;
use crate::http::Problem;
use crate::idempotency::{Claim, StoredResponse, replay};
use crate::validation::Budget;
use crate::values::PlainText;
use crate::writes::Write;

/// The most cases of one batch.
pub const CASES: usize = 100;
/// The most items of one batch that are checked at the same time without being written, each on a connection of its own:
/// the items of a dry run, and those with errors. Items that are written share statements; these would each delay the
/// requests of others.
const CHECKED: usize = 4;

/// The result of an item.
type ItemResult = Result<ItemView, Problem>;

/// What makes an item once: its external id with the digest of its bytes.
type OnceKey = (PlainText, Digest);

/// What the items of a batch have in common.
pub struct Batch {
    pub write: Write,
    cases: CaseWriter,
    /// The size of the request body, in bytes.
    size: usize,
    is_dry_run: bool,
    checks: Semaphore,
}

/// A parsed item.
struct Item {
    request: Result<Arc<CreateRequest<BatchItem>>, Problem>,
    is_valid: bool,
    /// Of an item with an external id.
    once_key: Option<OnceKey>,
    /// Of a request with an idempotency key.
    claim: Option<Claim>,
    /// The result of an earlier request.
    earlier: Option<ItemResult>,
}

impl Item {
    fn read(index: usize, body: Bytes, size: usize, write: &Write) -> Self {
        let draft = parse::<BatchItem>(&body, write.now);
        let external_id = draft.as_ref().ok().and_then(|it| it.external_id.clone());
        let once_key = external_id.map(|it| (it, Sha256::digest(&body).into()));
        let claim = write.item_claim(index, &body);
        let origin = BatchItem {
            digest: once_key.as_ref().map(|(_, digest)| *digest),
        };
        Self {
            is_valid: draft.as_ref().is_ok_and(CaseDraft::is_valid),
            request: draft.map(|it| Arc::new(CreateRequest::new(body, size, origin, it))),
            once_key,
            claim,
            earlier: None,
        }
    }
}

impl Batch {
    /// A batch of a request body of `size` bytes.
    pub fn new(write: Write, cases: CaseWriter, size: usize, is_dry_run: bool) -> Self {
        Self {
            write,
            cases,
            size,
            is_dry_run,
            checks: Semaphore::new(CHECKED),
        }
    }

    /// The results of the items, in their order.
    ///
    /// # Errors
    /// Returns a problem of the batch as a whole. Nothing was stored then.
    pub async fn run(&self, items: Vec<Bytes>) -> Result<Vec<ItemView>, Problem> {
        let items = items.into_iter().enumerate();
        let items = items.map(|(index, it)| Item::read(index, it, self.size, &self.write));
        let turn = self.write.compute.turn(self.size).await?;
        let mut items: Vec<_> = turn.run(|| items.collect());
        let once_keys: Vec<_> = items.iter().map(|it| it.once_key.clone()).collect();
        let earlier = self.earlier(&items, &once_keys).await?;
        for (item, earlier) in items.iter_mut().zip(earlier) {
            item.earlier = earlier;
        }
        let mut results = self.results(items, &once_keys).await;
        self.find_created(&once_keys, &mut results).await;
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
        // Items with the same external id are stored in their order: the first now, the others after all.
        let (first, repeated) = items.partition::<Vec<_>, _>(|(_, item)| is_first(item));
        let mut results = self.concurrent_results(first).await;
        for (index, item) in repeated {
            let is_same = |it: &Option<OnceKey>| match (it, &item.once_key) {
                (Some((one, _)), Some((other, _))) => one == other,
                _ => false,
            };
            let mut others = results.iter();
            // While the result of an item before it is undecided, this one would overtake it.
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

    /// The results of items without a common external id, each with its index.
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

    /// The results that the items have from earlier requests, by external id or by idempotency key.
    async fn earlier(
        &self,
        items: &[Item],
        once_keys: &[Option<OnceKey>],
    ) -> Result<Vec<Option<ItemResult>>, Problem> {
        let created = self.created_before(once_keys).await?;
        let moved = self.moved(items).await?;
        let created = created
            .into_iter()
            .map(|id| id.map(ItemView::created_before));
        let earlier = created.zip(moved);
        Ok(earlier
            .map(|(created, moved)| created.map(Ok).or(moved))
            .collect())
    }

    /// Items that an earlier request with the idempotency key has stored at another index. An item is stored once for a
    /// key wherever it is in the list, since the client may have removed refused items from between.
    async fn moved(&self, items: &[Item]) -> Result<Vec<Option<ItemResult>>, Problem> {
        let mut moved: Vec<_> = items.iter().map(|_| None).collect();
        if self.is_dry_run {
            return Ok(moved);
        }
        let mut stored = self.write.stored_item_responses(CASES).await?;
        let is_of = |stored: &Option<StoredResponse>, claim: &Claim| {
            let stored = stored.as_ref();
            stored.is_some_and(|it| it.request_hash == claim.request_hash)
        };
        // The response of an item at the same index belongs to that item alone.
        let mut others = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(claim) = &item.claim else { continue };
            match stored.get_mut(index) {
                Some(stored) if is_of(stored, claim) => *stored = None,
                _ => others.push((index, claim)),
            }
        }
        for (index, claim) in others {
            let found = stored.iter_mut().find(|it| is_of(it, claim));
            let found = found.and_then(Option::take);
            if let (Some(stored), Some(moved)) = (found, moved.get_mut(index)) {
                *moved = Some(replay(stored, claim).map(|it| it.response));
            }
        }
        Ok(moved)
    }

    /// The ids of the cases that earlier requests have created from the same items.
    async fn created_before(
        &self,
        once_keys: &[Option<OnceKey>],
    ) -> Result<Vec<Option<Uuid>>, Problem> {
        let mut created = vec![None; once_keys.len()];
        let given = once_keys.iter().enumerate();
        let given = given.filter_map(|(index, it)| it.as_ref().map(|it| (index, it)));
        let (indices, given): (Vec<_>, Vec<_>) = given.unzip();
        if given.is_empty() {
            return Ok(created);
        }
        let (external_ids, digests): (Vec<_>, Vec<_>) = given
            .into_iter()
            .map(|(id, digest)| (String::from(id.clone()), digest.to_vec()))
            .unzip();
        let input = (self.write.workspace_id, external_ids, digests);
        let (database, deadline) = (&self.write.database, self.write.deadline);
        let found = database.read(deadline, input, |connection, input| {
            Box::pin(async move { find_items(connection, input.0, &input.1, &input.2).await })
        });
        for (position, id) in found.await? {
            let item = indices.get(position).and_then(|it| created.get_mut(*it));
            if let Some(item) = item {
                *item = Some(id);
            }
        }
        Ok(created)
    }

    /// Finds items whose external id was taken by the same item since this batch began: in another request, or further
    /// up in this one. Other items are stored by now, so an error of this look-up cannot be the response to the batch:
    /// such an item is to be sent again.
    async fn find_created(&self, once_keys: &[Option<OnceKey>], results: &mut [ItemResult]) {
        let is_taken = |it: &ItemResult| matches!(it, Err(Problem::ExternalIdTaken { .. }));
        let taken = once_keys.iter().zip(&*results);
        let taken: Vec<_> = taken
            .map(|(once_key, result)| once_key.clone().filter(|_| is_taken(result)))
            .collect();
        match self.created_before(&taken).await {
            Ok(created) => {
                for (result, id) in results.iter_mut().zip(created) {
                    if let Some(id) = id {
                        *result = Ok(ItemView::created_before(id));
                    }
                }
            }
            Err(_) => {
                for result in results.iter_mut().filter(|it| is_taken(it)) {
                    *result = Err(retry_later());
                }
            }
        }
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

/// Finds the cases that the same items have created before, by external id and digest: the index of each item, and the
/// id of its case.
///
/// # Errors
/// Returns the error of the statement.
async fn find_items(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    external_ids: &[String],
    digests: &[Vec<u8>],
) -> Result<Vec<(usize, Uuid)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"SELECT item.ordinal AS "ordinal!", c.id
         FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS item (external_id, digest, ordinal)
         JOIN cases AS c ON c.workspace_id = $1 AND c.external_id = item.external_id
             AND c.item_digest = item.digest"#,
        workspace_id,
        external_ids,
        digests
    )
    .fetch_all(connection)
    .await?;
    let found = found.into_iter().filter_map(|it| {
        let index = usize::try_from(it.ordinal).ok()?.checked_sub(1)?;
        Some((index, it.id))
    });
    Ok(found.collect())
}

/// Whether another attempt may have another result.
fn is_undecided(result: &ItemResult) -> bool {
    let problem = result.as_ref().err().map(Problem::problem_type);
    problem.is_some_and(|it| it.parts().status.is_server_error())
}

/// The problem of an item that can be sent again.
fn retry_later() -> Problem {
    Problem::Database(DatabaseError::TimedOut(None))
}
