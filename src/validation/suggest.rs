//! The nearest known name to what was sent.
//!
//! Suggestions are a courtesy that must stay cheap: they are worked out only for the errors that a
//! response lists, each comparison ends as soon as the names differ too much, and all suggestions of one
//! response share a [`Budget`].

use super::Names;

/// The longest name for which a suggestion is looked for, in bytes.
const LONGEST: usize = 100;
/// The most edits between a name and its suggestion, however long the name is.
const EDITS: usize = 8;
/// How much work the suggestions of one response may be: characters read and cells computed, a few
/// nanoseconds each.
const WORK: usize = 3_000_000;

/// The work that the suggestions of one response may still be. Errors that are listed after it is used
/// up have no suggestion.
#[derive(Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(WORK)
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

/// A name that is not known, and the names that could have been meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    sent: Box<str>,
    candidates: Names,
}

impl Misspelt {
    /// None where the name is too long for a suggestion.
    pub fn new(sent: &str, candidates: Names) -> Option<Self> {
        (sent.len() <= LONGEST).then(|| Self {
            sent: sent.into(),
            candidates,
        })
    }

    /// The candidate that is clearly nearest: at most a third of the letters differ, and at most eight,
    /// and no other candidate is as near. Case does not count. None also where the budget is used up.
    pub fn nearest(&self, budget: &mut Budget) -> Option<&str> {
        let sent = folded(&self.sent);
        let mut tolerance = (sent.len() / 3).clamp(1, EDITS);
        let mut search = Search::default();
        let (mut best, mut is_tied) = (None, false);
        for candidate in self.candidates.iter() {
            // A letter has up to four bytes: what is longer has more letters than the tolerance allows.
            if !budget.spend(1) || candidate.len() > 4 * (sent.len() + tolerance) {
                continue;
            }
            let distance = search.distance(&sent, candidate, tolerance, budget);
            let Some(distance) = distance else { continue };
            match best {
                Some((nearest, name)) if distance == nearest => is_tied |= name != candidate,
                _ => (best, is_tied) = (Some((distance, candidate)), false),
            }
            // A candidate that is farther than the best one is of no interest any more.
            tolerance = distance;
        }
        let is_spent = budget.0 == 0;
        best.filter(|_| !is_tied && !is_spent).map(|(_, name)| name)
    }
}

fn folded(text: &str) -> Vec<char> {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The rows of the table of distances, used for one comparison after the other.
#[derive(Debug, Default)]
struct Search {
    candidate: Vec<char>,
    before: Vec<usize>,
    last: Vec<usize>,
    row: Vec<usize>,
}

impl Search {
    /// The distance in insertions, deletions, substitutions and exchanges of neighbours (optimal string
    /// alignment); none where it is more than `tolerance`, or the budget is used up.
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
        // The difference in length is the least that the distance can be.
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
            // Cells that are farther from the diagonal are more than the tolerance.
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

    /// Computes one row between two columns; the least of its cells.
    #[expect(
        clippy::indexing_slicing,
        reason = "columns lie within the rows, which have the length of the candidate"
    )]
    fn fill(
        &mut self,
        sent: &[char],
        index: usize,
        columns: std::ops::RangeInclusive<usize>,
        far: usize,
    ) -> usize {
        let (first, end) = (*columns.start(), *columns.end());
        // The cell before the first one may hold a value of an earlier row.
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
        // So may the cell behind the last one, which the next row reads.
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
        let misspelt = Misspelt::new(sent, candidates.iter().copied().collect())?;
        misspelt.nearest(&mut Budget::default()).map(str::to_owned)
    }

    #[test]
    fn names_the_one_that_is_clearly_nearest() {
        assert_eq!(
            nearest("extrenal_id", &["external_id", "name"]).as_deref(),
            Some("external_id")
        );
        assert_eq!(
            nearest("VIP ", &["vip", "High risk"]).as_deref(),
            Some("vip")
        );
        assert_eq!(nearest("colour", &["external_id", "name"]), None);
        assert_eq!(nearest("b", &["a", "c"]), None, "two are as near");
        assert_eq!(nearest("abd", &["abc", "abd"]).as_deref(), Some("abd"));
    }

    #[test]
    fn a_budget_that_is_used_up_ends_the_search() {
        let misspelt = Misspelt::new("extrenal_id", ["external_id"].into_iter().collect());
        let misspelt = misspelt.unwrap();
        assert_eq!(misspelt.nearest(&mut Budget(10)), None);
        assert_eq!(
            misspelt.nearest(&mut Budget::default()),
            Some("external_id")
        );
    }

    #[test]
    fn comparisons_cost_what_the_tolerance_allows() {
        // A thousand names of a hundred letters, of which each differs from all others in six.
        let name = |number: usize| format!("{}{number:06}", "n".repeat(94));
        let names: Names = (0..1_000).map(name).collect();
        let mut budget = Budget(usize::MAX);
        let misspelt = Misspelt::new(&name(999_999), names).unwrap();
        misspelt.nearest(&mut budget);
        let work = usize::MAX - budget.0;
        // The whole table of each comparison has 10,000 cells.
        assert!(work < 1_000 * 2_000, "{work}");
    }

    proptest! {
        #[test]
        fn a_distance_within_the_tolerance_is_that_of_the_whole_table(
            sent in "[abc]{0,12}", candidate in "[abc]{0,12}", tolerance in 1usize..6,
        ) {
            let letters = folded(&sent);
            let mut search = Search::default();
            // A row that was used before must not show.
            search.distance(&folded("bacabacabaca"), "abcabcabcabc", 9, &mut Budget(usize::MAX));
            let found = search.distance(&letters, &candidate, tolerance, &mut Budget(usize::MAX));
            let whole = strsim::osa_distance(&sent, &candidate);
            prop_assert_eq!(found, (whole <= tolerance).then_some(whole));
        }
    }
}
