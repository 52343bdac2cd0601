//! Suggestions: the known name that is nearest to an unknown one.
//!
//! Suggestions must be cheap. They are searched for only for the errors that a response lists, each comparison ends as
//! soon as the names differ too much, and all suggestions of one response share a [`Budget`].

use super::Names;

/// Maximum length of a name that gets a suggestion, in bytes.
const MAX_LENGTH: usize = 100;
/// Maximum number of edits between a name and its suggestion, for names of any length.
const MAX_EDITS: usize = 8;
/// Maximum work for the suggestions of one response: bytes read and cells computed, a few nanoseconds each.
const MAX_WORK: usize = 3_000_000;

/// The remaining work for the suggestions of one response. When it is used up, further errors have no suggestion.
#[derive(Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_WORK)
    }
}

impl Budget {
    fn spend(&mut self, work: usize) -> bool {
        match self.0.checked_sub(work) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => {
                self.0 = 0;
                false
            }
        }
    }
}

/// An unknown name, with the known names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    sent: Box<str>,
    candidates: Names,
}

impl UnknownName {
    /// Returns `None` if the name is too long for a suggestion.
    pub fn new(sent: &str, candidates: Names) -> Option<Self> {
        (sent.len() <= MAX_LENGTH).then(|| Self {
            sent: sent.into(),
            candidates,
        })
    }

    /// Returns the candidate that is clearly nearest: at most a third of the letters and at most eight differ, and no
    /// other candidate is equally near. Ignores case. Returns `None` if the budget is used up.
    pub fn nearest(&self, budget: &mut Budget) -> Option<&str> {
        let sent = folded(&self.sent);
        let mut tolerance = (sent.len() / 3).clamp(1, MAX_EDITS);
        let mut search = Search::default();
        let (mut best, mut is_tied) = (None, false);
        for candidate in self.candidates.iter() {
            // A letter has at most four bytes, so a longer candidate has too many letters.
            if !budget.spend(1) || candidate.len() > 4 * (sent.len() + tolerance) {
                continue;
            }
            let distance = search.distance(&sent, candidate, tolerance, budget);
            let Some(distance) = distance else { continue };
            match best {
                Some((nearest, name)) if distance == nearest => is_tied |= name != candidate,
                _ => (best, is_tied) = (Some((distance, candidate)), false),
            }
            // A candidate that is farther than the best one cannot win.
            tolerance = distance;
        }
        let is_spent = budget.0 == 0;
        best.filter(|_| !is_tied && !is_spent).map(|(_, name)| name)
    }
}

fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The rows of the distance table. Comparisons reuse them.
#[derive(Debug, Default)]
struct Search {
    candidate: Vec<char>,
    before: Vec<usize>,
    last: Vec<usize>,
    row: Vec<usize>,
}

impl Search {
    /// Returns the distance in insertions, deletions, substitutions and exchanges of neighbours (optimal string
    /// alignment). Returns `None` if it is more than `tolerance` or the budget is used up.
    fn distance(
        &mut self,
        sent: &[char],
        candidate: &str,
        tolerance: usize,
        budget: &mut Budget,
    ) -> Option<usize> {
        if !budget.spend(candidate.len()) {
            return None;
        }
        self.candidate.clear();
        let letters = candidate.chars().flat_map(char::to_lowercase);
        self.candidate.extend(letters);
        let length = self.candidate.len();
        // The distance is at least the difference in length.
        if length.abs_diff(sent.len()) > tolerance {
            return None;
        }
        let far = tolerance + 1;
        for row in [&mut self.before, &mut self.last, &mut self.row] {
            row.clear();
            row.resize(length + 1, far);
        }
        for (column, cell) in self.last.iter_mut().enumerate() {
            *cell = column.min(far);
        }
        for index in 1..=sent.len() {
            // Cells farther from the diagonal exceed the tolerance.
            let columns = index.saturating_sub(tolerance).max(1)..=(index + tolerance).min(length);
            if !budget.spend(1 + 2 * tolerance) {
                return None;
            }
            let nearest = self.fill(sent, index, columns, far);
            if nearest > tolerance {
                return None;
            }
            std::mem::swap(&mut self.before, &mut self.last);
            std::mem::swap(&mut self.last, &mut self.row);
        }
        self.last.last().copied().filter(|it| *it <= tolerance)
    }

    /// Computes one row between two columns. Returns the smallest of its cells.
    #[expect(
        clippy::indexing_slicing,
        reason = "the columns are within the rows, which have the length of the candidate"
    )]
    fn fill(
        &mut self,
        sent: &[char],
        index: usize,
        columns: std::ops::RangeInclusive<usize>,
        far: usize,
    ) -> usize {
        let (first, end) = (*columns.start(), *columns.end());
        // The cell before the first one can have a value of an earlier row.
        self.row[first - 1] = if first == 1 { index.min(far) } else { far };
        let mut nearest = self.row[first - 1];
        for column in columns {
            let is_same = sent[index - 1] == self.candidate[column - 1];
            let mut cell = (self.last[column - 1] + usize::from(!is_same))
                .min(self.last[column] + 1)
                .min(self.row[column - 1] + 1);
            let is_exchanged = index > 1
                && column > 1
                && sent[index - 1] == self.candidate[column - 2]
                && sent[index - 2] == self.candidate[column - 1];
            if is_exchanged {
                cell = cell.min(self.before[column - 2] + 1);
            }
            self.row[column] = cell.min(far);
            nearest = nearest.min(cell);
        }
        // So can the cell after the last one, which the next row reads.
        if let Some(behind) = self.row.get_mut(end + 1) {
            *behind = far;
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nearest(sent: &str, candidates: &[&'static str]) -> Option<String> {
        let unknown = UnknownName::new(sent, candidates.iter().copied().collect())?;
        unknown.nearest(&mut Budget::default()).map(str::to_owned)
    }

    #[test]
    fn suggests_the_clearly_nearest_name() {
        assert_eq!(
            nearest("extrenal_id", &["external_id", "name"]).as_deref(),
            Some("external_id")
        );
        assert_eq!(
            nearest("VIP ", &["vip", "High risk"]).as_deref(),
            Some("vip")
        );
        assert_eq!(nearest("colour", &["external_id", "name"]), None);
        assert_eq!(nearest("b", &["a", "c"]), None, "two are equally near");
        assert_eq!(nearest("abd", &["abc", "abd"]).as_deref(), Some("abd"));
    }

    #[test]
    fn suggests_nothing_when_the_budget_is_used_up() {
        let unknown = UnknownName::new("extrenal_id", ["external_id"].into_iter().collect());
        let unknown = unknown.unwrap();
        assert_eq!(unknown.nearest(&mut Budget(10)), None);
        assert_eq!(unknown.nearest(&mut Budget::default()), Some("external_id"));
    }

    #[test]
    fn bounds_the_work_of_a_comparison_by_the_tolerance() {
        // A thousand names of a hundred letters, of which each differs from all others in six.
        let name = |number: usize| format!("{}{number:06}", "n".repeat(94));
        let names: Names = (0..1_000).map(name).collect();
        let mut budget = Budget(usize::MAX);
        let unknown = UnknownName::new(&name(999_999), names).unwrap();
        unknown.nearest(&mut budget);
        let work = usize::MAX - budget.0;
        // The full table of each comparison has 10,000 cells.
        assert!(work < 1_000 * 2_000, "{work}");
    }

    proptest! {
        #[test]
        fn distance_within_the_tolerance_equals_the_full_table(
            sent in "[abc]{0,12}", candidate in "[abc]{0,12}", tolerance in 1usize..6,
        ) {
            let letters = folded(&sent);
            let mut search = Search::default();
            // Values of an earlier comparison must not matter.
            search.distance(&folded("bacabacabaca"), "abcabcabcabc", 9, &mut Budget(usize::MAX));
            let found = search.distance(&letters, &candidate, tolerance, &mut Budget(usize::MAX));
            let whole = strsim::osa_distance(&sent, &candidate);
            prop_assert_eq!(found, (whole <= tolerance).then_some(whole));
        }
    }
}
