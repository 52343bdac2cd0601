//! One at a time for each key, in this process.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// A lock for each key that somebody holds or waits for. Those that wait get it in their order.
#[derive(Debug)]
pub struct KeyLocks<K>(Arc<Mutex<HashMap<K, Lock>>>);

/// The lock of one key. Dropped, it is the next one's.
#[derive(Debug)]
pub struct KeyGuard<K: Eq + Hash> {
    /// Whether another one held the lock before.
    pub has_waited: bool,
    locks: KeyLocks<K>,
    key: K,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K> Clone for KeyLocks<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for KeyLocks<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> KeyLocks<K> {
    /// Waits for the lock of a key. Dropped before it resolves, it leaves the queue.
    pub async fn lock(&self, key: K) -> KeyGuard<K> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(key.clone()).or_default())
        };
        // The guard is made first, so that a wait that is given up forgets the key.
        let mut held = KeyGuard {
            has_waited: false,
            locks: self.clone(),
            key,
            guard: None,
        };
        if let Ok(guard) = Arc::clone(&lock).try_lock_owned() {
            held.guard = Some(guard);
            return held;
        }
        held.has_waited = true;
        held.guard = Some(lock.lock_owned().await);
        held
    }
}

impl<K: Eq + Hash> Drop for KeyGuard<K> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut locks = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits holds the lock's count too.
        let is_last = |lock: &Lock| Arc::strong_count(lock) == 1;
        if locks.get(&self.key).is_some_and(is_last) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn holders_of_one_key_take_turns_and_leave_nothing() {
        let locks = KeyLocks::default();
        let first = locks.lock("k").await;
        assert!(!first.has_waited);
        let other = locks.lock("other").await;
        assert!(!other.has_waited);
        let waiting = locks.clone();
        let second = tokio::spawn(async move { waiting.lock("k").await });
        tokio::task::yield_now().await;
        let given_up = tokio::time::timeout(std::time::Duration::ZERO, locks.lock("k"));
        assert!(given_up.await.is_err());
        drop(first);
        assert!(second.await.unwrap().has_waited);
        drop(other);
        assert!(locks.0.lock().unwrap().is_empty());
    }
}
