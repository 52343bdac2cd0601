//! The name of a workspace.

use thiserror::Error;

use crate::validation::Fault;
use crate::values::{PlainText, not_blank};

/// The longest name, in characters.
const LONGEST: u64 = 180;

/// The name of a workspace: 1 to 180 characters, without control characters, and without white space at its ends, which
/// is invisible when the name is typed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceName(PlainText);

/// Why a string is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WorkspaceNameError {
    #[error("\"{}\" is not a valid workspace name: {}", .0.escape_debug(), .1)]
    Refused(String, String),
}

impl WorkspaceName {
    /// Parses a name.
    ///
    /// # Errors
    /// Returns [`WorkspaceNameError`] if the name is blank or too long, has a control character, or begins or ends
    /// with white space.
    pub fn parse(text: &str) -> Result<Self, WorkspaceNameError> {
        let refused = |why: String| WorkspaceNameError::Refused(text.to_owned(), why);
        if text.chars().any(char::is_control) {
            return Err(refused("it contains a control character".to_owned()));
        }
        if text.trim() != text && !text.trim().is_empty() {
            return Err(refused("it begins or ends with white space".to_owned()));
        }
        let name = not_blank(LONGEST)(text);
        name.map(Self)
            .map_err(|fault: Fault| refused(fault.message().to_owned()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_invalid_names() {
        for text in [
            "",
            " ",
            "\u{a0}",
            " Bank",
            "Bank\n",
            "Ba\tnk",
            &"a".repeat(181),
        ] {
            assert!(WorkspaceName::parse(text).is_err(), "{text:?}");
        }
        for text in ["Bank", "Łódź Bank", &"é".repeat(180)] {
            assert_eq!(
                WorkspaceName::parse(text).map(|it| it.as_str().to_owned()),
                Ok(text.to_owned())
            );
        }
    }
}
