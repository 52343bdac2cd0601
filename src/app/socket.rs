//! The socket of one connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::http::Slot;

/// How long a client may send nothing after the server has closed its side.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum number of bytes that are discarded after the server has closed its side.
const DISCARD_LIMIT: usize = 16 * 1024 * 1024;
/// Size of the buffer for discarded bytes.
const BUFFER: usize = 8 * 1024;

/// A socket that detects a client that reads nothing or has reset the connection, and that closes in stages.
pub struct Socket {
    stream: TcpStream,
    slot: Slot,
    /// How long the client may read nothing, and how long closing may take.
    timeout: Duration,
    /// Set while the client reads nothing: resolves at the timeout.
    blocked: Option<Pin<Box<Sleep>>>,
    closing: Option<Closing>,
}

/// The state after the server has closed its side. Further bytes of the client are discarded: closing a socket with
/// unread data sends a reset, which may destroy the response (RFC 9112, section 9.6).
struct Closing {
    end: Instant,
    silence: Pin<Box<Sleep>>,
    left: usize,
}

impl Socket {
    /// Creates the socket of the connection that holds this slot.
    pub fn new(stream: TcpStream, slot: Slot, timeout: Duration) -> Self {
        Self {
            stream,
            slot,
            timeout,
            blocked: None,
            closing: None,
        }
    }

    /// Returns the result of a write, or an error if the client has read nothing for too long. A write that succeeds
    /// after a blocked one restarts the wait of the slot.
    fn check_timeout<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if self.blocked.take().is_some() && !self.slot.is_at_work() {
                self.slot.wait();
            }
            return written;
        }
        let timeout = self.timeout;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(blocked.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Fails if the client has reset the connection. While a request runs, hyper does not read, so only this check
    /// detects a reset. A client that has only closed its side may still read.
    fn check_reset(&self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.slot.is_at_work() && self.stream.poll_read_ready(cx)?.is_ready() {
            return self.stream.take_error()?.map_or(Ok(()), Err);
        }
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_timeout(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.check_timeout(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.check_reset(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let timeout = this.timeout;
        let closing = this.closing.get_or_insert_with(|| Closing::new(timeout));
        closing.poll_discard(cx, &mut this.stream).map(Ok)
    }
}

impl Closing {
    fn new(timeout: Duration) -> Self {
        Self {
            end: Instant::now() + timeout,
            silence: Box::pin(sleep(SILENCE_TIMEOUT.min(timeout))),
            left: DISCARD_LIMIT,
        }
    }

    /// Resolves when the client has closed its side, too, or at a limit.
    fn poll_discard(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<()> {
        let mut piece = [0; BUFFER];
        while self.left > 0 && Instant::now() < self.end {
            let mut buffer = ReadBuf::new(&mut piece);
            let Poll::Ready(read) = Pin::new(&mut *stream).poll_read(cx, &mut buffer) else {
                return self.silence.as_mut().poll(cx);
            };
            let length = buffer.filled().len();
            if read.is_err() || length == 0 {
                break;
            }
            self.left = self.left.saturating_sub(length);
            let silent = Instant::now() + SILENCE_TIMEOUT;
            self.silence.as_mut().reset(silent.min(self.end));
        }
        Poll::Ready(())
    }
}
