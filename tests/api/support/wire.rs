//! A client that sees what is on the wire.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection, and what has been read of it beyond the last answer.
pub struct Wire {
    pub stream: TcpStream,
    rest: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct WireAnswer {
    pub status: u16,
    /// Of header fields, in small letters.
    head: String,
    pub body: String,
}

impl WireAnswer {
    /// Whether it says that it is the last one of its connection.
    pub fn is_last(&self) -> bool {
        self.head.contains("\r\nconnection: close\r\n")
    }
}

impl Wire {
    pub async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let rest = Vec::new();
        Ok(Self { stream, rest })
    }

    /// Sends a request, whole.
    pub async fn send(
        &mut self,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<()> {
        let mut text = format!("{line} HTTP/1.1\r\nhost: test\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            let length = body.len();
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n"
            ));
        }
        text.push_str("\r\n");
        text.push_str(body);
        self.stream.write_all(text.as_bytes()).await
    }

    /// The next answer to its end; none where the connection was closed before it.
    pub async fn answer(&mut self) -> Option<WireAnswer> {
        loop {
            if let Some(answer) = self.parsed() {
                return Some(answer);
            }
            match self.stream.read_buf(&mut self.rest).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    fn parsed(&mut self) -> Option<WireAnswer> {
        let end = self.rest.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.rest[..end]).to_ascii_lowercase();
        let (_, length) = head.split_once("\r\ncontent-length: ").unwrap_or(("", "0"));
        let digits = length.split("\r\n").next().unwrap_or_default();
        let whole = end + digits.parse::<usize>().expect("a length");
        if self.rest.len() < whole {
            return None;
        }
        let body = String::from_utf8_lossy(&self.rest[end..whole]).into_owned();
        self.rest.drain(..whole);
        let status = head.get(9..12).and_then(|it| it.parse().ok());
        Some(WireAnswer {
            status: status.expect("a status"),
            head,
            body,
        })
    }
}
