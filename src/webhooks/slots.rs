//! How the requests that one process makes at once are shared among endpoints.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::{Id, JoinError};
use uuid::Uuid;

/// How many requests this process makes at once.
const ALL: usize = 256;
/// How many of them one endpoint gets, so that a slow one holds up only itself.
const OF_ENDPOINT: usize = 4;
/// How many slow endpoints get together, so that any number of them leaves slots for the others.
const OF_SLOW: usize = ALL / 2;
/// An endpoint is slow if its last request took at least this long.
const SLOW: Duration = Duration::from_secs(5);

/// An endpoint with a queue that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub workspace_id: Uuid,
    pub webhook_id: Uuid,
    /// Since when.
    pub due_at: DateTime<Utc>,
}

/// How many more requests an endpoint may get now; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub workspace_id: Uuid,
    pub webhook_id: Uuid,
    pub slots: usize,
}

/// The requests under way, each with its task and its endpoint.
#[derive(Debug, Default)]
pub struct Slots {
    taken: HashMap<Id, Endpoint>,
    /// The webhooks whose last request was slow.
    slow: HashSet<Uuid>,
}

#[derive(Debug, Clone, Copy)]
struct Endpoint {
    workspace_id: Uuid,
    webhook_id: Uuid,
}

impl Slots {
    /// Takes a slot for a request that a task makes.
    pub fn begin(&mut self, task: Id, workspace_id: Uuid, webhook_id: Uuid) {
        let endpoint = Endpoint {
            workspace_id,
            webhook_id,
        };
        self.taken.insert(task, endpoint);
    }

    /// Frees the slot of a task that has ended, however it has ended; a request that was made says how long
    /// the endpoint took.
    pub fn end(&mut self, ended: Result<(Id, Option<Duration>), JoinError>) {
        let (task, took) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!("a delivery ended early");
                (error.id(), None)
            }
        };
        let Some(endpoint) = self.taken.remove(&task) else {
            return;
        };
        match took {
            Some(took) if took >= SLOW => self.slow.insert(endpoint.webhook_id),
            Some(_) => self.slow.remove(&endpoint.webhook_id),
            None => false,
        };
    }

    /// Whether no slot is free.
    pub fn are_taken(&self) -> bool {
        self.taken.len() >= ALL
    }

    /// Shares the free slots among endpoints, one after the other: to the workspace that has the fewest, in
    /// it to the endpoint that has the fewest, and of equals to the one that has waited longest. A workspace
    /// gets no more than remain free: one alone gets half of all, two get a third each, and there is always
    /// a slot for one more, up to as many workspaces as slots.
    pub fn shares(&self, waiting: &[Waiting]) -> Vec<Share> {
        let mut counts = Counts::of(self);
        let mut shares: Vec<_> = waiting.iter().map(Share::none).collect();
        let candidates = waiting.iter().enumerate();
        let mut candidates: BinaryHeap<_> = candidates
            .map(|(index, it)| Reverse((counts.rank(it), it.due_at, index)))
            .collect();
        while let Some(Reverse((rank, due_at, index))) = candidates.pop() {
            let (Some(endpoint), Some(share)) = (waiting.get(index), shares.get_mut(index)) else {
                continue;
            };
            let now = counts.rank(endpoint);
            if now == rank {
                // Counts only grow: what is refused a slot gets none any more.
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
    fn none(waiting: &Waiting) -> Self {
        Self {
            workspace_id: waiting.workspace_id,
            webhook_id: waiting.webhook_id,
            slots: 0,
        }
    }
}

/// How many slots are taken, by whom.
struct Counts<'s> {
    slow: &'s HashSet<Uuid>,
    of_workspace: HashMap<Uuid, usize>,
    of_endpoint: HashMap<Uuid, usize>,
    of_slow: usize,
    free: usize,
}

impl<'s> Counts<'s> {
    fn of(slots: &'s Slots) -> Self {
        let mut counts = Self {
            slow: &slots.slow,
            of_workspace: HashMap::new(),
            of_endpoint: HashMap::new(),
            of_slow: 0,
            free: ALL,
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

    /// How many slots the workspace and the endpoint have: the lower, the sooner they get one.
    fn rank(&self, it: &Waiting) -> (usize, usize) {
        let of = |counts: &HashMap<Uuid, usize>, id| counts.get(id).copied().unwrap_or_default();
        (
            of(&self.of_workspace, &it.workspace_id),
            of(&self.of_endpoint, &it.webhook_id),
        )
    }

    /// Takes a slot for an endpoint; false if it may have none.
    fn take(&mut self, it: &Waiting) -> bool {
        let (of_workspace, of_endpoint) = self.rank(it);
        let is_slow = self.slow.contains(&it.webhook_id);
        if of_workspace >= self.free
            || of_endpoint >= OF_ENDPOINT
            || (is_slow && self.of_slow >= OF_SLOW)
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

    /// Endpoints of some workspaces, so many of each, that have waited since the beginning of time.
    fn waiting(workspaces: std::ops::Range<u128>, endpoints: u128) -> Vec<Waiting> {
        let workspaces = workspaces.flat_map(|workspace| {
            (0..endpoints).map(move |endpoint| Waiting {
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

    /// Slots with tasks that never end, one for each slot of some shares.
    fn hanging(slots: &mut Slots, tasks: &mut JoinSet<Option<Duration>>, shares: &[Share]) {
        for share in shares {
            for _ in 0..share.slots {
                let task = tasks.spawn(std::future::pending()).id();
                slots.begin(task, share.workspace_id, share.webhook_id);
            }
        }
    }

    #[test]
    fn an_endpoint_gets_four_slots_and_a_workspace_no_more_than_remain() {
        let slots = Slots::default();
        let one = slots.shares(&waiting(1..2, 1));
        assert_eq!(of(1, &one), OF_ENDPOINT);
        let alone = slots.shares(&waiting(1..2, 50));
        assert_eq!(of(1, &alone), ALL / 2);
        let two = slots.shares(&waiting(1..3, 50));
        assert_eq!((of(1, &two), of(2, &two)), (86, 85));
        let many = slots.shares(&waiting(1..101, 50));
        assert!((1..101).all(|it| (2..=3).contains(&of(it, &many))));
        assert!(slots.shares(&[]).is_empty());
    }

    #[tokio::test]
    async fn hanging_endpoints_of_other_workspaces_leave_slots() {
        for (workspaces, endpoints) in [(2, 32), (10, 50), (64, 50), (255, 50)] {
            let (mut slots, mut tasks) = (Slots::default(), JoinSet::new());
            let others = waiting(1..1 + workspaces, endpoints);
            // They come first, and again and again.
            for _ in 0..5 {
                let shares = slots.shares(&others);
                hanging(&mut slots, &mut tasks, &shares);
            }
            let late = Waiting {
                due_at: DateTime::UNIX_EPOCH + Duration::from_secs(1),
                ..waiting(1_000..1_001, 1)[0]
            };
            let mut all = others.clone();
            all.push(late);
            let shares = slots.shares(&all);
            assert!(of(1_000, &shares) >= 1, "{workspaces} workspaces");
        }
    }

    #[tokio::test]
    async fn slow_endpoints_of_any_number_of_workspaces_get_half_of_all_slots() {
        let (mut slots, mut tasks) = (Slots::default(), JoinSet::new());
        let slow = waiting(1..501, 1);
        slots.slow = slow.iter().map(|it| it.webhook_id).collect();
        for _ in 0..5 {
            let shares = slots.shares(&slow);
            hanging(&mut slots, &mut tasks, &shares);
        }
        assert_eq!(slots.taken.len(), OF_SLOW);
        let mut all = slow.clone();
        all.extend(waiting(1_000..1_001, 1));
        assert_eq!(of(1_000, &slots.shares(&all)), OF_ENDPOINT);
    }

    #[tokio::test]
    async fn an_endpoint_is_slow_by_its_last_request() {
        let (mut slots, mut tasks) = (Slots::default(), JoinSet::new());
        let [endpoint] = waiting(1..2, 1)[..] else {
            panic!("one endpoint")
        };
        for took in [SLOW, Duration::ZERO] {
            let task = tasks.spawn(std::future::ready(Some(took))).id();
            slots.begin(task, endpoint.workspace_id, endpoint.webhook_id);
            let ended = tasks.join_next_with_id().await.expect("a task");
            slots.end(ended);
            assert_eq!(slots.slow.contains(&endpoint.webhook_id), took == SLOW);
        }
    }

    #[tokio::test]
    async fn a_slot_is_free_after_a_panic() {
        let (mut slots, mut tasks) = (Slots::default(), JoinSet::new());
        let endpoint = waiting(1..2, 1);
        for _ in 0..OF_ENDPOINT {
            let task = tasks.spawn(async { panic!("a fault") }).id();
            slots.begin(task, endpoint[0].workspace_id, endpoint[0].webhook_id);
        }
        assert!(slots.shares(&endpoint).is_empty());
        while let Some(ended) = tasks.join_next_with_id().await {
            slots.end(ended);
        }
        assert_eq!(of(1, &slots.shares(&endpoint)), OF_ENDPOINT);
    }
}
