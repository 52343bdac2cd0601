//! One case to be created, as it arrived.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::draft::CaseDraft;
use super::origin::Origin;
use crate::http::Problem;
use crate::validation;
use crate::writes::Write;

/// The body of a request, or an item of a batch, with the draft that it was parsed to.
#[derive(Debug)]
pub struct CreateRequest<O> {
    pub body: Bytes,
    pub origin: O,
    /// The size of the body in which the case arrived, in bytes: its own, or that of its batch.
    body_size: usize,
    /// Taken by the first attempt. A further one parses the body again, which is rarer than a copy would be.
    draft: Mutex<Option<CaseDraft>>,
}

impl<O: Origin> CreateRequest<O> {
    /// Parses a body.
    ///
    /// # Errors
    /// Returns `Problem::Malformed` if the body is not JSON, and the problem of [`crate::writes::Compute::turn`]. Every
    /// other error is collected in the draft.
    pub async fn read(write: &Write, body: Bytes, origin: O) -> Result<Self, Problem> {
        let turn = write.compute.turn(body.len()).await?;
        let draft = turn.run(|| parse::<O>(&body, write.now))?;
        let body_size = body.len();
        Ok(Self::new(body, body_size, origin, draft))
    }

    /// A body with its draft.
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
    pub async fn draft(&self, write: &Write) -> Result<CaseDraft, Problem> {
        if let Some(draft) = self.slot().take() {
            return Ok(draft);
        }
        let turn = write.compute.turn(self.body.len()).await?;
        turn.run(|| parse::<O>(&self.body, write.now))
    }

    /// Gives a draft back that was not used.
    pub fn put_back(&self, draft: CaseDraft) {
        *self.slot() = Some(draft);
    }

    /// The size of the work on a draft, in bytes of input. Errors of a small item cost little, and those of a batch of
    /// such items as much as a large body.
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
