//! Waits for a state that no event announces.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use super::LONG;

const INTERVAL: Duration = Duration::from_millis(20);

/// Calls `attempt` until it returns `Ok`. After [`LONG`] the test fails with the last `Err`.
pub async fn poll<T, E: Debug>(mut attempt: impl AsyncFnMut() -> Result<T, E>) -> T {
    let started = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(last) => assert!(started.elapsed() < LONG, "timed out, last found: {last:?}"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
