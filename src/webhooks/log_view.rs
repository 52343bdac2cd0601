//! What is answered of a delivery.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::payload::{EventRow, payload};
use crate::values::Timestamp;

/// A delivery with its event and its attempts, as it is read.
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
    outbox: EventRow,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
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

/// A delivery, and everything that was tried for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookLogView<'l> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The event.
    event: &'l str,
    /// `pending`, `delivered`, `failed`, or `erased` with its case.
    state: &'l str,
    /// The status of the last answer; 0 where there was none.
    status_code: i32,
    /// Where it was sent.
    endpoint: &'l str,
    /// How many attempts were made after the first.
    retry_count: usize,
    /// The case that it belongs to.
    case_id: Uuid,
    /// The individual that it is about.
    #[schema(required)]
    individual_id: Option<Uuid>,
    /// The company that it is about.
    #[schema(required)]
    company_id: Option<Uuid>,
    /// The webhook.
    webhook_id: Uuid,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last tried.
    #[schema(value_type = String, format = DateTime)]
    last_attempt_at: Timestamp,
    /// The body that is sent; empty where it is omitted, and once its case was deleted.
    #[schema(value_type = Object)]
    payload: Value,
    /// Whether the payload is too large for a list; the delivery by itself shows it.
    payload_is_omitted: bool,
    /// When it is tried next; `null` where it is not.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    next_retry_at: Option<Timestamp>,
    /// Everything that was tried.
    attempts: Vec<AttemptView<'l>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptView<'l> {
    /// Whether it was the first attempt, a retry, or asked for.
    #[serde(rename = "type")]
    kind: &'l str,
    /// Where it was sent.
    endpoint: &'l str,
    /// The status of the last attempt; 0 where there was no answer.
    status_code: i32,
    /// Headers that were sent.
    #[schema(value_type = Object)]
    request_headers: &'l Value,
    /// Headers of the answer.
    #[schema(value_type = Option<Object>, required)]
    response_headers: Option<&'l Value>,
    /// The beginning of the answer.
    #[schema(required)]
    response_body: Option<&'l str>,
    /// Why there was no answer.
    #[schema(required)]
    error: Option<&'l str>,
    /// When it was tried.
    #[schema(value_type = String, format = DateTime)]
    attempted_at: Timestamp,
}

impl WebhookLog {
    /// The case whose data it shows.
    pub fn case_id(&self) -> Uuid {
        self.case_id
    }

    /// Whether it shows nothing any more, since its case was deleted.
    pub fn is_erased(&self) -> bool {
        self.state == "erased"
    }
}

impl<'l> WebhookLogView<'l> {
    /// The view of a delivery. Its payload is empty where it is omitted, and once its case was
    /// deleted.
    pub fn new(log: &'l WebhookLog) -> Self {
        let retries = log.attempt_count.saturating_sub(1);
        let is_waiting = log.state == "pending";
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
            next_retry_at: is_waiting.then(|| log.next_attempt_at.into()),
            attempts: log.attempts.iter().map(AttemptView::new).collect(),
        }
    }
}

impl<'l> AttemptView<'l> {
    fn new(attempt: &'l Attempt) -> Self {
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
