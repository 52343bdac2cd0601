//! What every test starts from.

mod answer;
mod app;
pub mod described;
mod hold;
#[expect(dead_code, reason = "the tests under load demote one too")]
mod instance;
mod logs;
mod patience;
mod process;
mod proxy;
mod receiver;
mod server;
mod wire;

pub use answer::Answer;
pub use app::{TestApp, TestSettings, add_workspace, metrics, send};
pub use hold::Hold;
pub use instance::Instance;
pub use logs::statements;
pub use patience::{LONG, client, deadline, limits, timeouts};
pub use process::{KEY, Process, STARTS};
pub use receiver::{Received, Receiver};
pub use server::{TestDatabase, directory};
pub use wire::{Wire, WireAnswer};
