//! Activities: who did what to which case, and the seals that show that nobody has changed it since.

use axum::Router;
use axum::routing::get;

use crate::state::AppState;

mod list;
mod seal;
mod store;
mod verify;

pub use list::LISTING;
pub use seal::{Seal, seal_next};
pub use store::unsealed;
pub use verify::{AuditFault, Head, Report, verify};

/// The operations on activities.
pub fn routes() -> Router<AppState> {
    Router::new().route("/activities", get(list::list))
}
