//! `cargo xtask pkg`: fills `pkg/wasm` with the wasm of the crypto package and its bindings. The
//! JavaScript of the package itself is written by hand in `pkg/`.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::compress::brotli;
use crate::run::{root, target};
use crate::wasm::Wasm;

/// Maximum size of what a page loads to seal, wasm and bindings, in bytes after brotli.
const LOAD_BYTES_MAX: usize = 40 * 1024;

/// Builds only the crate type `cdylib`, because cargo omits link-time optimisation if it also
/// builds an rlib.
const CRYPTO: Wasm = Wasm {
    cargo: "-p crypto-wasm --lib --crate-type cdylib --features bindings",
    profile: "wasm-crypto",
    artifact: "crypto_wasm",
    name: "crypto",
    optimise: Some("-O3"),
    split: false,
};

/// The same code with access to its primitives, for published test vectors; never released.
const VECTORS: Wasm = Wasm {
    cargo: "-p crypto-wasm --lib --crate-type cdylib --features bindings,vectors",
    name: "vectors",
    ..CRYPTO
};

/// Builds the wasm that the package's tests run the vectors on, and returns its folder.
pub(crate) fn vectors() -> Result<PathBuf> {
    let out = target().join("xtask/vectors");
    VECTORS.build(&out)?;
    Ok(out)
}

/// Copies the test vectors into the package, so that other implementations of the format can be
/// compared with ours (contract §5).
fn publish_vectors() -> Result<()> {
    let folder = root().join("pkg/vectors");
    std::fs::create_dir_all(&folder)?;
    let vectors = root().join("crypto-wasm/tests/vectors/credential_v1.json");
    std::fs::copy(vectors, folder.join("credential_v1.json"))?;
    Ok(())
}

/// Builds wasm and bindings, copies the test vectors, and prints the sizes.
pub(crate) fn pkg() -> Result<()> {
    CRYPTO.build(&folder())?;
    publish_vectors()?;
    let total = load_bytes()?;
    println!("pkg/wasm: {total} bytes after brotli, at most {LOAD_BYTES_MAX}");
    Ok(())
}

/// Fails if the package exceeds its maximum size. This is separate from the build, because a
/// compiler other than CI's produces another size, and its user still needs the package.
pub(crate) fn check_size() -> Result<()> {
    let total = load_bytes()?;
    ensure!(
        total <= LOAD_BYTES_MAX,
        "pkg/wasm has {total} bytes after brotli, and {LOAD_BYTES_MAX} is the limit"
    );
    Ok(())
}

fn load_bytes() -> Result<usize> {
    let mut total = 0;
    for name in ["crypto.js", "crypto_bg.wasm"] {
        let bytes = std::fs::read(folder().join(name))?;
        let small = brotli(&bytes)?.len();
        total += small;
        println!(
            "pkg/wasm/{name}: {} bytes, {small} after brotli",
            bytes.len()
        );
    }
    Ok(total)
}

fn folder() -> PathBuf {
    root().join("pkg/wasm")
}
