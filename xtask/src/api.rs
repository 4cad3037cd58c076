//! Tests the API against its own document: Schemathesis generates requests from `/openapi.json`,
//! valid and invalid ones, and every response must be documented and no server error. The settings
//! of Schemathesis are in `tests/schemathesis.toml`. Before that, clients are generated from the
//! document and used (`clients.rs`).

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::bench::load::{load, request};
use crate::run::{Run, root, step};
use crate::server::{self, ServerProcess};
use crate::{clients, tools};

const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The checks of every response. Whether the server accepts every request that the document allows
/// is not checked: rules that no schema can express, such as a balance, refuse some.
const CHECKS: &str = "not_a_server_error,response_schema_conformance,status_code_conformance,\
                      content_type_conformance";

/// Number of requests generated for each operation, in addition to those from its examples and
/// bounds.
const EXAMPLES_MAX: &str = "30";

/// The host's key, used only by this server.
const ADMIN_KEY: &str = "the-key-of-a-server-that-lives-for-minutes";

/// Starts a server on an empty folder, uses the generated clients, and runs Schemathesis with one
/// caller of each kind.
pub(crate) fn api(node: &Path) -> Result<()> {
    let programs = tools::pypi([SCHEMATHESIS])?;
    let clients = clients::generate(node)?;
    let binary = server::build()?;
    // The port is free again at the end of this statement.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let settings = [
        ("RATE_LIMIT", "off"),
        ("ADMIN_KEY", ADMIN_KEY),
        // Without it the route responds with 501, which is documented, but counts as a server
        // error.
        ("KYC_WEBHOOK_SECRET", "the-provider-of-this-server"),
    ];
    let server = ServerProcess::start("api", &binary, address, &settings)?;
    clients.call(address)?;
    let callers = Callers::register(address)?;
    step("the API against its document", || {
        Run::new(programs.join("schemathesis"))
            .arg("--config-file")
            .arg(root().join("tests/schemathesis.toml"))
            .arg("run")
            .arg(format!("http://{address}/openapi.json"))
            .words("--phases examples,coverage,fuzzing --seed 1 --request-timeout 10")
            .words("--warnings off --checks")
            .arg(CHECKS)
            .arg("--max-examples")
            .arg(EXAMPLES_MAX)
            .env("AGENT_KEY", &callers.agent_key)
            .env("OTHER_AGENT_KEY", &callers.other_agent_key)
            .env("OPERATOR_ID", &callers.operator_id)
            .env("ADMIN_KEY", ADMIN_KEY)
            .dir(
                server
                    .data
                    .parent()
                    .context("the data folder has no parent")?,
            )
            .run()
    })
}

/// The credentials of each kind of caller.
struct Callers {
    agent_key: String,
    other_agent_key: String,
    operator_id: String,
}

impl Callers {
    fn register(address: SocketAddr) -> Result<Self> {
        let agent = |number: u8| -> Result<String> {
            let mail = format!("agent{number}@example.com");
            let body = json!({"name": "agent", "email": mail});
            let key = post(address, "/agents/register", "", &body, "api_key")?;
            let hash = format!("0x{number:064x}");
            let body = json!({"tx_hash": hash, "amount_usdc": "10000"});
            let who = format!("X-API-Key: {key}");
            post(
                address,
                "/agents/deposit/usdc",
                &who,
                &body,
                "transaction_id",
            )?;
            Ok(key)
        };
        let body = json!({"name": "Jane Doe", "email": "jane@example.com"});
        Ok(Self {
            agent_key: agent(1)?,
            other_agent_key: agent(2)?,
            operator_id: post(address, "/operator/register", "", &body, "operator_id")?,
        })
    }
}

/// Posts a body, and returns one text field of the response.
fn post(address: SocketAddr, path: &str, who: &str, body: &Value, field: &str) -> Result<String> {
    // An empty header line would end the headers.
    let who = if who.is_empty() { "Accept: */*" } else { who };
    let request = request("POST", &format!("/api/v1{path}"), who, &body.to_string());
    let (bodies, _) = load(address, &[request])?;
    let response: Value = serde_json::from_str(bodies.first().context("no response")?)?;
    let text = response.get(field).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("the response of {path} has no {field}"))?
        .to_owned())
}
