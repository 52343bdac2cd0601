//! Lines that are sent together.

use tokio::io::AsyncBufRead;

use super::lines::{Line, Lines, State};

/// The most lines of a batch, which is the most that a server takes.
const LINES: usize = 100;
/// From what size on a batch takes no other line, in bytes: half of what a server takes where nobody has
/// set that.
const BYTES: usize = 1024 * 1024;

/// Lines that are sent with one request.
#[derive(Debug, Default)]
pub struct Batch {
    pub lines: Vec<Line>,
    /// Whether they are checked and not stored.
    pub is_dry_run: bool,
}

impl Batch {
    /// The body of the request.
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

    fn takes(&self, line: &Line, is_dry_run: bool) -> bool {
        let size: usize = self.lines.iter().map(|it| it.text.len()).sum();
        self.lines.len() < LINES && size + line.text.len() <= BYTES && self.is_dry_run == is_dry_run
    }
}

/// What comes next in the file.
#[derive(Debug)]
pub enum Next {
    /// Lines to be sent.
    Batch(Batch),
    /// A line that cannot be sent.
    Unsendable(Line),
}

/// Gathers the lines of a file, in their order.
pub struct Batches<R> {
    lines: Lines<R>,
    is_dry_run: bool,
    /// Of the next batch.
    first: Option<Line>,
}

impl<R: AsyncBufRead + Unpin> Batches<R> {
    /// Of a whole file.
    pub fn new(lines: Lines<R>, is_dry_run: bool) -> Self {
        Self {
            lines,
            is_dry_run,
            first: None,
        }
    }

    /// As many of the next lines as go together.
    ///
    /// # Errors
    /// Those of the file.
    pub async fn next(&mut self) -> std::io::Result<Option<Next>> {
        let mut batch = Batch::default();
        loop {
            let line = match self.first.take() {
                Some(line) => Some(line),
                None => self.lines.next().await?,
            };
            let Some(line) = line else { break };
            let is_dry_run = match line.state {
                State::Whole => self.is_dry_run,
                State::Nameless => true,
                State::Malformed(_) | State::TooLong if batch.lines.is_empty() => {
                    return Ok(Some(Next::Unsendable(line)));
                }
                State::Malformed(_) | State::TooLong => {
                    self.first = Some(line);
                    break;
                }
            };
            if batch.lines.is_empty() {
                batch.is_dry_run = is_dry_run;
            } else if !batch.takes(&line, is_dry_run) {
                self.first = Some(line);
                break;
            }
            batch.lines.push(line);
        }
        Ok((!batch.lines.is_empty()).then_some(Next::Batch(batch)))
    }
}
