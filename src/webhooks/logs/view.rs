//! The response for a delivery.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::values::Timestamp;
use crate::webhooks::payload::{StoredEvent, payload};

/// A stored delivery with its event and its attempts.
#[derive(Debug, Deserialize)]
pub struct WebhookLog {
    id: Uuid,
    webhook_id: Uuid,
    case_id: Uuid,
    company_id: Option<Uuid>,
    individual_id: Option<Uuid>,
    event: String,
    endpoint: String,
    state: String,
    status_code: i32,
    attempt_count: usize,
    next_attempt_at: DateTime<Utc>,
    last_attempt_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    outbox: StoredEvent,
    attempts: Vec<StoredAttempt>,
}

#[derive(Debug, Deserialize)]
struct StoredAttempt {
    #[serde(rename = "type")]
    kind: String,
    endpoint: String,
    status_code: i32,
    request_headers: Value,
    response_headers: Option<Value>,
    response_body: Option<String>,
    error: Option<String>,
    attempted_at: DateTime<Utc>,
}

/// A delivery and its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookLogView<'l> {
    /// The id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The event.
    event: &'l str,
    /// `pending`, `delivered`, `failed`, or `erased` after the deletion of its case.
    state: &'l str,
    /// The HTTP status of the last response; 0 without a response.
    status_code: i32,
    /// The URL of the last attempt, or of the first one if none was made yet.
    endpoint: &'l str,
    /// The number of attempts after the first.
    retry_count: usize,
    /// The case of the event.
    case_id: Uuid,
    /// The individual of the event, if it is about one.
    #[schema(required)]
    individual_id: Option<Uuid>,
    /// The company of the event, if it is about one.
    #[schema(required)]
    company_id: Option<Uuid>,
    /// The webhook.
    webhook_id: Uuid,
    /// When the delivery was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the last attempt was made; the time of creation before the first.
    #[schema(value_type = String, format = DateTime)]
    last_attempt_at: Timestamp,
    /// The request body; an empty object if it is omitted or the case was deleted.
    #[schema(value_type = Object)]
    payload: Value,
    /// Whether the payload is too large for a list. `GET /webhook-logs/{id}` returns it.
    payload_is_omitted: bool,
    /// When the next attempt is due; `null` unless `state` is `pending`.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_retry_at: Option<Timestamp>,
    /// All attempts, oldest first.
    attempts: Vec<AttemptView<'l>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptView<'l> {
    /// `first_call`, `automatic_retry` or `manual_retry`.
    #[serde(rename = "type")]
    kind: &'l str,
    /// The URL of the request.
    endpoint: &'l str,
    /// The HTTP status of the response; 0 without a complete response.
    status_code: i32,
    /// The headers of the request.
    #[schema(value_type = Object)]
    request_headers: &'l Value,
    /// The headers of the response: at most 40, values cut at 200 characters.
    #[schema(value_type = Option<Object>, required)]
    response_headers: Option<&'l Value>,
    /// The first 4 KiB of the response body.
    #[schema(required)]
    response_body: Option<&'l str>,
    /// Why there is no complete response.
    #[schema(required)]
    error: Option<&'l str>,
    /// When the attempt was made.
    #[schema(value_type = String, format = DateTime)]
    attempted_at: Timestamp,
}

impl WebhookLog {
    /// The case of the event.
    pub fn case_id(&self) -> Uuid {
        self.case_id
    }

    /// Whether its payload was erased with its case.
    pub fn is_erased(&self) -> bool {
        self.state == "erased"
    }
}

impl<'l> WebhookLogView<'l> {
    /// The view of a delivery.
    pub fn new(log: &'l WebhookLog) -> Self {
        let retries = log.attempt_count.saturating_sub(1);
        let is_pending = log.state == "pending";
        Self {
            id: log.id,
            event: &log.event,
            state: &log.state,
            status_code: log.status_code,
            endpoint: &log.endpoint,
            retry_count: retries,
            case_id: log.case_id,
            individual_id: log.individual_id,
            company_id: log.company_id,
            webhook_id: log.webhook_id,
            created_at: log.created_at.into(),
            last_attempt_at: log.last_attempt_at.into(),
            payload: payload(&log.outbox, retries).unwrap_or_else(|| json!({})),
            payload_is_omitted: log.outbox.is_omitted,
            next_retry_at: is_pending.then(|| log.next_attempt_at.into()),
            attempts: log.attempts.iter().map(AttemptView::new).collect(),
        }
    }
}

impl<'l> AttemptView<'l> {
    fn new(attempt: &'l StoredAttempt) -> Self {
        Self {
            kind: &attempt.kind,
            endpoint: &attempt.endpoint,
            status_code: attempt.status_code,
            request_headers: &attempt.request_headers,
            response_headers: attempt.response_headers.as_ref(),
            response_body: attempt.response_body.as_deref(),
            error: attempt.error.as_deref(),
            attempted_at: attempt.attempted_at.into(),
        }
    }
}
