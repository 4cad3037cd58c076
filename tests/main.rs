//! Stories: a person in a real browser, an agent in Node, and the built server between them.
//!
//! They need `cargo build -p server` after `cargo xtask app`, `cargo xtask pkg`, Chromium, and `npm
//! ci --ignore-scripts` in this folder; `cargo xtask test` does all of this. Each story has its own
//! world, which it leaves in `target/tmp` for inspection.

// The parts that the stories share.
#[path = "../server/tests/support/cluster.rs"]
mod cluster; // a PostgreSQL that can be stopped
mod companion; // another process that executes commands, one line each
mod crowd; // concurrent agents and operators, who repeat requests without a response
mod host; // the built server: started, killed, stopped, and its ledger checked
mod line; // the connection of a phone: recorded, and able to fail
mod picture; // a photo of a few megabytes
mod search; // a search of files for a text in every encoding
mod sign_up; // operators without a browser
mod world; // server, agent, browser

// The stories.
mod accessibility; // everybody can use every screen, and an agent's text is displayed as text
mod bucket; // servers that share a bucket of proof files need no common folder
mod clients; // programs written from each reference alone work as they stand
mod confirmation; // a confirmation sent twice over a bad line arrives once
mod credential; // a secret typed on a phone reaches the agent and is stored nowhere else
mod faults; // a killed server, a stopped database, a full disk: nothing is lost or doubled
mod issuer; // operators sign in at an OpenID Connect issuer
mod key_change; // a phone notices that an agent's key has changed
mod operator; // estimates, typed answers, drafts, revisions: a claimed task on the phone
mod outbox; // unsent proofs are sent once, all of them, and only for their operator
mod package; // the crypto package in a page agrees with Web Crypto
mod passkey; // operators add a passkey, and come back by it
mod photo; // the upload of a photo survives a connection that fails
mod portal; // only the server's own responses are accepted
mod sign_in; // operators sign up, come back on another phone, and sign out
mod web_agent; // an agent in a page of another origin can call the operations of agents
mod webhook; // a receiver verifies signatures, by the package and by the sample
