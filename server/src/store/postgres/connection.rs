//! A connection on a plain thread. The client is asynchronous, so that statements can be sent
//! together and heard together: each is a message on the wire, and what a transaction waits for is
//! the way there and back, not the statement.

use std::future::{Future, ready};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio_postgres::{Client, Error};

use super::tls::Target;

type Sent = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A client, and the runtime of this thread alone that drives its socket. Nothing moves on the
/// wire but inside one of these functions.
pub(super) struct Connection {
    runtime: Runtime,
    client: Arc<Client>,
    /// What was sent and not heard yet, oldest first.
    sent: Vec<Sent>,
}

/// Why there is no connection.
pub(super) enum NotConnected {
    /// The thread's runtime could not be made.
    Runtime(std::io::Error),
    /// The server refused, or nobody is there.
    Refused(Error),
}

impl Connection {
    /// Connects. Must not be called, nor a connection dropped, on a thread that drives a runtime.
    pub(super) fn open(target: &Target) -> Result<Self, NotConnected> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(NotConnected::Runtime)?;
        let client = runtime
            .block_on(async {
                let (client, socket) = target.config.connect(target.tls.clone()).await?;
                // How it ends is heard by whoever waits for an answer.
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

    /// Whether it is known to be lost.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The client, to ask it something.
    pub(super) fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    /// Puts a message in line, to go with the next that is waited for. Its failure is then heard.
    pub(super) fn send(
        &mut self,
        message: impl Future<Output = Result<(), Error>> + Send + 'static,
    ) {
        let mut message: Sent = Box::pin(message);
        // The client puts it in line when it is first asked for the answer.
        let first = message
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        self.sent.push(match first {
            Poll::Ready(answer) => Box::pin(ready(answer)),
            Poll::Pending => message,
        });
    }

    /// Sends what is in line with one more message, and waits for all. The error is that of the
    /// first that failed: the server passes over everything after it.
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

    /// Sends what is in line and waits for nothing.
    pub(super) fn flush(&mut self) {
        self.runtime.block_on(yield_now());
    }

    /// Does not want to hear any more how earlier messages went.
    pub(super) fn forget(&mut self) {
        self.sent.clear();
    }
}
