//! Sends batches until each of their lines has a result.

use std::time::{Duration, Instant};

use super::batch::{Batch, NextItem};
use super::client::{BatchClient, BatchResponse};
use super::outcome::{LineOutcomes, Outcome};
use super::pending::PendingBatch;
use super::progress::Progress;
use super::refusals::unsendable;
use crate::config::ImportCommand;

/// How long to retry a batch that makes no progress.
const RETRY_TIMEOUT: Duration = Duration::from_secs(120);
/// The first wait before a retry. Each following wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait, unless `Retry-After` is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Sends batches to one server.
pub struct Sender(BatchClient);

impl Sender {
    /// Creates a sender to the server in the command.
    ///
    /// # Errors
    /// Returns one line if the URL or the key is invalid.
    pub fn new(command: &ImportCommand) -> Result<Self, String> {
        BatchClient::new(command).map(Self)
    }

    /// Sends lines until each has a result.
    ///
    /// # Errors
    /// Returns one line if a failure is permanent, or if retries made no progress for 120 seconds.
    pub async fn send(&self, next: NextItem, progress: &Progress) -> Result<LineOutcomes, String> {
        let batch = match next {
            NextItem::Batch(batch) => batch,
            NextItem::Unsendable(line) => {
                let outcome = Outcome::Rejected(unsendable(&line));
                return Ok(LineOutcomes(vec![(line, outcome)]));
            }
        };
        // A batch that is too large for the server is sent in halves. The first half is on top of the stack.
        let mut stack = vec![batch];
        let mut outcomes = LineOutcomes::default();
        while let Some(batch) = stack.pop() {
            let pending = self.send_batch(batch, progress).await?;
            stack.extend(pending.halves());
            outcomes.0.extend(pending.settled());
        }
        Ok(outcomes)
    }

    /// Sends a batch until each of its lines has a result or the server refuses the batch as too large.
    async fn send_batch(&self, batch: Batch, progress: &Progress) -> Result<PendingBatch, String> {
        let mut pending = PendingBatch::new(batch);
        let mut backoff = Backoff::new();
        while pending.open() > 0 {
            let retry = match self.0.post(&pending.remaining()).await {
                BatchResponse::Results(results) if results.len() == pending.open() => {
                    let before = pending.open();
                    let reason = pending.record(results);
                    if pending.open() < before {
                        backoff = Backoff::new();
                    }
                    reason.map(|reason| (reason, None))
                }
                BatchResponse::Results(_) => {
                    let url = self.0.url();
                    return Err(format!("{url} returned the wrong number of results"));
                }
                BatchResponse::Refused(refusal) => {
                    pending.refuse(refusal);
                    return Ok(pending);
                }
                BatchResponse::Retry(reason, wait) => Some((reason, wait)),
                BatchResponse::Failed(reason) => return Err(reason),
            };
            if let Some((reason, wait)) = retry {
                backoff.wait(&reason, wait, progress).await?;
            }
        }
        Ok(pending)
    }
}

/// The waits between retries that make no progress.
struct Backoff {
    since: Instant,
    next: Duration,
}

impl Backoff {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            next: FIRST_WAIT,
        }
    }

    /// Waits longer each time. Half of the wait is random, so that batches do not retry at the same time.
    async fn wait(
        &mut self,
        reason: &str,
        retry_after: Option<Duration>,
        progress: &Progress,
    ) -> Result<(), String> {
        if self.since.elapsed() > RETRY_TIMEOUT {
            return Err(format!(
                "{reason}; it was tried for {} seconds",
                RETRY_TIMEOUT.as_secs()
            ));
        }
        progress.report_retry(reason);
        let wait = retry_after.unwrap_or(self.next).max(self.next);
        tokio::time::sleep(wait.mul_f64(0.5 + rand::random::<f64>() / 2.0)).await;
        self.next = (self.next * 2).min(LONGEST_WAIT);
        Ok(())
    }
}
