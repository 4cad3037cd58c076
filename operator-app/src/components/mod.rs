//! Components that pages are made of. They make no requests and contain no paths: they take values
//! and signals, call callbacks, and link to a `Screen`.

mod action;
mod confirm_button;
mod countdown;
mod error_notice;
mod fingerprint;
mod form;
mod guardian_results;
mod icon;
mod layout;
mod loading;
mod money;
mod reactive;
mod status_badge;
mod task_card;
mod thumbnail;

pub(crate) use action::Action;
pub(crate) use confirm_button::ConfirmButton;
pub(crate) use countdown::{Clock, Countdown};
pub(crate) use error_notice::{OfflineBanner, SignInAgain, error_notice};
pub(crate) use fingerprint::KeyFingerprint;
pub(crate) use form::{Field, FormFaults, SubmitButton, TextAreaField, field_fault, non_empty};
pub(crate) use guardian_results::GuardianResults;
pub(crate) use icon::{Icon, Shape};
pub(crate) use layout::{EmptyState, HeadingFocus, Notice, PageLayout};
pub(crate) use loading::{Loadable, ResponseFuture, load, loaded_view};
pub(crate) use money::Money;
pub(crate) use reactive::{derive_flag, derive_text, dynamic, dynamic_option, empty_view, handler};
pub(crate) use status_badge::StatusBadge;
pub(crate) use task_card::TaskCard;
pub(crate) use thumbnail::thumbnail;
