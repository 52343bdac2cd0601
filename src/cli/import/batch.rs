//! Grouping lines into batches.

use tokio::io::AsyncBufRead;

use super::lines::{Line, Lines, State};

/// Maximum number of lines in a batch, which is the limit of a server.
const LINES: usize = 100;
/// Maximum size of a batch of several lines, in bytes: half of the default body limit of a server.
const BYTES: usize = 1024 * 1024;

/// Lines that are sent with one request.
#[derive(Debug, Default)]
pub struct Batch {
    pub lines: Vec<Line>,
    /// Whether the lines are validated and not stored.
    pub is_dry_run: bool,
}

impl Batch {
    /// Returns the body of the request.
    pub fn body(&self) -> Vec<u8> {
        let mut body = b"{\"cases\":[".to_vec();
        for line in &self.lines {
            if !body.ends_with(b"[") {
                body.push(b',');
            }
            body.extend_from_slice(&line.text);
        }
        body.extend_from_slice(b"]}");
        body
    }

    fn has_room_for(&self, line: &Line, is_dry_run: bool) -> bool {
        let size: usize = self.lines.iter().map(|it| it.text.len()).sum();
        self.lines.len() < LINES && size + line.text.len() <= BYTES && self.is_dry_run == is_dry_run
    }
}

/// The next part of the file.
#[derive(Debug)]
pub enum NextItem {
    /// Lines to be sent.
    Batch(Batch),
    /// A line that cannot be sent.
    Unsendable(Line),
}

/// Groups the lines of a file into batches, in their order.
pub struct Batches<R> {
    lines: Lines<R>,
    is_dry_run: bool,
    /// The first line of the next batch.
    first: Option<Line>,
}

impl<R: AsyncBufRead + Unpin> Batches<R> {
    /// Starts at the first line.
    pub fn new(lines: Lines<R>, is_dry_run: bool) -> Self {
        Self {
            lines,
            is_dry_run,
            first: None,
        }
    }

    /// Returns the next batch, or the next line that cannot be sent. Returns `None` at the end.
    ///
    /// # Errors
    /// Returns the error of the file.
    pub async fn next(&mut self) -> std::io::Result<Option<NextItem>> {
        let mut batch = Batch::default();
        loop {
            let line = match self.first.take() {
                Some(line) => Some(line),
                None => self.lines.next().await?,
            };
            let Some(line) = line else { break };
            let is_dry_run = match line.state {
                State::Complete => self.is_dry_run,
                State::WithoutExternalId => true,
                State::Malformed(_) | State::TooLong if batch.lines.is_empty() => {
                    return Ok(Some(NextItem::Unsendable(line)));
                }
                State::Malformed(_) | State::TooLong => {
                    self.first = Some(line);
                    break;
                }
            };
            if batch.lines.is_empty() {
                batch.is_dry_run = is_dry_run;
            } else if !batch.has_room_for(&line, is_dry_run) {
                self.first = Some(line);
                break;
            }
            batch.lines.push(line);
        }
        Ok((!batch.lines.is_empty()).then_some(NextItem::Batch(batch)))
    }
}
