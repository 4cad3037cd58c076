//! `cargo xtask pkg`: fills `pkg/wasm` with the wasm of the crypto package and its bindings.
//! The package's own JavaScript is written by hand in `pkg/`.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::compress::brotli;
use crate::run::{root, target};
use crate::wasm::Wasm;

/// What a page has to load to seal: wasm and glue, bytes of brotli.
const LOAD_BYTES_MAX: usize = 32 * 1024;

/// One kind of library alone: beside an rlib, cargo leaves link-time optimisation out.
const CRYPTO: Wasm = Wasm {
    cargo: "-p crypto-wasm --lib --crate-type cdylib --features bindings",
    profile: "wasm-crypto",
    artifact: "crypto_wasm",
    name: "crypto",
    optimise: Some("-O3"),
    split: false,
};

/// The same code with its primitives open to published vectors; never shipped.
const VECTORS: Wasm = Wasm {
    cargo: "-p crypto-wasm --lib --crate-type cdylib --features bindings,vectors",
    name: "vectors",
    ..CRYPTO
};

/// Builds the wasm that the package's tests try the vectors on, and says where it lies.
pub(crate) fn vectors() -> Result<PathBuf> {
    let out = target().join("xtask/vectors");
    VECTORS.build(&out)?;
    Ok(out)
}

/// Whoever writes the format a second time compares with what we published (contract §5).
fn publish_vectors() -> Result<()> {
    let folder = root().join("pkg/vectors");
    std::fs::create_dir_all(&folder)?;
    let vectors = root().join("crypto-wasm/tests/vectors/credential_v1.json");
    std::fs::copy(vectors, folder.join("credential_v1.json"))?;
    Ok(())
}

/// Builds both files, puts the vectors beside them, and prints the sizes.
pub(crate) fn pkg() -> Result<()> {
    CRYPTO.build(&folder())?;
    publish_vectors()?;
    let total = load_bytes()?;
    println!("pkg/wasm in all: {total} bytes brotli, of {LOAD_BYTES_MAX} at most");
    Ok(())
}

/// Refuses a package that has grown. Apart from the build, because another compiler than CI's
/// makes another size, and whoever has it wants the package all the same.
pub(crate) fn is_small() -> Result<()> {
    let total = load_bytes()?;
    ensure!(
        total <= LOAD_BYTES_MAX,
        "{total} bytes brotli of {LOAD_BYTES_MAX}"
    );
    Ok(())
}

fn load_bytes() -> Result<usize> {
    let mut total = 0;
    for name in ["crypto.js", "crypto_bg.wasm"] {
        let bytes = std::fs::read(folder().join(name))?;
        let small = brotli(&bytes)?.len();
        total += small;
        println!("pkg/wasm/{name}: {} bytes, {small} brotli", bytes.len());
    }
    Ok(total)
}

fn folder() -> PathBuf {
    root().join("pkg/wasm")
}
