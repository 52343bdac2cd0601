//! CPU-bound work that would block an async thread for too long.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::block_in_place;
use tokio::time::timeout_at;
use uuid::Uuid;

use super::{KeyGuard, KeyLocks, Problem, ProblemType};
use crate::db::Deadline;

/// Work with at least this many bytes of input is heavy. The most expensive body costs some 100 ns a byte, so smaller
/// ones take a few milliseconds.
const HEAVY_BYTES: usize = 32 * 1024;

/// Schedules heavy work, on at most half of the processors at once. Each workspace has at most one piece of work that
/// runs or waits for a processor, so a workspace that sends many large bodies delays only its own requests.
#[derive(Debug, Clone)]
pub struct HeavyWork {
    workspaces: KeyLocks<Uuid>,
    processors: Arc<Semaphore>,
}

impl Default for HeavyWork {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, |count| (count.get() / 2).max(1));
        Self {
            workspaces: KeyLocks::default(),
            processors: Arc::new(Semaphore::new(processors)),
        }
    }
}

impl HeavyWork {
    /// Whether work with `size` bytes of input must wait for a turn.
    pub fn is_heavy(size: usize) -> bool {
        size >= HEAVY_BYTES
    }

    /// Waits for a turn to do work with `size` bytes of input. Light work gets one immediately. Heavy work waits for
    /// the earlier work of its workspace, and then for a free processor.
    ///
    /// # Errors
    /// Returns [`ProblemType::Overloaded`] if the deadline passes first.
    pub async fn turn(
        &self,
        workspace_id: Uuid,
        size: usize,
        deadline: Deadline,
    ) -> Result<Turn<'_>, Problem> {
        if !Self::is_heavy(size) {
            return Ok(Turn::immediate(size));
        }
        // Boxed, because it is rare and would make the future of every request larger.
        let permit = Box::pin(self.acquire(workspace_id));
        match timeout_at(deadline.instant(), permit).await {
            Ok(permit) => Ok(Turn {
                size,
                _permit: Some(Box::new(permit)),
            }),
            Err(_) => Err(Problem::Plain(ProblemType::Overloaded)),
        }
    }

    /// Takes the lock of the workspace first, so that each workspace waits for a processor only once.
    async fn acquire(&self, workspace_id: Uuid) -> Permit<'_> {
        let workspace = self.workspaces.lock(workspace_id).await;
        // The semaphore is never closed.
        let processor = self.processors.acquire().await.ok();
        Permit {
            _workspace: workspace,
            _processor: processor,
        }
    }
}

/// The lock and the processor of heavy work.
struct Permit<'a> {
    _workspace: KeyGuard<Uuid>,
    _processor: Option<SemaphorePermit<'a>>,
}

/// The turn of one piece of work. It ends on drop.
#[must_use = "the work must run inside its turn"]
pub struct Turn<'a> {
    size: usize,
    _permit: Option<Box<Permit<'a>>>,
}

impl Turn<'_> {
    /// A turn without waiting: for light work, and for heavy work whose wait timed out.
    pub fn immediate(size: usize) -> Self {
        Self {
            size,
            _permit: None,
        }
    }

    /// Runs the work.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        run_in_place(self.size, work)
    }
}

/// Runs work with `size` bytes of input immediately, without a turn. If it is heavy, the runtime moves its other tasks
/// to another thread.
pub fn run_in_place<T>(size: usize, work: impl FnOnce() -> T) -> T {
    if !HeavyWork::is_heavy(size) {
        return work();
    }
    match Handle::try_current().map(|it| it.runtime_flavor()) {
        // The single-threaded runtime of tests has no other thread.
        Ok(RuntimeFlavor::CurrentThread) | Err(_) => work(),
        Ok(_) => block_in_place(work),
    }
}
