//! What is answered of a webhook.

use serde::Serialize;
use uuid::Uuid;

use super::model::Webhook;
use super::secret::masked;
use crate::http::timestamp;

/// A webhook. Its secret is whole only in the answer that makes it.
#[derive(Debug, Serialize)]
pub struct WebhookView<'w> {
    id: Uuid,
    name: &'w str,
    status: &'w str,
    #[serde(rename = "type")]
    kind: &'w str,
    events: &'w [String],
    url: &'w str,
    secret: String,
    created_at: String,
    updated_at: String,
}

impl<'w> WebhookView<'w> {
    /// The view of a webhook.
    pub fn new(webhook: &'w Webhook) -> Self {
        Self {
            id: webhook.id,
            name: &webhook.name,
            status: &webhook.status,
            kind: &webhook.kind,
            events: &webhook.events,
            url: &webhook.url,
            secret: masked(&webhook.secret),
            created_at: timestamp(webhook.created_at),
            updated_at: timestamp(webhook.updated_at),
        }
    }

    /// The same with the whole secret.
    pub fn telling(webhook: &'w Webhook) -> Self {
        Self {
            secret: webhook.secret.clone(),
            ..Self::new(webhook)
        }
    }
}
