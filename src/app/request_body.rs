//! The body of a request, and the part that is unread when the response is ready.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::http::Slot;

/// Maximum number of unread bytes that are discarded so that the connection can be used again. Most bodies are smaller.
const DISCARD_LIMIT: usize = 256 * 1024;
/// Maximum duration of discarding, which delays the response.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// The body of a request as the handler reads it. When dropped, it stores its unread part in [`UnreadBody`].
pub struct RequestBody {
    /// `None` only while it is dropped.
    incoming: Option<Incoming>,
    state: State,
    unread: Arc<UnreadBody>,
}

/// How far the body was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not at all. A client that expects 100 Continue has not received it.
    Untouched,
    Begun,
    Ended,
    /// Its framing is malformed, or the client has disconnected.
    Broken,
}

/// Receives the unread part of a body.
#[derive(Debug, Default)]
pub struct UnreadBody(Mutex<Remainder>);

/// The unread part of a body.
#[derive(Debug, Default)]
pub enum Remainder {
    /// Nothing: the next request can be read.
    #[default]
    Nothing,
    /// The handler still has the body, or its end cannot be found.
    Unknown,
    /// The whole body; 100 Continue was not sent.
    Whole(Incoming),
    /// The part after the bytes that were read.
    Tail(Incoming),
}

impl RequestBody {
    /// Wraps the body of a request, which stores its unread part in `unread`.
    pub fn new(incoming: Incoming, unread: &Arc<UnreadBody>) -> Self {
        unread.set(Remainder::Unknown);
        Self {
            incoming: Some(incoming),
            state: State::Untouched,
            unread: Arc::clone(unread),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if self.state == State::Untouched {
            self.state = State::Begun;
        }
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        match &frame {
            Some(Ok(_)) => {}
            Some(Err(_)) => self.state = State::Broken,
            None => self.state = State::Ended,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        let has_ended = self.state == State::Ended || incoming.is_end_stream();
        self.unread.set(match self.state {
            State::Broken => Remainder::Unknown,
            _ if has_ended => Remainder::Nothing,
            State::Untouched => Remainder::Whole(incoming),
            _ => Remainder::Tail(incoming),
        });
    }
}

impl UnreadBody {
    fn set(&self, remainder: Remainder) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = remainder;
    }

    /// Takes the unread part.
    pub fn take(&self) -> Remainder {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Remainder {
    /// Discards the unread part, within limits of size and time, and only while no other connection needs the slot.
    /// Returns whether the end was reached. A client that waits for 100 Continue may never send its body, so its body
    /// is not read.
    pub async fn discard(self, slot: &Slot, expects_continue: bool) -> bool {
        match self {
            Self::Nothing => true,
            Self::Unknown => false,
            Self::Whole(_) if expects_continue => false,
            Self::Whole(body) | Self::Tail(body) => discard_all(body, slot).await,
        }
    }
}

/// Reads the body to its end. Returns whether the end was reached.
async fn discard_all(mut body: Incoming, slot: &Slot) -> bool {
    let least = usize::try_from(body.size_hint().lower());
    if least.map_or(true, |least| least > DISCARD_LIMIT) {
        return false;
    }
    let reading = async {
        let mut left = DISCARD_LIMIT;
        while let Some(frame) = body.frame().await {
            let length = frame.map(|it| it.data_ref().map_or(0, Bytes::len));
            match length.ok().and_then(|length| left.checked_sub(length)) {
                Some(fewer) => left = fewer,
                None => return false,
            }
        }
        true
    };
    tokio::select! {
        biased;
        ended = tokio::time::timeout(DISCARD_TIMEOUT, reading) => ended.unwrap_or(false),
        () = slot.displaced() => false,
    }
}
