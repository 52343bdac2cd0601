//! Locks by key, in this process.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// A fair lock for each key. A key without holders and waiters takes no memory.
#[derive(Debug)]
pub struct KeyLocks<K>(Arc<Mutex<HashMap<K, Lock>>>);

/// The held lock of one key. Dropping it releases the lock.
#[derive(Debug)]
pub struct KeyGuard<K: Eq + Hash> {
    /// Whether another holder had the lock first.
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
    /// Waits for the lock of a key. Cancel safe: a dropped future leaves the queue.
    pub async fn lock(&self, key: K) -> KeyGuard<K> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(key.clone()).or_default())
        };
        // The guard exists before the wait, so that a cancelled wait removes the key.
        let mut key_guard = KeyGuard {
            has_waited: false,
            locks: self.clone(),
            key,
            guard: None,
        };
        if let Ok(guard) = Arc::clone(&lock).try_lock_owned() {
            key_guard.guard = Some(guard);
            return key_guard;
        }
        key_guard.has_waited = true;
        key_guard.guard = Some(lock.lock_owned().await);
        key_guard
    }
}

impl<K: Eq + Hash> Drop for KeyGuard<K> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut locks = self.locks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Each waiter has a reference to the lock too.
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
    async fn serializes_holders_of_a_key_and_removes_unused_keys() {
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
