//! URL paths of the operator app. The app shows the page that a path names, and the server serves
//! the app's HTML at these paths only.

use crate::id::TaskId;

/// A page of the operator app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppPage {
    /// The tasks that may be claimed.
    Find,
    /// One task, by its id.
    Task(TaskId),
    /// The proof form of one task.
    Proof(TaskId),
    /// The tasks that the operator claimed.
    Mine,
    /// The operator's earnings and payouts.
    Earnings,
    /// The operator's own account.
    Profile,
    /// The registration of a new operator.
    SignUp,
    /// Where an OpenID Connect issuer sends a person who has signed in there.
    SignIn,
}

impl AppPage {
    /// Returns the page at this path, with or without a trailing slash. Returns `None` for an
    /// unknown path and for one whose id is invalid.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let page = match (parts.next(), parts.next(), parts.next()) {
            (None | Some("tasks"), None, None) => Self::Find,
            (Some("tasks"), Some(id), None) => Self::Task(id.parse().ok()?),
            (Some("tasks"), Some(id), Some("proof")) => Self::Proof(id.parse().ok()?),
            (Some("mine"), None, None) => Self::Mine,
            (Some("earnings"), None, None) => Self::Earnings,
            (Some("profile"), None, None) => Self::Profile,
            (Some("sign-up"), None, None) => Self::SignUp,
            (Some("sign-in"), None, None) => Self::SignIn,
            _ => return None,
        };
        parts.next().is_none().then_some(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_page_with_or_without_a_slash_at_its_end() {
        let id = "task_01KB0000000000000000000000";
        let task = id.parse().unwrap();
        for (path, page) in [
            ("/", AppPage::Find),
            ("/tasks", AppPage::Find),
            ("/tasks/", AppPage::Find),
            (&format!("/tasks/{id}"), AppPage::Task(task)),
            (&format!("/tasks/{id}/proof/"), AppPage::Proof(task)),
            ("/mine", AppPage::Mine),
            ("/earnings", AppPage::Earnings),
            ("/profile", AppPage::Profile),
            ("/sign-up", AppPage::SignUp),
            ("/sign-in", AppPage::SignIn),
        ] {
            assert_eq!(AppPage::parse(path), Some(page), "{path}");
        }
    }

    #[test]
    fn every_other_path_names_nothing() {
        for path in [
            "/task",
            "/tasks/some/page",
            "/tasks/task_x",
            "/tasks/task_01KB0000000000000000000000/proof/more",
            "/mine/tasks",
            "/api",
            "/metrics",
            "/healthz",
            "/index.html",
        ] {
            assert_eq!(AppPage::parse(path), None, "{path}");
        }
    }
}
