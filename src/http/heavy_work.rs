//! Work that takes a processor for longer than an async thread may be held.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;
use tokio::time::timeout_at;
use uuid::Uuid;

use super::{KeyLocks, Problem, ProblemType};
use crate::db::Deadline;

/// From how many bytes of input on work is heavy. The dearest body costs some 100 ns a byte, so that
/// what is smaller takes a few milliseconds.
const HEAVY: usize = 32 * 1024;

/// Lets heavy work run beside the async threads, at most on half of the processors at once. The
/// workspaces take turns: each has one piece of work under way or in the queue, so that one that sends
/// large bodies without end delays its own requests and nobody else's.
#[derive(Debug, Clone)]
pub struct HeavyWork {
    turns: KeyLocks<Uuid>,
    processors: Arc<Semaphore>,
}

impl Default for HeavyWork {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, |count| (count.get() / 2).max(1));
        Self {
            turns: KeyLocks::default(),
            processors: Arc::new(Semaphore::new(processors)),
        }
    }
}

impl HeavyWork {
    /// Whether work with so many bytes of input has to wait for its turn.
    pub fn is_heavy(size: usize) -> bool {
        size >= HEAVY
    }

    /// Does work whose cost grows with `size` bytes of input: at once where it is light, else when it is
    /// the turn of its workspace.
    ///
    /// # Errors
    /// [`ProblemType::Overloaded`] if its turn does not come before the deadline; the work is not begun
    /// then.
    pub async fn run<T>(
        &self,
        workspace_id: Uuid,
        size: usize,
        deadline: Deadline,
        work: impl FnOnce() -> T,
    ) -> Result<T, Problem> {
        if size < HEAVY {
            return Ok(work());
        }
        let turn = timeout_at(deadline.instant(), self.turn(workspace_id));
        let Ok(_turn) = turn.await else {
            return Err(Problem::Plain(ProblemType::Overloaded));
        };
        Ok(in_place(size, work))
    }

    /// The same for work that must be done in any case, since what it tells of is stored already: it
    /// begins at its deadline at the latest.
    pub async fn finish<T>(
        &self,
        workspace_id: Uuid,
        size: usize,
        deadline: Deadline,
        work: impl FnOnce() -> T,
    ) -> T {
        if size < HEAVY {
            return work();
        }
        let _turn = timeout_at(deadline.instant(), self.turn(workspace_id)).await;
        in_place(size, work)
    }

    /// Waits until it is the turn of a workspace and a processor is free. A workspace has one place in
    /// the queue for processors, since it takes its turn first.
    async fn turn(&self, workspace_id: Uuid) -> impl Sized + '_ {
        let turn = self.turns.lock(workspace_id).await;
        (turn, self.processors.acquire().await)
    }
}

/// Does work whose cost grows with `size` bytes at once, without a turn; where it is heavy, other tasks of
/// the runtime go on on another thread.
pub fn in_place<T>(size: usize, work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|it| it.runtime_flavor()) {
        // A runtime of one thread has no other: that of a test.
        Ok(RuntimeFlavor::CurrentThread) | Err(_) => work(),
        Ok(_) if size < HEAVY => work(),
        Ok(_) => block_in_place(work),
    }
}
