//! Rows as JSON, for `jsonb_to_recordset`.

use serde::Serialize;
use serde::ser::Error as _;
use serde_json::Error;

use super::omit_nulls::write;

/// The usual size of a case with its companies and individuals, in bytes.
const CASE: usize = 16 * 1024;
/// The usual size of a row without a snapshot, in bytes.
const ROW: usize = 384;

/// Rows of one table as JSON objects, separated by commas: an array without its brackets, so that the rows of several
/// cases can be joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(String);

impl Rows {
    /// Writes rows with their null fields, which snapshots must have.
    ///
    /// # Errors
    /// Returns an error if a row has no JSON form.
    pub fn new(rows: &[impl Serialize]) -> Result<Self, Error> {
        let mut json = Vec::with_capacity(rows.len() * ROW);
        for row in rows {
            if !json.is_empty() {
                json.push(b',');
            }
            serde_json::to_writer(&mut json, row)?;
        }
        Self::of(json)
    }

    /// Writes one row without its null fields. PostgreSQL reads an absent field as NULL, and most fields of most rows
    /// are null.
    ///
    /// # Errors
    /// Returns an error if the row has no JSON form.
    pub fn omitting_nulls(row: &impl Serialize) -> Result<Self, Error> {
        let mut json = Vec::with_capacity(CASE);
        write(&mut json, row)?;
        // The row may wait in memory for its group.
        json.shrink_to_fit();
        Self::of(json)
    }

    fn of(json: Vec<u8>) -> Result<Self, Error> {
        String::from_utf8(json).map(Self).map_err(Error::custom)
    }

    /// The rows, without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The size of the rows in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
