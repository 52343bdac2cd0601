//! The response to a batch.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{ProblemDocument, ProblemError};

/// The results of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchView {
    /// One result for each item, in the order of the request.
    pub results: Vec<ItemView>,
}

/// The result of one item of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ItemView {
    /// 201: the case was created, by this request or an earlier one with its `Idempotency-Key`. 200: the same item with
    /// this external id was created before or, in a dry run, could be created. Otherwise the status of `POST /cases`.
    #[schema(example = 201)]
    status: u16,
    /// The id of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    id: Option<Uuid>,
    /// The type of the problem, if the item was refused.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference", example = "/problems/invalid-parameters")]
    kind: Option<String>,
    /// The error, and whether anything was stored, if the item was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1 problem found. Nothing was stored.")]
    detail: Option<String>,
    /// Up to 200 errors, in the order of the item, if it was refused. Their pointers are relative to the item.
    #[serde(skip_serializing_if = "Vec::is_empty", skip_deserializing)]
    #[schema(required = false)]
    errors: Vec<ProblemError>,
    /// The id of the case that has the external id. Only with `/problems/external-id-taken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    case_id: Option<Uuid>,
}

impl ItemView {
    /// The result of an item whose case was created.
    pub fn created(id: Uuid) -> Self {
        Self::success(201, Some(id))
    }

    /// The result of an item whose case an earlier request created.
    pub fn created_before(id: Uuid) -> Self {
        Self::success(200, Some(id))
    }

    /// The result of a valid item in a dry run.
    pub fn valid() -> Self {
        Self::success(200, None)
    }

    fn success(status: u16, id: Option<Uuid>) -> Self {
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
