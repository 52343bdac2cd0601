//! Slots that clients share. When every slot is taken, a new holder displaces one that only waits
//! for its client.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Who takes a slot: an IPv4 address, or the /64 network of an IPv6 address, within which one
/// machine can use any address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Default for Client {
    /// Of a request that came over no connection.
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        // An IPv4 client of a listener for both families has a mapped address.
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            address => Self(address),
        }
    }
}

/// A bounded number of slots; a clone shares them.
///
/// The holder of a slot is at work, or it waits for its client to send or to read. If no slot is
/// free, one that waits is displaced: of the client whose slots have waited longest in total, the
/// slot that has waited longest. So a client with many silent slots loses them to others, and among
/// the slots of one address (a reverse proxy) the busy ones stay.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    created: Instant,
    ledger: Mutex<Ledger>,
    /// Notified when a slot becomes free or begins to wait while all slots are taken.
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

/// The slots of one client.
#[derive(Debug, Default)]
struct Account {
    taken: usize,
    /// Those that wait, in the order in which they began to.
    waiting: BTreeMap<u64, Wait>,
    /// The sum of the times at which these waits began, in microseconds.
    begun: u128,
}

#[derive(Debug)]
struct Wait {
    /// Microseconds since the slots were created.
    begun: u64,
    held: Weak<Held>,
}

/// One slot, until its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Slot(Arc<Held>);

#[derive(Debug)]
struct Held {
    shared: Arc<Shared>,
    client: Client,
    /// The number of its wait, 0 while it does not wait; changed under the lock of the ledger.
    wait: AtomicU64,
    is_at_work: AtomicBool,
    /// Set under the lock of the ledger, once.
    is_displaced: AtomicBool,
    displaced: Notify,
}

impl Slots {
    /// So many slots, all of them free.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            most,
            created: Instant::now(),
            ledger: Mutex::default(),
            room: Notify::new(),
        }))
    }

    /// Resolves when a slot is free or can be displaced.
    pub async fn room(&self) {
        loop {
            let room = self.0.room.notified();
            if self.0.ledger().has_room(self.0.most) {
                return;
            }
            room.await;
        }
    }

    /// A slot that waits, for a holder that exists already: if every slot is at work, there is one
    /// more than there should be.
    pub fn take(&self, client: Client) -> Slot {
        let mut ledger = self.0.ledger();
        let displaced = ledger.make_room(&self.0, Duration::ZERO);
        let slot = ledger.enter(&self.0, client);
        drop(ledger);
        tell(displaced);
        slot.wait();
        slot
    }

    /// A slot that is at work. It displaces only one that has waited for `least`; none if no other has.
    pub fn try_take(&self, client: Client, least: Duration) -> Option<Slot> {
        let mut ledger = self.0.ledger();
        let displaced = ledger.make_room(&self.0, least);
        let slot = (ledger.taken < self.0.most).then(|| ledger.enter(&self.0, client));
        drop(ledger);
        tell(displaced);
        slot
    }

    /// Displaces one slot; false if all are at work.
    pub fn displace(&self) -> bool {
        let displaced = self.0.ledger().displace(self.0.now(), Duration::ZERO);
        let is_displaced = displaced.is_some();
        tell(displaced);
        is_displaced
    }
}

/// To be called without the lock: the last clone of a slot takes it when it is dropped.
fn tell(displaced: Option<Arc<Held>>) {
    if let Some(held) = displaced {
        held.displaced.notify_waiters();
    }
}

impl Slot {
    /// It, to be held for as long as anything of the request goes on.
    pub fn held(&self) -> Arc<dyn Debug + Send + Sync> {
        Arc::clone(&self.0) as Arc<dyn Debug + Send + Sync>
    }

    /// From now on it waits for its client, and can be displaced.
    pub fn wait(&self) {
        self.0.is_at_work.store(false, Ordering::Relaxed);
        let shared = &self.0.shared;
        let mut ledger = shared.ledger();
        ledger.end_wait(&self.0);
        ledger.begin_wait(&self.0, shared.now());
        let is_full = ledger.taken >= shared.most;
        drop(ledger);
        if is_full {
            shared.room.notify_one();
        }
    }

    /// From now on it is at work, and cannot be displaced; one that was displaced in this moment
    /// stays so, and works without a slot.
    pub fn work(&self) {
        self.0.is_at_work.store(true, Ordering::Relaxed);
        self.0.shared.ledger().end_wait(&self.0);
    }

    /// Whether it is at work.
    pub fn is_at_work(&self) -> bool {
        self.0.is_at_work.load(Ordering::Relaxed)
    }

    /// Resolves when it was displaced.
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

    /// Microseconds since the slots were created.
    fn now(&self) -> u64 {
        micros(self.created.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Ledger {
    fn has_room(&self, most: usize) -> bool {
        self.taken < most || self.waiting > 0
    }

    /// Displaces a slot if all are taken and one of them has waited for `least`.
    fn make_room(&mut self, shared: &Shared, least: Duration) -> Option<Arc<Held>> {
        if self.taken < shared.most {
            return None;
        }
        self.displace(shared.now(), least)
    }

    fn enter(&mut self, shared: &Arc<Shared>, client: Client) -> Slot {
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

    /// Does nothing for a slot that was displaced: it has no account any more.
    fn begin_wait(&mut self, held: &Arc<Held>, begun: u64) {
        if held.is_displaced.load(Ordering::Acquire) {
            return;
        }
        let Some(account) = self.accounts.get_mut(&held.client) else {
            return;
        };
        self.wait += 1;
        self.waiting += 1;
        held.wait.store(self.wait, Ordering::Relaxed);
        account.begun += u128::from(begun);
        let held = Arc::downgrade(held);
        account.waiting.insert(self.wait, Wait { begun, held });
    }

    fn end_wait(&mut self, held: &Held) {
        let wait = held.wait.swap(0, Ordering::Relaxed);
        let account = self.accounts.get_mut(&held.client);
        let ended = account.and_then(|account| account.end(wait));
        self.waiting -= usize::from(ended.is_some());
    }

    /// Takes its slot from the holder that is to lose it. Linear in the number of clients.
    fn displace(&mut self, now: u64, least: Duration) -> Option<Arc<Held>> {
        let latest = now.checked_sub(micros(least))?;
        let waited = |account: &Account| {
            let begun = u128::from(now) * account.waiting.len() as u128;
            begun.saturating_sub(account.begun)
        };
        let waiting = self.accounts.values_mut();
        let waiting = waiting.filter(|account| {
            let first = account.waiting.values().next();
            first.is_some_and(|first| first.begun <= latest)
        });
        let longest = waiting.max_by_key(|account| waited(account))?;
        // A holder that is being dropped gives its slot back by itself.
        let mut waits = longest.waiting.iter();
        let held = waits.find_map(|(_, wait)| wait.held.upgrade())?;
        held.is_displaced.store(true, Ordering::Release);
        self.end_wait(&held);
        self.leave(held.client);
        Some(held)
    }

    /// One slot of this client is free again.
    fn leave(&mut self, client: Client) {
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
        self.begun -= u128::from(ended.begun);
        Some(ended)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut ledger = self.shared.ledger();
        ledger.end_wait(self);
        if !self.is_displaced.load(Ordering::Acquire) {
            ledger.leave(self.client);
        }
        drop(ledger);
        self.shared.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::from(address.parse::<IpAddr>().unwrap())
    }

    fn is_displaced(slot: &Slot) -> bool {
        slot.0.is_displaced.load(Ordering::Acquire)
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_a_64_bit_network() {
        assert_eq!(client("192.0.2.1"), client("::ffff:192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:0:0:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }

    #[test]
    fn displaces_the_longest_wait_of_the_client_that_waits_most() {
        let slots = Slots::new(4);
        let quiet = slots.take(client("192.0.2.1"));
        let many: Vec<_> = (0..3).map(|_| slots.take(client("192.0.2.2"))).collect();
        // The times of the waits are microseconds: enough of them pass.
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
    fn a_slot_at_work_is_never_displaced() {
        let slots = Slots::new(2);
        let (first, second) = (client("192.0.2.1"), client("192.0.2.2"));
        let busy = slots.try_take(first, Duration::ZERO).unwrap();
        let sending = slots.try_take(first, Duration::ZERO).unwrap();
        assert!(slots.try_take(second, Duration::ZERO).is_none());
        sending.wait();
        let long = Duration::from_secs(60 * 60);
        assert!(slots.try_take(second, long).is_none(), "it waits since now");
        assert!(
            slots.try_take(second, Duration::ZERO).is_some(),
            "it displaces the other"
        );
        assert!(is_displaced(&sending) && !is_displaced(&busy));
        // One that was displaced no longer counts, whatever it does.
        sending.work();
        sending.wait();
        drop(sending);
        let kept = slots.try_take(second, Duration::ZERO).unwrap();
        assert!(slots.try_take(second, Duration::ZERO).is_none());
        drop(busy);
        let last = slots.try_take(first, Duration::ZERO).unwrap();
        drop((kept, last));
        let ledger = slots.0.ledger();
        assert_eq!((ledger.taken, ledger.waiting), (0, 0));
        assert!(ledger.accounts.is_empty(), "no client is kept");
    }

    #[tokio::test]
    async fn there_is_room_as_soon_as_a_holder_waits_or_leaves() {
        let slots = Slots::new(1);
        let held = slots.try_take(client("192.0.2.1"), Duration::ZERO).unwrap();
        let full = tokio::time::timeout(Duration::from_millis(20), slots.room());
        assert!(full.await.is_err());
        let ((), ()) = tokio::join!(slots.room(), async { held.wait() });
        held.work();
        let ((), ()) = tokio::join!(slots.room(), async { drop(held) });
    }
}
