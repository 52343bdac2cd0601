//! Settings and commands: the only reader of the environment.

mod commands;
mod read;
mod settings;

pub use commands::{
    ApiKeyCommand, AuditCommand, Command, ImportCommand, Settings, WorkspaceCommand,
};
pub use read::{Unread, read};
pub use settings::{
    DatabaseSettings, LogFormat, LogSettings, ServerSettings, Switch, data_directory,
};
