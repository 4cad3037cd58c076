//! Icons of the app: strokes on a 24 by 24 grid. They accompany text and are hidden from screen
//! readers.

use leptos::prelude::*;

/// The picture that an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Agent,
    Back,
    Camera,
    Check,
    Clock,
    Cross,
    Earnings,
    Eye,
    EyeOff,
    File,
    Forward,
    Key,
    Lock,
    Mine,
    Offline,
    Picture,
    Place,
    Plus,
    Profile,
    Question,
    Refresh,
    Tasks,
    Text,
    Trash,
    Warning,
}

impl Shape {
    const fn path(self) -> &'static str {
        match self {
            Self::Agent => {
                "M12 3v3M7 6h10a3 3 0 0 1 3 3v7a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3V9a3 3 0 0 1 3-3zM9 11v2M15 11v2M9 19v2M15 19v2"
            }
            Self::Back => "M20 12H5M11 6l-6 6 6 6",
            Self::Camera => {
                "M4 8h3.5L9 5.5h6L16.5 8H20a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z"
            }
            Self::Check => "M4.5 12.5l5 5 10-11",
            Self::Clock => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
            Self::Cross => "M6 6l12 12M18 6L6 18",
            Self::Earnings => {
                "M4 7h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h11M16 13.5h.01"
            }
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.5 5.900A9 9 0 0 1 12 5.500c6 0 9.5 6.5 9.5 6.500a17 17 0 0 1-2.8 3.600M6.5 7.300A16 16 0 0 0 2.5 12S6 18.5 12 18.500a9 9 0 0 0 4.3-1.100M10 10a3 3 0 0 0 4 4"
            }
            Self::File => "M7 3h7l5 5v12a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM14 3v5h5",
            Self::Forward => "M9 5l7 7-7 7",
            Self::Key => {
                "M14.5 13.500a4.5 4.5 0 1 0-4.2-2.800L4 17v3h3l1.5-1.500V17H10v-1.500h1.500l1.2-2.200M15.5 8.500h.01"
            }
            Self::Lock => {
                "M6 11h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zM8 11V7.500a4 4 0 0 1 8 0V11"
            }
            Self::Mine => {
                "M9 4H6a1 1 0 0 0-1 1v15a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V5a1 1 0 0 0-1-1h-3M9 3h6v3H9zM8.5 13.500l2.5 2.5 4.5-5"
            }
            Self::Offline => {
                "M4 4l16 16M2.5 9A14 14 0 0 1 7 6.300M11 5.500A14 14 0 0 1 21.5 9M5.5 12.500A9.5 9.5 0 0 1 9 10.300M14.5 10.600a9.5 9.5 0 0 1 4 1.900M9 16a4.5 4.5 0 0 1 6 0M12 19.500h.01"
            }
            Self::Picture => {
                "M4 4h16a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM3 16l5-5 9 9M14 17l3-3 4 4M15.5 9h.01"
            }
            Self::Place => {
                "M12 21s7-6.2 7-11.500a7 7 0 0 0-14 0C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Profile => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.500a7.5 7.5 0 0 1 15 0",
            Self::Question => "M8.5 9a3.5 3.5 0 1 1 5 3.200c-1 .5-1.5 1.2-1.5 2.300M12 18.500h.01",
            Self::Refresh => {
                "M20 5v5h-5M4 19v-5h5M19.4 10A8 8 0 0 0 5.5 7.500M4.6 14a8 8 0 0 0 13.9 2.5"
            }
            Self::Tasks => "M4 6.500h.01M8 6.500h12M4 12h.01M8 12h12M4 17.500h.01M8 17.500h12",
            Self::Text => {
                "M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1h-8l-5 4v-4H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM7.5 9.500h9M7.5 13h6"
            }
            Self::Trash => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5.500M14 11v5.5",
            Self::Warning => "M12 4l9 16H3zM12 10v4.500M12 17.500h.01",
        }
    }
}

/// An icon in the size of the text next to it.
#[component]
pub(crate) fn Icon(shape: Shape) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=shape.path()/>
        </svg>
    }
}
