//! Finding the items of a batch that earlier requests stored.

use sqlx::PgConnection;
use uuid::Uuid;

use super::batch_item::{CASES, Item, ItemResult, OnceKey, retry_later};
use super::batch_view::ItemView;
use crate::http::Problem;
use crate::idempotency::{Claim, StoredResponse, replay};
use crate::writes::Write;

/// Finds the results of earlier requests with the same items, by external id or by idempotency key. A dry run uses no
/// idempotency key.
///
/// # Errors
/// Returns a database error.
pub async fn find_earlier(
    write: &Write,
    items: &[Item],
    once_keys: &[Option<OnceKey>],
    is_dry_run: bool,
) -> Result<Vec<Option<ItemResult>>, Problem> {
    let created = created_before(write, once_keys).await?;
    let moved = if is_dry_run {
        items.iter().map(|_| None).collect()
    } else {
        moved(write, items).await?
    };
    let created = created
        .into_iter()
        .map(|id| id.map(ItemView::created_before));
    let earlier = created.zip(moved);
    Ok(earlier
        .map(|(created, moved)| created.map(Ok).or(moved))
        .collect())
}

/// The results of items that an earlier request with this idempotency key stored at another index: before it retries, a
/// client may remove refused items from the batch.
async fn moved(write: &Write, items: &[Item]) -> Result<Vec<Option<ItemResult>>, Problem> {
    let mut moved: Vec<_> = items.iter().map(|_| None).collect();
    let mut stored = write.stored_item_responses(CASES).await?;
    let is_of = |stored: &Option<StoredResponse>, claim: &Claim| {
        let stored = stored.as_ref();
        stored.is_some_and(|it| it.request_hash == claim.request_hash)
    };
    // The response of an item at the same index is not available to other items.
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

/// The ids of the cases that earlier requests created from the same items.
async fn created_before(
    write: &Write,
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
    let input = (write.workspace_id, external_ids, digests);
    let (database, deadline) = (&write.database, write.deadline);
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

/// Finds the items whose external id was taken by the same item since this batch began, in another request or earlier
/// in this one. If the query fails, the client must send such an item again: the failure cannot be the response to the
/// batch, since other items are stored already.
pub async fn resolve_taken(
    write: &Write,
    once_keys: &[Option<OnceKey>],
    results: &mut [ItemResult],
) {
    let is_taken = |it: &ItemResult| matches!(it, Err(Problem::ExternalIdTaken { .. }));
    let taken = once_keys.iter().zip(&*results);
    let taken: Vec<_> = taken
        .map(|(once_key, result)| once_key.clone().filter(|_| is_taken(result)))
        .collect();
    match created_before(write, &taken).await {
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

/// Finds the cases that earlier requests created from items with these external ids and digests. Returns the index of
/// the item and the id of its case.
///
/// # Errors
/// Returns `sqlx::Error` if the statement fails.
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
