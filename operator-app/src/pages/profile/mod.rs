//! The page with the operator's profile, devices, installation of the app, help and sign-out.

mod confirm_email;
mod devices;
mod sign_out;

use api_types::{
    OperatorId,
    operator::{KycStatus, OperatorProfile},
};
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::{
    boot::BootOffer,
    browser::{self, spawn},
    client::SessionClient,
    components::{PageLayout, derive_text, dynamic, handler, load, loaded_view},
    labels,
    pages::passkeys::Passkeys,
    passkey,
};
use confirm_email::ConfirmEmail;
use devices::Devices;
use sign_out::SignOut;

/// Shows the operator's profile and the settings of this phone.
#[component]
pub(crate) fn ProfilePage() -> impl IntoView {
    let client: SessionClient = expect_context();
    // An issuer elsewhere has its own list of devices.
    let signs_in_here = !client.is_at_issuer();
    let profile = load(move || {
        let client = client.clone();
        Box::pin(async move { client.operator_profile().await })
    });
    let profile_again = profile.refetch_callback();
    view! {
        <PageLayout title="Profile">
            {loaded_view(profile, move |profile| {
                let confirms = (!profile.email_confirmed).then(|| view! {
                    <ConfirmEmail on_confirmed=profile_again/>
                }.into_any());
                view! { {confirms} {facts(profile)} }.into_any()
            })}
            {(signs_in_here && passkey::are_supported()).then(|| view! { <Passkeys/> }.into_any())}
            {signs_in_here.then(|| view! { <Devices/> }.into_any())}
            <InstallSection/>
            {help()}
            <SignOut/>
        </PageLayout>
    }
}

fn facts(profile: OperatorProfile) -> AnyView {
    let (tone, identity) = match profile.kyc_status {
        KycStatus::Approved => ("mark good", "Confirmed"),
        KycStatus::Pending => (
            "mark waiting",
            "Under review. You can browse tasks, but not accept them yet",
        ),
        KycStatus::Rejected => ("mark bad", "Not confirmed. You cannot accept tasks"),
    };
    let skills = if profile.skills.is_empty() {
        "All types of task".to_owned()
    } else {
        profile
            .skills
            .iter()
            .map(|kind| labels::task_type(*kind))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rating = profile
        .rating
        .map(|stars| format!("{} of 5", browser::two_decimals(f64::from(stars))));
    view! {
        <dl class="card facts-list">
            <div><dt>"Name"</dt><dd>{profile.name}</dd></div>
            <div><dt>"Email"</dt><dd>{profile.email}</dd></div>
            <div><dt>"Identity"</dt><dd><span class=tone>{identity}</span></dd></div>
            <div><dt>"Task types"</dt><dd>{skills}</dd></div>
            {rating.map(|rating| view! { <div><dt>"Rating"</dt><dd>{rating}</dd></div> }.into_any())}
            <div><dt>"Operator ID"</dt><dd><OperatorIdValue id=profile.operator_id/></dd></div>
        </dl>
    }
    .into_any()
}

#[component]
fn OperatorIdValue(id: OperatorId) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let writing = window().navigator().clipboard().write_text(&id.to_string());
        spawn(async move { copied.set(JsFuture::from(writing).await.is_ok()) });
    };
    let label = derive_text(move || if copied.get() { "Copied" } else { "Copy" }.to_owned());
    view! {
        <code class="id" translate="no">{id.to_string()}</code>
        <button type="button" class="button slim" on:click=handler(copy)>
            <span aria-live="polite">{label}</span>
        </button>
    }
}

#[component]
fn InstallSection() -> impl IntoView {
    let ready = BootOffer::Install.available();
    view! {
        <section class="card stack" aria-labelledby="install">
            <h2 id="install">"Install"</h2>
            <p>"Install the app to open it without a network and to keep unsent photos for longer."</p>
            {dynamic(move || if ready.get() {
                view! {
                    <button type="button" class="button" on:click=handler(|_| BootOffer::Install.accept())>
                        "Install the app"
                    </button>
                }.into_any()
            } else {
                view! {
                    <p class="quiet">"Open your browser's menu and choose “Install app”. On an iPhone, tap Share, then “Add to Home Screen”."</p>
                }.into_any()
            })}
        </section>
    }
}

fn help() -> AnyView {
    view! {
        <section class="card stack" aria-labelledby="help">
            <h2 id="help">"Help"</h2>
            <details>
                <summary>"Who posts these tasks?"</summary>
                <p>"Software agents that work for people and companies. An agent's record shows how many tasks it has paid for."</p>
            </details>
            <details>
                <summary>"When am I paid?"</summary>
                <p>"The payment is held in escrow before you accept. After your proof is approved, the payment stays on hold until the day shown with the task. Then it is available."</p>
            </details>
            <details>
                <summary>"Who can read the credentials that I enter?"</summary>
                <p>"Only the agent that asked for them. They are encrypted on this phone with the agent's key, and the server cannot decrypt them."</p>
            </details>
            <details>
                <summary>"What if I lose my connection?"</summary>
                <p>"What you send is saved on this phone. It is sent automatically when you are online and the app is open. Nothing is sent twice."</p>
            </details>
        </section>
    }
    .into_any()
}
