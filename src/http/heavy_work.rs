//! Work that takes a processor for longer than an async thread may be held.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::block_in_place;
use tokio::time::timeout_at;
use uuid::Uuid;

use super::{KeyGuard, KeyLocks, Problem, ProblemType};
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

    /// Waits for the turn of work whose cost grows with `size` bytes of input. Light work has it at once; heavy
    /// work has it when it is the turn of its workspace and a processor is free.
    ///
    /// # Errors
    /// [`ProblemType::Overloaded`] if the turn does not come before the deadline.
    pub async fn turn(
        &self,
        workspace_id: Uuid,
        size: usize,
        deadline: Deadline,
    ) -> Result<Turn<'_>, Problem> {
        if !Self::is_heavy(size) {
            return Ok(Turn::immediate(size));
        }
        // It is rare, and would make the future of every request larger.
        let held = Box::pin(self.hold(workspace_id));
        match timeout_at(deadline.instant(), held).await {
            Ok(held) => Ok(Turn {
                size,
                _held: Some(Box::new(held)),
            }),
            Err(_) => Err(Problem::Plain(ProblemType::Overloaded)),
        }
    }

    /// A workspace has one place in the queue for processors, since it takes its own lock first.
    async fn hold(&self, workspace_id: Uuid) -> Held<'_> {
        let workspace = self.turns.lock(workspace_id).await;
        // Nobody closes the semaphore.
        let processor = self.processors.acquire().await.ok();
        Held {
            _workspace: workspace,
            _processor: processor,
        }
    }
}

/// What a piece of heavy work has for itself while it is done.
struct Held<'a> {
    _workspace: KeyGuard<Uuid>,
    _processor: Option<SemaphorePermit<'a>>,
}

/// The turn of one piece of work. Dropped, it is the next one's.
#[must_use = "work that is done without it has not waited for its turn"]
pub struct Turn<'a> {
    size: usize,
    _held: Option<Box<Held<'a>>>,
}

impl Turn<'_> {
    /// For light work, and for heavy work that has waited long enough.
    pub fn immediate(size: usize) -> Self {
        Self { size, _held: None }
    }

    /// Does the work.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        run_in_place(self.size, work)
    }
}

/// Does work whose cost grows with `size` bytes at once, without a turn; where it is heavy, other tasks of
/// the runtime go on on another thread.
pub fn run_in_place<T>(size: usize, work: impl FnOnce() -> T) -> T {
    if !HeavyWork::is_heavy(size) {
        return work();
    }
    match Handle::try_current().map(|it| it.runtime_flavor()) {
        // A runtime of one thread has no other: that of a test.
        Ok(RuntimeFlavor::CurrentThread) | Err(_) => work(),
        Ok(_) => block_in_place(work),
    }
}
