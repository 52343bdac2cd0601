//! Renamed environment variables. The old names are still read.

use std::env;
use std::ffi::OsStr;

use clap::Arg;

/// Pairs of the old and the new name.
const RENAMED: [(&str, &str); 1] = [("DOSSIER_GATHERED", "DOSSIER_GROUP_SIZE")];

/// Returns one log line for each variable that is set only by its old name.
pub fn renamed_variables() -> Vec<String> {
    let used = RENAMED
        .iter()
        .filter(|(old, new)| is_set(old.as_ref()) && !is_set(new.as_ref()));
    used.map(|(old, new)| {
        format!("{old} is now called {new}: rename it. The old name will be removed.")
    })
    .collect()
}

/// Makes an argument read the old name of its variable if only that is set.
pub(super) fn with_old_name(argument: Arg) -> Arg {
    let old = argument
        .get_env()
        .filter(|new| !is_set(new))
        .and_then(|new| {
            let renamed = RENAMED.iter().find(|it| new == it.1);
            renamed
                .map(|(old, _)| *old)
                .filter(|old| is_set(old.as_ref()))
        });
    match old {
        Some(old) => argument.env(old),
        None => argument,
    }
}

/// An empty variable counts as not set.
fn is_set(name: &OsStr) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}
