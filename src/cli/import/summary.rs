//! What became of an import.

use std::fmt;
use std::time::Instant;

use indicatif::HumanCount;
use serde_json::json;

use super::rejected::Rejected;
use super::sender::{Checked, Outcome};

/// What became of the lines so far.
#[derive(Debug)]
pub struct Summary {
    begun: Instant,
    is_dry_run: bool,
    stored: u64,
    there_already: u64,
    rejected: u64,
}

impl Summary {
    /// Of an import that begins now.
    pub fn begin(is_dry_run: bool) -> Self {
        Self {
            begun: Instant::now(),
            is_dry_run,
            stored: 0,
            there_already: 0,
            rejected: 0,
        }
    }

    /// Counts lines that have their result.
    pub fn add(&mut self, done: &Checked) {
        for (_, outcome) in &done.0 {
            match outcome {
                Outcome::Stored => self.stored += 1,
                Outcome::ThereAlready => self.there_already += 1,
                Outcome::Rejected(_) => self.rejected += 1,
            }
        }
    }

    /// How many lines have a result.
    pub fn lines(&self) -> u64 {
        self.stored + self.there_already + self.rejected
    }

    /// How many of them were rejected.
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Prints it.
    pub fn print(&self, rejected: &Rejected, as_json: bool) {
        let file = (self.rejected > 0).then(|| rejected.name());
        if as_json {
            let summary = json!({
                "dry_run": self.is_dry_run, "lines": self.lines(), "stored": self.stored,
                "there_already": self.there_already, "rejected": self.rejected,
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
        let stored = if self.is_dry_run {
            "could be stored"
        } else {
            "stored"
        };
        write!(
            formatter,
            "{} lines: {} {stored}, {} there already, {} rejected",
            HumanCount(self.lines()),
            HumanCount(self.stored),
            HumanCount(self.there_already),
            HumanCount(self.rejected)
        )
    }
}
