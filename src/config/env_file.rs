//! The file `.env`, which sets environment variables.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::{env, str};

use thiserror::Error;

/// The name of the file.
const NAME: &str = ".env";
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Why the file could not be read. No message repeats a line, because a line may have a password.
#[derive(Debug, Error)]
pub enum EnvFileError {
    #[error("cannot read {}: {source}. Make it a file that this user can read, or remove it", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot read {}: it is larger than {LARGEST} bytes", path.display())]
    TooLarge { path: PathBuf },
    #[error("line {line} of {} cannot be read: {reason}", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        reason: &'static str,
    },
}

/// Loads the file of the working folder, or of its nearest parent folder with one, into the environment. A variable
/// that is set and not empty keeps its value. Without a file, this function does nothing.
///
/// # Errors
/// Returns [`EnvFileError`] if any part of the file cannot be read. Then nothing is loaded, because some of the
/// settings without the others could name another database.
pub fn load() -> Result<(), EnvFileError> {
    let Some(path) = env::current_dir().ok().and_then(|it| find(&it)) else {
        return Ok(());
    };
    let bytes = read(&path)?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let variables = match parse(text) {
        Ok(variables) => variables,
        Err((line, reason)) => return Err(EnvFileError::Line { path, line, reason }),
    };
    // These calls cannot fail, because the same text was parsed before.
    let _ = dotenvy::from_read(text);
    for (name, value) in &variables {
        if env::var_os(name).is_some_and(|it| it.is_empty()) {
            let line = format!("{name}={}", quoted(value));
            let _ = dotenvy::from_read_override(line.as_bytes());
        }
    }
    Ok(())
}

/// Finds the file in a folder or its nearest parent folder. A folder or a broken link with that name counts, and fails
/// later.
fn find(folder: &Path) -> Option<PathBuf> {
    let mut paths = folder.ancestors().map(|it| it.join(NAME));
    paths.find(|it| fs::symlink_metadata(it).is_ok())
}

fn read(path: &Path) -> Result<Vec<u8>, EnvFileError> {
    let unreadable = |source| EnvFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    if read.map_err(unreadable)? as u64 > LARGEST {
        let path = path.to_owned();
        return Err(EnvFileError::TooLarge { path });
    }
    Ok(bytes)
}

/// Parses the variables of a file. The error has the number of the invalid line and the reason.
fn parse(bytes: &[u8]) -> Result<Vec<(String, String)>, (usize, &'static str)> {
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let reason = "it is not UTF-8; save the file as UTF-8";
        (line_after(before), reason)
    })?;
    if let Some(at) = text.find('\0') {
        let before = text.get(..at).unwrap_or_default();
        return Err((line_after(before.as_bytes()), "it has a NUL character"));
    }
    let read = Cell::new(0);
    let lines = Lines { bytes, read: &read };
    let mut variables = Vec::new();
    let mut done = 0;
    for variable in dotenvy::from_read_iter(lines) {
        match variable {
            Ok(variable) => variables.push(variable),
            Err(_) => return Err(refused(text, done, read.get())),
        }
        done = read.get();
    }
    Ok(variables)
}

/// A reader that returns one line at a time and counts them, so that the line of an error is known.
struct Lines<'f> {
    bytes: &'f [u8],
    /// The number of lines read.
    read: &'f Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.bytes.iter().position(|it| *it == b'\n');
        let length = end.map_or(self.bytes.len(), |at| at + 1);
        let (mut line, _) = self.bytes.split_at(length.min(buffer.len()));
        let count = line.read(buffer)?;
        self.bytes = self.bytes.get(count..).unwrap_or_default();
        if count > 0 && (count == length) {
            self.read.set(self.read.get() + 1);
        }
        Ok(count)
    }
}

/// Returns the first line of an invalid entry and the reason. `done` is the number of lines before the entry, `read`
/// the number of lines that the parser has read.
fn refused(text: &str, done: usize, read: usize) -> (usize, &'static str) {
    let is_empty = |line: &str| line.trim().is_empty() || line.trim().starts_with('#');
    let lines = text.lines().enumerate().skip(done).take(read - done);
    let mut lines = lines.skip_while(|(_, line)| is_empty(line));
    let Some((index, first)) = lines.next() else {
        return (read, "it cannot be read");
    };
    let rest: Vec<_> = lines.map(|(_, line)| line).collect();
    (index + 1, reason(first, !rest.is_empty()))
}

/// Returns the number of the line after this text.
fn line_after(text: &[u8]) -> usize {
    text.iter().filter(|it| **it == b'\n').count() + 1
}

/// Returns why an entry is invalid. `line` is its first line.
fn reason(line: &str, has_more_lines: bool) -> &'static str {
    let Some((_, value)) = line.split_once('=') else {
        return "it has no equals sign; write NAME=value, or # before a comment";
    };
    let is_open = |quote| value.matches(quote).count() % 2 == 1;
    if has_more_lines || is_open('"') || is_open('\'') {
        return "a quote is not closed; close it, or put \\ before a quote that belongs to the value";
    }
    if value.trim().contains(char::is_whitespace) {
        return "the value has a blank; put the value in single quotes";
    }
    "write NAME='value', with a name of letters, digits and underscores"
}

/// Writes a value in double quotes.
fn quoted(value: &str) -> String {
    let mut text = String::from('"');
    for character in value.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\\' | '"' | '$' => text.extend(['\\', character]),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_line(text: &[u8]) -> (usize, &'static str) {
        parse(text).expect_err("it cannot be read")
    }

    #[test]
    fn reports_the_line_and_the_reason() {
        let good = "# Settings\nA=1\n\nexport B='two words' # why\nC=\n";
        assert_eq!(parse(good.as_bytes()).expect("variables").len(), 3);
        for (line, words) in [
            (&b"D=two words\n"[..], "has a blank"),
            (b"D=\"open\nE=2\n", "quote is not closed"),
            (b"D='open\n", "quote is not closed"),
            (b"DATABASE_URL\n", "no equals sign"),
            (b"D=\xff\n", "not UTF-8"),
            (b"D=a\0b\n", "NUL"),
            (b"1D=x\n", "letters, digits"),
        ] {
            let (number, reason) = refused_line(&[good.as_bytes(), line, b"F=3\n"].concat());
            assert_eq!(number, 6, "{reason} {line:?}");
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn reads_a_quoted_value_unchanged() {
        for value in ["", "plain", "a b#c", "q\"u'o", "p$a\\s\n#", "{$HOME}"] {
            let line = format!("NAME={}", quoted(value));
            let read = parse(line.as_bytes()).expect("a variable");
            assert_eq!(read, [("NAME".to_owned(), value.to_owned())]);
        }
    }
}
