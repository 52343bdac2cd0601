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
const SILENCE: Duration = Duration::from_secs(1);
/// How many bytes are discarded after the server has closed its side.
const DISCARDED: usize = 16 * 1024 * 1024;
/// How many bytes are discarded at a time.
const PIECE: usize = 8 * 1024;

/// A socket that notices a client that reads nothing or is gone, and closes in stages.
pub struct Socket {
    stream: TcpStream,
    slot: Slot,
    /// How long the client may read nothing, and how long closing may take.
    patience: Duration,
    /// While the client reads nothing: when that is too long.
    blocked: Option<Pin<Box<Sleep>>>,
    closing: Option<Closing>,
}

/// The server has closed its side. What the client still sends is discarded: if the socket were
/// closed with unread data, the client would be sent a reset, which can take the response from it
/// (RFC 9112, section 9.6).
struct Closing {
    end: Instant,
    silence: Pin<Box<Sleep>>,
    left: usize,
}

impl Socket {
    /// The socket of the connection that holds this slot.
    pub fn new(stream: TcpStream, slot: Slot, patience: Duration) -> Self {
        Self {
            stream,
            slot,
            patience,
            blocked: None,
            closing: None,
        }
    }

    /// The result of a write; an error if the client has read nothing for too long. A write that
    /// succeeds after one that was blocked begins another wait of the slot.
    fn written<T>(
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
        let patience = self.patience;
        let blocked = self
            .blocked
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(blocked.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Fails if the client has reset the connection. While a request is at work hyper reads nothing,
    /// so that this is where it is noticed. A client that has only closed its side may still read.
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
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
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
        let patience = this.patience;
        let closing = this.closing.get_or_insert_with(|| Closing::new(patience));
        closing.poll_discard(cx, &mut this.stream).map(Ok)
    }
}

impl Closing {
    fn new(patience: Duration) -> Self {
        Self {
            end: Instant::now() + patience,
            silence: Box::pin(sleep(SILENCE.min(patience))),
            left: DISCARDED,
        }
    }

    /// Resolves when the client has closed its side too, or a limit is reached.
    fn poll_discard(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<()> {
        let mut piece = [0; PIECE];
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
            let silent = Instant::now() + SILENCE;
            self.silence.as_mut().reset(silent.min(self.end));
        }
        Poll::Ready(())
    }
}
