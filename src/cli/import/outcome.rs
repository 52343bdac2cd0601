//! The results of lines.

use serde::Deserialize;
use serde_json::Value;

use super::lines::Line;

/// The result of one line.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Its case is stored; in a dry run, its case is valid.
    Stored,
    /// Its case was stored before.
    AlreadyStored,
    /// Its case was rejected.
    Rejected(Refusal),
}

/// Why a line or a request was refused, as in the response of the server.
#[derive(Debug, Clone, Deserialize)]
pub struct Refusal {
    pub status: u16,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Only in the problem of a whole request.
    pub title: Option<String>,
    pub detail: Option<String>,
    #[serde(default)]
    pub errors: Vec<Value>,
}

/// Lines with their results.
#[derive(Debug, Default)]
pub struct LineOutcomes(pub Vec<(Line, Outcome)>);

impl LineOutcomes {
    /// Returns the number of bytes that the lines take in the file.
    pub fn size(&self) -> u64 {
        self.0.iter().map(|(line, _)| line.size).sum()
    }
}
