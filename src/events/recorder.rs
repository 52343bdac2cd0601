//! Recording changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::PgConnection;
use tokio::sync::Notify;

use super::{Author, Change, Record, Snapshot, Snapshots, Subject, store};
use crate::http::Problem;

/// Records changes, and wakes those who deliver their events.
#[derive(Debug, Clone)]
pub struct Events {
    snapshots: Arc<dyn Snapshots>,
    awaited: Arc<Notify>,
    /// Whether the request whose handle this is has left something to deliver.
    has_left: Arc<AtomicBool>,
}

impl Events {
    /// Recording with these snapshots.
    pub fn new(snapshots: Arc<dyn Snapshots>) -> Self {
        Self {
            snapshots,
            awaited: Arc::default(),
            has_left: Arc::default(),
        }
    }

    /// The handle of one request.
    #[must_use]
    pub fn of_request(&self) -> Self {
        Self {
            has_left: Arc::default(),
            ..self.clone()
        }
    }

    /// Notes that the request leaves something to deliver.
    pub fn leave(&self) {
        self.has_left.store(true, Ordering::Relaxed);
    }

    /// Wakes those who deliver, once what the request leaves is committed.
    pub fn wake(&self) {
        if self.has_left.load(Ordering::Relaxed) {
            self.awaited.notify_one();
        }
    }

    /// Waits until there is something to deliver in this process.
    pub async fn awaited(&self) {
        self.awaited.notified().await;
    }

    /// Writes what changes leave, in their transaction and after everything else in it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn record(
        &self,
        connection: &mut PgConnection,
        author: &Author,
        changes: &[Change],
    ) -> Result<(), Problem> {
        if changes.is_empty() {
            return Ok(());
        }
        let endpoints = store::endpoints(connection, author.workspace_id).await?;
        let mut record = Record::with_room_for(changes.len());
        let mut last: Option<(Subject, Snapshot)> = None;
        for change in changes {
            let is_awaited = change
                .event
                .is_some_and(|event| endpoints.iter().any(|it| it.awaits(event)));
            let snapshot = match last.take() {
                _ if !is_awaited => None,
                // Changes of one request show the same.
                Some((subject, snapshot)) if subject == change.subject => Some(snapshot),
                _ => Some(self.snapshot(connection, author, change).await?),
            };
            last = snapshot.clone().map(|it| (change.subject, it));
            record.add(author, change, &endpoints, snapshot);
        }
        if record.is_awaited() {
            self.leave();
        }
        Ok(store::insert(connection, author.workspace_id, record).await?)
    }

    async fn snapshot(
        &self,
        connection: &mut PgConnection,
        author: &Author,
        change: &Change,
    ) -> Result<Snapshot, Problem> {
        let (workspace_id, case_id) = (author.workspace_id, change.case_id);
        let snapshots = &self.snapshots;
        let subject = match &change.remains {
            Some(remains) => remains.clone(),
            None => {
                let subject = change.subject;
                let read = snapshots.subject(connection, workspace_id, case_id, subject);
                read.await?
            }
        };
        let case_context = match change.subject {
            Subject::Case => None,
            Subject::Company(_) | Subject::Individual(_) => {
                let read = snapshots.case_context(connection, workspace_id, case_id);
                Some(read.await?)
            }
        };
        Ok(Snapshot {
            subject,
            case_context,
        })
    }
}
