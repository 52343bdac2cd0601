//! A user.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::values::{PlainText, Timestamp};

/// A user, as far as a case shows one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Assignee)]
pub struct User {
    /// Its id, a UUID of version 7: ids sort by creation.
    pub id: Uuid,
    /// First name.
    pub first_name: PlainText,
    /// Last name.
    pub last_name: PlainText,
    /// E-mail address.
    pub email: PlainText,
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
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView<'u> {
    /// Its id, a UUID of version 7: ids sort by creation.
    id: Uuid,
    /// First name.
    first_name: &'u str,
    /// Last name.
    last_name: &'u str,
    /// E-mail address.
    email: &'u str,
    /// What the user does, in the workspace's own words.
    role: &'u str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when cases are not assigned to the user; `null` of an active one.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    suspended_at: Option<Timestamp>,
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
            created_at: user.created_at.into(),
            suspended_at: user.suspended_at.map(Timestamp::from),
        }
    }
}
