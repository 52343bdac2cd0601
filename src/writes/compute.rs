//! The heavy work of one request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use crate::auth::Caller;
use crate::db::{Deadline, Session};
use crate::http::{HeavyWork, Problem, Turn};
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

    /// Waits for the turn of work whose cost grows with `size` bytes of the request.
    ///
    /// # Errors
    /// As [`HeavyWork::turn`].
    pub async fn turn(&self, size: usize) -> Result<Turn<'_>, Problem> {
        let turn = self.heavy_work.turn(self.workspace_id, size, self.deadline);
        turn.await
    }

    /// The same for work that needs no connection: a session gives its own back while it waits for a turn.
    ///
    /// # Errors
    /// As [`HeavyWork::turn`].
    pub async fn turn_beside(
        &self,
        session: &mut Session,
        size: usize,
    ) -> Result<Turn<'_>, Problem> {
        if HeavyWork::is_heavy(size) {
            session.release();
        }
        self.turn(size).await
    }

    /// The same for work that must be done in any case, since what it tells of is stored already: it has its
    /// turn at its deadline at the latest.
    pub async fn turn_to_finish(&self, size: usize) -> Turn<'_> {
        let turn = self.turn(size).await;
        turn.unwrap_or_else(|_| Turn::at_once(size))
    }
}
