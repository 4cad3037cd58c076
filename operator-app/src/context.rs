//! Values that the root component provides to all pages by Leptos' context.

use api_types::{page::Page, task::OperatorTaskView};
use leptos::prelude::*;

use crate::{components::Loadable, session::Session};

/// The session of the signed-in operator, or `None`.
#[derive(Clone, Copy)]
pub(crate) struct CurrentSession(pub(crate) RwSignal<Option<Session>>);

/// Whether the phone has a network connection.
#[derive(Clone, Copy)]
pub(crate) struct OnlineStatus(pub(crate) RwSignal<bool>);

/// The tasks that the operator accepted. The frame shows the active one, and a page shows all.
#[derive(Clone, Copy)]
pub(crate) struct MyTasks(pub(crate) Loadable<Page<OperatorTaskView>>);
