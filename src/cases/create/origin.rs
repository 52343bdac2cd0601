//! The two origins of a case: its own request, or an item of a batch.

use axum::http::StatusCode;

use super::batch_view::ItemView;
use crate::cases::model::Case;
use crate::cases::view::CaseView;
use crate::http::{Problem, WriteResponse};
use crate::idempotency::Replay;
use crate::validation::Mode;

/// The SHA-256 of an item of a batch.
pub type Digest = [u8; 32];

/// What a single request and an item of a batch do differently.
pub trait Origin: Copy + Send + Sync + 'static {
    /// The response to the request, or the result of the item.
    type Response: Replay + Clone + Send + Sync + 'static;

    /// Which fields the request may have.
    const MODE: Mode;
    /// Whether the response contains the whole case. It is then made after the case is stored, so that a large response
    /// and the rows are not in memory together. With an idempotency key it is made before, and stored with the case.
    const SHOWS_CASE: bool;

    /// The digest to store with the case: that of an item with an external id.
    fn digest(&self) -> Option<Digest>;

    /// The response of a stored case. With an idempotency key it is built before the case is stored.
    ///
    /// # Errors
    /// Returns `Problem::Encode` if the case has no JSON form.
    fn response(&self, case: &Case) -> Result<Self::Response, Problem>;

    /// The response of a dry run.
    ///
    /// # Errors
    /// Returns `Problem::Encode` if the case has no JSON form.
    fn dry_run_response(&self, case: &Case) -> Result<Self::Response, Problem>;

    /// The form in which the response is stored with the idempotency key.
    ///
    /// # Errors
    /// Returns `Problem::Encode` if the response has no JSON form.
    fn stored_form(response: &Self::Response) -> Result<WriteResponse, Problem>;
}

/// A request for one case, at a path with this prefix.
#[derive(Debug, Clone, Copy)]
pub struct Single {
    pub prefix: &'static str,
}

impl Origin for Single {
    type Response = WriteResponse;

    const MODE: Mode = Mode::Create;
    const SHOWS_CASE: bool = true;

    fn digest(&self) -> Option<Digest> {
        None
    }

    fn response(&self, case: &Case) -> Result<WriteResponse, Problem> {
        let response = WriteResponse::json(StatusCode::CREATED, &CaseView::new(case, true))?;
        let location = format!("{}/cases/{}", self.prefix, case.header.id);
        Ok(response
            .with_location(location)
            .with_version(case.header.version))
    }

    fn dry_run_response(&self, case: &Case) -> Result<WriteResponse, Problem> {
        WriteResponse::json(StatusCode::OK, &CaseView::new(case, true))
    }

    fn stored_form(response: &WriteResponse) -> Result<WriteResponse, Problem> {
        Ok(response.clone())
    }
}

/// An item of a batch. It has a digest if it has an external id.
#[derive(Debug, Clone, Copy)]
pub struct BatchItem {
    pub digest: Option<Digest>,
}

impl Origin for BatchItem {
    type Response = ItemView;

    const MODE: Mode = Mode::Part;
    const SHOWS_CASE: bool = false;

    fn digest(&self) -> Option<Digest> {
        self.digest
    }

    fn response(&self, case: &Case) -> Result<ItemView, Problem> {
        Ok(ItemView::created(case.header.id))
    }

    fn dry_run_response(&self, _: &Case) -> Result<ItemView, Problem> {
        Ok(ItemView::valid())
    }

    fn stored_form(response: &ItemView) -> Result<WriteResponse, Problem> {
        WriteResponse::json(StatusCode::CREATED, response)
    }
}

impl Replay for ItemView {
    fn replay(stored: WriteResponse) -> Result<Self, Problem> {
        serde_json::from_slice(&stored.body).map_err(Problem::Decode)
    }
}
