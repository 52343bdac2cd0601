//! A raw TCP client for tests of HTTP/1.1 framing.

use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A connection, with the bytes read after the last response.
pub struct Wire {
    pub stream: TcpStream,
    rest: Vec<u8>,
}

/// A response as received.
#[derive(Debug)]
pub struct WireResponse {
    pub status: u16,
    /// Status line and header fields, in lower case.
    head: String,
    pub body: String,
}

impl WireResponse {
    /// Returns the value of a header field, in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(it, _)| *it == name).map(|(_, value)| value)
    }

    /// Returns `true` if the server closes the connection after this response.
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

    /// Connects from another address of this machine.
    pub async fn connect_from(source: IpAddr, address: &str) -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(source, 0))?;
        let address = address.parse().map_err(std::io::Error::other)?;
        let stream = socket.connect(address).await?;
        let rest = Vec::new();
        Ok(Self { stream, rest })
    }

    /// Sends raw bytes completely, then reads the response.
    ///
    /// # Errors
    /// Returns an I/O error if the connection ends while sending, or before the response is complete.
    pub async fn exchange(&mut self, bytes: &[u8]) -> std::io::Result<WireResponse> {
        self.stream.write_all(bytes).await?;
        self.read_response().await
    }

    /// Reads the next response completely.
    ///
    /// # Errors
    /// Returns an I/O error if the connection ends before that.
    pub async fn read_response(&mut self) -> std::io::Result<WireResponse> {
        loop {
            if let Some(response) = self.take_response() {
                return Ok(response);
            }
            if self.stream.read_buf(&mut self.rest).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Waits until the server closes its side of the connection.
    ///
    /// # Errors
    /// Returns an error if the connection is reset, or if any other data arrives.
    pub async fn wait_for_close(&mut self) -> std::io::Result<()> {
        if self.rest.is_empty() && self.stream.read_buf(&mut self.rest).await? == 0 {
            return Ok(());
        }
        let rest = String::from_utf8_lossy(&self.rest).into_owned();
        Err(std::io::Error::other(rest))
    }

    /// Sends a complete request.
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

    /// Reads the next response. Returns `None` if the connection is closed before that.
    pub async fn next_response(&mut self) -> Option<WireResponse> {
        loop {
            if let Some(response) = self.take_response() {
                return Some(response);
            }
            match self.stream.read_buf(&mut self.rest).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    fn take_response(&mut self) -> Option<WireResponse> {
        let end = self.rest.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.rest[..end]).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|it| it.parse().ok());
        let mut response = WireResponse {
            status: status.expect("a status"),
            head,
            body: String::new(),
        };
        let length = response.field("content-length").unwrap_or("0");
        let total = end + length.parse::<usize>().expect("a length");
        let body = self.rest.get(end..total)?;
        response.body = String::from_utf8_lossy(body).into_owned();
        self.rest.drain(..total);
        Some(response)
    }
}
