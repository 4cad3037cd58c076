//! Clients that third-party generators create from `server/openapi.json`, for Python and
//! TypeScript. Each must be generated without a warning, and then load or compile; the one that
//! makes requests is used against a server. The programs that use the clients are in
//! `tests/clients/generated`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::run::{Run, root, step, target};
use crate::tools;

/// The generator of a full Python client, with requests.
const PYTHON_CLIENT: &str = "openapi-python-client==0.29.1";

/// The generator of Python data types as Pydantic models.
const PYTHON_MODELS: &str = "datamodel-code-generator==0.89.0";

/// The dependency of those models: Pydantic with its optional check of e-mail addresses.
const PYDANTIC: &str = "pydantic[email]==2.14.4";

/// The generated client that makes requests.
#[derive(Debug)]
pub(crate) struct Clients {
    /// The Python program with the dependencies of the generated client.
    python: PathBuf,
    /// The folder that contains the client as the package `humanops_api`.
    folder: PathBuf,
}

/// Generates all clients from the committed document, and runs the checks that need no server.
pub(crate) fn generate(node: &Path) -> Result<Clients> {
    let folder = target().join("xtask/clients");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let document = root().join("server/openapi.json");
    let programs = tools::pypi([PYTHON_CLIENT])?;
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
    let programs = tools::pypi([PYTHON_MODELS, PYDANTIC])?;
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
        // The program imports the types from its own folder.
        std::fs::copy(programs_folder().join("types.ts"), folder.join("types.ts"))?;
        Run::new(node)
            .arg(package("typescript/bin/tsc"))
            .words("--strict --noEmit --target es2022 --module nodenext types.ts")
            .dir(folder)
            .run()
    })
}

impl Clients {
    /// Calls the server at `address` with the generated client.
    pub(crate) fn call(&self, address: SocketAddr) -> Result<()> {
        step("the generated client calls the API", || {
            script(&self.python, "calls.py", &self.folder)
                .arg(format!("http://{address}"))
                .run()
        })
    }
}

/// Returns the command for one of the programs, with the generated modules in its path.
fn script(python: &Path, name: &str, modules: &Path) -> Run {
    Run::new(python)
        .env("PYTHONPATH", modules)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(programs_folder().join(name))
}

fn programs_folder() -> PathBuf {
    root().join("tests/clients/generated")
}
