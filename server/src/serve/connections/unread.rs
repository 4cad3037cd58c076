//! The rest of a request's body after the request is answered.
//!
//! If a connection continues or closes with unread bytes, the next request on it is lost, and
//! possibly the response. Handlers that refuse a request should not have to deal with this. So the
//! connection shares each body with its handler, and afterwards reads a short rest, or announces
//! that it closes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// Maximum number of bytes that are read and discarded to keep the connection: 1 MiB, as much as
/// the largest JSON body.
const DRAINED_BYTES_MAX: u64 = 1024 * 1024;

/// Timeout of reading them. It is short, because the response waits for it: what was sent together
/// with the headers has arrived by then.
const DRAINED_WITHIN: Duration = Duration::from_millis(500);

/// A request's body, shared between the connection and the handler.
#[derive(Clone, Debug)]
pub(super) struct SharedBody(Arc<Mutex<BodyState>>);

#[derive(Debug)]
struct BodyState {
    body: Incoming,
    was_polled: bool,
    has_ended: bool,
}

impl SharedBody {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(BodyState {
            has_ended: body.is_end_stream(),
            was_polled: false,
            body,
        })))
    }

    /// Reads the rest of the body if it is short, and returns whether it was read to its end. A
    /// client that waits for `100 Continue` (RFC 9110 §10.1.1) and did not get it is not asked for
    /// the body now.
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

    fn lock(&self) -> MutexGuard<'_, BodyState> {
        // No operation under this lock can leave the state inconsistent.
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
