//! The response for a webhook.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::Webhook;
use super::secret::masked;
use crate::values::Timestamp;

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView<'w> {
    /// The id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// The display name.
    name: &'w str,
    /// `online` or `offline`. Events are sent while it is `online`.
    status: &'w str,
    /// Who maintains it: `user` or `system`.
    #[serde(rename = "type")]
    kind: &'w str,
    /// The events that are sent to it.
    events: &'w [String],
    /// The URL that events are sent to.
    url: &'w str,
    /// The key that signs the deliveries. It is masked, up to its last four characters, except in the response of
    /// `POST /webhooks` and `POST /webhooks/{id}/rotate-secret`.
    secret: String,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last updated.
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

    /// The view of a webhook with its full secret.
    pub fn with_secret(webhook: &'w Webhook) -> Self {
        Self {
            secret: webhook.secret.clone(),
            ..Self::new(webhook)
        }
    }
}
