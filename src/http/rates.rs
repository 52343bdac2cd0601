//! Rate limits of API keys, for reads and for writes. Each server counts by itself.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Limits, Problem, ProblemType};

/// The period of a quota.
const WINDOW: Duration = Duration::from_secs(60);
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The hash of an API key.
type Key = [u8; 32];

/// The rate limits of one server process. Clones share the counters.
#[derive(Debug, Clone)]
pub struct Rates {
    reads: Option<Arc<Rate>>,
    writes: Option<Arc<Rate>>,
}

impl Rates {
    /// Creates the rate limits, with full quotas.
    pub fn new(limits: Limits) -> Self {
        let rate = |name, quota| Rate::new(name, quota, WINDOW).map(Arc::new);
        Self {
            reads: limits.reads.and_then(|quota| rate("read", quota)),
            writes: limits.writes.and_then(|quota| rate("write", quota)),
        }
    }

    /// Returns the allowance of a request. Returns `None` if its method has no limit.
    pub fn allowance(&self, method: &Method) -> Option<Allowance> {
        let rate = match *method {
            Method::GET | Method::HEAD => &self.reads,
            _ => &self.writes,
        };
        let rate = Arc::clone(rate.as_ref()?);
        Some(Allowance {
            rate,
            taken: Arc::default(),
        })
    }
}

/// The use of a rate limit by one request. The edge adds it to the request, authentication takes it, and the edge
/// reports the remaining requests in the response.
#[derive(Debug, Clone)]
pub struct Allowance {
    rate: Arc<Rate>,
    taken: Arc<OnceLock<Taken>>,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    left: u32,
    /// Seconds until the quota is full again, or until the next request is allowed if this one is refused.
    seconds: u64,
    is_refused: bool,
}

impl Allowance {
    /// Counts the request for a valid API key. Further calls do not count again.
    ///
    /// # Errors
    /// Returns `RateLimited` (429) if the quota is used up.
    pub fn take(&self, key: &Key) -> Result<(), Problem> {
        if self.taken.get_or_init(|| self.rate.take(key)).is_refused {
            return Err(Problem::Plain(ProblemType::RateLimited));
        }
        Ok(())
    }

    /// Sets the headers of draft-ietf-httpapi-ratelimit-headers and, for a refused request, `Retry-After` (RFC 9110,
    /// section 10.2.3). Sets nothing if the request was not authenticated.
    pub(super) fn write_headers(&self, headers: &mut HeaderMap) {
        let Some(Taken {
            left,
            seconds,
            is_refused,
        }) = self.taken.get().copied()
        else {
            return;
        };
        let Rate { name, quota, .. } = &*self.rate;
        let window = WINDOW.as_secs();
        let mut set = |field, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(field, value);
            }
        };
        set(POLICY, format!("\"{name}\";q={quota};w={window}"));
        set(LIMIT, format!("\"{name}\";r={left};t={seconds}"));
        if is_refused {
            set(RETRY_AFTER, seconds.to_string());
        }
    }
}

/// A rate limit with the usage of each key (GCRA: a client can use the quota in one burst, and it refills evenly).
#[derive(Debug)]
struct Rate {
    name: &'static str,
    quota: NonZeroU32,
    window: Duration,
    used: DefaultKeyedRateLimiter<Key, StateInformationMiddleware>,
    swept: Mutex<Instant>,
}

impl Rate {
    /// Returns `None` if the quota is too large to have an effect.
    fn new(name: &'static str, quota: NonZeroU32, window: Duration) -> Option<Self> {
        let allowed = Quota::with_period(window / quota.get())?.allow_burst(quota);
        Some(Self {
            name,
            quota,
            window,
            used: RateLimiter::keyed(allowed).with_middleware(),
            swept: Mutex::new(Instant::now()),
        })
    }

    fn take(&self, key: &Key) -> Taken {
        self.remove_idle();
        match self.used.check_key(key) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let used = self.quota.get().saturating_sub(left);
                Taken {
                    left,
                    seconds: rounded_up(self.window * used / self.quota.get()),
                    is_refused: false,
                }
            }
            Err(refused) => Taken {
                left: 0,
                seconds: rounded_up(refused.wait_time_from(DefaultClock::default().now())).max(1),
                is_refused: true,
            },
        }
    }

    /// Removes the keys whose quota is full again, once per window. So the map holds only the keys of the last two
    /// windows.
    fn remove_idle(&self) {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.elapsed() >= self.window {
            *swept = Instant::now();
            self.used.retain_recent();
            self.used.shrink_to_fit();
        }
    }
}

fn rounded_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_idle_keys() {
        let used = |window| {
            let rate = Rate::new("read", NonZeroU32::MIN, window).unwrap();
            for number in 0..200_u8 {
                assert!(!rate.take(&[number; 32]).is_refused);
            }
            rate
        };
        assert_eq!(used(WINDOW * 60).used.len(), 200);
        let window = Duration::from_millis(50);
        let rate = used(window);
        // The test needs the time in which a quota refills.
        std::thread::sleep(window * 2);
        assert!(!rate.take(&[255; 32]).is_refused);
        assert_eq!(rate.used.len(), 1);
    }
}
