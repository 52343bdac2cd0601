//! The limit of open files of this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::serve::CONNECTIONS_PER_REQUEST;

/// Open files besides client connections: connections to the database and to webhook receivers, and the log.
const OTHER_FILES: usize = 192;
/// Minimum number of concurrent requests, even if the limit of open files is lower.
const MIN_IN_FLIGHT: usize = 4;

/// Returns how many of the wanted concurrent requests are possible, because each has several connections and each
/// connection is an open file. Raises the limit of the process as far as the system allows.
pub fn limit_in_flight(wanted: usize) -> usize {
    let files = raise_limit(
        wanted
            .saturating_mul(CONNECTIONS_PER_REQUEST)
            .saturating_add(OTHER_FILES),
    );
    let possible = files.saturating_sub(OTHER_FILES) / CONNECTIONS_PER_REQUEST;
    if possible < wanted {
        tracing::warn!(
            in_flight = possible.max(MIN_IN_FLIGHT),
            files,
            "the limit of open files is too low for DOSSIER_MAX_IN_FLIGHT: the server accepts fewer concurrent requests"
        );
    }
    wanted.min(possible.max(MIN_IN_FLIGHT))
}

/// Raises the limit to the wanted number as far as the system allows, and returns the new limit. Many systems start a
/// process with a soft limit of 1,024 for old programs, and allow it to set a higher one.
fn raise_limit(wanted: usize) -> usize {
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
