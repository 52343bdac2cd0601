//! Taking deliveries, making them, and writing what became of them.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::FutureExt;
use reqwest::Client;
use tokio::sync::Semaphore;

use super::claim::{self, Claimed};
use super::delivery::{self, Attempt, Delivery};
use super::delivery_store::{self, DeliveryRow};
use super::slots::Slots;
use crate::clock::now;
use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::http::Problem;
use crate::values::Destinations;

/// How long a delivery is held: longer than an attempt can take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How many deliveries are read, or their results written, at once.
const TURNS: usize = 2;
/// How long to wait before a result is written again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long the database may take for a claim, a delivery or a result.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the log of a delivery says that cannot be read.
const UNREADABLE: &str = "what this delivery shows could not be read, so that it was not sent";
/// What the log of an attempt says that ended in a panic.
const ENDED: &str = "the attempt ended early, by a fault of the server";

/// What a worker works with.
#[derive(Debug, Clone)]
pub struct Worker {
    database: Database,
    client: Client,
    destinations: Destinations,
    /// Turns of using the database.
    turns: Arc<Semaphore>,
}

impl Worker {
    /// One that calls such destinations.
    ///
    /// # Errors
    /// Those of the HTTP client.
    pub fn new(database: Database, destinations: Destinations) -> Result<Self, reqwest::Error> {
        Ok(Self {
            database,
            client: delivery::client(destinations.clone())?,
            destinations,
            turns: Arc::new(Semaphore::new(TURNS)),
        })
    }

    /// Takes deliveries that are due, as many as the slots allow; nobody else takes them until their leases
    /// end. What they show comes with those of which it could be read together.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn claim(
        &self,
        slots: &Slots,
    ) -> Result<Vec<(Claimed, Option<DeliveryRow>)>, Problem> {
        if slots.are_taken() {
            return Ok(Vec::new());
        }
        let (now, deadline) = (now(), Deadline::after(PATIENCE));
        let waiting = self.database.read(deadline, now, |connection, now| {
            Box::pin(async move { claim::waiting(connection, *now).await })
        });
        let shares = slots.shares(&waiting.await?);
        if shares.is_empty() {
            return Ok(Vec::new());
        }
        let claim = self
            .database
            .transaction(deadline, shares, move |connection, shares| {
                Box::pin(async move {
                    Ok::<_, Problem>(claim::claim(connection, &shares, now, now + LEASE).await?)
                })
            });
        let claimed = Arc::new(claim.await?);
        // They are held by now: where one of them cannot be read, each is read by itself.
        let rows = self.rows(Arc::clone(&claimed)).await.unwrap_or_default();
        let mut rows: HashMap<_, _> = rows.into_iter().map(|it| (it.log_id, it)).collect();
        let claimed = claimed
            .iter()
            .map(|it| (it.clone(), rows.remove(&it.log_id)));
        Ok(claimed.collect())
    }

    /// Makes a delivery, and writes what became of it. How long its endpoint took, if it was called.
    pub async fn make(self, claimed: Claimed, row: Option<DeliveryRow>) -> Option<Duration> {
        let (attempt, took) = match self.read(&claimed, row).await {
            Ok(Some(delivery)) => {
                let begun = Instant::now();
                let attempt = self.attempt(&delivery, &claimed).await;
                (attempt, Some(begun.elapsed()))
            }
            // Its endpoint is offline by now: it is somebody's again once that is online.
            Ok(None) => return None,
            Err(problem) => {
                let cause = problem.cause().unwrap_or_default();
                let log_id = claimed.log_id;
                tracing::warn!(cause, %log_id, "a delivery could not be read");
                if !is_unreadable(&problem) {
                    // The database may say it another time, once the lease is over.
                    return None;
                }
                (Attempt::failed(&claimed, UNREADABLE), None)
            }
        };
        let result = Arc::new((claimed, attempt));
        // What is not written by the end of the lease is delivered again.
        while let Err(problem) = self.settle(Arc::clone(&result)).await {
            let cause = problem.cause().unwrap_or_default();
            let log_id = result.0.log_id;
            tracing::warn!(cause, %log_id, "what became of a delivery could not be written");
            if now() + AGAIN >= result.0.leased_until {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        took
    }

    /// Calls the endpoint. A panic is an attempt that has failed: with its lease alone the delivery would come
    /// back every minute for as long as it is kept.
    async fn attempt(&self, delivery: &Delivery, claimed: &Claimed) -> Attempt {
        let attempt = delivery.attempt(&self.client, &self.destinations);
        match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(attempt) => attempt,
            Err(_) => Attempt {
                next: delivery.after_failure(now()),
                ..Attempt::failed(claimed, ENDED)
            },
        }
    }

    /// The delivery, unless its endpoint is offline by now: it is given back then.
    async fn read(
        &self,
        claimed: &Claimed,
        row: Option<DeliveryRow>,
    ) -> Result<Option<Delivery>, Problem> {
        let row = match row {
            Some(row) => Some(row),
            None => {
                let _turn = self.turns.acquire().await;
                self.rows(Arc::new(vec![claimed.clone()])).await?.pop()
            }
        };
        if let Some(row) = row {
            return row.delivery(claimed).map(Some).map_err(Problem::Decode);
        }
        let _turn = self.turns.acquire().await;
        let deadline = Deadline::after(PATIENCE);
        let release = self
            .database
            .transaction(deadline, claimed.clone(), |connection, it| {
                Box::pin(async move {
                    let (workspace_id, log_id) = (it.workspace_id, it.log_id);
                    let release =
                        delivery_store::release(connection, workspace_id, log_id, it.leased_until);
                    Ok::<_, Problem>(release.await?)
                })
            });
        release.await?;
        Ok(None)
    }

    async fn rows(&self, claimed: Arc<Vec<Claimed>>) -> Result<Vec<DeliveryRow>, DatabaseError> {
        // As a write, since a read has less time than large events may take.
        let read = async move |mut session: Session| {
            let read = session.write(|connection| {
                Box::pin(async move { delivery_store::read(connection, &claimed).await })
            });
            read.await
        };
        self.database.unit(Deadline::after(PATIENCE), read).await
    }

    async fn settle(&self, result: Arc<(Claimed, Attempt)>) -> Result<(), Problem> {
        // Results of a burst wait here, and not until the pool gives up on them.
        let _turn = self.turns.acquire().await;
        let settle =
            self.database
                .transaction(Deadline::after(PATIENCE), result, |connection, it| {
                    Box::pin(async move {
                        let (claimed, attempt) = &**it;
                        delivery_store::settle(connection, claimed, attempt).await
                    })
                });
        settle.await
    }
}

/// Whether a delivery is at fault, and not the database or its schema: a value that has no form here, or one
/// that the database cannot read either (class 22, XX001 and XX002).
fn is_unreadable(problem: &Problem) -> bool {
    match problem {
        Problem::Decode(_) | Problem::Encode(_) => true,
        Problem::Database(DatabaseError::Refused(sqlx::Error::Database(error))) => error
            .code()
            .is_some_and(|code| code.starts_with("22") || matches!(&*code, "XX001" | "XX002")),
        _ => false,
    }
}
