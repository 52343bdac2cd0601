//! The summary of an import.

use std::fmt;
use std::time::Instant;

use indicatif::HumanCount;
use serde_json::json;

use super::outcome::{LineOutcomes, Outcome};

/// The number of lines by result.
#[derive(Debug)]
pub struct Summary {
    begun: Instant,
    is_dry_run: bool,
    stored: u64,
    already_stored: u64,
    rejected: u64,
}

impl Summary {
    /// Starts the summary of an import.
    pub fn begin(is_dry_run: bool) -> Self {
        Self {
            begun: Instant::now(),
            is_dry_run,
            stored: 0,
            already_stored: 0,
            rejected: 0,
        }
    }

    /// Counts the results.
    pub fn add(&mut self, outcomes: &LineOutcomes) {
        for (_, outcome) in &outcomes.0 {
            match outcome {
                Outcome::Stored => self.stored += 1,
                Outcome::AlreadyStored => self.already_stored += 1,
                Outcome::Rejected(_) => self.rejected += 1,
            }
        }
    }

    /// Returns the number of lines that have a result.
    pub fn lines(&self) -> u64 {
        self.stored + self.already_stored + self.rejected
    }

    /// Returns the number of rejected lines.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Prints the summary. `rejected_file` is named only if a line was rejected.
    pub fn print(&self, rejected_file: &str, as_json: bool) {
        let file = (self.rejected > 0).then_some(rejected_file);
        if as_json {
            let summary = json!({
                "dry_run": self.is_dry_run, "lines": self.lines(), "stored": self.stored,
                "there_already": self.already_stored, "rejected": self.rejected,
                "rejected_file": file, "seconds": self.begun.elapsed().as_secs_f64(),
            });
            println!("{summary}");
        } else {
            let file = file.map(|it| format!("; see {it}"));
            println!("{self}{}.", file.unwrap_or_default());
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = if self.is_dry_run { "valid" } else { "stored" };
        write!(
            formatter,
            "{} lines: {} {stored}, {} already stored, {} rejected",
            HumanCount(self.lines()),
            HumanCount(self.stored),
            HumanCount(self.already_stored),
            HumanCount(self.rejected)
        )
    }
}
