//! The heavy work of one request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use crate::auth::Caller;
use crate::db::{Deadline, Session};
use crate::http::{HeavyWork, Problem};
use crate::state::AppState;

/// A request's way to the processors for heavy work, in the name of its workspace and until its deadline.
#[derive(Debug, Clone)]
pub struct Compute {
    heavy_work: HeavyWork,
    workspace_id: Uuid,
    deadline: Deadline,
}

impl FromRequestParts<AppState> for Compute {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let deadline = Deadline::from_request_parts(parts, state).await?;
        Ok(Self::new(state, caller.workspace_id, deadline))
    }
}

impl Compute {
    /// Heavy work of a workspace, to be begun before a deadline.
    pub fn new(state: &AppState, workspace_id: Uuid, deadline: Deadline) -> Self {
        Self {
            heavy_work: state.heavy_work.clone(),
            workspace_id,
            deadline,
        }
    }

    /// Does work whose cost grows with `size` bytes of the request, and that needs no connection: a session
    /// gives its own back while it waits for its turn.
    ///
    /// # Errors
    /// As [`HeavyWork::run`].
    pub async fn run_beside<T>(
        &self,
        session: &mut Session,
        size: usize,
        work: impl FnOnce() -> T,
    ) -> Result<T, Problem> {
        if HeavyWork::is_heavy(size) {
            session.release();
        }
        self.run(size, work).await
    }

    /// Does work whose cost grows with `size` bytes of the request.
    ///
    /// # Errors
    /// As [`HeavyWork::run`].
    pub async fn run<T>(&self, size: usize, work: impl FnOnce() -> T) -> Result<T, Problem> {
        let work = self
            .heavy_work
            .run(self.workspace_id, size, self.deadline, work);
        work.await
    }

    /// The same for work that must be done in any case, as [`HeavyWork::finish`].
    pub async fn finish<T>(&self, size: usize, work: impl FnOnce() -> T) -> T {
        let work = self
            .heavy_work
            .finish(self.workspace_id, size, self.deadline, work);
        work.await
    }
}
