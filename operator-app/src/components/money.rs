//! `<Money/>`: the one place where an amount becomes text.

use api_types::MicroUsd;
use leptos::prelude::*;

use crate::browser;

/// An amount of US dollars, to its last digit.
#[component]
pub(crate) fn Money(amount: MicroUsd) -> impl IntoView {
    view! { <data class="money" translate="no" value=amount.to_string()>{browser::money(amount)}</data> }
}
