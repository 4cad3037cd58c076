//! Components that pages are made of. They make no requests and know no routes: they take values
//! and signals, and call callbacks.

mod ask_twice;
mod countdown;
mod fingerprint;
mod form;
mod icon;
mod layout;
mod live;
mod loaded;
mod money;
mod picture;
mod problem;
mod results;
mod status;
mod task_card;

pub(crate) use ask_twice::AskTwice;
pub(crate) use countdown::{Clock, Countdown};
pub(crate) use fingerprint::KeyFingerprint;
pub(crate) use form::{Field, FormFaults, LongField, Submit, fault, filled};
pub(crate) use icon::{Icon, Shape};
pub(crate) use layout::{Empty, Notice, Page, Reading};
pub(crate) use live::{Answer, Loading, act, flag, live, load, maybe, nothing, on, spawn, text};
pub(crate) use loaded::loaded;
pub(crate) use money::Money;
pub(crate) use picture::picture;
pub(crate) use problem::{Offline, problem};
pub(crate) use results::Results;
pub(crate) use status::StatusMark;
pub(crate) use task_card::TaskCard;
