//! Stories: a person in a real browser, an agent in Node, the built server between them.
//!
//! They need `cargo build -p server` after `cargo xtask app`, `cargo xtask pkg`, Chromium, and
//! `npm ci --ignore-scripts` in this folder; `cargo xtask test` sees to all of it. Each story has
//! a world of its own, which it leaves under `target/tmp` for people to look at.

// What the stories are told with.
#[path = "../server/tests/support/cluster.rs"]
mod cluster; // a PostgreSQL that can be stopped
mod companion; // another process that is told what to do, a line at a time
mod crowd; // agents and operators who work at once, and send again what was not answered
mod host; // the built server: started, killed, stopped, and its ledger checked
mod line; // the connection of a phone: written down, and able to break
mod picture; // a photo of a few megabytes
mod search; // a text, looked for in every form it could take in a file
mod world; // server, agent, browser

// What is promised.
mod accessibility; // everyone can use every screen, and an agent's text is text
mod bucket; // servers that share a bucket of proof files need no common folder
mod clients; // programs written from each reference alone work as they stand
mod confirmation; // a confirmation sent twice over a bad line arrives once
mod credential; // a secret typed on a phone is opened by the agent and lies nowhere else
mod faults; // a killed server, a stopped database, a full disk: nothing is lost or doubled
mod key_change; // a phone notices that an agent's key is another than last time
mod operator; // estimates, typed answers, drafts, revisions: a claimed task on the phone
mod package; // the crypto package does in a page what Web Crypto does
mod photo; // a photo survives a connection that breaks in the middle
mod portal; // an answer in the server's place is not the server's
mod web_agent; // an agent in a page of another origin calls with its key, and nothing else
mod webhook; // a callback believes what it is told, by the package and by the sample
