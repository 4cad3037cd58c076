//! A server under test and its callers: the server in `app.rs`, agents and operators with the tasks
//! that they post in `callers.rs`, the server's responses in `answer.rs`.

mod answer;
mod app;
mod callers;

pub(crate) use answer::{Answer, Ask};
pub(crate) use app::{ADMIN_KEY, BEGINNING, TestApp};
pub(crate) use callers::{Agent, Caller, confirmation_task, photo_task};
