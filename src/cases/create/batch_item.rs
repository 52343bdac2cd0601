//! One item of a batch.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::batch_view::ItemView;
use super::create_request::{CreateRequest, parse};
use super::draft::CaseDraft;
use super::origin::{BatchItem, Digest};
use crate::db::DatabaseError;
use crate::http::Problem;
use crate::idempotency::Claim;
use crate::values::PlainText;
use crate::writes::Write;

/// The most cases of one batch.
pub const CASES: usize = 100;

/// The result of an item.
pub type ItemResult = Result<ItemView, Problem>;

/// The external id of an item, and the digest of its bytes. Items that have both in common create one case.
pub type OnceKey = (PlainText, Digest);

/// A parsed item.
pub struct Item {
    pub request: Result<Arc<CreateRequest<BatchItem>>, Problem>,
    pub is_valid: bool,
    /// Set if the item has an external id.
    pub once_key: Option<OnceKey>,
    /// Set if the request has an idempotency key.
    pub claim: Option<Claim>,
    /// The result of an earlier request.
    pub earlier: Option<ItemResult>,
}

impl Item {
    /// Parses the item with this index, of a request body of `size` bytes.
    pub fn read(index: usize, body: Bytes, size: usize, write: &Write) -> Self {
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

/// Whether a retry of the item may have another result.
pub fn is_undecided(result: &ItemResult) -> bool {
    let problem = result.as_ref().err().map(Problem::problem_type);
    problem.is_some_and(|it| it.parts().status.is_server_error())
}

/// The problem of an item that the client can send again.
pub fn retry_later() -> Problem {
    Problem::Database(DatabaseError::TimedOut(None))
}
