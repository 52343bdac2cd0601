//! The file of rejected lines.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::sender::{Checked, Outcome, Refusal};

/// The file of rejected lines, which is there once there is one.
pub struct Rejected {
    path: PathBuf,
    file: Option<File>,
}

/// One rejected line, with everything that is wrong with it.
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

/// The line itself; as text where it is not JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Case<'l> {
    Json(&'l RawValue),
    Text(String),
}

impl Rejected {
    /// The file of an earlier run is gone: every line has its result anew.
    ///
    /// # Errors
    /// Those of removing it.
    pub fn new(path: PathBuf) -> io::Result<Self> {
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self { path, file: None })
    }

    /// Where it is.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Adds those that were rejected.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&mut self, done: &Checked) -> io::Result<()> {
        let mut text = Vec::new();
        for (line, outcome) in &done.0 {
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
            None => File::create(&self.path)?,
        };
        file.write_all(&text)?;
        self.file = Some(file);
        Ok(())
    }
}
