//! Workspaces: the tenants, what a file can make of them, the sandbox, and `GET /ping`.

mod apply;
mod bootstrap;
mod file;
mod name;
mod ping;
mod plan;
mod rows;
mod sandbox;
mod store;
mod template_defaults;

pub use apply::{ApplyError, apply};
pub use bootstrap::{bootstrap, create, find, list, rename};
pub use file::{FileError, Format, WorkspaceFile};
pub use name::{WorkspaceName, WorkspaceNameError};
pub use plan::{Action, Line, Plan, Rows};
pub use sandbox::{FIXED_KEY, SandboxError, apply_sandbox};
pub use store::ListedWorkspace;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The operations on the caller's own workspace.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ping::ping))
}
