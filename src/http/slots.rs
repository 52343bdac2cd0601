//! A limited number of slots that clients share. If all slots are taken, a new holder displaces one that waits for its
//! client.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Client;

/// A limited number of slots. Clones share them.
///
/// The holder of a slot works, or waits for its client to send or to read. If no slot is free, a waiting slot is
/// displaced: the one that has waited longest, of the client whose slots have waited longest in total. So a client with
/// many idle slots loses them first, and the busy slots of one address (a reverse proxy) stay.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    capacity: usize,
    created: Instant,
    ledger: Mutex<Ledger>,
    /// Notified when a slot becomes free, or begins to wait while all slots are taken.
    room: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    taken: usize,
    waiting: usize,
    /// The number of the last wait that began.
    wait: u64,
    accounts: HashMap<Client, Account>,
}

/// The usage of one client.
#[derive(Debug, Default)]
struct Account {
    taken: usize,
    /// The waiting slots, in the order in which their waits began.
    waiting: BTreeMap<u64, Wait>,
    /// The sum of the start times of these waits, in microseconds.
    started: u128,
}

#[derive(Debug)]
struct Wait {
    /// Microseconds since the creation of the slots.
    started: u64,
    held: Weak<Held>,
}

/// One slot. It is free again when the last clone and the last guard are dropped.
#[derive(Debug, Clone)]
pub struct Slot(Arc<Held>);

#[derive(Debug)]
struct Held {
    shared: Arc<Shared>,
    client: Client,
    /// The number of its current wait, or 0. Changes only under the lock of the ledger.
    wait: AtomicU64,
    is_at_work: AtomicBool,
    /// Set once, under the lock of the ledger.
    is_displaced: AtomicBool,
    displaced: Notify,
}

impl Slots {
    /// Creates free slots.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Shared {
            capacity,
            created: Instant::now(),
            ledger: Mutex::default(),
            room: Notify::new(),
        }))
    }

    /// Waits until a slot is free or can be displaced.
    pub async fn room(&self) {
        loop {
            let room = self.0.room.notified();
            if self.0.ledger().has_room(self.0.capacity) {
                return;
            }
            room.await;
        }
    }

    /// Takes a waiting slot for a holder that already exists. Exceeds the capacity if all slots are at work.
    pub fn take(&self, client: Client) -> Slot {
        let mut ledger = self.0.ledger();
        let displaced = ledger.make_room(&self.0, Duration::ZERO);
        let slot = ledger.add(&self.0, client);
        drop(ledger);
        notify(displaced);
        slot.wait();
        slot
    }

    /// Takes a working slot. Displaces only a slot that has waited for `min_wait`. Returns `None` if there is no such
    /// slot.
    pub fn try_take(&self, client: Client, min_wait: Duration) -> Option<Slot> {
        let mut ledger = self.0.ledger();
        let displaced = ledger.make_room(&self.0, min_wait);
        let slot = (ledger.taken < self.0.capacity).then(|| ledger.add(&self.0, client));
        drop(ledger);
        notify(displaced);
        slot
    }

    /// Displaces one slot. Returns false if all are at work.
    pub fn displace(&self) -> bool {
        let displaced = self.0.ledger().displace(self.0.now(), Duration::ZERO);
        let is_displaced = displaced.is_some();
        notify(displaced);
        is_displaced
    }
}

/// Call this without the lock: dropping the last reference to a slot takes it.
fn notify(displaced: Option<Arc<Held>>) {
    if let Some(held) = displaced {
        held.displaced.notify_waiters();
    }
}

impl Slot {
    /// Keeps the slot taken, for work that outlives the request.
    pub fn guard(&self) -> Arc<dyn Debug + Send + Sync> {
        Arc::clone(&self.0) as Arc<dyn Debug + Send + Sync>
    }

    /// Marks the slot as waiting for its client, so that it can be displaced.
    pub fn wait(&self) {
        self.0.is_at_work.store(false, Ordering::Relaxed);
        let shared = &self.0.shared;
        let mut ledger = shared.ledger();
        ledger.end_wait(&self.0);
        ledger.begin_wait(&self.0, shared.now());
        let is_full = ledger.taken >= shared.capacity;
        drop(ledger);
        if is_full {
            shared.room.notify_one();
        }
    }

    /// Marks the slot as working, so that it cannot be displaced. A slot that has just been displaced stays so, and its
    /// holder works without a slot.
    pub fn work(&self) {
        self.0.is_at_work.store(true, Ordering::Relaxed);
        self.0.shared.ledger().end_wait(&self.0);
    }

    /// Whether the slot is working.
    pub fn is_at_work(&self) -> bool {
        self.0.is_at_work.load(Ordering::Relaxed)
    }

    /// Waits until the slot is displaced.
    pub async fn displaced(&self) {
        let displaced = self.0.displaced.notified();
        if !self.0.is_displaced.load(Ordering::Acquire) {
            displaced.await;
        }
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the creation of the slots.
    fn now(&self) -> u64 {
        micros(self.created.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Ledger {
    fn has_room(&self, capacity: usize) -> bool {
        self.taken < capacity || self.waiting > 0
    }

    /// Displaces a slot if all are taken and one has waited for `min_wait`.
    fn make_room(&mut self, shared: &Shared, min_wait: Duration) -> Option<Arc<Held>> {
        if self.taken < shared.capacity {
            return None;
        }
        self.displace(shared.now(), min_wait)
    }

    fn add(&mut self, shared: &Arc<Shared>, client: Client) -> Slot {
        self.taken += 1;
        self.accounts.entry(client).or_default().taken += 1;
        Slot(Arc::new(Held {
            shared: Arc::clone(shared),
            client,
            wait: AtomicU64::new(0),
            is_at_work: AtomicBool::new(true),
            is_displaced: AtomicBool::new(false),
            displaced: Notify::new(),
        }))
    }

    /// Does nothing for a displaced slot, which no longer belongs to its account.
    fn begin_wait(&mut self, held: &Arc<Held>, started: u64) {
        if held.is_displaced.load(Ordering::Acquire) {
            return;
        }
        let Some(account) = self.accounts.get_mut(&held.client) else {
            return;
        };
        self.wait += 1;
        self.waiting += 1;
        held.wait.store(self.wait, Ordering::Relaxed);
        account.started += u128::from(started);
        let held = Arc::downgrade(held);
        account.waiting.insert(self.wait, Wait { started, held });
    }

    fn end_wait(&mut self, held: &Held) {
        let wait = held.wait.swap(0, Ordering::Relaxed);
        let account = self.accounts.get_mut(&held.client);
        let ended = account.and_then(|account| account.end(wait));
        self.waiting -= usize::from(ended.is_some());
    }

    /// Displaces the slot that has waited longest. Linear in the number of clients.
    fn displace(&mut self, now: u64, min_wait: Duration) -> Option<Arc<Held>> {
        let latest = now.checked_sub(micros(min_wait))?;
        let waited = |account: &Account| {
            let started = u128::from(now) * account.waiting.len() as u128;
            started.saturating_sub(account.started)
        };
        let waiting = self.accounts.values_mut();
        let waiting = waiting.filter(|account| {
            let first = account.waiting.values().next();
            first.is_some_and(|first| first.started <= latest)
        });
        let longest = waiting.max_by_key(|account| waited(account))?;
        // A slot that is being dropped releases itself.
        let mut waits = longest.waiting.iter();
        let held = waits.find_map(|(_, wait)| wait.held.upgrade())?;
        held.is_displaced.store(true, Ordering::Release);
        self.end_wait(&held);
        self.release(held.client);
        Some(held)
    }

    /// Releases one slot of this client.
    fn release(&mut self, client: Client) {
        self.taken -= 1;
        if let Some(account) = self.accounts.get_mut(&client) {
            account.taken -= 1;
            if account.taken == 0 {
                self.accounts.remove(&client);
            }
        }
    }
}

impl Account {
    fn end(&mut self, wait: u64) -> Option<Wait> {
        let ended = self.waiting.remove(&wait)?;
        self.started -= u128::from(ended.started);
        Some(ended)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut ledger = self.shared.ledger();
        ledger.end_wait(self);
        if !self.is_displaced.load(Ordering::Acquire) {
            ledger.release(self.client);
        }
        drop(ledger);
        self.shared.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(address: &str) -> Client {
        Client::from(address.parse::<IpAddr>().unwrap())
    }

    fn is_displaced(slot: &Slot) -> bool {
        slot.0.is_displaced.load(Ordering::Acquire)
    }

    #[test]
    fn displaces_the_longest_wait_of_the_client_that_waits_longest_in_total() {
        let slots = Slots::new(4);
        let quiet = slots.take(client("192.0.2.1"));
        let many: Vec<_> = (0..3).map(|_| slots.take(client("192.0.2.2"))).collect();
        // Waits are measured in microseconds.
        std::thread::sleep(Duration::from_millis(2));
        let other = slots.take(client("192.0.2.3"));
        assert!(is_displaced(&many[0]) && !is_displaced(&many[1]));
        many[1].wait();
        many[2].work();
        std::thread::sleep(Duration::from_millis(2));
        assert!(slots.displace());
        assert!(is_displaced(&quiet), "two clients wait less");
        assert!(!is_displaced(&other) && !is_displaced(&many[2]));
    }

    #[test]
    fn never_displaces_a_working_slot() {
        let slots = Slots::new(2);
        let (first, second) = (client("192.0.2.1"), client("192.0.2.2"));
        let busy = slots.try_take(first, Duration::ZERO).unwrap();
        let sending = slots.try_take(first, Duration::ZERO).unwrap();
        assert!(slots.try_take(second, Duration::ZERO).is_none());
        sending.wait();
        let long = Duration::from_secs(60 * 60);
        assert!(
            slots.try_take(second, long).is_none(),
            "it has just started to wait"
        );
        assert!(
            slots.try_take(second, Duration::ZERO).is_some(),
            "displaces the waiting slot"
        );
        assert!(is_displaced(&sending) && !is_displaced(&busy));
        // A displaced slot no longer counts.
        sending.work();
        sending.wait();
        drop(sending);
        let taken = slots.try_take(second, Duration::ZERO).unwrap();
        assert!(slots.try_take(second, Duration::ZERO).is_none());
        drop(busy);
        let last = slots.try_take(first, Duration::ZERO).unwrap();
        drop((taken, last));
        let ledger = slots.0.ledger();
        assert_eq!((ledger.taken, ledger.waiting), (0, 0));
        assert!(ledger.accounts.is_empty(), "no client is left");
    }

    #[tokio::test]
    async fn room_resolves_when_a_holder_waits_or_is_dropped() {
        let slots = Slots::new(1);
        let held = slots.try_take(client("192.0.2.1"), Duration::ZERO).unwrap();
        let full = tokio::time::timeout(Duration::from_millis(20), slots.room());
        assert!(full.await.is_err());
        let ((), ()) = tokio::join!(slots.room(), async { held.wait() });
        held.work();
        let ((), ()) = tokio::join!(slots.room(), async { drop(held) });
    }
}
