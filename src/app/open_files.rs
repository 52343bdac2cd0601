//! How many files this process may open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::serve::CONNECTIONS;

/// How many files are open besides connections of clients: connections to the database and to
/// receivers of webhooks, the log, the reference.
const OTHERS: usize = 192;
/// The fewest requests in flight, whatever the system allows.
const FEWEST: usize = 4;

/// How many requests can be in flight, of so many that are wanted: each comes with connections, and
/// each connection is an open file. Raises the limit of the process as far as the system allows.
pub fn in_flight_at_most(wanted: usize) -> usize {
    let files = allowed(wanted.saturating_mul(CONNECTIONS).saturating_add(OTHERS));
    let most = files.saturating_sub(OTHERS) / CONNECTIONS;
    if most < wanted {
        tracing::warn!(
            in_flight = most.max(FEWEST),
            files,
            "fewer requests are taken at once than DOSSIER_MAX_IN_FLIGHT says: the limit of open files is too low"
        );
    }
    wanted.min(most.max(FEWEST))
}

/// Raises the limit to so many, as far as the system lets it; what the limit is then. Many systems
/// begin with 1,024 for the sake of old programs, and let each process ask for more.
fn allowed(wanted: usize) -> usize {
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
