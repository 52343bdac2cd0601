//! The steps of a delivery: claim, load, attempt, store the result.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::FutureExt;
use reqwest::Client;
use tokio::sync::Semaphore;

use super::attempt::{self, Attempt, Delivery};
use super::claim::{self, Claimed};
use super::slots::DeliverySlots;
use super::store::{self, EncodedDelivery};
use crate::clock::now;
use crate::db::{Database, DatabaseError, Deadline, Session};
use crate::destinations::Destinations;
use crate::http::Problem;

/// The lease of a claimed delivery: longer than an attempt can take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// How many delivery tasks may use the database at the same time.
const DATABASE_TASKS: usize = 2;
/// The delay before the next try to store a result.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(1);
/// The deadline of each database operation.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(10);
/// The error of a delivery whose stored data cannot be read.
const UNREADABLE: &str = "the stored event could not be read, so it was not sent";
/// The error of an attempt that panicked.
const PANICKED: &str = "an internal error of the server ended the attempt";

/// Claims, sends and settles deliveries.
#[derive(Debug, Clone)]
pub struct Deliverer {
    database: Database,
    client: Client,
    destinations: Destinations,
    permits: Arc<Semaphore>,
}

impl Deliverer {
    /// A deliverer that calls only permitted destinations.
    ///
    /// # Errors
    /// Returns `reqwest::Error` if the HTTP client cannot be created.
    pub fn new(database: Database, destinations: Destinations) -> Result<Self, reqwest::Error> {
        Ok(Self {
            database,
            client: attempt::client(destinations.clone())?,
            destinations,
            permits: Arc::new(Semaphore::new(DATABASE_TASKS)),
        })
    }

    /// Claims as many due deliveries as there are free slots, and reads their data. If that fails for one of them, all
    /// come without data, and each is read again by itself.
    ///
    /// # Errors
    /// Returns the database error if the claim fails.
    pub async fn claim(
        &self,
        slots: &DeliverySlots,
    ) -> Result<Vec<(Claimed, Option<EncodedDelivery>)>, Problem> {
        if slots.is_full() {
            return Ok(Vec::new());
        }
        let (now, deadline) = (now(), Deadline::after(DATABASE_TIMEOUT));
        let due = self.database.read(deadline, now, |connection, now| {
            Box::pin(async move { claim::due_endpoints(connection, *now).await })
        });
        let shares = slots.shares(&due.await?);
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
        // They are leased now, so an error here must not lose them.
        let rows = self
            .read_rows(Arc::clone(&claimed))
            .await
            .unwrap_or_default();
        let mut rows: HashMap<_, _> = rows.into_iter().map(|it| (it.log_id, it)).collect();
        let claimed = claimed
            .iter()
            .map(|it| (it.clone(), rows.remove(&it.log_id)));
        Ok(claimed.collect())
    }

    /// Makes one attempt of a delivery and stores its result. Returns the duration of the request, if one was made.
    pub async fn deliver(self, claimed: Claimed, row: Option<EncodedDelivery>) -> Option<Duration> {
        let (attempt, took) = match self.load(&claimed, row).await {
            Ok(Some(delivery)) => {
                let begun = Instant::now();
                let attempt = self.attempt(&delivery, &claimed).await;
                (attempt, Some(begun.elapsed()))
            }
            // The webhook went offline: the delivery was released.
            Ok(None) => return None,
            Err(problem) => {
                let cause = problem.cause().unwrap_or_default();
                let log_id = claimed.log_id;
                tracing::warn!(cause, %log_id, "a delivery could not be read");
                if !is_unreadable(&problem) {
                    // The database may return it at another time, after the lease.
                    return None;
                }
                (
                    Attempt::failed(&claimed.kind, &claimed.endpoint, UNREADABLE),
                    None,
                )
            }
        };
        let result = Arc::new((claimed, attempt));
        // If it is not stored by the end of the lease, the delivery is sent again.
        while let Err(problem) = self.store_result(Arc::clone(&result)).await {
            let cause = problem.cause().unwrap_or_default();
            let log_id = result.0.log_id;
            tracing::warn!(cause, %log_id, "the result of a delivery could not be stored");
            if now() + STORE_RETRY_DELAY >= result.0.leased_until {
                break;
            }
            tokio::time::sleep(STORE_RETRY_DELAY).await;
        }
        took
    }

    /// Calls the endpoint. A panic counts as a failed attempt: otherwise the delivery would be repeated every minute,
    /// when its lease ends.
    async fn attempt(&self, delivery: &Delivery, claimed: &Claimed) -> Attempt {
        let attempt = delivery.attempt(&self.client, &self.destinations);
        match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(attempt) => attempt,
            Err(_) => Attempt {
                next: delivery.after_failure(now()),
                ..Attempt::failed(&claimed.kind, &claimed.endpoint, PANICKED)
            },
        }
    }

    /// Returns the delivery, or releases it and returns `None` if its webhook is offline.
    async fn load(
        &self,
        claimed: &Claimed,
        row: Option<EncodedDelivery>,
    ) -> Result<Option<Delivery>, Problem> {
        let row = match row {
            Some(row) => Some(row),
            None => {
                let _permit = self.permits.acquire().await;
                self.read_rows(Arc::new(vec![claimed.clone()])).await?.pop()
            }
        };
        if let Some(row) = row {
            return row.delivery(claimed).map(Some).map_err(Problem::Decode);
        }
        let _permit = self.permits.acquire().await;
        let deadline = Deadline::after(DATABASE_TIMEOUT);
        let release = self
            .database
            .transaction(deadline, claimed.clone(), |connection, it| {
                Box::pin(async move {
                    let (workspace_id, log_id) = (it.workspace_id, it.log_id);
                    let release = store::release(connection, workspace_id, log_id, it.leased_until);
                    Ok::<_, Problem>(release.await?)
                })
            });
        release.await?;
        Ok(None)
    }

    async fn read_rows(
        &self,
        claimed: Arc<Vec<Claimed>>,
    ) -> Result<Vec<EncodedDelivery>, DatabaseError> {
        // Run as a write: the read timeout is too short for large events.
        let read = async move |mut session: Session| {
            let read = session.write(|connection| {
                Box::pin(async move { store::read(connection, &claimed).await })
            });
            read.await
        };
        self.database
            .unit(Deadline::after(DATABASE_TIMEOUT), read)
            .await
    }

    async fn store_result(&self, result: Arc<(Claimed, Attempt)>) -> Result<(), Problem> {
        // Results of a burst wait here without a timeout, instead of for a connection with one.
        let _permit = self.permits.acquire().await;
        let settle = self.database.transaction(
            Deadline::after(DATABASE_TIMEOUT),
            result,
            |connection, it| {
                Box::pin(async move {
                    let (claimed, attempt) = &**it;
                    store::settle(connection, claimed, attempt).await
                })
            },
        );
        settle.await
    }
}

/// Whether the stored data of the delivery caused the error, and not the database or its schema: a value that cannot be
/// decoded, or that PostgreSQL cannot read (SQLSTATE class 22, XX001, XX002).
fn is_unreadable(problem: &Problem) -> bool {
    match problem {
        Problem::Decode(_) | Problem::Encode(_) => true,
        Problem::Database(DatabaseError::Refused(sqlx::Error::Database(error))) => error
            .code()
            .is_some_and(|code| code.starts_with("22") || matches!(&*code, "XX001" | "XX002")),
        _ => false,
    }
}
