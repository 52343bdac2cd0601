//! The body of a delivery.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::delivery::schedule;

/// An event of the outbox, with its workspace.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredEvent {
    pub id: Uuid,
    pub company_id: Option<Uuid>,
    pub individual_id: Option<Uuid>,
    pub event: String,
    pub sub_event: Option<String>,
    pub version: i64,
    /// `None` after the deletion of its case.
    pub subject: Option<Value>,
    pub case_context: Option<Value>,
    /// Whether the subject exists but is too large for a list.
    #[serde(default)]
    pub is_omitted: bool,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub workspace_name: String,
}

/// The body of a delivery: the event, its context, and the case, company or individual as `GET` would have returned it
/// when the event occurred.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayloadView<'e> {
    /// The event.
    #[schema(example = "Case.Updated")]
    event: &'e str,
    /// The kind of update; only for events named `….Updated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Case.StatusUpdated")]
    sub_event: Option<&'e str>,
    /// The context of the event.
    context: PayloadContext<'e>,
    /// The case, if the event is about a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    case: Option<&'e Value>,
    /// The company, if the event is about a company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    company: Option<&'e Value>,
    /// The individual, if the event is about an individual.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    individual: Option<&'e Value>,
}

/// The context of an event.
#[derive(Debug, Serialize, ToSchema)]
struct PayloadContext<'e> {
    /// When the event occurred, in milliseconds since 1970-01-01T00:00:00Z.
    timestamp: i64,
    /// The id of the event: the `webhook-id` of its deliveries.
    event_id: Uuid,
    /// The number of retries of this delivery before this request.
    retry_count: usize,
    /// The number of automatic retries left if this request fails.
    remaining_retry_count: usize,
    /// The workspace of the event.
    workspace: PayloadWorkspace<'e>,
    /// The version of the case after the change.
    version: i64,
    /// The case, if the event is about a company or an individual.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    case: Option<&'e Value>,
}

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
struct PayloadWorkspace<'e> {
    /// The id.
    id: Uuid,
    /// The name.
    name: &'e str,
}

/// The body of a delivery after `retries` retries. Returns `None` if the case of the event was deleted.
pub fn payload(event: &StoredEvent, retries: usize) -> Option<Value> {
    let subject = event.subject.as_ref()?;
    let (case, company, individual) = match (event.company_id, event.individual_id) {
        (Some(_), _) => (None, Some(subject), None),
        (None, Some(_)) => (None, None, Some(subject)),
        (None, None) => (Some(subject), None, None),
    };
    let context = PayloadContext {
        timestamp: event.created_at.timestamp_millis(),
        event_id: event.id,
        retry_count: retries,
        remaining_retry_count: schedule::remaining(retries),
        workspace: PayloadWorkspace {
            id: event.workspace_id,
            name: &event.workspace_name,
        },
        version: event.version,
        case: event.case_context.as_ref(),
    };
    let payload = PayloadView {
        event: &event.event,
        sub_event: event.sub_event.as_deref(),
        context,
        case,
        company,
        individual,
    };
    serde_json::to_value(payload).ok()
}
