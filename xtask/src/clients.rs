//! Clients that other people's generators make of `server/openapi.json`, for Python and TypeScript.
//! Each is generated without a warning and loads or compiles; the one that makes requests is used
//! against a server. The programs that use them are in `tests/clients/generated`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::needs;
use crate::run::{Run, root, step, target};

/// Generates a whole client, with its requests.
const PYTHON_CLIENT: &str = "openapi-python-client==0.29.1";

/// Generates the data types alone, as Pydantic models.
const PYTHON_MODELS: &str = "datamodel-code-generator==0.89.0";

/// What those models import: Pydantic, with its optional check of e-mail addresses.
const PYDANTIC: &str = "pydantic[email]==2.14.4";

/// The clients, generated.
#[derive(Debug)]
pub(crate) struct Clients {
    /// The Python that has what the generated client imports.
    python: PathBuf,
    /// The folder that holds it, as the package `humanops_api`.
    folder: PathBuf,
}

/// Generates every client from the committed document, and checks what can be checked without a
/// server.
pub(crate) fn generate(node: &Path) -> Result<Clients> {
    let folder = target().join("xtask/clients");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let document = root().join("server/openapi.json");
    let programs = needs::pypi([PYTHON_CLIENT])?;
    step("openapi-python-client generates a client", || {
        Run::new(programs.join("openapi-python-client"))
            .words("generate --meta none --fail-on-warning --config")
            .arg(programs_folder().join("openapi-python-client.yaml"))
            .arg("--path")
            .arg(&document)
            .arg("--output-path")
            .arg(folder.join("humanops_api"))
            .run()
    })?;
    pydantic_models(&document, &folder)?;
    typescript(node, &document, &folder)?;
    let python = programs.join("python");
    Ok(Clients { python, folder })
}

fn pydantic_models(document: &Path, folder: &Path) -> Result<()> {
    let programs = needs::pypi([PYTHON_MODELS, PYDANTIC])?;
    step("datamodel-code-generator generates models", || {
        Run::new(programs.join("datamodel-codegen"))
            .words("--input-file-type openapi --formatters builtin")
            .words("--output-model-type pydantic_v2.BaseModel --input")
            .arg(document)
            .arg("--output")
            .arg(folder.join("humanops_models.py"))
            .run()?;
        script(&programs.join("python"), "models.py", folder)
            .arg(document)
            .run()
    })
}

fn typescript(node: &Path, document: &Path, folder: &Path) -> Result<()> {
    let package = |path: &str| root().join("tests/node_modules").join(path);
    step("openapi-typescript generates types", || {
        Run::new(node)
            .arg(package("openapi-typescript/bin/cli.js"))
            .arg(document)
            .arg("--output")
            .arg(folder.join("humanops_api.ts"))
            .run()?;
        // A program imports the types from beside itself.
        std::fs::copy(programs_folder().join("types.ts"), folder.join("types.ts"))?;
        Run::new(node)
            .arg(package("typescript/bin/tsc"))
            .words("--strict --noEmit --target es2022 --module nodenext types.ts")
            .dir(folder)
            .run()
    })
}

impl Clients {
    /// Calls a server with the generated client.
    pub(crate) fn call(&self, address: SocketAddr) -> Result<()> {
        step("the generated client calls the API", || {
            script(&self.python, "calls.py", &self.folder)
                .arg(format!("http://{address}"))
                .run()
        })
    }
}

/// One of the programs, with the generated modules in reach.
fn script(python: &Path, name: &str, modules: &Path) -> Run {
    Run::new(python)
        .env("PYTHONPATH", modules)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(programs_folder().join(name))
}

fn programs_folder() -> PathBuf {
    root().join("tests/clients/generated")
}
