//! A template.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A template, as far as a case shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub id: Uuid,
    pub name: String,
    pub key: String,
}
