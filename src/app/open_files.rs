//! How many files this process may open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit to so many, as far as the system lets it; what the limit is then. Many systems
/// begin with 1,024 for the sake of old programs, and let each process ask for more.
pub fn allow(wanted: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let raised = u64::try_from(wanted).unwrap_or(u64::MAX).min(hard);
    let limit = if raised > soft && setrlimit(Resource::RLIMIT_NOFILE, raised, hard).is_ok() {
        raised
    } else {
        soft
    };
    usize::try_from(limit).unwrap_or(usize::MAX)
}
