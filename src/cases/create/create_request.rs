//! A request to create one case.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::draft::CaseDraft;
use super::origin::Origin;
use crate::http::Problem;
use crate::validation;
use crate::writes::Write;

/// The body of a request, or an item of a batch, with the parsed draft.
#[derive(Debug)]
pub struct CreateRequest<O> {
    pub body: Bytes,
    pub origin: O,
    /// The size of the request body in bytes. An item of a batch has the size of the whole batch.
    body_size: usize,
    /// The first attempt takes it. A later attempt parses the body again: that is rare, and every case would pay for a
    /// copy.
    draft: Mutex<Option<CaseDraft>>,
}

impl<O: Origin> CreateRequest<O> {
    /// Parses a body.
    ///
    /// # Errors
    /// Returns `Problem::Malformed` if the body is not JSON, or the problem of [`crate::writes::Compute::turn`]. The
    /// draft has every other error.
    pub async fn read(write: &Write, body: Bytes, origin: O) -> Result<Self, Problem> {
        let turn = write.compute.turn(body.len()).await?;
        let draft = turn.run(|| parse::<O>(&body, write.now))?;
        let body_size = body.len();
        Ok(Self::new(body, body_size, origin, draft))
    }

    /// Combines a body with its draft.
    pub fn new(body: Bytes, body_size: usize, origin: O, draft: CaseDraft) -> Self {
        Self {
            body,
            origin,
            body_size,
            draft: Mutex::new(Some(draft)),
        }
    }

    /// Takes the draft, or parses the body again.
    ///
    /// # Errors
    /// Returns the problem of [`crate::writes::Compute::turn`].
    pub async fn take_or_parse(&self, write: &Write) -> Result<CaseDraft, Problem> {
        if let Some(draft) = self.slot().take() {
            return Ok(draft);
        }
        let turn = write.compute.turn(self.body.len()).await?;
        turn.run(|| parse::<O>(&self.body, write.now))
    }

    /// Puts an unused draft back.
    pub fn put_back(&self, draft: CaseDraft) {
        *self.slot() = Some(draft);
    }

    /// The size of the work on a draft, in bytes. An invalid item counts as its whole batch: the errors of many small
    /// items cost as much as those of one large body.
    pub fn size(&self, draft: &CaseDraft) -> usize {
        if draft.is_valid() {
            self.body.len()
        } else {
            self.body_size
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<CaseDraft>> {
        self.draft.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parses a case.
///
/// # Errors
/// Returns `Problem::Malformed` if the body is not JSON.
pub fn parse<O: Origin>(body: &[u8], now: DateTime<Utc>) -> Result<CaseDraft, Problem> {
    let request = validation::read(body).map_err(Problem::Malformed)?;
    Ok(CaseDraft::parse(request, O::MODE, now))
}
