//! Users, as they are stored and as responses have them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::values::{PlainText, Timestamp};

/// The user to whom a case is assigned.
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
    /// Whether the user is suspended: no further cases are assigned to a suspended user.
    #[serde(skip_serializing)]
    pub suspended: bool,
}

/// A stored user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredUser {
    pub id: Uuid,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    /// The role of the user: any string.
    pub role: String,
    pub created_at: DateTime<Utc>,
    pub suspended_at: Option<DateTime<Utc>>,
}

/// A user of the workspace.
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
    /// Role of the user: any string.
    role: &'u str,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the user was suspended; `null` if the user is active. No further cases are assigned to a suspended user.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    suspended_at: Option<Timestamp>,
}

impl<'u> UserView<'u> {
    /// The view of a stored user.
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
