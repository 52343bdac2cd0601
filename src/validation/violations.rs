//! Everything that is wrong with one request.

use super::Fault;

/// One fault and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// An RFC 6901 JSON pointer into the body; of a missing member, where it would stand.
    pub pointer: String,
    /// What is wrong there.
    pub fault: Fault,
}

/// The collector: keeps [`Violations::KEPT`], or fewer where they are very large, and counts the rest, so that a body made of faults
/// stays cheap to refuse. It keeps more than are listed, since they are found in another order than
/// they are listed in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Violations {
    kept: Vec<Violation>,
    total: usize,
    /// What those that are kept take of memory, roughly, in bytes.
    size: usize,
}

impl Violations {
    /// How many violations are kept at the most.
    pub const KEPT: usize = 1_000;
    /// How much memory those that are kept may take together, in bytes: each pointer repeats the keys
    /// of the caller, and one key can be as long as the body.
    const SIZE: usize = 4 * 1024 * 1024;
    /// How many violations are listed at the most.
    pub const LISTED: usize = 200;

    /// Adds a violation; the pointer is only made if it is kept.
    pub fn add(&mut self, pointer: impl FnOnce() -> String, fault: impl FnOnce() -> Fault) {
        self.total += 1;
        if self.kept.len() < Self::KEPT && self.size < Self::SIZE {
            let (pointer, fault) = (pointer(), fault());
            self.size += pointer.len() + fault.size();
            self.kept.push(Violation { pointer, fault });
        }
    }

    /// Counts faults that are not listed one by one.
    pub fn count_more(&mut self, more: usize) {
        self.total += more;
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many there are, kept or not.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Those that an answer lists.
    pub fn listed(&self) -> &[Violation] {
        self.kept.get(..Self::LISTED).unwrap_or(&self.kept)
    }

    /// Those that were kept.
    pub fn kept(&self) -> &[Violation] {
        &self.kept
    }

    /// Those that were kept, to be put in order.
    pub fn kept_mut(&mut self) -> &mut [Violation] {
        &mut self.kept
    }
}
