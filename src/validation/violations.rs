//! The violations of one request.

use super::Fault;

/// A fault and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// A JSON Pointer (RFC 6901) into the body, or the name of a parameter or header. A missing field has the pointer
    /// that it would have.
    pub pointer: String,
    /// The error.
    pub fault: Fault,
}

/// Collects violations. Records at most [`Violations::MAX_RECORDED`], fewer if they are very large, and counts the
/// rest, so that a body full of errors is cheap to refuse. Records more than a response lists, because the list is
/// sorted later.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Violations {
    recorded: Vec<Violation>,
    total: usize,
    /// Approximate memory of the recorded violations, in bytes.
    size: usize,
}

impl Violations {
    /// Maximum number of recorded violations.
    pub const MAX_RECORDED: usize = 1_000;
    /// Memory after which no further violation is recorded, in bytes. Each pointer repeats keys of the client, and one
    /// key can be as long as the body.
    const MAX_SIZE: usize = 4 * 1024 * 1024;
    /// Maximum number of violations that a response lists.
    pub const MAX_LISTED: usize = 200;

    /// Adds a violation. Its pointer and its fault are only built if it is recorded.
    pub fn add(&mut self, pointer: impl FnOnce() -> String, fault: impl FnOnce() -> Fault) {
        self.total += 1;
        if self.recorded.len() < Self::MAX_RECORDED && self.size < Self::MAX_SIZE {
            let (pointer, fault) = (pointer(), fault());
            self.size += pointer.len() + fault.size();
            self.recorded.push(Violation { pointer, fault });
        }
    }

    /// Counts violations that are not recorded.
    pub fn count_more(&mut self, more: usize) {
        self.total += more;
    }

    /// Whether there is no violation.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The number of violations, recorded or not.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The violations that a response lists.
    pub fn listed(&self) -> &[Violation] {
        self.recorded
            .get(..Self::MAX_LISTED)
            .unwrap_or(&self.recorded)
    }

    /// The recorded violations.
    pub fn recorded(&self) -> &[Violation] {
        &self.recorded
    }

    /// The recorded violations, to sort them.
    pub fn recorded_mut(&mut self) -> &mut [Violation] {
        &mut self.recorded
    }
}
