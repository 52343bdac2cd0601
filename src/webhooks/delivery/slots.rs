//! Fair distribution of one process's concurrent requests among endpoints.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::{Id, JoinError};
use uuid::Uuid;

/// The concurrent requests of this process.
const MAX_REQUESTS: usize = 256;
/// The concurrent requests to one endpoint, so that a slow one delays only its own deliveries.
const MAX_PER_ENDPOINT: usize = 4;
/// The concurrent requests to all slow endpoints together, so that slots remain for the others.
const MAX_SLOW: usize = MAX_REQUESTS / 2;
/// An endpoint is slow if its last request took at least this long.
const SLOW_AFTER: Duration = Duration::from_secs(5);

/// An endpoint with a due queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueEndpoint {
    pub workspace_id: Uuid,
    pub webhook_id: Uuid,
    /// When its first queue was due.
    pub due_at: DateTime<Utc>,
}

/// The additional requests granted to an endpoint; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub workspace_id: Uuid,
    pub webhook_id: Uuid,
    pub slots: usize,
}

/// The running requests, by task, and the endpoints that are slow.
#[derive(Debug, Default)]
pub struct DeliverySlots {
    taken: HashMap<Id, EndpointKey>,
    /// The webhooks whose last request took at least [`SLOW_AFTER`].
    slow: HashSet<Uuid>,
}

#[derive(Debug, Clone, Copy)]
struct EndpointKey {
    workspace_id: Uuid,
    webhook_id: Uuid,
}

impl DeliverySlots {
    /// Takes a slot for the request of a task.
    pub fn begin(&mut self, task: Id, workspace_id: Uuid, webhook_id: Uuid) {
        let endpoint = EndpointKey {
            workspace_id,
            webhook_id,
        };
        self.taken.insert(task, endpoint);
    }

    /// Frees the slot of a task that ended or panicked. The duration of its request, if it made one, decides whether
    /// the endpoint is slow.
    pub fn end(&mut self, ended: Result<(Id, Option<Duration>), JoinError>) {
        let (task, took) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!("a delivery task panicked");
                (error.id(), None)
            }
        };
        let Some(endpoint) = self.taken.remove(&task) else {
            return;
        };
        match took {
            Some(took) if took >= SLOW_AFTER => self.slow.insert(endpoint.webhook_id),
            Some(_) => self.slow.remove(&endpoint.webhook_id),
            None => false,
        };
    }

    /// Whether no slot is free.
    pub fn is_full(&self) -> bool {
        self.taken.len() >= MAX_REQUESTS
    }

    /// Distributes the free slots one by one. Each is given to the workspace with the fewest slots, within it to the
    /// endpoint with the fewest, and on a tie to the endpoint that has waited longest. A workspace gets at most as many
    /// slots as remain free: one workspace gets half of all slots, two get a third each, and one slot remains for
    /// another workspace, up to as many workspaces as slots.
    pub fn shares(&self, due: &[DueEndpoint]) -> Vec<Share> {
        let mut counts = Counts::of(self);
        let mut shares: Vec<_> = due.iter().map(Share::none).collect();
        let candidates = due.iter().enumerate();
        let mut candidates: BinaryHeap<_> = candidates
            .map(|(index, it)| Reverse((counts.rank(it), it.due_at, index)))
            .collect();
        while let Some(Reverse((rank, due_at, index))) = candidates.pop() {
            let (Some(endpoint), Some(share)) = (due.get(index), shares.get_mut(index)) else {
                continue;
            };
            let now = counts.rank(endpoint);
            if now == rank {
                // Counts only grow, so a refused endpoint is refused again.
                if !counts.take(endpoint) {
                    continue;
                }
                share.slots += 1;
            }
            let now = counts.rank(endpoint);
            candidates.push(Reverse((now, due_at, index)));
        }
        shares.retain(|it| it.slots > 0);
        shares
    }
}

impl Share {
    fn none(endpoint: &DueEndpoint) -> Self {
        Self {
            workspace_id: endpoint.workspace_id,
            webhook_id: endpoint.webhook_id,
            slots: 0,
        }
    }
}

/// The number of slots taken, by workspace and endpoint.
struct Counts<'s> {
    slow: &'s HashSet<Uuid>,
    of_workspace: HashMap<Uuid, usize>,
    of_endpoint: HashMap<Uuid, usize>,
    of_slow: usize,
    free: usize,
}

impl<'s> Counts<'s> {
    fn of(slots: &'s DeliverySlots) -> Self {
        let mut counts = Self {
            slow: &slots.slow,
            of_workspace: HashMap::new(),
            of_endpoint: HashMap::new(),
            of_slow: 0,
            free: MAX_REQUESTS,
        };
        for endpoint in slots.taken.values() {
            counts.add(endpoint.workspace_id, endpoint.webhook_id);
        }
        counts
    }

    fn add(&mut self, workspace_id: Uuid, webhook_id: Uuid) {
        *self.of_workspace.entry(workspace_id).or_default() += 1;
        *self.of_endpoint.entry(webhook_id).or_default() += 1;
        self.of_slow += usize::from(self.slow.contains(&webhook_id));
        self.free = self.free.saturating_sub(1);
    }

    /// The slots of the workspace and of the endpoint; the lowest rank gets the next slot.
    fn rank(&self, it: &DueEndpoint) -> (usize, usize) {
        let of = |counts: &HashMap<Uuid, usize>, id| counts.get(id).copied().unwrap_or_default();
        (
            of(&self.of_workspace, &it.workspace_id),
            of(&self.of_endpoint, &it.webhook_id),
        )
    }

    /// Takes a slot for an endpoint. Returns `false` if a limit is reached.
    fn take(&mut self, it: &DueEndpoint) -> bool {
        let (of_workspace, of_endpoint) = self.rank(it);
        let is_slow = self.slow.contains(&it.webhook_id);
        if of_workspace >= self.free
            || of_endpoint >= MAX_PER_ENDPOINT
            || (is_slow && self.of_slow >= MAX_SLOW)
        {
            return false;
        }
        self.add(it.workspace_id, it.webhook_id);
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    /// The given number of due endpoints of each workspace.
    fn due(workspaces: std::ops::Range<u128>, endpoints: u128) -> Vec<DueEndpoint> {
        let workspaces = workspaces.flat_map(|workspace| {
            (0..endpoints).map(move |endpoint| DueEndpoint {
                workspace_id: Uuid::from_u128(workspace),
                webhook_id: Uuid::from_u128(workspace * 1_000 + endpoint),
                due_at: DateTime::UNIX_EPOCH,
            })
        });
        workspaces.collect()
    }

    fn of(workspace: u128, shares: &[Share]) -> usize {
        let workspace = Uuid::from_u128(workspace);
        let shares = shares.iter().filter(|it| it.workspace_id == workspace);
        shares.map(|it| it.slots).sum()
    }

    /// Starts a task that never ends for each slot of the shares.
    fn hang(slots: &mut DeliverySlots, tasks: &mut JoinSet<Option<Duration>>, shares: &[Share]) {
        for share in shares {
            for _ in 0..share.slots {
                let task = tasks.spawn(std::future::pending()).id();
                slots.begin(task, share.workspace_id, share.webhook_id);
            }
        }
    }

    #[test]
    fn an_endpoint_gets_four_slots_and_a_workspace_no_more_than_remain() {
        let slots = DeliverySlots::default();
        let one = slots.shares(&due(1..2, 1));
        assert_eq!(of(1, &one), MAX_PER_ENDPOINT);
        let alone = slots.shares(&due(1..2, 50));
        assert_eq!(of(1, &alone), MAX_REQUESTS / 2);
        let two = slots.shares(&due(1..3, 50));
        assert_eq!((of(1, &two), of(2, &two)), (86, 85));
        let many = slots.shares(&due(1..101, 50));
        assert!((1..101).all(|it| (2..=3).contains(&of(it, &many))));
        assert!(slots.shares(&[]).is_empty());
    }

    #[tokio::test]
    async fn hanging_endpoints_of_other_workspaces_leave_slots() {
        for (workspaces, endpoints) in [(2, 32), (10, 50), (64, 50), (255, 50)] {
            let (mut slots, mut tasks) = (DeliverySlots::default(), JoinSet::new());
            let others = due(1..1 + workspaces, endpoints);
            // They claim slots before the late endpoint, repeatedly.
            for _ in 0..5 {
                let shares = slots.shares(&others);
                hang(&mut slots, &mut tasks, &shares);
            }
            let late = DueEndpoint {
                due_at: DateTime::UNIX_EPOCH + Duration::from_secs(1),
                ..due(1_000..1_001, 1)[0]
            };
            let mut all = others.clone();
            all.push(late);
            let shares = slots.shares(&all);
            assert!(of(1_000, &shares) >= 1, "{workspaces} workspaces");
        }
    }

    #[tokio::test]
    async fn slow_endpoints_of_any_number_of_workspaces_get_half_of_all_slots() {
        let (mut slots, mut tasks) = (DeliverySlots::default(), JoinSet::new());
        let slow = due(1..501, 1);
        slots.slow = slow.iter().map(|it| it.webhook_id).collect();
        for _ in 0..5 {
            let shares = slots.shares(&slow);
            hang(&mut slots, &mut tasks, &shares);
        }
        assert_eq!(slots.taken.len(), MAX_SLOW);
        let mut all = slow.clone();
        all.extend(due(1_000..1_001, 1));
        assert_eq!(of(1_000, &slots.shares(&all)), MAX_PER_ENDPOINT);
    }

    #[tokio::test]
    async fn an_endpoint_is_slow_by_its_last_request() {
        let (mut slots, mut tasks) = (DeliverySlots::default(), JoinSet::new());
        let [endpoint] = due(1..2, 1)[..] else {
            panic!("one endpoint")
        };
        for took in [SLOW_AFTER, Duration::ZERO] {
            let task = tasks.spawn(std::future::ready(Some(took))).id();
            slots.begin(task, endpoint.workspace_id, endpoint.webhook_id);
            let ended = tasks.join_next_with_id().await.expect("a task");
            slots.end(ended);
            assert_eq!(
                slots.slow.contains(&endpoint.webhook_id),
                took == SLOW_AFTER
            );
        }
    }

    #[tokio::test]
    async fn a_slot_is_free_after_a_panic() {
        let (mut slots, mut tasks) = (DeliverySlots::default(), JoinSet::new());
        let endpoint = due(1..2, 1);
        for _ in 0..MAX_PER_ENDPOINT {
            let task = tasks.spawn(async { panic!("a fault") }).id();
            slots.begin(task, endpoint[0].workspace_id, endpoint[0].webhook_id);
        }
        assert!(slots.shares(&endpoint).is_empty());
        while let Some(ended) = tasks.join_next_with_id().await {
            slots.end(ended);
        }
        assert_eq!(of(1, &slots.shares(&endpoint)), MAX_PER_ENDPOINT);
    }
}
