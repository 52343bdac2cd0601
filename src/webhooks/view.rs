//! What is answered of a webhook.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::Webhook;
use super::secret::masked;
use crate::values::Timestamp;

/// A webhook. Its secret is whole only in the answer that makes it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView<'w> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// Its name.
    name: &'w str,
    /// Whether it is told: `online` or `offline`.
    status: &'w str,
    /// Who looks after it.
    #[serde(rename = "type")]
    kind: &'w str,
    /// The events that it is told of.
    events: &'w [String],
    /// Where it is told.
    url: &'w str,
    /// What signs the deliveries: whole in the answer that makes it, else its last four characters.
    secret: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its own members were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
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
            created_at: webhook.created_at.into(),
            updated_at: webhook.updated_at.into(),
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
