//! `POST /cases/batch`.

use std::collections::{BTreeMap, HashSet};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::batch_view::{BatchView, ItemView};
use super::new_case::{Arrival, CaseWriter, CreateAttempt, parse};
use super::{CaseDraft, CaseRequest, Digest, SEVERAL, store};
use crate::db::DatabaseError;
use crate::http::{JsonBody, Limits, Problem, Query, WriteResponse, described, visit_item};
use crate::idempotency::{Claim, IdempotencyKey, StoredResponse, replay};
use crate::parameters;
use crate::parse_body;
use crate::state::FeatureState;
use crate::validation::{Budget, Code, Fault, Field, Mode, Scope, Slices, shape};
use crate::values::PlainText;
use crate::wire_object;
use crate::writes::Write;

/// The most cases of one batch.
const CASES: usize = 100;
/// How many items of one batch that write nothing are checked at once, each on a connection: those of a dry run, and those
/// with faults. Items that write share statements; these would each stand before the requests of others.
const CHECKED: usize = 4;

wire_object! {
    /// Several customers, each of them done for itself.
    BatchRequest {
        /// The cases.
        "cases" => cases: Slices<'de, CASES> =
            shape::list(shape::item_in::<CaseRequest<'_>>(Mode::Part), CASES).required(),
    }
}

parameters!(Parameters, {
    let about = "Checks everything and keeps nothing: each item that could be stored is answered with 200 \
                 and without an id, and an `Idempotency-Key` is not used up.";
    vec![described::flag("dry_run", about)]
});

/// Creates up to 100 cases, each for itself.
///
/// # Errors
/// Those of the request as a whole; what is wrong with an item is its result.
#[utoipa::path(
    post,
    path = "/cases/batch",
    operation_id = "create_cases",
    description = include_str!("batch.md"),
    tag = "Cases",
    params(Parameters, IdempotencyKey),
    request_body(
        content = BatchRequest<'static>,
        example = json!({"cases": [
            {"name": "Acme", "external_id": "customer-1001", "companies": [{"name": "Acme SAS"}]},
            {"name": "Globex", "external_id": "customer-1002", "created_at": "2021-03-04T09:30:00Z",
                "reviews": [{"status": "approved", "reviewed_at": "2021-03-05T16:00:00Z"}]},
        ]}),
    ),
    responses((status = 200, description = "What became of each case.", body = BatchView)),
)]
pub async fn batch(
    write: Write,
    State(limits): State<Limits>,
    FeatureState(creates): FeatureState<CaseWriter>,
    RawQuery(query): RawQuery,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let mut query = Query::new(query.as_deref());
    let is_dry_run = query.flag("dry_run");
    query.finish()?;
    let items = items(&write, &body).await?;
    let batch = Batch {
        size: body.len(),
        write,
        creates,
        group_size: limits.group_size,
        is_dry_run,
        checks: Semaphore::new(CHECKED),
    };
    let lease = match is_dry_run {
        true => None,
        false => batch.write.lease_batch().await?,
    };
    let results = batch.results(items).await;
    if let Some(lease) = lease {
        lease.release().await;
    }
    let results = results?;
    Ok(WriteResponse::json(StatusCode::OK, &BatchView { results })?.into_response())
}

/// The items as they are written.
async fn items(write: &Write, body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let read = parse_body!(
        write.compute,
        body.clone(),
        BatchRequest<'_>,
        |request: BatchRequest<'_>, scope: &mut Scope<'_>| request.parse(scope, body),
        |body, violations, walk| visit_item(body, SEVERAL, violations, walk)
    )?;
    read.refuse(read.violations())?;
    Ok(read.value)
}

impl BatchRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>, body: &Bytes) -> Vec<Bytes> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let cases = self.cases();
        let name = cases.name;
        if matches!(cases.value, Field::Missing | Field::Null) {
            let message = "cases is required: a list of up to 100 cases.";
            scope.key(name).refuse(Fault::new(Code::Required, message));
        }
        let Some(cases) = scope.given(cases) else {
            return Vec::new();
        };
        let cases = cases.within_limit(&mut scope.key(name));
        let slices = cases.into_iter();
        slices.map(|it| body.slice_ref(it.as_bytes())).collect()
    }
}

/// What the items of a batch have in common.
struct Batch {
    write: Write,
    /// That of the body, in bytes.
    size: usize,
    creates: CaseWriter,
    group_size: usize,
    is_dry_run: bool,
    /// Of items that are checked at once.
    checks: Semaphore,
}

/// What became of an item.
type ItemResult = Result<ItemView, Problem>;

/// One item, read.
struct Item {
    body: Bytes,
    draft: Result<CaseDraft, Problem>,
    /// What makes it once, where it has an external id.
    once: Option<(PlainText, Digest)>,
    /// What makes it once, where the request has a key.
    claim: Option<Claim>,
    /// What became of it before this batch.
    before: Option<ItemResult>,
}

impl Item {
    fn read(index: usize, body: Bytes, write: &Write) -> Self {
        let draft = parse(&body, Mode::Part, write.now);
        let external_id = draft.as_ref().ok().and_then(|it| it.external_id.clone());
        let once = external_id.map(|it| (it, Sha256::digest(&body).into()));
        let claim = write.item_claim(index, &body);
        Self {
            body,
            draft,
            once,
            claim,
            before: None,
        }
    }
}

impl Batch {
    /// What becomes of each item, in their order.
    async fn results(&self, items: Vec<Bytes>) -> Result<Vec<ItemView>, Problem> {
        let items = items.into_iter().enumerate();
        let items = items.map(|(index, it)| Item::read(index, it, &self.write));
        let turn = self.write.compute.turn(self.size).await?;
        let mut items: Vec<_> = turn.run(|| items.collect());
        let once: Vec<_> = items.iter().map(|it| it.once.clone()).collect();
        let before = self.done_before(&items, &once).await?;
        for (item, before) in items.iter_mut().zip(before) {
            item.before = before;
        }
        let items = items.into_iter().enumerate();
        let mut named = HashSet::new();
        let mut is_first = |item: &Item| {
            let once = item.once.as_ref();
            once.is_none_or(|(external_id, _)| named.insert(external_id.clone()))
        };
        // Of those with one external id the first comes first, and the others behind all.
        let (first, again) = items.partition::<Vec<_>, _>(|(_, item)| is_first(item));
        let at_once = if self.is_dry_run {
            CHECKED
        } else {
            // While one group is written, the next one gathers.
            2 * self.group_size
        };
        let mut results = self.done(first, at_once).await;
        for (index, item) in again {
            let is_same = |it: &Option<(PlainText, Digest)>| match (it, &item.once) {
                (Some((one, _)), Some((other, _))) => one == other,
                _ => false,
            };
            let mut others = results.iter();
            // Where nobody knows yet what becomes of one in front of it, it would come first.
            let waits = self.write.deadline.has_passed()
                || others.any(|(other, result)| {
                    once.get(*other).is_some_and(is_same) && is_undecided(result)
                });
            let result = if waits && item.before.is_none() {
                Err(not_now())
            } else {
                self.result(item).await
            };
            results.push((index, result));
        }
        results.sort_by_key(|(index, _)| *index);
        let mut results: Vec<_> = results.into_iter().map(|(_, it)| it).collect();
        self.recognise(&once, &mut results).await;
        let turn = self.write.compute.turn_to_finish(self.size).await;
        Ok(turn.run(|| self.views(results)))
    }

    /// What was done before this batch, by external id or under its key.
    async fn done_before(
        &self,
        items: &[Item],
        once: &[Option<(PlainText, Digest)>],
    ) -> Result<Vec<Option<ItemResult>>, Problem> {
        let made = self.made_before(once).await?;
        let moved = self.moved(items).await?;
        let made = made.into_iter().map(|id| id.map(ItemView::made_before));
        let before = made.zip(moved);
        Ok(before.map(|(made, moved)| made.map(Ok).or(moved)).collect())
    }

    /// Items that an earlier request with the key has done at another place: under a key they are done
    /// once wherever they stand, since those that were refused may be gone from between them.
    async fn moved(&self, items: &[Item]) -> Result<Vec<Option<ItemResult>>, Problem> {
        let mut moved: Vec<_> = items.iter().map(|_| None).collect();
        if self.is_dry_run {
            return Ok(moved);
        }
        let mut kept = self.write.stored_item_responses(CASES).await?;
        let is_of = |kept: &Option<StoredResponse>, claim: &Claim| {
            let kept = kept.as_ref();
            kept.is_some_and(|it| it.request_hash == claim.request_hash)
        };
        // Those that stand where they stood have their own answers, and nobody else has.
        let mut others = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(claim) = &item.claim else { continue };
            match kept.get_mut(index) {
                Some(kept) if is_of(kept, claim) => *kept = None,
                _ => others.push((index, claim)),
            }
        }
        for (index, claim) in others {
            let kept = kept.iter_mut().find(|it| is_of(it, claim));
            let kept = kept.and_then(Option::take);
            if let (Some(kept), Some(moved)) = (kept, moved.get_mut(index)) {
                *moved = Some(replay(kept, claim).and_then(|it| view(&it.response)));
            }
        }
        Ok(moved)
    }

    /// Does items, so many at once; each keeps its place.
    async fn done(&self, items: Vec<(usize, Item)>, at_once: usize) -> Vec<(usize, ItemResult)> {
        let work = items.into_iter();
        let work = work.map(|(index, item)| async move { (index, self.result(item).await) });
        stream::iter(work).buffered(at_once).collect().await
    }

    async fn result(&self, item: Item) -> ItemResult {
        if let Some(before) = item.before {
            return before;
        }
        let write = &self.write;
        let draft = item.draft?;
        let _permit = if draft.is_faultless() {
            None
        } else {
            // Nobody closes the semaphore.
            self.checks.acquire().await.ok()
        };
        let mut draft = Some(draft);
        let claim = item.claim;
        let digest = item.once.map(|(_, digest)| digest);
        let mut attempt = || {
            let arrival = Arrival::InBatch { digest };
            let body = item.body.clone();
            let case = CreateAttempt::of(write, &self.creates, arrival, draft.take(), body);
            case.weighing(self.size)
                .with_group_size(self.group_size)
                .claiming(claim.clone())
        };
        let response = if self.is_dry_run {
            attempt().check().await?
        } else {
            let answered = write
                .execute_once(claim.as_ref(), || attempt().store())
                .await?;
            answered.response
        };
        view(&response)
    }

    /// The cases that the same items have made before.
    async fn made_before(
        &self,
        once: &[Option<(PlainText, Digest)>],
    ) -> Result<Vec<Option<Uuid>>, Problem> {
        let mut made = vec![None; once.len()];
        let asked = once.iter().enumerate();
        let asked = asked.filter_map(|(index, it)| it.as_ref().map(|it| (index, it)));
        let (places, asked): (Vec<_>, Vec<_>) = asked.unzip();
        if asked.is_empty() {
            return Ok(made);
        }
        let (external_ids, digests): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .map(|(id, digest)| (String::from(id.clone()), digest.to_vec()))
            .unzip();
        let asked = (self.write.workspace_id, external_ids, digests);
        let (database, deadline) = (&self.write.database, self.write.deadline);
        let found = database.read(deadline, asked, |connection, asked| {
            Box::pin(
                async move { store::find_items(connection, asked.0, &asked.1, &asked.2).await },
            )
        });
        for (place, id) in found.await? {
            let made = places.get(place).and_then(|it| made.get_mut(*it));
            if let Some(made) = made {
                *made = Some(id);
            }
        }
        Ok(made)
    }

    /// An item whose external id was taken since this batch began may have been taken by itself: in
    /// another request, or further up in this one. Others are stored by now, so that nothing of this can
    /// be the answer to all: where nobody can be asked, it is asked again with the item.
    async fn recognise(&self, once: &[Option<(PlainText, Digest)>], results: &mut [ItemResult]) {
        let is_taken = |it: &ItemResult| matches!(it, Err(Problem::ExternalIdTaken { .. }));
        let taken = once.iter().zip(&*results);
        let taken: Vec<_> = taken
            .map(|(once, result)| once.clone().filter(|_| is_taken(result)))
            .collect();
        match self.made_before(&taken).await {
            Ok(made) => {
                for (result, id) in results.iter_mut().zip(made) {
                    if let Some(id) = id {
                        *result = Ok(ItemView::made_before(id));
                    }
                }
            }
            Err(_) => {
                for result in results.iter_mut().filter(|it| is_taken(it)) {
                    *result = Err(not_now());
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
            tracing::error!(cause, items, "items of a batch could not be answered");
        }
        views
    }
}

/// The result that an item has by an answer.
fn view(response: &WriteResponse) -> ItemResult {
    serde_json::from_slice(&response.body).map_err(Problem::Decode)
}

/// Whether another try may end otherwise.
fn is_undecided(result: &ItemResult) -> bool {
    let problem = result.as_ref().err().map(Problem::problem_type);
    problem.is_some_and(|it| it.parts().0.is_server_error())
}

/// The item can be sent again.
fn not_now() -> Problem {
    Problem::Database(DatabaseError::TimedOut(None))
}
