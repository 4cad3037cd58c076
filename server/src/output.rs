//! Standard output and standard error. Nothing else in this crate writes to either, so that an
//! output that is broken, full or not read cannot end a request, a job or a command.
//!
//! Standard error gets the log and the notes of commands. Both go through a bounded queue that one
//! thread writes: a line may be lost, and is counted in that case, but no caller waits for it.
//! Standard output gets the results of commands: [`product`] fails if they cannot be written,
//! [`report`] does not, because the work that it reports is done.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::metrics;

/// Maximum number of bytes that wait for standard error: about twenty thousand lines.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Time for which a process waits at its end for the last lines to be written.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// Time without progress after which standard output counts as broken.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// Interval at which a full non-blocking pipe is retried.
const RETRY_EVERY: Duration = Duration::from_millis(10);

static STDERR: OutputQueue = OutputQueue::new(WAITING_BYTES_MAX);

/// Writes a line to standard error. It never fails and never waits.
pub fn note(line: impl Display) {
    STDERR.push(format!("{line}\n").as_bytes(), write_stderr);
}

/// Writes the result that a command was run for to standard output.
///
/// # Errors
/// Fails if not all of it could be written.
pub fn product(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = stdout();
    let written = write_all(&mut stdout, bytes, STUCK_AFTER);
    written.and_then(|()| stdout.flush())
}

/// Writes a report of a command's work to standard output, or notes on standard error that this
/// failed. The command's exit code depends on its work only.
pub fn report(text: impl Display) {
    if let Err(error) = product(text.to_string().as_bytes()) {
        note(format_args!(
            "humanops: the work is done, but its report could not be written: {error}"
        ));
    }
}

/// Waits until standard error has accepted every line, for one second at most.
pub fn flush() {
    STDERR.flush(FLUSH_WITHIN);
}

/// Returns whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    stderr().is_terminal()
}

/// Returns a writer for log lines. Each call must write whole lines.
pub fn log_writer() -> LogWriter {
    LogWriter
}

/// Writes log lines to standard error, as [`note`] does.
#[derive(Clone, Copy, Debug)]
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        STDERR.push(line, write_stderr);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_stderr() {
    STDERR.write_to(&mut stderr());
}

#[expect(clippy::disallowed_methods, reason = "the module that owns it")]
fn stdout() -> io::Stdout {
    io::stdout()
}

#[expect(clippy::disallowed_methods, reason = "the module that owns it")]
fn stderr() -> io::Stderr {
    io::stderr()
}

/// A bounded queue of bytes between callers that write lines and the thread that outputs them.
struct OutputQueue {
    state: Mutex<OutputState>,
    changed: Condvar,
    bytes_max: usize,
}

struct OutputState {
    waiting: Vec<u8>,
    /// Whether a batch has left the queue and is not written yet.
    is_writing: bool,
    has_thread: bool,
}

impl OutputQueue {
    const fn new(bytes_max: usize) -> Self {
        Self {
            state: Mutex::new(OutputState {
                waiting: Vec::new(),
                is_writing: false,
                has_thread: false,
            }),
            changed: Condvar::new(),
            bytes_max,
        }
    }

    /// Appends lines, or drops them if the queue is full. The first call starts a thread that runs
    /// `write`.
    fn push(&self, lines: &[u8], write: fn()) {
        let mut state = self.lock();
        if state.waiting.len() + lines.len() > self.bytes_max {
            drop(state);
            lose(lines);
            return;
        }
        state.waiting.extend_from_slice(lines);
        if !state.has_thread {
            let thread = thread::Builder::new().name("stderr".to_owned());
            state.has_thread = thread.spawn(write).is_ok();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Writes the queued lines to `out` in batches, for as long as the process lives.
    fn write_to(&self, out: &mut impl Write) {
        let mut batch = Vec::new();
        loop {
            self.take(&mut batch);
            if let Err(rest) = write_batch(out, &batch) {
                lose(rest);
                // If the output works again, its next line starts on a line of its own.
                let written = batch.len() - rest.len();
                let is_torn = !matches!(batch.get(..written), None | Some([] | [.., b'\n']));
                let end = is_torn.then_some(b'\n');
                drop(self.lock().waiting.splice(0..0, end));
            }
            batch.clear();
        }
    }

    /// Waits for lines, and swaps them for the empty `batch`.
    fn take(&self, batch: &mut Vec<u8>) {
        let mut state = self.lock();
        state.is_writing = false;
        self.changed.notify_all();
        let lines = |state: &mut OutputState| state.waiting.is_empty();
        state = (self.changed.wait_while(state, lines)).unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.waiting, batch);
        state.is_writing = true;
    }

    fn flush(&self, within: Duration) {
        let busy = |state: &mut OutputState| {
            state.has_thread && (state.is_writing || !state.waiting.is_empty())
        };
        drop(self.changed.wait_timeout_while(self.lock(), within, busy));
    }

    fn lock(&self) -> MutexGuard<'_, OutputState> {
        // No operation under this lock can leave the state inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a batch, or returns the part that was not written.
fn write_batch<'a>(out: &mut impl Write, batch: &'a [u8]) -> Result<(), &'a [u8]> {
    let mut counted = Counted { out, bytes: 0 };
    let written = write_all(&mut counted, batch, Duration::MAX);
    let bytes = counted.bytes;
    written.map_err(|_| batch.get(bytes..).unwrap_or_default())
}

/// A writer that counts the bytes it has written.
struct Counted<'a, W> {
    out: &'a mut W,
    bytes: usize,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.bytes += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes all of `bytes`. Unlike [`Write::write_all`] it waits for a slow reader of a non-blocking
/// pipe, as a blocking pipe would, until no byte was accepted for `stuck_after`.
fn write_all(out: &mut impl Write, mut bytes: &[u8], stuck_after: Duration) -> io::Result<()> {
    let mut moved_at = Instant::now();
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => {
                bytes = bytes.get(taken..).unwrap_or_default();
                moved_at = Instant::now();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if moved_at.elapsed() >= stuck_after {
                    return Err(error);
                }
                thread::park_timeout(RETRY_EVERY);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn lose(lines: &[u8]) {
    let count = lines.iter().filter(|byte| **byte == b'\n').count();
    metrics::log_lines_lost(count as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer that accepts a few bytes at a time, and every other time none.
    struct Slow {
        taken: Vec<u8>,
        is_full: bool,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.is_full = !self.is_full;
            if self.is_full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let few = bytes.len().min(5);
            self.taken.extend_from_slice(&bytes[..few]);
            Ok(few)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_that_is_full_for_a_moment_loses_nothing() {
        let mut slow = Slow {
            taken: Vec::new(),
            is_full: false,
        };
        write_all(&mut slow, b"one line\nand another\n", STUCK_AFTER).unwrap();
        assert_eq!(slow.taken, b"one line\nand another\n");
    }

    #[test]
    fn a_pipe_that_stays_full_is_an_error_in_the_end() {
        let mut full = &mut [][..];
        let error = write_all(&mut full, b"a line\n", STUCK_AFTER).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteZero);
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::WouldBlock.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = write_all(&mut Full, b"a line\n", Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn lines_beyond_the_bound_are_lost_and_those_before_them_are_kept() {
        let queue = OutputQueue::new(10);
        for line in [b"one\n", b"two\n", b"six\n"] {
            queue.push(line, || {});
        }
        let mut batch = Vec::new();
        queue.take(&mut batch);
        assert_eq!(batch, b"one\ntwo\n");
    }

    #[test]
    fn what_was_not_written_is_known_to_the_byte() {
        let mut room = [0; 6];
        let rest = write_batch(&mut &mut room[..], b"one\ntwo\n").unwrap_err();
        assert_eq!(rest, b"o\n");
    }
}
