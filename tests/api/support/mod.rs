//! What every test starts from.

mod answer;
mod app;
mod server;

pub use answer::Answer;
pub use app::{TestApp, TestSettings, deadline};
pub use server::{TestDatabase, directory};
