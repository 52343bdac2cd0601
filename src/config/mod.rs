//! Settings and commands. Only this module reads the environment.

mod commands;
mod env_file;
mod listen;
mod read;
mod renamed;
mod settings;

pub use commands::{
    ApiKeyCommand, AuditCommand, Command, ImportCommand, Settings, WorkspaceCommand,
};
pub use env_file::{EnvFileError, load as load_env_file};
pub use listen::{ListenAddress, ListenAddressError};
pub use read::{ReadError, read};
pub use renamed::renamed_variables;
pub use settings::{
    DatabaseSettings, LogFormat, LogSettings, ServerSettings, Switch, data_directory,
};
