//! The body of a request, and what is left of it once there is a response.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::http::Slot;

/// How many bytes of a body that nobody has read are read and discarded, so that its connection can
/// be used for another request: most bodies are smaller.
const DISCARDED: usize = 256 * 1024;
/// How long that may take: the response waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The body of a request as the handler reads it. Dropped, it leaves what it has not read in the
/// rest.
pub struct RequestBody {
    /// None only while it is dropped.
    incoming: Option<Incoming>,
    state: State,
    rest: Arc<Rest>,
}

/// How far a body was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not at all: a client that expects 100 Continue has not had it.
    Untouched,
    Begun,
    Ended,
    /// Its framing is malformed, or its end never comes.
    Broken,
}

/// Where a body leaves what was not read of it.
#[derive(Debug, Default)]
pub struct Rest(Mutex<Left>);

/// What is left of a body.
#[derive(Debug, Default)]
pub enum Left {
    /// Nothing: the next request can be read.
    #[default]
    Nothing,
    /// The handler still has the body, or its end cannot be found.
    Unknown,
    /// All of it; the client has not been sent 100 Continue.
    Whole(Incoming),
    /// What follows the part that was read.
    Tail(Incoming),
}

impl RequestBody {
    /// The body of a request, which leaves what it does not read in `rest`.
    pub fn new(incoming: Incoming, rest: &Arc<Rest>) -> Self {
        rest.set(Left::Unknown);
        Self {
            incoming: Some(incoming),
            state: State::Untouched,
            rest: Arc::clone(rest),
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
        self.rest.set(match self.state {
            State::Broken => Left::Unknown,
            _ if has_ended => Left::Nothing,
            State::Untouched => Left::Whole(incoming),
            _ => Left::Tail(incoming),
        });
    }
}

impl Rest {
    fn set(&self, left: Left) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = left;
    }

    /// What is left now; nothing from then on.
    pub fn take(&self) -> Left {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Left {
    /// Whether nothing is left, also after reading what is: within limits of size and time, and only
    /// as long as nobody else needs the slot of the connection. A client that expects 100 Continue
    /// and has not had it may never send its body, so that nothing is read of it then.
    pub async fn ends(self, slot: &Slot, expects_continue: bool) -> bool {
        match self {
            Self::Nothing => true,
            Self::Unknown => false,
            Self::Whole(_) if expects_continue => false,
            Self::Whole(body) | Self::Tail(body) => discarded(body, slot).await,
        }
    }
}

/// Whether the body has come to its end.
async fn discarded(mut body: Incoming, slot: &Slot) -> bool {
    let least = usize::try_from(body.size_hint().lower());
    if least.map_or(true, |least| least > DISCARDED) {
        return false;
    }
    let reading = async {
        let mut left = DISCARDED;
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
        ended = tokio::time::timeout(PATIENCE, reading) => ended.unwrap_or(false),
        () = slot.displaced() => false,
    }
}
