//! When a delivery that failed is tried again.

use std::time::Duration;

/// The waits before each retry: exponential, over a day all in all.
const WAITS: [Duration; 10] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(4 * 60 * 60),
    Duration::from_secs(8 * 60 * 60),
    Duration::from_secs(8 * 60 * 60),
];

/// How many retries are left after some.
pub fn remaining(retries: usize) -> usize {
    WAITS.len().saturating_sub(retries)
}

/// How long to wait before the next retry, if there is one. `jitter`, from 0 to 1, spreads those of
/// many deliveries that failed at once over a fifth more or less.
pub fn wait(retries: usize, jitter: f64) -> Option<Duration> {
    WAITS
        .get(retries)
        .map(|wait| wait.mul_f64(0.8 + 0.4 * jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_last_a_day() {
        let total = |jitter| (0..).map_while(|it| wait(it, jitter)).sum::<Duration>();
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(total(0.0) > day.mul_f64(0.75) && total(1.0) < day.mul_f64(1.25));
        assert_eq!(wait(10, 0.5), None);
        assert_eq!((remaining(0), remaining(10), remaining(11)), (10, 0, 0));
        assert!((0..9).all(|it| wait(it, 0.5) <= wait(it + 1, 0.5)));
    }
}
