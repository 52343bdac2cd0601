//! What an endpoint is told of an event.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
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

/// The body of a delivery after some retries; none of an event that shows nothing any more.
pub fn payload(event: &EventRow, retries: usize) -> Option<Value> {
    let subject = event.subject.clone()?;
    let mut context = json!({
        // Milliseconds since 1970.
        "timestamp": event.created_at.timestamp_millis(),
        "event_id": event.id,
        "retry_count": retries,
        "remaining_retry_count": schedule::remaining(retries),
        "workspace": {"id": event.workspace_id, "name": event.workspace_name},
        "version": event.version,
    });
    if let (Some(case), Some(context)) = (&event.case_context, context.as_object_mut()) {
        context.insert("case".to_owned(), case.clone());
    }
    let mut body = Map::new();
    body.insert("event".to_owned(), json!(event.event));
    if let Some(sub_event) = &event.sub_event {
        body.insert("sub_event".to_owned(), json!(sub_event));
    }
    body.insert("context".to_owned(), context);
    let name = match (event.company_id, event.individual_id) {
        (Some(_), _) => "company",
        (None, Some(_)) => "individual",
        (None, None) => "case",
    };
    body.insert(name.to_owned(), subject);
    Some(Value::Object(body))
}
