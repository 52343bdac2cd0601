//! The lines of a file, each read with a bound.

use bytes::Bytes;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::validation::{Code, Fault, Field, Malformed, Text, read};
use crate::wire_object;

/// The longest line that is read, in bytes: more than any server takes.
const LONGEST: usize = 16 * 1024 * 1024;

wire_object! {
    /// What an import has to know of a line.
    HeadRequest {
        "external_id" => external_id: Text<'de>,
    }
}

/// One line that says something.
#[derive(Debug, Clone)]
pub struct Line {
    /// The first line of a file is 1.
    pub number: u64,
    /// Its text, without the end of the line.
    pub text: Bytes,
    /// How much of the file it takes, what was skipped before it included.
    pub size: u64,
    pub state: State,
}

/// What is to be done with a line.
#[derive(Debug, Clone)]
pub enum State {
    /// It can be sent.
    Whole,
    /// It can be checked and not stored: without an external id, nothing would tell whether it is there
    /// already.
    Nameless,
    /// It cannot be sent: it is not JSON.
    Malformed(Malformed),
    /// It cannot be sent: it is too long.
    TooLong,
}

/// What is wrong with a line that has no external id.
pub fn nameless() -> Fault {
    let message = "external_id is required in an import: by it a line is stored once, however often \
                   it is sent.";
    Fault::new(Code::Required, message)
}

/// What is wrong with a line that is too long.
pub fn too_long() -> String {
    format!("The line is longer than {LONGEST} bytes. Nothing was stored.")
}

/// Reads lines one by one.
pub struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// From the first line on.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// The next line that is not blank.
    ///
    /// # Errors
    /// Those of the reader.
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
                // The mark that some programs begin a file with.
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

    /// One line with its end. Of one that is too long the beginning is kept.
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
        // What is no object, the server says.
        Ok(Field::Value(mut head)) => head.external_id(),
        Ok(_) => return State::Whole,
        Err(malformed) => return State::Malformed(malformed),
    };
    match external_id.value {
        Field::Missing | Field::Null => State::Nameless,
        Field::Value(text) if text.is_empty() => State::Nameless,
        Field::Value(_) | Field::Mismatch(_) => State::Whole,
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
    async fn blank_lines_count_and_are_skipped() {
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
                State::Whole,
                State::Whole,
                State::Nameless,
                State::Nameless,
                State::Malformed(_),
                State::Whole
            ]
        ));
    }

    #[tokio::test]
    async fn a_line_without_an_end_takes_no_more_memory_than_a_long_one() {
        let mut text = vec![b'x'; LONGEST + 1_000_000];
        text.extend_from_slice(b"\n{\"external_id\": \"a\"}\n");
        let lines = all(&text).await;
        assert!(matches!(lines[0].state, State::TooLong));
        assert_eq!(lines[0].text.len(), LONGEST);
        assert_eq!((lines[1].number, lines.len()), (2, 2));
    }
}
