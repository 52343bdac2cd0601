//! What an endpoint is told of an event.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::schedule;

/// An event of the outbox, with the workspace that it is of.
#[derive(Debug, Clone, Deserialize)]
pub struct EventRow {
    pub id: Uuid,
    pub company_id: Option<Uuid>,
    pub individual_id: Option<Uuid>,
    pub event: String,
    pub sub_event: Option<String>,
    pub version: i64,
    /// None once its case was deleted.
    pub subject: Option<Value>,
    pub case_context: Option<Value>,
    /// Whether it is there and was too large to be read along with others.
    #[serde(default)]
    pub is_omitted: bool,
    pub created_at: DateTime<Utc>,
    pub workspace_id: Uuid,
    pub workspace_name: String,
}

/// What an endpoint is sent: the event, what it is about as a `GET` would have answered then, and what
/// stands around it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayloadView<'e> {
    /// The event.
    #[schema(example = "Case.Updated")]
    event: &'e str,
    /// Which kind of update it is; of updates alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Case.StatusUpdated")]
    sub_event: Option<&'e str>,
    /// What stands around it.
    context: PayloadContext<'e>,
    /// Of an event about a case: the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    case: Option<&'e Value>,
    /// Of an event about a company: the company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    company: Option<&'e Value>,
    /// Of an event about an individual: the individual.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    individual: Option<&'e Value>,
}

/// What stands around an event.
#[derive(Debug, Serialize, ToSchema)]
struct PayloadContext<'e> {
    /// When it was, in milliseconds since 1970.
    timestamp: i64,
    /// Its id: the `webhook-id` of its deliveries.
    event_id: Uuid,
    /// How often this delivery was tried again.
    retry_count: usize,
    /// How often it will be, if it goes on to fail.
    remaining_retry_count: usize,
    /// The workspace that it is of.
    workspace: PayloadWorkspace<'e>,
    /// The version that the change gave the case with all that belongs to it.
    version: i64,
    /// Of an event about a company or an individual: the case around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    case: Option<&'e Value>,
}

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
struct PayloadWorkspace<'e> {
    /// Its id.
    id: Uuid,
    /// Its name.
    name: &'e str,
}

/// The body of a delivery after some retries; none of an event that shows nothing any more.
pub fn payload(event: &EventRow, retries: usize) -> Option<Value> {
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
