//! What is answered of a batch.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{ProblemDocument, ProblemError};

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchView {
    /// What became of each item, in the order of the request.
    pub results: Vec<ItemView>,
}

/// What became of one item of a batch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemView {
    /// 201: the case is stored. 200: the same item had made it before, or, of a dry run, it could be
    /// stored. Any other: what `POST /cases` would have answered.
    #[schema(example = 201)]
    status: u16,
    /// The case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    id: Option<Uuid>,
    /// Of a refused item: the type of the problem.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference", example = "/problems/invalid-parameters")]
    kind: Option<String>,
    /// Of a refused item: what is wrong, and what became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1 problem found. Nothing was stored.")]
    detail: Option<String>,
    /// Of a refused item: everything that is wrong, in the order of the item; up to 200. A pointer begins
    /// at the item.
    #[serde(skip_serializing_if = "Vec::is_empty", skip_deserializing)]
    #[schema(required = false)]
    errors: Vec<ProblemError>,
    /// The case that has the external id already; of `/problems/external-id-taken` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<Uuid>,
}

impl ItemView {
    /// Of an item whose case is stored now.
    pub fn made(id: Uuid) -> Self {
        Self::done(201, Some(id))
    }

    /// Of an item that had made its case before.
    pub fn made_before(id: Uuid) -> Self {
        Self::done(200, Some(id))
    }

    /// Of an item of a dry run whose case could be stored.
    pub fn possible() -> Self {
        Self::done(200, None)
    }

    fn done(status: u16, id: Option<Uuid>) -> Self {
        Self {
            status,
            id,
            kind: None,
            detail: None,
            errors: Vec::new(),
            case_id: None,
        }
    }
}

impl From<ProblemDocument> for ItemView {
    fn from(document: ProblemDocument) -> Self {
        Self {
            status: document.status,
            id: None,
            kind: Some(document.kind),
            detail: Some(document.detail),
            errors: document.errors,
            case_id: document.case_id,
        }
    }
}
