//! Shared helpers of the API tests.

mod app;
mod drop_notice;
mod hold;
#[expect(dead_code, reason = "the chaos tests use the rest")]
mod instance;
mod logs;
pub mod openapi;
mod poll;
mod process;
mod proxy;
mod receiver;
mod response;
mod server;
mod sql;
mod timeouts;
mod webhooks;
mod wire;

pub use app::{TestApp, TestSettings, add_workspace, metrics, send, send_with_retries};
pub use drop_notice::DropNotice;
pub use hold::Hold;
pub use instance::Instance;
pub use logs::statements;
pub use poll::poll;
pub use process::{KEY, Process, START_ATTEMPTS};
pub use receiver::{Received, Receiver};
pub use response::TestResponse;
pub use server::{TestDatabase, directory};
pub use sql::execute;
pub use timeouts::{LONG, client, deadline, limits, timeouts};
pub use wire::{Wire, WireResponse};
