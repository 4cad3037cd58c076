//! The server as its callers see it: through HTTP, on both databases.

#[path = "../support/mod.rs"]
#[cfg(test)]
mod support;

/// A server under test, and those who call it.
#[cfg(test)]
mod harness;

/// The host.
#[cfg(test)]
mod admin;
/// Agents: registration, keys, deposits.
#[cfg(test)]
mod agents;
/// Requests that a person is asked about.
#[cfg(test)]
mod approvals;
/// Back-ups, and what is restored from them.
#[cfg(test)]
mod backup;
/// JSON bodies that are too large, broken, or no JSON.
#[cfg(test)]
mod bodies;
/// Answers that a caller tries to make large.
#[cfg(test)]
mod bounds;
/// Callback hosts that were not called yet, and names that lead nowhere.
#[cfg(test)]
mod callback_hosts;
/// Every deadline, one tick before and one after.
#[cfg(test)]
mod clocks;
/// Bodies that come compressed, and answers that go out so.
#[cfg(test)]
mod codings;
/// The host's work on the command line.
#[cfg(test)]
mod command_line;
/// Those who connect and do not ask, or ask too much.
#[cfg(test)]
mod connections;
/// The binary killed, started again, and bounded in its memory.
#[cfg(test)]
mod crashes;
/// Sealed credentials.
#[cfg(test)]
mod credentials;
/// Agents in web pages of other origins.
#[cfg(test)]
mod cross_origin;
/// Every pair of an agent's moves at once, and what PostgreSQL says of it.
#[cfg(test)]
mod deadlocks;
/// Money that comes in by card and bank, the provider's notices, and the agent's ledger.
#[cfg(test)]
mod deposits;
/// One answer in four shapes.
#[cfg(test)]
mod dialects;
/// The API document: complete, and true to its own schemas.
#[cfg(test)]
mod document;
/// Every ending of a task, to the micro-dollar.
#[cfg(test)]
mod endings;
/// Estimates: given, approved, refused.
#[cfg(test)]
mod estimates;
/// The event log, by cursor and as a stream.
#[cfg(test)]
mod events;
/// What a task costs, and how much an agent may do in a day.
#[cfg(test)]
mod fees;
/// Files on their way out.
#[cfg(test)]
mod files;
/// Tasks that a caller may not see.
#[cfg(test)]
mod hidden;
/// Random histories, to the micro-dollar.
#[cfg(test)]
mod histories;
/// One key, one effect.
#[cfg(test)]
mod idempotency;
/// Work that waits.
#[cfg(test)]
mod jobs;
/// API keys, and what each may spend.
#[cfg(test)]
mod keys;
/// Money that many want at once.
#[cfg(test)]
mod ledger;
/// What is never logged.
#[cfg(test)]
mod logs;
/// Writes that another server overtakes on PostgreSQL.
#[cfg(test)]
mod lost_races;
/// Mail, and the links in it.
#[cfg(test)]
mod mail;
/// Messages and ratings.
#[cfg(test)]
mod messages;
/// What Prometheus is told.
#[cfg(test)]
mod metrics;
/// The table of moves, walked.
#[cfg(test)]
mod moves;
/// Numbers in every notation.
#[cfg(test)]
mod numbers;
/// One server a data folder.
#[cfg(test)]
mod one_server;
/// The operator's side of tasks.
#[cfg(test)]
mod operators;
/// Output that nobody takes.
#[cfg(test)]
mod output;
/// What operators earned, on its way out.
#[cfg(test)]
mod payouts;
/// Pictures and documents as evidence.
#[cfg(test)]
mod pictures;
/// PostgreSQL by TLS.
#[cfg(test)]
mod postgres_tls;
/// What POST /tasks takes, to its bounds.
#[cfg(test)]
mod posting;
/// The built binary, as a host runs it.
#[cfg(test)]
mod process;
/// Proof and the Guardian.
#[cfg(test)]
mod proofs;
/// What a task would cost.
#[cfg(test)]
mod quotes;
/// Two who move one task at the same moment.
#[cfg(test)]
mod races;
/// So many requests a minute.
#[cfg(test)]
mod rate;
/// What the references print.
#[cfg(test)]
mod references;
/// Tasks that are simulated.
#[cfg(test)]
mod sandbox;
/// What is near.
#[cfg(test)]
mod search;
/// The binary's settings, and what it tells its host when it starts.
#[cfg(test)]
mod settings;
/// Who is let in, and what the others are told.
#[cfg(test)]
mod sign_in;
/// A running server, and how it stops.
#[cfg(test)]
mod stop;
/// The built app, the API document, health, request ids, and what every answer carries.
#[cfg(test)]
mod surface;
/// The agent's side of tasks.
#[cfg(test)]
mod tasks;
/// Files on their way in.
#[cfg(test)]
mod uploads;
/// Callbacks: signed, repeated, and nowhere they may not go.
#[cfg(test)]
mod webhooks;

use server::store::Store;
