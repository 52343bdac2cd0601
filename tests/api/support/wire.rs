//! A client that sees what is on the wire.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

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
    /// The value of a header field, in small letters.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(it, _)| *it == name).map(|(_, value)| value)
    }

    /// Whether it says that it is the last one of its connection.
    pub fn is_last(&self) -> bool {
        self.field("connection") == Some("close")
    }
}

impl From<TcpStream> for Wire {
    fn from(stream: TcpStream) -> Self {
        let rest = Vec::new();
        Self { stream, rest }
    }
}

impl Wire {
    pub async fn connect(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let rest = Vec::new();
        Ok(Self { stream, rest })
    }

    /// A connection from another of this machine's addresses.
    pub async fn connect_from(source: IpAddr, address: &str) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(source, 0))?;
        let address = address.parse().map_err(std::io::Error::other)?;
        let stream = socket.connect(address).await?;
        let rest = Vec::new();
        Ok(Self { stream, rest })
    }

    /// Sends bytes as they are, all of them before it reads the response.
    ///
    /// # Errors
    /// Those of a client that is cut off: while it sends, or before the response is whole.
    pub async fn exchange(&mut self, bytes: &[u8]) -> std::io::Result<WireAnswer> {
        self.stream.write_all(bytes).await?;
        self.received().await
    }

    /// The next response to its end.
    ///
    /// # Errors
    /// Those of a client that is cut off before.
    pub async fn received(&mut self) -> std::io::Result<WireAnswer> {
        loop {
            if let Some(answer) = self.parsed() {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.rest).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads until the server has closed its side.
    ///
    /// # Errors
    /// If the connection was reset instead, or anything else arrived.
    pub async fn closed(&mut self) -> std::io::Result<()> {
        if self.rest.is_empty() && self.stream.read_buf(&mut self.rest).await? == 0 {
            return Ok(());
        }
        let rest = String::from_utf8_lossy(&self.rest).into_owned();
        Err(std::io::Error::other(rest))
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
        let status = head.get(9..12).and_then(|it| it.parse().ok());
        let mut answer = WireAnswer {
            status: status.expect("a status"),
            head,
            body: String::new(),
        };
        let length = answer.field("content-length").unwrap_or("0");
        let whole = end + length.parse::<usize>().expect("a length");
        let body = self.rest.get(end..whole)?;
        answer.body = String::from_utf8_lossy(body).into_owned();
        self.rest.drain(..whole);
        Some(answer)
    }
}
