//! New cases that wait at the same time, and are written with one statement.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};
use uuid::Uuid;

use super::new_rows::CaseRows;
use super::store;
use crate::db::{Database, DatabaseError, Deadline, InFlight, Session};

/// How many statements write the cases of one workspace at the same time, unless a whole group waits:
/// while they are under way, what arrives is gathered. PostgreSQL spends half of a single case on the
/// statement alone; with one writer nothing would be done while it waits for the disk.
const WRITERS: usize = 2;
/// From what size on a case is written alone, and no group grows any more, in bytes.
const LARGE: usize = 128 * 1024;

/// Whose cases can be written together: those of one workspace, checked against one version of its
/// references.
type Place = (Uuid, Uuid);

/// Gathers cases. Nobody waits for a group to fill: one that arrives while fewer than [`WRITERS`]
/// statements are under way, or with which a group is whole, begins another at once.
#[derive(Debug, Clone, Default)]
pub struct GroupCommit(Arc<Mutex<HashMap<Place, Queue>>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    writers: usize,
    /// How many have ever waited here.
    tickets: u64,
}

/// A case whose request waits for what becomes of it.
#[derive(Debug)]
struct Waiting {
    ticket: u64,
    rows: CaseRows,
    deadline: Deadline,
    asked: Asked,
}

/// Who waits. A case that is being written keeps its place among the requests in flight, also when
/// its client leaves.
#[derive(Debug)]
struct Asked {
    told: oneshot::Sender<Result<bool, DatabaseError>>,
    in_flight: Option<InFlight>,
}

impl Asked {
    fn tell(self, outcome: Result<bool, DatabaseError>) {
        // Nobody is told where the client has left.
        let _ = self.told.send(outcome);
        drop(self.in_flight);
    }
}

impl GroupCommit {
    /// Writes a case, perhaps with others, `most` at once. True once everything is stored; false where
    /// nothing was: the group was refused for the sake of one of its cases, or the references have
    /// another version. Then the case is for its request to write alone.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`], [`DatabaseError::ReadOnly`] and [`DatabaseError::OutcomeUnknown`], and of a case that was
    /// alone in its group [`DatabaseError::Locked`].
    pub async fn write(
        &self,
        database: &Database,
        place: Place,
        most: usize,
        deadline: Deadline,
        rows: CaseRows,
    ) -> Result<bool, DatabaseError> {
        let (told, mut outcome) = oneshot::channel();
        let in_flight = InFlight::current();
        let most_writers = WRITERS.max(database.size() / 2);
        let (ticket, begins) = {
            let mut queues = self.queues();
            let queue = queues.entry(place).or_default();
            queue.tickets += 1;
            let ticket = queue.tickets;
            queue.waiting.push_back(Waiting {
                ticket,
                rows,
                deadline,
                asked: Asked { told, in_flight },
            });
            let is_whole = queue.waiting.len() >= most && queue.writers < most_writers;
            let begins = queue.writers < WRITERS || is_whole;
            queue.writers += usize::from(begins);
            (ticket, begins)
        };
        if begins {
            let writer = Writer {
                gather: self.clone(),
                place,
                most,
                is_counted: true,
            };
            database.spawn(async move |session| writer.run(session).await);
        }
        // A writer that panicked has written nothing, or nobody knows.
        let nobody_knows = |_| Err(DatabaseError::OutcomeUnknown(None));
        if let Ok(outcome) = timeout(database.timeouts().read, &mut outcome).await {
            return outcome.unwrap_or_else(nobody_knows);
        }
        if self.withdraw(place, ticket) {
            return Err(database.wait_error().await);
        }
        // It is being written: until its time is up.
        match timeout_at(deadline.instant(), outcome).await {
            Ok(outcome) => outcome.unwrap_or_else(nobody_knows),
            Err(_) => Err(DatabaseError::OutcomeUnknown(None)),
        }
    }

    /// Takes back a case that no writer has taken.
    fn withdraw(&self, place: Place, ticket: u64) -> bool {
        let mut queues = self.queues();
        let waiting = queues.get_mut(&place).map(|it| &mut it.waiting);
        let withdrawn = waiting.and_then(|waiting| {
            let index = waiting.iter().position(|it| it.ticket == ticket)?;
            waiting.remove(index)
        });
        withdrawn.is_some()
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Place, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what waits at one place, until nothing does.
struct Writer {
    gather: GroupCommit,
    place: Place,
    most: usize,
    /// Whether the queue counts on it.
    is_counted: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.is_counted {
            self.leave(&mut self.gather.queues());
        }
    }
}

impl Writer {
    async fn run(mut self, mut session: Session) {
        loop {
            // Those who come while it waits for a connection are in its group.
            let connected = session.connect().await;
            let Some(group) = self.next() else { return };
            match connected {
                Ok(()) => self.write(&mut session, group).await,
                Err(error) => tell(group, &error),
            }
            session.yield_connection();
        }
    }

    /// Those who have waited longest, as many as go into one statement. Where there is nobody, or the
    /// others suffice, the writer is counted no more before the next one can come.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let gather = self.gather.clone();
        let mut queues = gather.queues();
        let queue = queues.get_mut(&self.place)?;
        let is_surplus = queue.writers > WRITERS && queue.waiting.len() < self.most;
        let first = if is_surplus {
            None
        } else {
            queue.waiting.pop_front()
        };
        let Some(first) = first else {
            self.leave(&mut queues);
            self.is_counted = false;
            return None;
        };
        let waiting = &mut queue.waiting;
        let mut size = first.rows.size();
        let mut group = Vec::with_capacity(self.most.min(waiting.len() + 1));
        group.push(first);
        while group.len() < self.most
            && let Some(next) = waiting.front()
            && size + next.rows.size() <= LARGE
        {
            size += next.rows.size();
            group.extend(waiting.pop_front());
        }
        Some(group)
    }

    /// Those who wait for the last of the writers are told by their channels that it is gone.
    fn leave(&self, queues: &mut HashMap<Place, Queue>) {
        let Some(queue) = queues.get_mut(&self.place) else {
            return;
        };
        queue.writers = queue.writers.saturating_sub(1);
        if queue.writers == 0 {
            queues.remove(&self.place);
        }
    }

    async fn write(&self, session: &mut Session, group: Vec<Waiting>) {
        let mut rows = Vec::with_capacity(group.len());
        let mut asked = Vec::with_capacity(group.len());
        // Each of them waits to its own deadline.
        let mut deadline = None;
        for waiting in group {
            if waiting.deadline.has_passed() {
                tell([waiting], &DatabaseError::TimedOut(None));
                continue;
            }
            deadline = deadline.max(Some(waiting.deadline));
            rows.push(waiting.rows);
            asked.push(waiting.asked);
        }
        let Some(deadline) = deadline else { return };
        let is_alone = rows.len() == 1;
        let (workspace_id, version) = self.place;
        session.set_write_deadline(deadline);
        let insert = session.write(|connection| {
            Box::pin(
                async move { store::insert(connection, workspace_id, rows, Some(version)).await },
            )
        });
        let outcome = insert.await;
        let outcome = match outcome {
            // It has waited long enough for a lock, and for nobody but itself.
            Err(error @ DatabaseError::Locked(_)) if is_alone => {
                if let Some(asked) = asked.into_iter().next() {
                    asked.tell(Err(error));
                }
                return;
            }
            outcome => outcome,
        };
        for asked in asked {
            asked.tell(match &outcome {
                Ok(is_stored) => Ok(*is_stored),
                Err(
                    DatabaseError::Refused(sqlx::Error::Database(_)) | DatabaseError::Locked(_),
                ) => Ok(false),
                // The connection is replaced: its request reads and writes once more, on one that can write.
                Err(DatabaseError::ReadOnly(Some(_))) => Ok(false),
                Err(error) => Err(of_group(error)),
            });
        }
    }
}

/// Tells all of them the same.
fn tell(group: impl IntoIterator<Item = Waiting>, error: &DatabaseError) {
    for waiting in group {
        waiting.asked.tell(Err(of_group(error)));
    }
}

/// What became of a group, for each of its cases. The cause cannot be copied; the statement that had it is
/// logged by itself.
fn of_group(error: &DatabaseError) -> DatabaseError {
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
