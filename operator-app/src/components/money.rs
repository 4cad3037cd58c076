//! The component `<Money/>`, which formats all amounts in views.

use api_types::MicroUsd;
use leptos::prelude::*;

use crate::browser;

/// An amount of US dollars with all its digits.
#[component]
pub(crate) fn Money(amount: MicroUsd) -> impl IntoView {
    view! { <data class="money" translate="no" value=amount.to_string()>{browser::money(amount)}</data> }
}
