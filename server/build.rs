//! The built app and the viewer of the API document are embedded by `http/public/assets.rs` and
//! `http/public/docs.rs`: when one of them changes, the server is built again.

use std::path::Path;

fn main() {
    for (built, source) in [
        ("../operator-app/dist", "../operator-app"),
        ("docs/dist", "docs"),
    ] {
        // Cargo takes a path that is missing for one that has changed, every time.
        let watched = if Path::new(built).exists() {
            built
        } else {
            source
        };
        println!("cargo:rerun-if-changed={watched}");
    }
}
