//! The server as its callers see it: over HTTP, on both databases.

#[path = "../support/mod.rs"]
#[cfg(test)]
mod support;

/// A server under test, and its callers.
#[cfg(test)]
mod harness;

/// An SMTP server that fails as a test chooses.
#[cfg(test)]
mod smtp_server;

/// The host's requests.
#[cfg(test)]
mod admin;
/// Agents: registration, keys, deposits.
#[cfg(test)]
mod agents;
/// Requests that need an approval.
#[cfg(test)]
mod approvals;
/// Backups and restores.
#[cfg(test)]
mod backup;
/// JSON bodies that are too large, cut off, or not JSON.
#[cfg(test)]
mod bodies;
/// Limits on what a caller can make large.
#[cfg(test)]
mod bounds;
/// Callback hosts that were not called yet, and names that lead nowhere.
#[cfg(test)]
mod callback_hosts;
/// Every deadline, one tick before and one after.
#[cfg(test)]
mod clocks;
/// Sign-in codes: guesses, limits, addresses.
#[cfg(test)]
mod codes;
/// Compressed bodies and responses.
#[cfg(test)]
mod codings;
/// The host's commands.
#[cfg(test)]
mod command_line;
/// Slow and numerous connections.
#[cfg(test)]
mod connections;
/// The binary: killed, started again, with bounded memory.
#[cfg(test)]
mod crashes;
/// Credentials, sealed end to end.
#[cfg(test)]
mod credentials;
/// Agents in web pages of other origins.
#[cfg(test)]
mod cross_origin;
/// Every pair of an agent's moves concurrently, without deadlocks.
#[cfg(test)]
mod deadlocks;
/// Deposits by card and bank, notices, and the agent's ledger.
#[cfg(test)]
mod deposits;
/// Responses in four dialects.
#[cfg(test)]
mod dialects;
/// The API document: complete and consistent with its schemas.
#[cfg(test)]
mod document;
/// Every ending of a task, to the micro-dollar.
#[cfg(test)]
mod endings;
/// Estimates: submitted, approved, rejected.
#[cfg(test)]
mod estimates;
/// The event log, by cursor and as a stream.
#[cfg(test)]
mod events;
/// Fees of tasks, and daily limits.
#[cfg(test)]
mod fees;
/// Reading files by signed URLs.
#[cfg(test)]
mod files;
/// Tasks that a caller may not see.
#[cfg(test)]
mod hidden;
/// Random histories, to the micro-dollar.
#[cfg(test)]
mod histories;
/// Idempotency keys: one key, one effect.
#[cfg(test)]
mod idempotency;
/// The background jobs.
#[cfg(test)]
mod jobs;
/// API keys and their policies.
#[cfg(test)]
mod keys;
/// Concurrent spending of one balance.
#[cfg(test)]
mod ledger;
/// Texts that are never logged.
#[cfg(test)]
mod logs;
/// Writes that another server overtakes on PostgreSQL.
#[cfg(test)]
mod lost_races;
/// Mail and the links in it.
#[cfg(test)]
mod mail;
/// Messages and ratings.
#[cfg(test)]
mod messages;
/// The Prometheus metrics.
#[cfg(test)]
mod metrics;
/// The table of moves over HTTP.
#[cfg(test)]
mod moves;
/// Numbers in every notation.
#[cfg(test)]
mod numbers;
/// Sign-in at an OpenID Connect issuer.
#[cfg(test)]
mod oidc;
/// One server for each data folder.
#[cfg(test)]
mod one_server;
/// The operator's side of tasks.
#[cfg(test)]
mod operators;
/// Outputs that cannot be written.
#[cfg(test)]
mod output;
/// Passkeys, with a software authenticator.
#[cfg(test)]
mod passkeys;
/// Payouts of operators.
#[cfg(test)]
mod payouts;
/// Pictures and documents as evidence.
#[cfg(test)]
mod pictures;
/// PostgreSQL by TLS.
#[cfg(test)]
mod postgres_tls;
/// The fields of POST /tasks, at their limits.
#[cfg(test)]
mod posting;
/// The built binary, as a host runs it.
#[cfg(test)]
mod process;
/// Proofs and the Guardian.
#[cfg(test)]
mod proofs;
/// Quotes for tasks.
#[cfg(test)]
mod quotes;
/// Concurrent moves of one task.
#[cfg(test)]
mod races;
/// The rate limiter.
#[cfg(test)]
mod rate;
/// The samples of the references.
#[cfg(test)]
mod references;
/// The refresh cookie under attack.
#[cfg(test)]
mod refresh;
/// Tasks in the sandbox.
#[cfg(test)]
mod sandbox;
/// Search by distance.
#[cfg(test)]
mod search;
/// Sign-in by e-mail codes: sessions, their renewal and their end.
#[cfg(test)]
mod sessions;
/// The binary's settings, and its log at start.
#[cfg(test)]
mod settings;
/// Authentication, and its refusals.
#[cfg(test)]
mod sign_in;
/// A running server, and its graceful stop.
#[cfg(test)]
mod stop;
/// The built app, the API document, health checks, and common headers.
#[cfg(test)]
mod surface;
/// The agent's side of tasks.
#[cfg(test)]
mod tasks;
/// Uploads of files.
#[cfg(test)]
mod uploads;
/// Webhooks: signed, retried, and never sent to private targets.
#[cfg(test)]
mod webhooks;

use server::store::Store;
