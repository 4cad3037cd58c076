//! The bounded queue through which work reaches the threads that own the connections. A piece of
//! work keeps its result until the engine says that the result is true.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;
use tracing::Span;

use crate::metrics::Durable;
use crate::store::{StoreError, Tx};

/// Maximum number of requests that wait for one kind of thread. Beyond it the service is
/// overloaded, and a quick refusal helps more than a long wait.
const WAITING_MAX: usize = 8192;

/// A read or a write that an engine runs.
pub(in crate::store) trait Work: Send {
    /// Runs the closure and keeps its result, in place of an earlier one. Returns false if its
    /// writes must be undone.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Sends the kept result to the caller. Must be called only after the writes are durable.
    fn answer(self: Box<Self>);
    /// Sends an error to the caller in place of any kept result.
    fn fail(self: Box<Self>, error: StoreError);
    /// Returns false if the caller has gone. The queue checks it before the work runs.
    fn is_wanted(&self) -> bool;
}

/// Queued work: a closure, its kept result, and the channel to the caller who waits.
pub(in crate::store) struct QueuedWork<F, T, E> {
    f: F,
    kept: Option<Result<T, E>>,
    counted: Vec<Durable>,
    /// The span of the request or job that waits for the result.
    span: Span,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> QueuedWork<F, T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    pub(in crate::store) fn for_caller(f: F) -> (Box<dyn Work>, oneshot::Receiver<Result<T, E>>) {
        let (caller, answer) = oneshot::channel();
        (
            Box::new(Self {
                f,
                kept: None,
                counted: Vec::new(),
                span: Span::current(),
                caller,
            }),
            answer,
        )
    }
}

impl<F, T, E> Work for QueuedWork<F, T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let _entered = self.span.enter();
        let started = Instant::now();
        let f = &self.f;
        // After a panic everything the closure could have left half done is discarded: its writes
        // are rolled back and its `Tx` is not used again.
        let kept = catch_unwind(AssertUnwindSafe(|| tx.settled(f)))
            .unwrap_or_else(|panic| Err(StoreError::Panicked(said(&*panic)).into()));
        let keep = kept.is_ok();
        self.counted = std::mem::take(&mut tx.counted);
        if !keep {
            self.counted.clear();
        }
        tracing::debug!(
            succeeded = keep,
            duration_ms = started.elapsed().as_millis(),
            "a transaction ran"
        );
        self.kept = Some(kept);
        keep
    }

    fn answer(self: Box<Self>) {
        self.counted.into_iter().for_each(Durable::count);
        if let Some(kept) = self.kept {
            // It is no failure if the caller no longer waits.
            drop(self.caller.send(kept));
        }
    }

    fn fail(self: Box<Self>, error: StoreError) {
        drop(self.caller.send(Err(error.into())));
    }

    fn is_wanted(&self) -> bool {
        !self.caller.is_closed()
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// Work that waits for the threads of one kind, readers or writers.
#[derive(Default)]
pub(in crate::store) struct WorkQueue {
    waiting: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    work: VecDeque<Box<dyn Work>>,
    closed: bool,
}

impl WorkQueue {
    /// Adds work to the queue. Fails with `Unavailable` if the queue is closed or full.
    pub(in crate::store) fn push(&self, work: Box<dyn Work>) -> Result<(), StoreError> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(StoreError::Unavailable("the store is shutting down"));
        }
        if waiting.work.len() >= WAITING_MAX {
            return Err(StoreError::Unavailable(
                "too many requests wait for the database",
            ));
        }
        waiting.work.push_back(work);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work and takes up to `max` pieces of it, or returns `None` if the queue is closed
    /// and empty.
    pub(in crate::store) fn take(&self, max: usize) -> Option<Vec<Box<dyn Work>>> {
        let mut waiting = self.lock();
        while waiting.work.is_empty() {
            if waiting.closed {
                return None;
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let count = waiting.work.len().min(max);
        Some(
            waiting
                .work
                .drain(..count)
                .filter(|work| work.is_wanted())
                .collect(),
        )
    }

    /// Returns the number of pieces of work that wait.
    pub(in crate::store) fn len(&self) -> usize {
        self.lock().work.len()
    }

    /// Accepts no more work; queued work is still done.
    pub(in crate::store) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Accepts no more work and drops the queued work, so that its callers get an error.
    fn abandon(&self) {
        let mut waiting = self.lock();
        waiting.closed = true;
        let dropped = std::mem::take(&mut waiting.work);
        drop(waiting);
        drop(dropped);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        // No caller's code runs under this lock, so the queue is consistent even if the lock is
        // poisoned.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Guard of a thread that serves a queue: if the thread panics, it abandons the queue, so that no
/// caller waits for it.
pub(in crate::store) struct AbandonOnPanic<'a>(pub(in crate::store) &'a WorkQueue);

impl Drop for AbandonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon();
        }
    }
}
