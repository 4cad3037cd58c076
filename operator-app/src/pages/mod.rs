//! The pages, one file or folder for each route. Each page has its own loading and actions.

mod credential;
mod earnings;
mod find;
mod mine;
mod more;
mod not_found;
mod profile;
mod proof;
mod sending;
mod sign_in;
mod sign_up;
mod task;

pub(crate) use earnings::EarningsPage;
pub(crate) use find::FindPage;
pub(crate) use mine::MinePage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use profile::ProfilePage;
pub(crate) use proof::ProofPage;
pub(crate) use sign_in::SignInPage;
pub(crate) use sign_up::SignUpPage;
pub(crate) use task::TaskPage;
