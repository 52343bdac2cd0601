//! Keys whose first request is running in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;
use uuid::Uuid;

/// How long a repeated request waits for the first.
const PATIENCE: Duration = Duration::from_secs(1);

type Place = (Uuid, String);
type Turn = Arc<tokio::sync::Mutex<()>>;

/// Lets requests with one key take turns, so that repeated ones wait here and not each on a
/// connection. Those of other processes are told apart by the row of the key.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<HashMap<Place, Turn>>>);

/// The turn of one request; dropped, it is the next one's.
#[derive(Debug)]
pub struct Entered {
    /// Whether another request with the key was there before.
    pub has_waited: bool,
    running: Running,
    place: Place,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Running {
    /// Waits for the turn of a request; none within a second while others with its key run.
    pub async fn enter(&self, workspace_id: Uuid, key: &str) -> Option<Entered> {
        let place = (workspace_id, key.to_owned());
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(place.clone()).or_default())
        };
        let mut entered = Entered {
            has_waited: false,
            running: self.clone(),
            place,
            turn: None,
        };
        if let Ok(free) = Arc::clone(&turn).try_lock_owned() {
            entered.turn = Some(free);
            return Some(entered);
        }
        entered.has_waited = true;
        entered.turn = timeout(PATIENCE, turn.lock_owned()).await.ok();
        entered.turn.is_some().then_some(entered)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(self.turn.take());
        let mut turns = self
            .running
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Whoever waits holds the turn too.
        if turns
            .get(&self.place)
            .is_some_and(|turn| Arc::strong_count(turn) == 1)
        {
            turns.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_with_one_key_take_turns_and_leave_nothing() {
        let (running, workspace) = (Running::default(), Uuid::nil());
        let first = running.enter(workspace, "k").await.unwrap();
        assert!(!first.has_waited);
        let other = running.enter(workspace, "other").await.unwrap();
        assert!(!other.has_waited);
        let waiting = running.clone();
        let second = tokio::spawn(async move { waiting.enter(workspace, "k").await });
        tokio::task::yield_now().await;
        drop(first);
        assert!(second.await.unwrap().unwrap().has_waited);
        drop(other);
        assert!(running.0.lock().unwrap().is_empty());
    }
}
