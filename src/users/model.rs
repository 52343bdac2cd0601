//! A user.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::http::timestamp;

/// A user, as far as a case shows one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// Cases are no longer assigned to a suspended user.
    #[serde(skip_serializing)]
    pub suspended: bool,
}

/// A user of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredUser {
    pub id: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// What the user does, in the workspace's own words.
    pub role: String,
    pub created_at: DateTime<Utc>,
    pub suspended_at: Option<DateTime<Utc>>,
}

/// What is answered of a user.
#[derive(Debug, Serialize)]
pub struct UserView<'u> {
    id: Uuid,
    first_name: &'u str,
    last_name: &'u str,
    email: &'u str,
    role: &'u str,
    created_at: String,
    suspended_at: Option<String>,
}

impl<'u> UserView<'u> {
    /// The view of a user.
    pub fn new(user: &'u StoredUser) -> Self {
        Self {
            id: user.id,
            first_name: &user.first_name,
            last_name: &user.last_name,
            email: &user.email,
            role: &user.role,
            created_at: timestamp(user.created_at),
            suspended_at: user.suspended_at.map(timestamp),
        }
    }
}
