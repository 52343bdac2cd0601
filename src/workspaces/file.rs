//! Reading a workspace file: YAML (which includes JSON) or TOML.

use std::fmt;
use std::path::Path;

use serde_json::Value;
use thiserror::Error;

use super::file_entries::{FileRequest, WorkspaceFile};
use crate::validation::{
    Budget, Code, Fault, Field, Found, Scope, Violations, Wire, sort_in_document_order,
};

/// The format of a workspace file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Toml,
}

/// Why a workspace file is invalid.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("it is not YAML: {0}")]
    Yaml(String),
    #[error("it is not TOML: {0}")]
    Toml(String),
    #[error("{}", ViolationList(.0))]
    Invalid(Violations),
}

/// Formats one violation per line.
struct ViolationList<'v>(&'v Violations);

impl fmt::Display for ViolationList<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.total();
        let noun = if total == 1 { "problem" } else { "problems" };
        write!(formatter, "{total} {noun} found. Nothing was changed.")?;
        let mut budget = Budget::default();
        for violation in self.0.recorded() {
            let explained = violation.fault.explain(&mut budget);
            write!(
                formatter,
                "\n  {}: {}",
                violation.pointer, explained.message
            )?;
        }
        Ok(())
    }
}

impl Format {
    /// Returns TOML for a name that ends in `.toml`, otherwise YAML.
    pub fn of(path: &Path) -> Self {
        let is_toml = path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("toml"));
        if is_toml { Self::Toml } else { Self::Yaml }
    }
}

impl WorkspaceFile {
    /// Parses a file.
    ///
    /// # Errors
    /// Returns [`FileError::Yaml`] or [`FileError::Toml`] if the syntax is invalid, and [`FileError::Invalid`] with
    /// every violation otherwise.
    pub fn parse(text: &str, format: Format) -> Result<Self, FileError> {
        let value: Value = match format {
            Format::Yaml => {
                serde_saphyr::from_str(text).map_err(|error| FileError::Yaml(error.to_string()))?
            }
            Format::Toml => {
                toml::from_str(text).map_err(|error| FileError::Toml(error.to_string()))?
            }
        };
        // As JSON, the file gets the same validation as a request.
        let json = value.to_string();
        let mut violations = Violations::default();
        let mut scope = Scope::root(&mut violations);
        let file = match serde_json::from_str(&json) {
            Ok(Field::Value(request)) => FileRequest::parse(request, &mut scope),
            Ok(Field::Mismatch(found)) => not_an_object(found, &mut scope),
            Ok(Field::Missing | Field::Null) => not_an_object(Found::Null, &mut scope),
            Err(error) => return Err(FileError::Yaml(error.to_string())),
        };
        if violations.is_empty() {
            return Ok(file);
        }
        sort_in_document_order(&mut violations, json.as_bytes());
        Err(FileError::Invalid(violations))
    }
}

fn not_an_object(found: Found, scope: &mut Scope<'_>) -> WorkspaceFile {
    let message = format!(
        "The file must be {} with {}; {} was found.",
        FileRequest::EXPECTED,
        FileRequest::KNOWN.join(", "),
        found.as_str()
    );
    scope.refuse(Fault::new(Code::Type, message));
    WorkspaceFile::default()
}
