//! A batch some of whose lines have no result yet.

use super::batch::Batch;
use super::client::{ItemResult, is_temporary};
use super::lines::{Line, State};
use super::outcome::{Outcome, Refusal};
use super::refusals::without_external_id;

/// How many results with an internal error (500) a batch may have before they become the results of their lines.
const INTERNAL_ERRORS: usize = 4;

/// Lines that are sent again until each has a result.
pub struct PendingBatch {
    batch: Batch,
    outcomes: Vec<Option<Outcome>>,
    /// The indexes of the lines without a result.
    open: Vec<usize>,
    /// How many responses had an internal error (500).
    internal_errors: usize,
}

impl PendingBatch {
    /// A batch without results.
    pub fn new(batch: Batch) -> Self {
        let count = batch.lines.len();
        Self {
            batch,
            outcomes: vec![None; count],
            open: (0..count).collect(),
            internal_errors: 0,
        }
    }

    /// Returns the number of lines without a result.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Returns the lines without a result.
    pub fn remaining(&self) -> Batch {
        let lines = self.open.iter();
        let lines = lines.filter_map(|it| self.batch.lines.get(*it).cloned());
        Batch {
            lines: lines.collect(),
            is_dry_run: self.batch.is_dry_run,
        }
    }

    /// Records the results of the lines without one. Returns the reason of a temporary result, if there is one: its
    /// line stays without a result.
    pub fn record(&mut self, results: Vec<ItemResult>) -> Option<String> {
        let has_internal_error = results.iter().any(|it| it.refusal.status == 500);
        self.internal_errors += usize::from(has_internal_error);
        let mut reason = None;
        for (index, result) in std::mem::take(&mut self.open).into_iter().zip(results) {
            let status = result.refusal.status;
            let is_open = match status {
                500 => self.internal_errors < INTERNAL_ERRORS,
                409 => result.is_concurrent_conflict(),
                status => is_temporary(status),
            };
            if is_open {
                let detail = result.refusal.detail;
                reason = Some(detail.unwrap_or_else(|| format!("a line had the status {status}")));
                self.open.push(index);
            } else {
                let outcome = self.outcome(index, result);
                self.settle(index, outcome);
            }
        }
        reason
    }

    /// Records the refusal of the whole request, if only one line has no result. Several lines are sent again in
    /// halves.
    pub fn refuse(&mut self, refusal: Refusal) {
        if let [index] = self.open[..] {
            self.open.clear();
            self.settle(index, Outcome::Rejected(refusal));
        }
    }

    fn settle(&mut self, index: usize, outcome: Outcome) {
        if let Some(settled) = self.outcomes.get_mut(index) {
            *settled = Some(outcome);
        }
    }

    fn outcome(&self, index: usize, result: ItemResult) -> Outcome {
        let line = self.batch.lines.get(index);
        if line.is_some_and(|it| matches!(it.state, State::WithoutExternalId)) {
            return Outcome::Rejected(without_external_id(result.refusal));
        }
        match result.refusal.status {
            201 => Outcome::Stored,
            200 if self.batch.is_dry_run && result.id.is_none() => Outcome::Stored,
            200 => Outcome::AlreadyStored,
            _ => Outcome::Rejected(result.refusal),
        }
    }

    /// Splits the lines without a result in two batches, the second half first. Returns nothing if there are none.
    pub fn halves(&self) -> Vec<Batch> {
        let mut first = self.remaining();
        let is_dry_run = first.is_dry_run;
        let lines = first.lines.split_off(first.lines.len().div_ceil(2));
        let second = Batch { lines, is_dry_run };
        let halves = [second, first].into_iter();
        halves.filter(|it| !it.lines.is_empty()).collect()
    }

    /// Returns the lines that have a result.
    pub fn settled(self) -> impl Iterator<Item = (Line, Outcome)> {
        let lines = self.batch.lines.into_iter().zip(self.outcomes);
        lines.filter_map(|(line, outcome)| Some((line, outcome?)))
    }
}
