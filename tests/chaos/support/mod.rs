//! Shared helpers of the chaos tests.

#[path = "../../api/support/instance.rs"]
#[expect(dead_code, reason = "the API tests use the rest")]
mod instance;
mod latencies;
mod ledger;
mod load;
mod postgres;
mod server;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

pub use instance::Instance;
pub use latencies::Latencies;
pub use ledger::{Acknowledged, Ledger, wait_until_idle};
pub use load::{Client, Load, LoadResult, case};
pub use postgres::Postgres;
pub use server::{KEY, Server};

/// Upper bound of every wait, even on a busy machine. Shorter times are printed and never decide a test.
pub const LONG: Duration = Duration::from_secs(180);

/// Holds back other tests, since two at once would affect each other's measurements.
pub async fn run_alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Creates a folder for a cluster. If the tests run as root, PostgreSQL runs as another user, who must be
/// able to reach its data.
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a folder for the cluster");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
    directory
}
