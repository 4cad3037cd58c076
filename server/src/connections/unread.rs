//! What is left of a request's body once the request is answered.
//!
//! A connection that goes on, or is closed, over unread bytes breaks: the next request on it is
//! lost, and so may be the answer. A refusal must not have to think of that. So the connection
//! shares each body with its handler, and afterwards reads the little that is left, or says that it
//! closes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Bytes that are read and thrown away for the sake of the next request: 1 MiB, as much as the
/// largest JSON body.
const DRAINED_BYTES_MAX: u64 = 1024 * 1024;

/// How long they may take. The answer waits for them, so it is short: what was sent together with
/// the head has arrived by then.
const DRAINED_WITHIN: Duration = Duration::from_millis(500);

/// A request's body, shared between the connection and the handler.
#[derive(Clone, Debug)]
pub(super) struct SharedBody(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    body: Incoming,
    was_polled: bool,
    has_ended: bool,
}

impl SharedBody {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(State {
            has_ended: body.is_end_stream(),
            was_polled: false,
            body,
        })))
    }

    /// Reads the body to its end, if that is near. A client that sends its body only after a
    /// `100 Continue` (RFC 9110 §10.1.1), and got none, is not asked for it now.
    pub(super) async fn is_drained(&mut self, expects_continue: bool) -> bool {
        {
            let state = self.lock();
            if state.has_ended {
                return true;
            }
            let is_asked_for = state.was_polled || !expects_continue;
            if !is_asked_for || state.body.size_hint().lower() > DRAINED_BYTES_MAX {
                return false;
            }
        }
        let drained = tokio::time::timeout(DRAINED_WITHIN, self.drain());
        drained.await.unwrap_or(false)
    }

    async fn drain(&mut self) -> bool {
        let mut discarded = 0;
        while discarded <= DRAINED_BYTES_MAX {
            let next = std::future::poll_fn(|context| Pin::new(&mut *self).poll_frame(context));
            match next.await {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(frame)) => {
                    discarded += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                }
            }
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for SharedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut state = self.lock();
        state.was_polled = true;
        let polled = Pin::new(&mut state.body).poll_frame(context);
        state.has_ended = matches!(polled, Poll::Ready(None)) || state.body.is_end_stream();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().body.size_hint()
    }
}
