//! Rows as JSON, for `jsonb_to_recordset`.

use serde::Serialize;
use serde_json::Error;

use super::write::write;

/// The usual size of a case with its companies and individuals, in bytes.
const CASE: usize = 16 * 1024;
/// The usual size of a row without a snapshot, in bytes.
const ROW: usize = 384;

/// Rows of one table as JSON objects, separated by commas: an array without its brackets, so that the rows of several
/// cases can be joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(Vec<u8>);

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
            write::<true>(&mut json, row)?;
        }
        Ok(Self(json))
    }

    /// Writes one row without its null fields. PostgreSQL reads an absent field as NULL, and most fields of most rows
    /// are null.
    ///
    /// # Errors
    /// Returns an error if the row has no JSON form.
    pub fn omitting_nulls(row: &impl Serialize) -> Result<Self, Error> {
        let mut json = Vec::with_capacity(CASE);
        write::<false>(&mut json, row)?;
        // The row may wait for its group.
        json.shrink_to_fit();
        Ok(Self(json))
    }

    /// The rows, without brackets.
    pub fn as_bytes(&self) -> &[u8] {
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
