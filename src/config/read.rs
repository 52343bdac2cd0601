//! Reading the command line. Every error is one line.

use std::env;
use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error, FromArgMatches};

use super::Settings;
use super::renamed::with_old_name;

/// Why there are no settings.
#[derive(Debug)]
pub enum ReadError {
    /// The output of `--help` or `--version`, or the help for a missing command.
    Help(Error),
    /// The command line or the environment is invalid: one line that says what to do.
    Invalid(String),
}

/// Reads the command line and the environment. An empty variable counts as not set, because compose files write
/// variables that way.
///
/// # Errors
/// Returns [`ReadError`] with the text to print.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Settings, ReadError> {
    let mut command = without_empty_variables(Settings::command());
    let matches = command.try_get_matches_from_mut(arguments);
    let settings = matches.and_then(|matches| {
        let settings = Settings::from_arg_matches(&matches);
        settings.map_err(|error| error.format(&mut command))
    });
    settings.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => ReadError::Help(error),
        _ => ReadError::Invalid(line(&error)),
    })
}

/// Removes empty variables from the arguments of a command and its subcommands.
fn without_empty_variables(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let argument = with_old_name(argument);
        let value = argument.get_env().and_then(env::var_os);
        if value.is_some_and(|it| it.is_empty()) {
            argument.env(Resettable::Reset)
        } else {
            argument
        }
    });
    command.mut_subcommands(without_empty_variables)
}

/// Formats an error as one line: the cause, the environment variable of the setting, and a suggestion.
fn line(error: &Error) -> String {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let joined = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
    let wrong = joined(paragraphs.next().unwrap_or_default());
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    let tip = paragraphs.map(joined).find(|it| it.starts_with("tip: "));
    let tip = tip.map(|it| it.replacen("tip: ", "; ", 1));
    let variable = variable(error).map(|name| format!(" (environment variable {name})"));
    format!(
        "{wrong}{}{}; see --help",
        variable.unwrap_or_default(),
        tip.unwrap_or_default()
    )
}

/// Returns the environment variable of the invalid setting.
fn variable(error: &Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut command = Settings::command();
    // Without this, arguments do not have their full name.
    command.build();
    variable_of(&command, argument)
}

fn variable_of(command: &Command, argument: &str) -> Option<String> {
    let mut arguments = command.get_arguments();
    let named = arguments.find(|it| it.to_string() == argument);
    let variable = named.and_then(|it| it.get_env()?.to_str().map(str::to_owned));
    let mut commands = command.get_subcommands();
    variable.or_else(|| commands.find_map(|it| variable_of(it, argument)))
}
