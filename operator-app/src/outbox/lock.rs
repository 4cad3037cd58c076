//! A lock by the browser's Web Locks, so that one tab at a time submits a proof. The browser
//! releases it when the tab ends.
//!
//! A browser without Web Locks submits without a lock: the server recognises a repeated proof.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::browser::spawn;

/// A lock that is released on drop.
pub(super) struct LockGuard(Option<Function>);

impl Drop for LockGuard {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            // Resolving a promise cannot fail.
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// Takes the lock with this name, or returns `None` if another tab holds it.
pub(super) async fn try_acquire(name: &str) -> Option<LockGuard> {
    let Some((locks, request)) = manager() else {
        return Some(LockGuard(None));
    };
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
    let mut release = None;
    let released = Promise::new(&mut |resolve, _| release = Some(resolve));
    let decided = Promise::new(&mut |resolve, reject| {
        let released = released.clone();
        let decide = move |lock: JsValue| -> JsValue {
            let is_mine = !lock.is_null();
            let _ = resolve.call1(&JsValue::NULL, &is_mine.into());
            if is_mine {
                released.into()
            } else {
                JsValue::UNDEFINED
            }
        };
        let decide = Closure::once_into_js(decide);
        let requested = request.call3(&locks, &name.into(), &options, &decide);
        let requested = requested.and_then(JsCast::dyn_into::<Promise>);
        spawn(async move {
            let failed = match requested {
                Ok(promise) => JsFuture::from(promise).await.is_err(),
                Err(_) => true,
            };
            if failed {
                let _ = reject.call0(&JsValue::NULL);
            }
        });
    });
    match JsFuture::from(decided).await {
        Ok(is_mine) if is_mine.is_falsy() => None,
        // A browser that refuses locks is treated as one without them.
        _ => Some(LockGuard(release)),
    }
}

fn manager() -> Option<(JsValue, Function)> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?;
    Some((locks, request.dyn_into().ok()?))
}
