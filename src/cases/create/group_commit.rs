//! The group commit: writes concurrent creates of one workspace with one statement.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};
use uuid::Uuid;

use super::insert::insert;
use super::rows::CaseRows;
use crate::db::{Database, DatabaseError, Deadline, InFlight, Session};

/// The most concurrent statements of one queue, unless a full group is pending. Cases that arrive meanwhile form the
/// next group: half the time of PostgreSQL for a single case is overhead of the statement. One writer alone would be
/// idle while it waits for the disk.
const WRITERS: usize = 2;
/// The largest group, in bytes. A larger case is written by itself.
const LARGE: usize = 128 * 1024;

/// The cases that can be written together: those of one workspace that were checked against one version of its
/// references.
pub type QueueKey = (Uuid, Uuid);

/// Combines cases. No case waits for a group to fill: a case starts another writer at once if fewer than [`WRITERS`]
/// run, or if it completes a group and the writers use less than half of the connections.
#[derive(Debug, Clone)]
pub struct GroupCommit {
    /// The most cases of a group.
    size: usize,
    queues: Arc<Mutex<HashMap<QueueKey, Queue>>>,
}

#[derive(Debug, Default)]
struct Queue {
    pending: VecDeque<Pending>,
    writers: usize,
    /// The number of cases queued so far. It identifies a pending case.
    tickets: u64,
}

/// A queued case.
#[derive(Debug)]
struct Pending {
    ticket: u64,
    rows: CaseRows,
    deadline: Deadline,
    reply: Reply,
}

/// The channel to the request of a case. A case that is being written counts as a request in flight, even if its client
/// has closed the connection.
#[derive(Debug)]
struct Reply {
    sender: oneshot::Sender<Result<bool, DatabaseError>>,
    in_flight: Option<InFlight>,
}

impl Reply {
    fn send(self, outcome: Result<bool, DatabaseError>) {
        // The receiver is gone if the request has ended.
        let _ = self.sender.send(outcome);
        drop(self.in_flight);
    }
}

impl GroupCommit {
    /// Writes groups of up to `size` cases. With 1, each case is written by itself.
    pub fn new(size: usize) -> Self {
        let queues = Arc::default();
        Self { size, queues }
    }

    /// The most cases of a group.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes a case, perhaps with others. Returns true once it is stored. Returns false if nothing was stored: the
    /// references have another version, PostgreSQL refused the group, perhaps because of another case, or the
    /// connection is replaced. The request then writes its case by itself.
    ///
    /// # Errors
    /// Returns [`DatabaseError::Unavailable`] or [`DatabaseError::Exhausted`] if no connection becomes free,
    /// [`DatabaseError::ReadOnly`] if no writable server is found, [`DatabaseError::OutOfResources`] if PostgreSQL has
    /// none left, [`DatabaseError::TimedOut`] if the deadline passes before the statement is sent,
    /// [`DatabaseError::OutcomeUnknown`] if it passes later or the connection is lost, and [`DatabaseError::Locked`] if
    /// a case that is the only one of its group waits too long for a lock.
    pub async fn write(
        &self,
        database: &Database,
        key: QueueKey,
        deadline: Deadline,
        rows: CaseRows,
    ) -> Result<bool, DatabaseError> {
        let (sender, mut outcome) = oneshot::channel();
        let in_flight = InFlight::current();
        let max_writers = WRITERS.max(database.size() / 2);
        let (ticket, starts_writer) = {
            let mut queues = self.queues();
            let queue = queues.entry(key).or_default();
            queue.tickets += 1;
            let ticket = queue.tickets;
            queue.pending.push_back(Pending {
                ticket,
                rows,
                deadline,
                reply: Reply { sender, in_flight },
            });
            let is_full = queue.pending.len() >= self.size && queue.writers < max_writers;
            let starts_writer = queue.writers < WRITERS || is_full;
            queue.writers += usize::from(starts_writer);
            (ticket, starts_writer)
        };
        if starts_writer {
            let writer = Writer {
                group_commit: self.clone(),
                key,
                is_counted: true,
            };
            database.spawn(async move |session| writer.run(session).await);
        }
        // The writer panicked, before or after it sent the statement.
        let unknown = |_| Err(DatabaseError::OutcomeUnknown(None));
        if let Ok(outcome) = timeout(database.timeouts().read, &mut outcome).await {
            return outcome.unwrap_or_else(unknown);
        }
        if self.withdraw(key, ticket) {
            return Err(database.wait_error().await);
        }
        // The case is being written: wait until its deadline.
        match timeout_at(deadline.instant(), outcome).await {
            Ok(outcome) => outcome.unwrap_or_else(unknown),
            Err(_) => Err(DatabaseError::OutcomeUnknown(None)),
        }
    }

    /// Removes a case from its queue. Returns false if a writer has taken it.
    fn withdraw(&self, key: QueueKey, ticket: u64) -> bool {
        let mut queues = self.queues();
        let pending = queues.get_mut(&key).map(|it| &mut it.pending);
        let withdrawn = pending.and_then(|pending| {
            let index = pending.iter().position(|it| it.ticket == ticket)?;
            pending.remove(index)
        });
        withdrawn.is_some()
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<QueueKey, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the cases of one queue until it is empty.
struct Writer {
    group_commit: GroupCommit,
    key: QueueKey,
    /// Whether `Queue::writers` counts it.
    is_counted: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.is_counted {
            self.leave(&mut self.group_commit.queues());
        }
    }
}

impl Writer {
    async fn run(mut self, mut session: Session) {
        loop {
            // Cases that arrive while it waits for a connection join its group.
            let connected = session.connect().await;
            let Some(group) = self.next() else { return };
            match connected {
                Ok(()) => self.write(&mut session, group).await,
                Err(error) => refuse(group, &error),
            }
            session.yield_connection();
        }
    }

    /// Takes the oldest cases, as many as fit into one statement. Returns `None` if the queue is empty or the other
    /// writers suffice. The writer is then no longer counted, before another case can arrive.
    fn next(&mut self) -> Option<Vec<Pending>> {
        let group_commit = self.group_commit.clone();
        let max_cases = group_commit.size;
        let mut queues = group_commit.queues();
        let queue = queues.get_mut(&self.key)?;
        let is_surplus = queue.writers > WRITERS && queue.pending.len() < max_cases;
        let first = if is_surplus {
            None
        } else {
            queue.pending.pop_front()
        };
        let Some(first) = first else {
            self.leave(&mut queues);
            self.is_counted = false;
            return None;
        };
        let pending = &mut queue.pending;
        let mut size = first.rows.size();
        let mut group = Vec::with_capacity(max_cases.min(pending.len() + 1));
        group.push(first);
        while group.len() < max_cases
            && let Some(next) = pending.front()
            && size + next.rows.size() <= LARGE
        {
            size += next.rows.size();
            group.extend(pending.pop_front());
        }
        Some(group)
    }

    /// Stops counting this writer. The last one removes the queue, which closes the channels of the cases in it.
    fn leave(&self, queues: &mut HashMap<QueueKey, Queue>) {
        let Some(queue) = queues.get_mut(&self.key) else {
            return;
        };
        queue.writers = queue.writers.saturating_sub(1);
        if queue.writers == 0 {
            queues.remove(&self.key);
        }
    }

    async fn write(&self, session: &mut Session, group: Vec<Pending>) {
        let mut rows = Vec::with_capacity(group.len());
        let mut replies = Vec::with_capacity(group.len());
        // The statement has the latest deadline of the group. Each request waits until its own.
        let mut deadline = None;
        for pending in group {
            if pending.deadline.has_passed() {
                refuse([pending], &DatabaseError::TimedOut(None));
                continue;
            }
            deadline = deadline.max(Some(pending.deadline));
            rows.push(pending.rows);
            replies.push(pending.reply);
        }
        let Some(deadline) = deadline else { return };
        let is_single = rows.len() == 1;
        let (workspace_id, version) = self.key;
        session.set_write_deadline(deadline);
        let write =
            session.write(|connection| Box::pin(insert(connection, workspace_id, rows, version)));
        let outcome = match write.await {
            // Another attempt would only wait for the same lock.
            Err(error @ DatabaseError::Locked(_)) if is_single => {
                if let Some(reply) = replies.into_iter().next() {
                    reply.send(Err(error));
                }
                return;
            }
            outcome => outcome,
        };
        for reply in replies {
            reply.send(match &outcome {
                Ok(is_stored) => Ok(*is_stored),
                Err(
                    DatabaseError::Refused(sqlx::Error::Database(_)) | DatabaseError::Locked(_),
                ) => Ok(false),
                // The connection is replaced. The request reads and writes again on a writable one.
                Err(DatabaseError::ReadOnly(Some(_))) => Ok(false),
                Err(error) => Err(group_error(error)),
            });
        }
    }
}

/// Sends an error to every request of a group.
fn refuse(group: impl IntoIterator<Item = Pending>, error: &DatabaseError) {
    for pending in group {
        pending.reply.send(Err(group_error(error)));
    }
}

/// The error of a group, for one of its cases. The cause is dropped: it cannot be cloned.
fn group_error(error: &DatabaseError) -> DatabaseError {
    match error {
        DatabaseError::Unavailable(_) => DatabaseError::Unavailable(None),
        DatabaseError::Exhausted => DatabaseError::Exhausted,
        DatabaseError::TimedOut(_) => DatabaseError::TimedOut(None),
        DatabaseError::OutOfResources(_) => DatabaseError::OutOfResources(None),
        DatabaseError::ReadOnly(_) => DatabaseError::ReadOnly(None),
        DatabaseError::OutcomeUnknown(_)
        | DatabaseError::Locked(_)
        | DatabaseError::Refused(_)
        | DatabaseError::Ended(_) => DatabaseError::OutcomeUnknown(None),
    }
}
