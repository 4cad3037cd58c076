//! A thumbnail of a proof file.

use leptos::prelude::*;

use crate::components::{Icon, Shape, dynamic, handler};

/// Shows the picture at `url`, or a file icon if the browser cannot show it, such as a PDF, or HEIC
/// on most phones.
pub(crate) fn thumbnail(url: String, alt: String) -> AnyView {
    let shown = RwSignal::new(true);
    dynamic(move || {
        let (url, alt) = (url.clone(), alt.clone());
        if shown.get() {
            let hide = handler(move |_| shown.set(false));
            view! { <img class="thumb" src=url alt=alt on:error=hide/> }.into_any()
        } else {
            view! {
                <span class="thumb file" role="img" aria-label=alt><Icon shape=Shape::File/></span>
            }
            .into_any()
        }
    })
}
