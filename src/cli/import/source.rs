//! The input of an import: a file or standard input. Recognizes input that is not NDJSON.

use std::io::{self, Cursor};
use std::os::fd::AsFd;
use std::path::Path;

use serde::de::IgnoredAny;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};

use crate::validation::Encoding;

/// Size of the read buffer, in bytes.
const BUFFER: usize = 256 * 1024;
/// Maximum number of bytes that are inspected: more than the first line of most tables.
const BEGINNING: usize = 16 * 1024;

/// The path of standard input.
const STANDARD_INPUT: &str = "-";

/// The open input.
pub struct Source {
    name: String,
    file: File,
    /// The bytes that were inspected.
    beginning: Vec<u8>,
    pub metadata: std::fs::Metadata,
}

/// Whether a path means standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

impl Source {
    /// Opens the input.
    ///
    /// # Errors
    /// Returns one line if the input cannot be read, or if it has another format: then the line says how to convert it.
    pub async fn open(path: &Path) -> Result<Self, String> {
        let name = if is_standard_input(path) {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let unreadable = |error| format!("cannot read {name}: {error}");
        let mut file = opened(path).await.map_err(unreadable)?;
        let metadata = file.metadata().await.map_err(unreadable)?;
        let beginning = beginning(&mut file).await.map_err(unreadable)?;
        if let Some(format) = foreign_format(&beginning, path) {
            return Err(format!("{name} {format}"));
        }
        Ok(Self {
            name,
            file,
            beginning,
            metadata,
        })
    }

    /// Returns the name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a reader from the first byte.
    pub fn reader(self) -> BufReader<impl AsyncRead + Unpin> {
        let all = Cursor::new(self.beginning).chain(self.file);
        BufReader::with_capacity(BUFFER, all)
    }
}

async fn opened(path: &Path) -> io::Result<File> {
    if !is_standard_input(path) {
        return File::open(path).await;
    }
    // A copy of the descriptor: the buffer of `io::stdin` would take bytes from the input.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(File::from_std(std::fs::File::from(input)))
}

/// Reads at least the first line, or the first bytes of a long one.
async fn beginning(file: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    let mut part = file.take(u64::try_from(BEGINNING).unwrap_or(u64::MAX));
    while !beginning.contains(&b'\n') || beginning.len() < 4 {
        if part.read_buf(&mut beginning).await? == 0 {
            break;
        }
    }
    Ok(beginning)
}

/// Describes an input that is not NDJSON, and how to convert it.
fn foreign_format(beginning: &[u8], path: &Path) -> Option<String> {
    // The programs in the hints read standard input if they have no file argument.
    let file = match is_standard_input(path) {
        true => String::new(),
        false => format!(" {}", path.display()),
    };
    let encoding = Encoding::of(beginning).filter(|it| *it != Encoding::Marked);
    if let Some(encoding) = encoding {
        let remedy = match encoding {
            Encoding::Gzip => format!("unpack it: zcat{file} | dossier import -"),
            Encoding::Zstd => format!("unpack it: zstdcat{file} | dossier import -"),
            Encoding::Bzip2 => format!("unpack it: bzcat{file} | dossier import -"),
            Encoding::Xz => format!("unpack it: xzcat{file} | dossier import -"),
            Encoding::Zip => {
                "unpack it, or save the table in it as CSV and convert that".to_owned()
            }
            wide => format!(
                "convert it to UTF-8: iconv -f {}{} -t UTF-8{file} | dossier import -",
                wide.name(),
                order(beginning)
            ),
        };
        return Some(format!("is {}; {remedy}", encoding.name()));
    }
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    let text = text.trim_ascii_start();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match line.trim_ascii_end() {
        [] => None,
        [b'[', ..] => Some(format!(
            "is a JSON array, not one case a line; convert it: jq -c '.[]'{file} | dossier import -"
        )),
        b"{" => Some(format!(
            "is JSON over several lines, not one case a line; convert it: jq -c .{file} | dossier import -"
        )),
        [b'{', ..] => None,
        [b'<', ..] => Some("is XML or HTML, not one JSON case a line".to_owned()),
        line if is_table(line) => Some(format!(
            "is CSV, not one JSON case a line; convert it, for example with Miller: mlr --icsv --ojsonl \
             cat{file} | dossier import -"
        )),
        _ => None,
    }
}

/// Returns the suffix of iconv for the byte order of UTF-16 or UTF-32 without a byte order mark.
fn order(beginning: &[u8]) -> &'static str {
    match beginning {
        [0xff, 0xfe, ..] | [0, 0, 0xfe, ..] | [0xfe, 0xff, ..] => "",
        [0, ..] => "BE",
        _ => "LE",
    }
}

/// Whether a line is the header of a table: it has a separator and is not JSON.
fn is_table(line: &[u8]) -> bool {
    line.iter().any(|byte| b",;\t|".contains(byte))
        && serde_json::from_slice::<IgnoredAny>(line).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_input_that_is_not_ndjson() {
        let described = |text: &[u8]| foreign_format(text, Path::new("f"));
        for text in [
            &b"{\"name\": \"A\"}\n{"[..],
            b"\xef\xbb\xbf{\"name\": 1,",
            b"",
            b"\n\n{\"a\": 1}\n",
            b"7\n",
            b"\"a,b\"\n",
            b"broken\n",
        ] {
            assert_eq!(described(text), None, "{text:?}");
        }
        for (text, expected) in [
            (&b"[{\"name\": 1}]"[..], "jq -c '.[]' f"),
            (b" \n[\n", "jq -c '.[]' f"),
            (b"{\n  \"name\"", "jq -c . f"),
            (b"<?xml version='1.0'?>\n", "XML"),
            (b"BZh91AY&SY", "bzcat f"),
            (b"name;external_id\r\nA;1", "mlr --icsv"),
            (b"\0{\0\"", "iconv -f UTF-16BE"),
            (b"{\0\"\0", "iconv -f UTF-16LE"),
            (b"\xff\xfe{\0", "iconv -f UTF-16 -t"),
            (b"\x1f\x8b\x08", "zcat f"),
        ] {
            let message = described(text).unwrap();
            assert!(message.contains(expected), "{message}");
        }
    }
}
