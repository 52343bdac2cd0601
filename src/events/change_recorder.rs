//! Recording changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::PgConnection;
use tokio::sync::Notify;

use super::{Author, Change, ChangeRows, Snapshot, Snapshots, Subject, store};
use crate::http::Problem;

/// Stores the activities and events of changes, and wakes the delivery worker of this process.
#[derive(Debug, Clone)]
pub struct ChangeRecorder {
    snapshots: Arc<dyn Snapshots>,
    deliveries: Arc<Notify>,
    /// Whether the request of this handle has stored a delivery.
    has_deliveries: Arc<AtomicBool>,
}

impl ChangeRecorder {
    /// A recorder that reads the payloads of events from `snapshots`.
    pub fn new(snapshots: Arc<dyn Snapshots>) -> Self {
        Self {
            snapshots,
            deliveries: Arc::default(),
            has_deliveries: Arc::default(),
        }
    }

    /// A handle for one request.
    #[must_use]
    pub fn for_request(&self) -> Self {
        Self {
            has_deliveries: Arc::default(),
            ..self.clone()
        }
    }

    /// Notes that the request stores a delivery.
    pub fn expect_deliveries(&self) {
        self.has_deliveries.store(true, Ordering::Relaxed);
    }

    /// Wakes the delivery worker if the request has stored a delivery. Call it after the commit.
    pub fn wake_worker(&self) {
        if self.has_deliveries.load(Ordering::Relaxed) {
            self.deliveries.notify_one();
        }
    }

    /// Waits until a request of this process has stored a delivery.
    pub async fn wait_for_deliveries(&self) {
        self.deliveries.notified().await;
    }

    /// Inserts the rows of changes. Call it last in their transaction, so that snapshots include all changes.
    ///
    /// # Errors
    /// Returns [`Problem`] if a statement fails, or if a snapshot cannot be read.
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
        let mut rows = ChangeRows::with_capacity(changes.len());
        let mut last: Option<(Subject, Snapshot)> = None;
        for change in changes {
            let has_subscriber = change
                .event
                .is_some_and(|event| endpoints.iter().any(|it| it.is_subscribed_to(event)));
            let snapshot = match last.take() {
                _ if !has_subscriber => None,
                // Consecutive changes of the same subject have the same snapshot.
                Some((subject, snapshot)) if subject == change.subject => Some(snapshot),
                _ => Some(self.snapshot(connection, author, change).await?),
            };
            last = snapshot.clone().map(|it| (change.subject, it));
            rows.add(author, change, &endpoints, snapshot);
        }
        if rows.has_deliveries() {
            self.expect_deliveries();
        }
        Ok(store::insert(connection, author.workspace_id, rows).await?)
    }

    async fn snapshot(
        &self,
        connection: &mut PgConnection,
        author: &Author,
        change: &Change,
    ) -> Result<Snapshot, Problem> {
        let (workspace_id, case_id) = (author.workspace_id, change.case_id);
        let snapshots = &self.snapshots;
        let subject = match &change.tombstone {
            Some(tombstone) => tombstone.clone(),
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
