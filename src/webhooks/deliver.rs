//! The worker that makes deliveries: any number of processes may run one each.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::delivery::{self, Attempt, Delivery};
use super::delivery_store::{self, Capacity, Claimed};
use crate::db::{Database, Deadline, Session};
use crate::events::Events;
use crate::http::Problem;
use crate::values::{Destinations, now};

/// How many requests one endpoint gets at once, so that a slow one holds up only itself.
const EACH: i64 = 4;
/// How many requests this process makes at once.
const ALL: usize = 256;
/// How long a delivery is held: longer than an attempt can take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How often other processes' events and retries are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How many results are written at once.
const SETTLING: usize = 2;
/// How long to wait before a result is written again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the database may take for a claim or a result.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a worker works with.
#[derive(Debug, Clone)]
struct Worker {
    database: Database,
    client: Client,
    destinations: Destinations,
    /// Turns of writing results.
    settling: Arc<Semaphore>,
}

/// Makes deliveries until `stop` resolves, and then ends those under way.
///
/// # Errors
/// Only those of setting up.
pub async fn deliver(
    database: Database,
    events: Events,
    destinations: Destinations,
    stop: impl Future<Output = ()>,
) -> Result<(), reqwest::Error> {
    let client = delivery::client(destinations)?;
    let worker = Worker {
        database,
        client,
        destinations,
        settling: Arc::new(Semaphore::new(SETTLING)),
    };
    let mut stop = std::pin::pin!(stop);
    let mut under_way = JoinSet::new();
    let mut busy: HashMap<Uuid, i64> = HashMap::new();
    loop {
        while let Some(ended) = under_way.try_join_next() {
            free(&mut busy, ended);
        }
        let claimed = match worker.claim(&busy, ALL - under_way.len().min(ALL)).await {
            Ok(claimed) => claimed,
            Err(problem) => {
                let cause = problem.cause().unwrap_or_default();
                tracing::warn!(cause, "deliveries could not be looked for");
                Vec::new()
            }
        };
        let is_idle = claimed.is_empty();
        for (delivery, lease) in claimed {
            let webhook_id = delivery.webhook.id;
            *busy.entry(webhook_id).or_default() += 1;
            let worker = worker.clone();
            under_way.spawn(async move {
                worker.make(delivery, lease).await;
                webhook_id
            });
        }
        if !is_idle {
            continue;
        }
        tokio::select! {
            () = &mut stop => break,
            () = events.awaited() => {}
            () = tokio::time::sleep(LOOK) => {}
            Some(ended) = under_way.join_next() => free(&mut busy, ended),
        }
    }
    // What does not end in time is delivered again by somebody else once its lease is over.
    let rest = async { while under_way.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(delivery::TIMEOUT, rest).await;
    Ok(())
}

fn free(busy: &mut HashMap<Uuid, i64>, ended: Result<Uuid, tokio::task::JoinError>) {
    match ended {
        Ok(webhook_id) => {
            if let Some(count) = busy.get_mut(&webhook_id) {
                *count -= 1;
            }
            busy.retain(|_, count| *count > 0);
        }
        // Whose it was is not known: an endpoint is counted once too often until all are idle.
        Err(_) => tracing::error!("a delivery ended early"),
    }
}

impl Worker {
    async fn claim(
        &self,
        busy: &HashMap<Uuid, i64>,
        free: usize,
    ) -> Result<Vec<(Delivery, DateTime<Utc>)>, Problem> {
        let capacity = Capacity {
            busy: busy.keys().copied().collect(),
            under_way: busy.values().copied().collect(),
            each: EACH,
            all: i64::try_from(free).unwrap_or_default(),
        };
        if capacity.all == 0 {
            return Ok(Vec::new());
        }
        let now = now();
        let lease = now + LEASE;
        let claim = async move |mut session: Session| {
            session
                .write(|connection| {
                    Box::pin(async move {
                        delivery_store::claim(connection, &capacity, now, lease).await
                    })
                })
                .await
        };
        let deadline = Deadline::after(PATIENCE);
        let claimed = self.database.unit(deadline, claim).await?;
        let deliveries = claimed.into_iter().map(|it| Ok((read(it)?, lease)));
        deliveries
            .collect::<Result<_, serde_json::Error>>()
            .map_err(Problem::Corrupt)
    }

    async fn make(&self, delivery: Delivery, lease: DateTime<Utc>) {
        let attempt = delivery.attempt(&self.client, self.destinations).await;
        let result = Arc::new((delivery, attempt, lease));
        // What is not written by the end of the lease is delivered again.
        while let Err(problem) = self.settle(Arc::clone(&result)).await {
            let cause = problem.cause().unwrap_or_default();
            let log_id = result.0.log_id;
            tracing::warn!(cause, %log_id, "what became of a delivery could not be written");
            if now() + AGAIN >= lease {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn settle(&self, result: Arc<(Delivery, Attempt, DateTime<Utc>)>) -> Result<(), Problem> {
        // Results of a burst wait here, and not until the pool gives up on them.
        let _turn = self.settling.acquire().await;
        let settle =
            self.database
                .transaction(Deadline::after(PATIENCE), result, |connection, it| {
                    Box::pin(async move {
                        let (delivery, attempt, lease) = &**it;
                        delivery_store::settle(connection, delivery, *lease, attempt).await
                    })
                });
        settle.await
    }
}

fn read(claimed: Claimed) -> Result<Delivery, serde_json::Error> {
    Ok(Delivery {
        log_id: claimed.id,
        webhook: serde_json::from_value(claimed.webhook)?,
        event: serde_json::from_value(claimed.event)?,
        attempts: usize::try_from(claimed.attempt_count).unwrap_or_default(),
        kind: claimed.attempt_type,
        trace_parent: claimed.trace_parent,
    })
}
