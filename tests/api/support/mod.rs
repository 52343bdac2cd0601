//! What every test starts from.

mod answer;
mod app;
mod logs;
mod proxy;
mod receiver;
mod server;

pub use answer::Answer;
pub use app::{TestApp, TestSettings, client, deadline};
pub use logs::statements;
pub use receiver::{Received, Receiver};
pub use server::{TestDatabase, directory};
