//! The page that registers an operator: name and contact, city, and types of task.

use api_types::{
    error::ErrorCode, operator::RegisterOperator, place::HomePlace, task_type::TaskType,
};
use js_sys::{Array, Function, Reflect};
use leptos::{
    ev::SubmitEvent,
    html::{Form, Input, Select},
    prelude::*,
};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::HtmlInputElement;

use crate::{
    browser,
    client::{Client, SessionClient},
    components::{
        Action, Field, FormFaults, PageLayout, SubmitButton, derive_flag, derive_text,
        dynamic_option, error_notice, field_fault, handler, load, loaded_view,
    },
    context::CurrentSession,
    destination, labels,
    response::ClientError,
    route::Route,
    screen::Screen,
    session::{self, Session, TokenIssuer},
};

/// Country codes of ISO 3166-1 alpha-2, as of 2024. The browser supplies the names.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI \
BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE \
DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW \
KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW \
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO \
RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// The inputs of the form; their text stays in the document.
#[derive(Clone, Copy)]
struct SignUpInputs {
    form: NodeRef<Form>,
    name: NodeRef<Input>,
    email: NodeRef<Input>,
    phone: NodeRef<Input>,
    city: NodeRef<Input>,
    country: NodeRef<Select>,
}

/// Registers the operator account of a person who has proved their address. Anybody else is led to
/// the sign-in page.
#[component]
pub(crate) fn SignUpPage() -> impl IntoView {
    let CurrentSession(current) = expect_context();
    let route: Route = expect_context();
    let arrived = move |session: Session| {
        session.save();
        route.replace(destination::take());
        current.set(Some(session));
    };
    let person = load(move || {
        Box::pin(async move {
            let resumed = match session::token() {
                Some(_) => Ok(None),
                None => Client.resume().await,
            };
            match resumed {
                Ok(Some(id)) => SessionClient::sign_in(id).await.map(arrived),
                Ok(None) => Ok(()),
                Err(error) if !error.is_of_connection() => {
                    route.replace(destination::take());
                    Ok(())
                }
                Err(error) => Err(error),
            }
        })
    });
    view! {
        <PageLayout title="Create an account" back=(Screen::Tasks, "Sign in")>
            {loaded_view(person, move |()| {
                view! { <SignUpForm on_done=Callback::new(arrived)/> }.into_any()
            })}
        </PageLayout>
    }
}

#[component]
fn SignUpForm(on_done: Callback<Session>) -> impl IntoView {
    let inputs = SignUpInputs {
        form: NodeRef::new(),
        name: NodeRef::new(),
        email: NodeRef::new(),
        phone: NodeRef::new(),
        city: NodeRef::new(),
        country: NodeRef::new(),
    };
    let faults = FormFaults::new();
    let failure = RwSignal::new(None);
    // All attempts have one idempotency key, so that a lost response does not create a second
    // account.
    let idempotency_key = StoredValue::new(browser::new_id().unwrap_or_default());

    let register = Action::new(move || {
        Box::pin(async move {
            let Ok(operator) = inputs.read() else { return };
            let key = idempotency_key.get_value();
            match Client.register_operator(&operator, &key).await {
                Ok(made) => on_done.run(Session::of(made)),
                Err(ClientError::Refused(body, wait)) if body.code == ErrorCode::AlreadyExists => {
                    match existing_account().await {
                        Some(session) => on_done.run(session),
                        None => failure.set(Some(ClientError::Refused(body, wait))),
                    }
                }
                Err(error) => {
                    if !error.is_retryable() {
                        // The corrected body needs a new key, because the old one belongs to the
                        // refused body.
                        idempotency_key.set_value(browser::new_id().unwrap_or_default());
                    }
                    faults.set_from(&error);
                    failure.set(Some(error));
                }
            }
        })
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        match inputs.read() {
            Ok(_) => {
                faults.set(Vec::new());
                register.start();
            }
            Err(found) => faults.set(found),
        }
    };

    view! {
        <form class="stack" novalidate node_ref=inputs.form on:submit=handler(submit)>
            <ContactFields inputs faults/>
            <SkillChoice/>
            {dynamic_option(move || failure.get().map(|error| error_notice(&error, None)))}
            <SubmitButton label="Create account".to_owned() doing="Creating…" busy=register.busy()/>
        </form>
    }
}

/// Returns the session of the account that the person has already, for example because they created
/// it in another tab.
async fn existing_account() -> Option<Session> {
    let id = Client.account().await.ok()??;
    SessionClient::sign_in(id).await.ok()
}

#[component]
fn ContactFields(inputs: SignUpInputs, faults: FormFaults) -> impl IntoView {
    let country_fault = move || faults.of("location.country");
    let country_message = derive_text(move || country_fault().unwrap_or_default());
    view! {
        <div class="card stack">
            <Field label="Name" name="name" node=inputs.name faults autocomplete="name"
                required=true hint="Agents see a short form, such as “Jane D.”."/>
            {needs_email().then(|| view! {
                <Field label="Email" name="email" node=inputs.email faults kind="email"
                    autocomplete="email" required=true hint="We send a code to it."/>
            }.into_any())}
            <Field label="Phone" name="phone" node=inputs.phone faults kind="tel"
                autocomplete="tel" hint="Include the country code, for example +49 151 23456789."/>
            <Field label="City" name="location.city" node=inputs.city faults
                autocomplete="address-level2" required=true/>
            <div class="field">
                <label for="country">"Country"</label>
                <select
                    id="country"
                    node_ref=inputs.country
                    autocomplete="country"
                    aria-required="true"
                    aria-describedby="country-hint"
                    aria-invalid=derive_flag(move || country_fault().is_some())
                >
                    <option value="">"Choose…"</option>
                    {countries().into_iter().map(|(code, name)| view! {
                        <option value=code>{name}</option>
                    }.into_any()).collect_view()}
                </select>
                <p id="country-hint" class="hint fault">{country_message}</p>
            </div>
        </div>
    }
}

#[component]
fn SkillChoice() -> impl IntoView {
    view! {
        <fieldset class="card">
            <legend>"Task types"</legend>
            <p class="hint">"Select none to see all types of task."</p>
            <div class="chips">
                {TaskType::ALL.into_iter().map(|kind| view! {
                    <label class="chip">
                        <input type="checkbox" name="skills" value=kind.as_str()/>
                        <span>{labels::task_type(kind)}</span>
                    </label>
                }.into_any()).collect_view()}
            </div>
        </fieldset>
    }
}

/// Returns whether the person signs in elsewhere, and their address is not verified there.
fn needs_email() -> bool {
    session::token_issuer() == Some(TokenIssuer::Elsewhere { has_email: false })
}

impl SignUpInputs {
    /// Returns the request, or all faults that can be found on the phone.
    fn read(self) -> Result<RegisterOperator, Vec<api_types::error::Fault>> {
        let text = |node: NodeRef<Input>| {
            node.get_untracked()
                .map(|input| input.value().trim().to_owned())
                .unwrap_or_default()
        };
        let (name, email, city) = (text(self.name), text(self.email), text(self.city));
        let country = self
            .country
            .get_untracked()
            .map(|node| node.value())
            .unwrap_or_default();
        let phone: String = text(self.phone)
            .chars()
            .filter(|c| !" -()/.".contains(*c))
            .collect();
        let checks = [
            (name.is_empty(), "name", "Enter your name."),
            (
                needs_email() && !email.contains('@'),
                "email",
                "Enter an email address, such as jane@example.com.",
            ),
            (
                city.is_empty(),
                "location.city",
                "Enter the city where you work.",
            ),
            (
                country.is_empty(),
                "location.country",
                "Choose your country.",
            ),
            (
                !phone.is_empty() && !phone.starts_with('+'),
                "phone",
                "Start with + and the country code, or leave this field empty.",
            ),
        ];
        let found = checks.into_iter().filter(|(wrong, ..)| *wrong);
        let found: Vec<_> = found
            .map(|(_, field, message)| field_fault(field, message))
            .collect();
        if !found.is_empty() {
            return Err(found);
        }
        Ok(RegisterOperator {
            name,
            // Otherwise the server takes the address that the person signed in with.
            email: needs_email().then_some(email),
            phone: (!phone.is_empty()).then_some(phone),
            location: Some(HomePlace {
                city,
                country,
                lat: None,
                lng: None,
            }),
            skills: self.skills(),
        })
    }

    fn skills(self) -> Vec<TaskType> {
        let Some(form) = self.form.get_untracked() else {
            return Vec::new();
        };
        let Ok(boxes) = form.query_selector_all("input[name=skills]:checked") else {
            return Vec::new();
        };
        (0..boxes.length())
            .filter_map(|place| boxes.get(place)?.dyn_into::<HtmlInputElement>().ok())
            .filter_map(|input| TaskType::parse(&input.value()))
            .collect()
    }
}

/// Returns every country by code and name, sorted by name.
fn countries() -> Vec<(&'static str, String)> {
    let name_of = display_names();
    let name = |code: &str| {
        let name = name_of
            .as_ref()?
            .call1(&JsValue::NULL, &JsValue::from_str(code))
            .ok()?;
        name.as_string()
    };
    let named = |code| (code, name(code).unwrap_or_else(|| code.to_owned()));
    // Insertion one by one: for 249 entries a sorting algorithm weighs more than it saves.
    COUNTRIES
        .split(' ')
        .map(named)
        .fold(Vec::new(), |mut all, (code, name)| {
            let place = all.partition_point(|(_, other): &(&str, String)| *other < name);
            all.insert(place, (code, name));
            all
        })
}

/// Returns the bound function `new Intl.DisplayNames("en", {type: "region"}).of`, or `None` in a
/// browser without it.
fn display_names() -> Option<Function> {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &JsValue::from_str(name)).ok();
    let intl = get(&js_sys::global(), "Intl")?;
    let class: Function = get(&intl, "DisplayNames")?.dyn_into().ok()?;
    let options = js_sys::Object::new();
    Reflect::set(&options, &"type".into(), &"region".into()).ok()?;
    let names = Reflect::construct(&class, &Array::of2(&"en".into(), &options)).ok()?;
    let of: Function = get(&names, "of")?.dyn_into().ok()?;
    Some(of.bind0(&names))
}
