//! The file of rejected lines.

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::outcome::{LineOutcomes, Outcome, Refusal};

/// The file of rejected lines. It is created with the first of them.
pub struct RejectedFile {
    path: PathBuf,
    file: Option<File>,
    /// Whether the file of an earlier run was removed.
    is_new: bool,
}

/// One rejected line with all its errors.
#[derive(Serialize)]
struct RejectedLine<'l> {
    line: u64,
    status: u16,
    #[serde(rename = "type")]
    kind: Option<&'l str>,
    detail: Option<&'l str>,
    errors: &'l [Value],
    case: Case<'l>,
}

/// The line itself; a string if it is not JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Case<'l> {
    Json(&'l RawValue),
    Text(String),
}

impl RejectedFile {
    /// Prepares the file. The file of an earlier run stays until this run has a result.
    ///
    /// # Errors
    /// Returns one line if `path` is the imported file.
    pub fn new(path: PathBuf, imported: &Metadata) -> Result<Self, String> {
        let is_same = |it: Metadata| (it.dev(), it.ino()) == (imported.dev(), imported.ino());
        if std::fs::metadata(&path).is_ok_and(is_same) {
            let name = path.display();
            return Err(format!("{name} is the imported file; set --rejected"));
        }
        Ok(Self {
            path,
            file: None,
            is_new: false,
        })
    }

    /// Returns the path for messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Adds the rejected lines.
    ///
    /// # Errors
    /// Returns the error of the file.
    pub fn write(&mut self, outcomes: &LineOutcomes) -> io::Result<()> {
        self.remove_old()?;
        let mut text = Vec::new();
        for (line, outcome) in &outcomes.0 {
            let Outcome::Rejected(refusal) = outcome else {
                continue;
            };
            let Refusal {
                status,
                kind,
                detail,
                errors,
                ..
            } = refusal;
            let case = match serde_json::from_slice(&line.text) {
                Ok(json) => Case::Json(json),
                Err(_) => Case::Text(String::from_utf8_lossy(&line.text).into_owned()),
            };
            let rejected = RejectedLine {
                line: line.number,
                status: *status,
                kind: kind.as_deref(),
                detail: detail.as_deref(),
                errors,
                case,
            };
            serde_json::to_writer(&mut text, &rejected)?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            // It contains personal data.
            None => File::options()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&self.path)?,
        };
        file.write_all(&text)?;
        self.file = Some(file);
        Ok(())
    }

    /// Removes the file of an earlier run, because this run has a new result for every line. Leaves a path that is not
    /// a regular file, such as a terminal.
    fn remove_old(&mut self) -> io::Result<()> {
        let is_file = || std::fs::symlink_metadata(&self.path).is_ok_and(|it| it.is_file());
        if !self.is_new && is_file() {
            std::fs::remove_file(&self.path)?;
        }
        self.is_new = true;
        Ok(())
    }
}
