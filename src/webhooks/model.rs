//! The stored webhook.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// An endpoint of a workspace, and the events that it is subscribed to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    pub id: Uuid,
    pub name: String,
    /// `online` or `offline`.
    pub status: String,
    /// `user` or `system`.
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
    pub events: Vec<String>,
    /// The key that signs its deliveries.
    pub secret: String,
    /// The secret before the last rotation, which also signs deliveries until `previous_secret_until`.
    pub previous_secret: Option<String>,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
