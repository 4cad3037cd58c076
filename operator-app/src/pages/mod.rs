//! The pages, one file or folder for each route. Each page has its own loading and actions.

mod code_faults;
mod credential;
mod earnings;
mod load_more;
mod my_tasks;
mod not_found;
mod outbox_card;
mod passkeys;
mod profile;
mod proof;
mod sign_in;
mod sign_up;
mod submit;
mod task;
mod tasks;

pub(crate) use earnings::EarningsPage;
pub(crate) use my_tasks::MyTasksPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use passkeys::PasskeyOffer;
pub(crate) use profile::ProfilePage;
pub(crate) use proof::ProofPage;
pub(crate) use sign_in::{IssuerReturnPage, OtherWays, SignInPage};
pub(crate) use sign_up::SignUpPage;
pub(crate) use task::TaskPage;
pub(crate) use tasks::TasksPage;
