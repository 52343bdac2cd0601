//! Reading the lines of a file in bounded memory.

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::validation::{Code, Fault, Field, Malformed, Text, read};
use crate::wire_object;

/// The longest line, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

wire_object! {
    /// The only field that an import reads itself.
    HeadRequest {
        "external_id" => external_id: Text<'de>,
    }
}

/// One line that is not blank.
#[derive(Debug, Clone)]
pub struct Line {
    /// Starts at 1.
    pub number: u64,
    /// The line without its line break.
    pub text: Bytes,
    /// Its bytes in the file, with the blank lines before it.
    pub size: u64,
    pub state: State,
}

/// How a line is handled.
#[derive(Debug, Clone)]
pub enum State {
    /// It can be sent.
    Complete,
    /// It can only be validated in a dry run. Without an external id, an import that runs again would store it twice.
    WithoutExternalId,
    /// It cannot be sent because it is not JSON.
    Malformed(Malformed),
    /// It cannot be sent because it is too long.
    TooLong,
}

/// The fault of a line without an external id.
pub fn missing_external_id() -> Fault {
    let message = "external_id is required in an import. It ensures that a line is stored once, however often \
                   it is sent.";
    Fault::new(Code::Required, message)
}

/// The message for a line that is too long.
pub fn too_long() -> String {
    format!("The line is longer than {LONGEST} bytes. Nothing was stored.")
}

/// Reads lines one by one.
pub struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Starts at the first line.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// Reads the next line that is not blank. Returns `None` at the end.
    ///
    /// # Errors
    /// Returns the error of the reader.
    pub async fn next(&mut self) -> std::io::Result<Option<Line>> {
        let mut size = 0;
        loop {
            let mut text = Vec::new();
            let read = self.read_line(&mut text).await?;
            if read.bytes == 0 {
                return Ok(None);
            }
            self.number += 1;
            size += read.bytes;
            let mut trimmed = text.trim_ascii();
            if self.number == 1 {
                // The byte order mark that some programs write.
                trimmed = trimmed.strip_prefix(b"\xef\xbb\xbf").unwrap_or(trimmed);
            }
            if trimmed.is_empty() && !read.is_too_long {
                continue;
            }
            let state = if read.is_too_long {
                State::TooLong
            } else {
                state(trimmed)
            };
            return Ok(Some(Line {
                number: self.number,
                text: Bytes::copy_from_slice(trimmed),
                size,
                state,
            }));
        }
    }

    /// Reads one line with its line break. Keeps only the beginning of a line that is too long.
    async fn read_line(&mut self, text: &mut Vec<u8>) -> std::io::Result<Read> {
        let mut read = Read::default();
        loop {
            let buffer = self.reader.fill_buf().await?;
            let end = memchr::memchr(b'\n', buffer);
            let taken = end.map_or(buffer.len(), |end| end + 1);
            let room = LONGEST.saturating_sub(text.len());
            read.is_too_long |= taken > room;
            text.extend_from_slice(buffer.get(..taken.min(room)).unwrap_or_default());
            read.bytes += u64::try_from(taken).unwrap_or(u64::MAX);
            let is_end = end.is_some() || taken == 0;
            self.reader.consume(taken);
            if is_end {
                return Ok(read);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Read {
    bytes: u64,
    is_too_long: bool,
}

fn state(text: &[u8]) -> State {
    let external_id = match read::<HeadRequest<'_>>(text) {
        // The server rejects a line that is no object.
        Ok(Field::Value(mut head)) => head.external_id(),
        Ok(_) => return State::Complete,
        Err(malformed) => return State::Malformed(malformed),
    };
    match external_id.value {
        Field::Missing | Field::Null => State::WithoutExternalId,
        Field::Value(text) if text.is_empty() => State::WithoutExternalId,
        Field::Value(_) | Field::Mismatch(_) => State::Complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(tokio::io::BufReader::with_capacity(7, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn skips_blank_lines_and_counts_them() {
        let text = b"\xef\xbb\xbf{\"external_id\": \"a\"}\r\n\n  \n[1]\n{\"name\": 1}\n{\"external_id\": \"\"}\n{]\n7";
        let lines = all(text).await;
        let numbers: Vec<_> = lines.iter().map(|it| it.number).collect();
        assert_eq!(numbers, [1, 4, 5, 6, 7, 8]);
        assert_eq!(&lines[0].text[..], b"{\"external_id\": \"a\"}");
        let size: u64 = lines.iter().map(|it| it.size).sum();
        assert_eq!(size, u64::try_from(text.len()).unwrap());
        let states: Vec<_> = lines.iter().map(|it| &it.state).collect();
        assert!(matches!(
            states[..],
            [
                State::Complete,
                State::Complete,
                State::WithoutExternalId,
                State::WithoutExternalId,
                State::Malformed(_),
                State::Complete
            ]
        ));
    }

    #[tokio::test]
    async fn keeps_a_bounded_part_of_a_line_that_is_too_long() {
        let mut text = vec![b'x'; LONGEST + 1_000_000];
        text.extend_from_slice(b"\n{\"external_id\": \"a\"}\n");
        let lines = all(&text).await;
        assert!(matches!(lines[0].state, State::TooLong));
        assert_eq!(lines[0].text.len(), LONGEST);
        assert_eq!((lines[1].number, lines.len()), (2, 2));
    }
}
