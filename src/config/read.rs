//! Reading the command line, so that what is wrong with it is one line.

use std::env;
use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error, FromArgMatches};

use super::Settings;
use super::renamed::with_old_name;

/// Why there are no settings.
#[derive(Debug)]
pub enum Unread {
    /// Help or the version was asked for, or a command is missing.
    Told(Error),
    /// Something is wrong: one line that says what to do.
    Wrong(String),
}

/// The settings of a command line and its environment. An empty variable is one that is not set, as compose files
/// write it.
///
/// # Errors
/// What to print instead.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Settings, Unread> {
    let mut command = without_empty_variables(Settings::command());
    let matches = command.try_get_matches_from_mut(arguments);
    let settings = matches.and_then(|matches| {
        let settings = Settings::from_arg_matches(&matches);
        settings.map_err(|error| error.format(&mut command))
    });
    settings.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Unread::Told(error),
        _ => Unread::Wrong(line(&error)),
    })
}

/// A command whose arguments, and those of its subcommands, do not read variables that are empty.
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

/// An error as one line: what is wrong, how else it can be set, and what was meant perhaps.
fn line(error: &Error) -> String {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let joined = |it: &str| it.split_whitespace().collect::<Vec<_>>().join(" ");
    let wrong = joined(paragraphs.next().unwrap_or_default());
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    let tip = paragraphs.map(joined).find(|it| it.starts_with("tip: "));
    let tip = tip.map(|it| it.replacen("tip: ", "; ", 1));
    let variable = variable(error).map(|name| format!(" (it is {name} in the environment)"));
    format!(
        "{wrong}{}{}; see --help",
        variable.unwrap_or_default(),
        tip.unwrap_or_default()
    )
}

/// The name in the environment of the setting that is wrong.
fn variable(error: &Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut command = Settings::command();
    // An argument has its full name once its command is built.
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
