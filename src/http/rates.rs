//! How many requests a key may send: reads and writes apart, each server for itself.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Limits, Problem, ProblemType};

/// What a quota is for: a minute.
const WINDOW: Duration = Duration::from_secs(60);
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A key, by the hash that also finds its caller.
type Key = [u8; 32];

/// The rates of one server process; a clone counts with the others.
#[derive(Debug, Clone)]
pub struct Rates {
    reads: Option<Arc<Rate>>,
    writes: Option<Arc<Rate>>,
}

impl Rates {
    /// Nobody has sent anything yet.
    pub fn new(limits: Limits) -> Self {
        let rate = |name, quota| Rate::new(name, quota, WINDOW).map(Arc::new);
        Self {
            reads: limits.reads.and_then(|quota| rate("read", quota)),
            writes: limits.writes.and_then(|quota| rate("write", quota)),
        }
    }

    /// What a request may take its part of, if its method has a limit.
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

/// One request's part of the rate of whoever calls. The edge gives it to the request; once the
/// caller is known it is taken; the edge then says in the answer what is left.
#[derive(Debug, Clone)]
pub struct Allowance {
    rate: Arc<Rate>,
    taken: Arc<OnceLock<Taken>>,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    left: u32,
    /// Until the whole quota is there again; of a refused request, until the next is let through.
    seconds: u64,
    is_refused: bool,
}

impl Allowance {
    /// Takes it in the name of a key that is known to be one; once, however often it is called.
    ///
    /// # Errors
    /// 429 where nothing is left.
    pub fn take(&self, key: &Key) -> Result<(), Problem> {
        if self.taken.get_or_init(|| self.rate.take(key)).is_refused {
            return Err(Problem::Plain(ProblemType::RateLimited));
        }
        Ok(())
    }

    /// Says what is left in the fields of draft-ietf-httpapi-ratelimit-headers, and when to come
    /// again (RFC 9110, section 10.2.3). Of a request without a caller there is nothing to say.
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
        let mut say = |field, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(field, value);
            }
        };
        say(POLICY, format!("\"{name}\";q={quota};w={window}"));
        say(LIMIT, format!("\"{name}\";r={left};t={seconds}"));
        if is_refused {
            say(RETRY_AFTER, seconds.to_string());
        }
    }
}

/// A rate, and what each key has used of it (GCRA: the quota may be used at once, and grows back
/// evenly).
#[derive(Debug)]
struct Rate {
    name: &'static str,
    quota: NonZeroU32,
    window: Duration,
    used: DefaultKeyedRateLimiter<Key, StateInformationMiddleware>,
    swept: Mutex<Instant>,
}

impl Rate {
    /// None of a quota that is too large to be one.
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
        self.forget_idle();
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

    /// Forgets those whose quota is whole again, once in a window: what is remembered is never more
    /// than the keys that were used in two of them.
    fn forget_idle(&self) {
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
    fn keys_that_send_nothing_are_forgotten() {
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
        // The time that a quota takes to be whole again is what is tested.
        std::thread::sleep(window * 2);
        assert!(!rate.take(&[255; 32]).is_refused);
        assert_eq!(rate.used.len(), 1);
    }
}
