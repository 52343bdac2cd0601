//! Sealing activities, and forgetting what is old.

use std::future::Future;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use sqlx::PgConnection;
use tokio::time::sleep;

use crate::activities;
use crate::db::{Database, DatabaseError, Deadline};
use crate::idempotency;
use crate::values::now;
use crate::webhooks;

/// How often new activities are sealed.
const SEAL: Duration = Duration::from_secs(3);
/// How often old rows are looked for.
const FORGET: Duration = Duration::from_secs(60);
/// How long events and the logs of their deliveries are kept.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long one batch of work may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is said where sealing failed.
const UNSEALED: &str = "activities could not be sealed";
/// How many batches are done without a pause.
const BATCHES: usize = 100;

/// Seals activities every few seconds until `stop` resolves.
pub async fn seal(database: Database, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = sleep(SEAL) => {}
        }
        let unsealed = database.read(Deadline::after(PATIENCE), (), |connection, _| {
            Box::pin(activities::unsealed(connection))
        });
        let workspaces = match unsealed.await {
            Ok(workspaces) => workspaces,
            Err(error) => {
                done(UNSEALED, Err(error));
                continue;
            }
        };
        // One that cannot be sealed does not stand before the others.
        for workspace_id in workspaces {
            let sealed = batches(&database, move |connection| {
                Box::pin(activities::seal_next(connection, workspace_id, now()))
            });
            let sealed = sealed.await;
            // Without a database there is none for the others either.
            let is_over = matches!(
                sealed,
                Err(DatabaseError::Unavailable(_) | DatabaseError::ReadOnly(_))
            );
            done(UNSEALED, sealed);
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = std::future::ready(()) => {}
            }
            if is_over {
                break;
            }
        }
    }
}

/// Forgets keys and events that are old enough, every minute until `stop` resolves.
pub async fn forget(database: Database, keys_kept: Duration, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let keys_kept = TimeDelta::from_std(keys_kept).unwrap_or(TimeDelta::MAX);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = sleep(FORGET) => {}
        }
        let expire_keys = batches(&database, move |connection| {
            Box::pin(async move { Ok(idempotency::expire(connection, now() - keys_kept).await?) })
        });
        done("idempotency keys could not be forgotten", expire_keys.await);
        let expire_events = batches(&database, |connection| {
            Box::pin(async move {
                let before = now() - EVENTS_KEPT;
                let is_more = webhooks::expire(connection, before).await?;
                if !is_more {
                    webhooks::forget_deleted(connection, before).await?;
                }
                Ok(is_more)
            })
        });
        done("events could not be forgotten", expire_events.await);
    }
}

/// Does batches of work, each in a transaction, until there is nothing left or it has been many.
async fn batches(
    database: &Database,
    work: impl for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<bool, DatabaseError>>
    + Clone
    + Send
    + Sync
    + 'static,
) -> Result<(), DatabaseError> {
    for _ in 0..BATCHES {
        let work = work.clone();
        let deadline = Deadline::after(PATIENCE);
        let batch = database.transaction(deadline, (), move |connection, _| work(connection));
        if !batch.await? {
            break;
        }
    }
    Ok(())
}

fn done(otherwise: &'static str, result: Result<(), DatabaseError>) {
    match result {
        Ok(()) => {}
        // It is tried again; a server without its database says so at every request.
        Err(error @ (DatabaseError::Unavailable(_) | DatabaseError::ReadOnly(_))) => {
            tracing::debug!(%error, "{otherwise}")
        }
        Err(error) => {
            let cause = crate::http::Problem::from(error)
                .cause()
                .unwrap_or_default();
            tracing::warn!(cause, "{otherwise}");
        }
    }
}
