//! What every test starts from.

#[path = "../../api/support/instance.rs"]
#[expect(dead_code, reason = "the other tests freeze and promote one too")]
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
pub use ledger::{Acknowledged, Ledger, is_idle};
pub use load::{Client, Load, Seen, case};
pub use postgres::Postgres;
pub use server::{KEY, Server};

/// More than anything that a test waits for takes on a machine that is busy with other things. What takes less
/// is printed, and decides nothing: a machine may have other things to do.
pub const LONG: Duration = Duration::from_secs(180);

/// Two of these tests at once would measure each other.
pub async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// A folder for a cluster. As root, Postgres runs as another user, who must reach its data.
pub fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a folder for the cluster");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).expect("permissions");
    directory
}
