//! The screens of the app and their paths. No other module contains a path of the app, or decides
//! which screens are in the second wasm file.
//!
//! `api_types::app_page` has the list of pages, because the server needs it too: it responds with
//! the app at these paths only. [`Screen::parse`] uses that list, so both know the same paths.

use api_types::{TaskId, app_page::AppPage};

/// A screen of the app that has a path. Without a session, every path except that of sign-up shows
/// the sign-in page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// The tasks that may be accepted. This screen is in the first wasm file.
    Tasks,
    /// A screen in the second wasm file.
    Lazy(LazyPage),
}

/// A screen in the second wasm file, which is fetched after the first screen is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LazyPage {
    /// One task, by its id.
    Task(TaskId),
    /// The proof form of one task.
    Proof(TaskId),
    /// The tasks that the operator accepted.
    MyTasks,
    /// The operator's earnings.
    Earnings,
    /// The operator's own account.
    Profile,
    /// The registration of a new operator.
    SignUp,
    /// The way to an OpenID Connect issuer and back.
    SignIn,
}

impl Screen {
    pub(crate) const MY_TASKS: Self = Self::Lazy(LazyPage::MyTasks);
    pub(crate) const EARNINGS: Self = Self::Lazy(LazyPage::Earnings);
    pub(crate) const PROFILE: Self = Self::Lazy(LazyPage::Profile);
    pub(crate) const SIGN_UP: Self = Self::Lazy(LazyPage::SignUp);
    pub(crate) const SIGN_IN: Self = Self::Lazy(LazyPage::SignIn);

    /// Returns the screen of one task.
    pub(crate) const fn task(id: TaskId) -> Self {
        Self::Lazy(LazyPage::Task(id))
    }

    /// Returns the screen with the proof form of one task.
    pub(crate) const fn proof(id: TaskId) -> Self {
        Self::Lazy(LazyPage::Proof(id))
    }

    /// Returns the screen at a path, or `None` if there is none.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        Some(match AppPage::parse(path)? {
            AppPage::Find => Self::Tasks,
            AppPage::Task(id) => Self::task(id),
            AppPage::Proof(id) => Self::proof(id),
            AppPage::Mine => Self::MY_TASKS,
            AppPage::Earnings => Self::EARNINGS,
            AppPage::Profile => Self::PROFILE,
            AppPage::SignUp => Self::SIGN_UP,
            AppPage::SignIn => Self::SIGN_IN,
        })
    }

    /// Returns the path of this screen.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Tasks => "/tasks".to_owned(),
            Self::Lazy(LazyPage::Task(id)) => format!("/tasks/{id}"),
            Self::Lazy(LazyPage::Proof(id)) => format!("/tasks/{id}/proof"),
            Self::Lazy(LazyPage::MyTasks) => "/mine".to_owned(),
            Self::Lazy(LazyPage::Earnings) => "/earnings".to_owned(),
            Self::Lazy(LazyPage::Profile) => "/profile".to_owned(),
            Self::Lazy(LazyPage::SignUp) => "/sign-up".to_owned(),
            Self::Lazy(LazyPage::SignIn) => "/sign-in".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_every_screen_leads_to_that_screen() {
        let id = "task_01KB0000000000000000000000".parse().unwrap();
        for screen in [
            Screen::Tasks,
            Screen::task(id),
            Screen::proof(id),
            Screen::MY_TASKS,
            Screen::EARNINGS,
            Screen::PROFILE,
            Screen::SIGN_UP,
            Screen::SIGN_IN,
        ] {
            assert_eq!(Screen::parse(&screen.path()), Some(screen));
        }
    }

    #[test]
    fn an_unknown_path_has_no_screen() {
        for path in ["/no/such/page", "/tasks/task_x", "/tasks/proof"] {
            assert_eq!(Screen::parse(path), None, "{path}");
        }
    }
}
