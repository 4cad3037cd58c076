//! The built app is embedded by `http/assets.rs`: when it changes, the server is built again.

use std::path::Path;

fn main() {
    // Cargo takes a path that is missing for one that has changed, every time.
    let built = Path::new("../operator-app/dist");
    let watched = if built.exists() {
        built
    } else {
        Path::new("../operator-app")
    };
    println!("cargo:rerun-if-changed={}", watched.display());
}
