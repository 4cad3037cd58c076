//! Browser functions that the app uses outside of its views: time, language, storage, randomness,
//! concurrent tasks and the secure context. Requests are in `client/`.

use std::pin::Pin;

use api_types::{MicroUsd, Timestamp};
use js_sys::{Array, Date, Intl, Object, Reflect};
use leptos::prelude::{document, request_animation_frame, window};
use serde::{Serialize, de::DeserializeOwned};
use ulid::Ulid;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{HtmlElement, UrlSearchParams};

/// Returns the time of the phone's clock. It affects what is shown, never what is allowed.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds stay below 2^53"
    )]
    let millis = (Date::now() as i64).max(0);
    #[expect(
        clippy::expect_used,
        reason = "a browser's clock lies between 1970 and 9999"
    )]
    Timestamp::from_millis(millis).expect("a time that has four digits of year")
}

/// Returns a new random id, for a submission or a file of a proof.
///
/// # Errors
/// Fails if the browser gives no random bytes.
pub(crate) fn new_id() -> Result<String, getrandom::Error> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random)?;
    let millis = now().as_millis().unsigned_abs();
    Ok(Ulid::from_parts(millis, u128::from_le_bytes(random)).to_string())
}

/// Returns whether the page is a secure context: loaded over https or from this machine.
pub(crate) fn is_secure() -> bool {
    window().is_secure_context()
}

/// Returns whether the browser believes that it has a network connection.
pub(crate) fn is_online() -> bool {
    window().navigator().on_line()
}

/// Returns the English locale of the person's region; the app's texts are always English.
fn locales() -> Array {
    let language = window()
        .navigator()
        .language()
        .filter(|tag| tag.starts_with("en"));
    Array::of1(&JsValue::from_str(language.as_deref().unwrap_or("en-US")))
}

fn options(pairs: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in pairs {
        // Setting a member of a new object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    object
}

/// Formats an amount for the person's region. The digits are passed as text, so no precision is
/// lost.
pub(crate) fn money(amount: MicroUsd) -> String {
    let digits = amount.to_string();
    let options = options(&[("style", "currency"), ("currency", "USD")]);
    let six = JsValue::from_f64(6.0);
    let _ = Reflect::set(&options, &JsValue::from_str("maximumFractionDigits"), &six);
    let format = Intl::NumberFormat::new(&locales(), &options).format();
    let text = format.call1(&JsValue::NULL, &JsValue::from_str(&digits));
    text.ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| format!("${digits}"))
}

/// Formats a time as "Tue, 10 Feb, 14:30" in the person's time zone.
pub(crate) fn date_time(moment: Timestamp) -> String {
    format_date(
        moment,
        &[
            ("weekday", "short"),
            ("day", "numeric"),
            ("month", "short"),
            ("hour", "numeric"),
            ("minute", "2-digit"),
        ],
    )
}

/// Formats a day as "Tue, 10 Feb" in the person's time zone.
pub(crate) fn date(moment: Timestamp) -> String {
    format_date(
        moment,
        &[("weekday", "short"), ("day", "numeric"), ("month", "short")],
    )
}

/// Formats a time of day as "14:30" in the person's time zone.
pub(crate) fn time(moment: Timestamp) -> String {
    format_date(moment, &[("hour", "numeric"), ("minute", "2-digit")])
}

fn format_date(moment: Timestamp, parts: &[(&str, &str)]) -> String {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds stay below 2^53")]
    let date = Date::new(&JsValue::from_f64(moment.as_millis() as f64));
    let format = Intl::DateTimeFormat::new(&locales(), &options(parts)).format();
    let text = format.call1(&JsValue::NULL, &date);
    text.ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| moment.to_string())
}

/// Formats a number with two decimals. It uses the browser's formatter, because Rust's adds ten
/// kilobytes.
pub(crate) fn two_decimals(number: f64) -> String {
    js_sys::Number::from(number)
        .to_fixed(2)
        .map(String::from)
        .unwrap_or_default()
}

/// Formats a number with all its digits.
pub(crate) fn digits(number: f64) -> String {
    js_sys::Number::from(number)
        .to_string_with_radix(10)
        .map(String::from)
        .unwrap_or_default()
}

/// Formats a number of bytes for people to read.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", count / 1_000),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// Returns the value stored under `key`, or `None` if there is none or it cannot be parsed.
pub(crate) fn load_stored<T: DeserializeOwned>(key: &str) -> Option<T> {
    let storage = window().local_storage().ok().flatten()?;
    serde_json::from_str(&storage.get_item(key).ok().flatten()?).ok()
}

/// Stores `value` under `key`; does nothing if the browser has no storage. Not for secrets.
pub(crate) fn store<T: Serialize>(key: &str, value: &T) {
    if let Ok(Some(storage)) = window().local_storage()
        && let Ok(text) = serde_json::to_string(value)
    {
        let _ = storage.set_item(key, &text);
    }
}

/// Removes the value stored under `key`.
pub(crate) fn remove_stored(key: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.remove_item(key);
    }
}

/// Stores a text for this tab, if the browser has storage. Not for secrets.
pub(crate) fn store_for_tab(key: &str, text: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.set_item(key, text);
    }
}

/// Returns the text stored for this tab.
pub(crate) fn load_from_tab(key: &str) -> Option<String> {
    let storage = window().session_storage().ok().flatten()?;
    storage.get_item(key).ok().flatten()
}

/// Returns the text stored for this tab, and removes it.
pub(crate) fn take_from_tab(key: &str) -> Option<String> {
    let text = load_from_tab(key)?;
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.remove_item(key);
    }
    Some(text)
}

/// Asks the browser not to evict the outbox when storage runs short.
pub(crate) fn request_persistence() {
    let storage = window().navigator().storage();
    if !storage.is_undefined() {
        // The app works the same whether or not the browser agrees.
        let _ = storage.persist();
    }
}

/// Moves the focus to the first element that matches `selector`, after the next rendering.
pub(crate) fn focus_soon(selector: &'static str) {
    request_animation_frame(move || {
        let element = document().query_selector(selector).ok().flatten();
        if let Some(element) = element.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}

/// Returns the path and query of a URL of this server, whatever host name the URL has.
pub(crate) fn own_path(url: &str) -> String {
    let absolute = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'));
    absolute.map_or_else(|| url.to_owned(), |(_, path)| format!("/{path}"))
}

/// Returns the path of the page.
pub(crate) fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Returns a parameter of the page's query.
pub(crate) fn query_parameter(name: &str) -> Option<String> {
    let query = window().location().search().ok()?;
    UrlSearchParams::new_with_str(&query).ok()?.get(name)
}

/// Leaves the app for another page, without an entry in the history for this one.
pub(crate) fn leave_for(url: &str) {
    // A browser that refuses stays on the page, which says what to do.
    let _ = window().location().replace(url);
}

/// Sets the title of the page in the tab and in the history.
pub(crate) fn set_title(title: &str) {
    document().set_title(&format!("{title} · HumanOps"));
}

/// Runs a future concurrently. Its type is erased, so that the framework's code is compiled once.
pub(crate) fn spawn(work: impl Future<Output = ()> + 'static) {
    spawn_boxed(Box::pin(work));
}

fn spawn_boxed(work: Pin<Box<dyn Future<Output = ()>>>) {
    leptos::task::spawn_local(work);
}
