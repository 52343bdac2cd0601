//! Activities: the audit log of cases, with a chain of seals that makes later changes evident.

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

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
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list::list))
}
