//! The Guardian's result: each requirement with a word, an icon and the reason for the finding.

use api_types::guardian::{GuardianResult, RequirementResult};
use leptos::prelude::*;

use crate::components::{Icon, Shape};

/// The Guardian's result in full.
#[component]
pub(crate) fn GuardianResults(result: GuardianResult) -> impl IntoView {
    let items = result
        .requirement_results
        .into_iter()
        .map(|result| view! { <RequirementItem result/> }.into_any())
        .collect_view();
    view! {
        <section class="card stack" aria-labelledby="results">
            <h2 id="results">"Review result"</h2>
            <ul class="results">
                {items}
            </ul>
            <p class="quiet agent-text">{result.reasoning}</p>
        </section>
    }
}

#[component]
fn RequirementItem(result: RequirementResult) -> impl IntoView {
    let (tone, shape, word) = match result.met {
        Some(true) => ("result good", Shape::Check, "Met"),
        Some(false) => ("result bad", Shape::Cross, "Not met"),
        None => ("result open", Shape::Question, "Not checked"),
    };
    view! {
        <li class=tone>
            <span class="sign"><Icon shape/></span>
            <div>
                <strong>{word}</strong>
                <p class="agent-text">{result.requirement}</p>
                <p class="quiet agent-text">{result.note}</p>
            </div>
        </li>
    }
}
