//! Workspaces: the tenants, their configuration files, the sandbox, and `GET /ping`.

mod apply;
mod bootstrap;
mod file;
mod file_entries;
mod name;
mod ping;
mod plan;
mod rows;
mod sandbox;
mod store;
mod template_defaults;

pub use apply::{ApplyError, apply};
pub use bootstrap::{bootstrap, create, find, list, rename};
pub use file::{FileError, Format};
pub use file_entries::WorkspaceFile;
pub use name::{WorkspaceName, WorkspaceNameError};
pub use plan::{Action, Line, Plan, Rows};
pub use sandbox::{FIXED_KEY, SandboxError, apply_sandbox};
pub use store::ListedWorkspace;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AppState;

/// The operations on the workspace of the API key.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ping::ping))
}
