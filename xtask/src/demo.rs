//! `cargo xtask demo`: shows a whole task from posting to opening the credential. Runs a server on
//! a fresh database and an agent with a balance and three open tasks; a person uses the app in a
//! browser. The agent is in `tests/demo-agent.mjs`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context as _, Result};

use crate::run::{Run, root};
use crate::server::{self, ServerProcess};
use crate::{app, codes, docs, pkg, tools};

const PORT: u16 = 8787;

/// Builds everything, starts the server, and runs the agent until Ctrl-C.
pub(crate) fn demo() -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let node = tools::node()?;
    TcpListener::bind(address).with_context(|| {
        format!("port {PORT} is in use: stop the process that listens there, then try again")
    })?;
    pkg::pkg()?;
    docs::docs()?;
    app::build_release()?;
    let server = ServerProcess::start("demo", &server::build()?, address, &[])?;
    let url = format!("http://{address}");
    let (data, log) = (server.data.display(), server.log.display());
    println!("\nOpen {url} in a browser, in a window of 390 by 844 pixels, as on a phone.");
    println!("Enter any email address: its code appears here. Create an account, accept the task");
    println!("about the API key, type a secret and send it. The page seals it, the server stores");
    println!("what it cannot read, and the agent opens it here.");
    println!("The database is in {data}, the server's log is {log}.");
    println!("Search both for what you typed. Press Ctrl-C to stop everything.\n");
    codes::print_new(server.data.join("mails"));
    Run::new(node)
        .arg(root().join("tests/demo-agent.mjs"))
        .arg(url)
        .run()
}
