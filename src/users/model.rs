//! A user.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
