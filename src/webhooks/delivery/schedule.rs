//! The schedule of automatic retries.

use std::time::Duration;

/// The delay before each retry: roughly exponential, about 24 hours in total.
const DELAYS: [Duration; 10] = [
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

/// The number of retries left after `retries` of them.
pub fn remaining(retries: usize) -> usize {
    DELAYS.len().saturating_sub(retries)
}

/// The delay before the next retry, or `None` after the last one. `jitter`, from 0 to 1, spreads the retries of
/// deliveries that failed together: it changes the delay by up to 20%.
pub fn delay(retries: usize, jitter: f64) -> Option<Duration> {
    DELAYS
        .get(retries)
        .map(|delay| delay.mul_f64(0.8 + 0.4 * jitter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_take_about_24_hours() {
        let total = |jitter| (0..).map_while(|it| delay(it, jitter)).sum::<Duration>();
        let day = Duration::from_secs(24 * 60 * 60);
        assert!(total(0.0) > day.mul_f64(0.75) && total(1.0) < day.mul_f64(1.25));
        assert_eq!(delay(10, 0.5), None);
        assert_eq!((remaining(0), remaining(10), remaining(11)), (10, 0, 0));
        assert!((0..9).all(|it| delay(it, 0.5) <= delay(it + 1, 0.5)));
    }
}
