//! The CPU-heavy work of one request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use crate::auth::Caller;
use crate::db::{Deadline, Session};
use crate::http::{HeavyWork, Problem, Turn};
use crate::state::AppState;

/// Gives a request its turns for CPU-heavy work, by workspace and until its deadline.
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
    /// Creates the turns of a request.
    pub fn new(state: &AppState, workspace_id: Uuid, deadline: Deadline) -> Self {
        Self {
            heavy_work: state.heavy_work.clone(),
            workspace_id,
            deadline,
        }
    }

    /// Waits for a turn for work whose cost grows with `size`, the bytes of the request.
    ///
    /// # Errors
    /// Returns the problem of [`HeavyWork::turn`].
    pub async fn turn(&self, size: usize) -> Result<Turn<'_>, Problem> {
        let turn = self.heavy_work.turn(self.workspace_id, size, self.deadline);
        turn.await
    }

    /// Waits for a turn like [`Compute::turn`]. Heavy work releases the connection of the session first.
    ///
    /// # Errors
    /// Returns the problem of [`HeavyWork::turn`].
    pub async fn turn_without_connection(
        &self,
        session: &mut Session,
        size: usize,
    ) -> Result<Turn<'_>, Problem> {
        if HeavyWork::is_heavy(size) {
            session.release();
        }
        self.turn(size).await
    }

    /// Waits for a turn for work that must not fail, because its case is stored already. Returns a turn at the deadline
    /// at the latest.
    pub async fn turn_to_finish(&self, size: usize) -> Turn<'_> {
        let turn = self.turn(size).await;
        turn.unwrap_or_else(|_| Turn::immediate(size))
    }
}
