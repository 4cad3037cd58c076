//! A connection on a plain thread. The client is asynchronous, so that statements can be sent
//! together and their results awaited together (pipelining): each is a message on the wire, and
//! what a transaction waits for is the round trip, not the statement.

use std::future::{Future, ready};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio_postgres::{Client, Error};

use crate::store::engine::postgres::tls::ConnectTarget;

type Sent = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A client, and the runtime of this thread alone that drives its socket. Nothing is sent or
/// received outside of these functions.
pub(super) struct Connection {
    runtime: Runtime,
    client: Arc<Client>,
    /// Messages that were sent and not awaited yet, oldest first.
    sent: Vec<Sent>,
}

/// The reason why there is no connection.
pub(super) enum NotConnected {
    /// The thread's runtime could not be created.
    Runtime(std::io::Error),
    /// The server refused the connection, or no server answers.
    Refused(Error),
}

impl Connection {
    /// Opens a connection. It must neither be opened nor dropped on a thread that drives a runtime.
    pub(super) fn open(target: &ConnectTarget) -> Result<Self, NotConnected> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(NotConnected::Runtime)?;
        let client = runtime
            .block_on(async {
                let (client, socket) = target.config.connect(target.tls.clone()).await?;
                // The caller who waits for a result learns how the connection ends.
                tokio::spawn(async { drop(socket.await) });
                Ok(client)
            })
            .map_err(NotConnected::Refused)?;
        Ok(Self {
            runtime,
            client: Arc::new(client),
            sent: Vec::new(),
        })
    }

    /// Returns whether the connection is known to be lost.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Returns the client, to send a request with.
    pub(super) fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    /// Queues a message, to be sent with the next one that is awaited. Its failure is reported
    /// then.
    pub(super) fn send(
        &mut self,
        message: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) {
        let mut message: Sent = Box::pin(message);
        // The client queues the message when the future is first polled.
        let first = message
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        self.sent.push(match first {
            Poll::Ready(answer) => Box::pin(ready(answer)),
            Poll::Pending => message,
        });
    }

    /// Sends the queued messages with one more, and waits for all. The error is that of the first
    /// that failed: the server skips everything after it.
    pub(super) fn wait_for<T>(
        &mut self,
        message: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let sent = mem::take(&mut self.sent);
        self.runtime.block_on(async {
            let answer = message.await;
            for earlier in sent {
                earlier.await?;
            }
            answer
        })
    }

    /// Sends the queued messages and waits for nothing.
    pub(super) fn flush(&mut self) {
        self.runtime.block_on(yield_now());
    }

    /// Discards the results of earlier messages.
    pub(super) fn forget(&mut self) {
        self.sent.clear();
    }
}
