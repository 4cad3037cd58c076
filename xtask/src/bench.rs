//! `cargo xtask bench`: sealing in a browser beside its rivals, and what the server does a second.
//! Numbers mean something on a quiet machine alone; what should be compared is measured in one run.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::load::{CLIENTS, load, request};
use crate::run::{Run, root, step, target};
use crate::served::Served;
use crate::{needs, pkg};

const ROUNDS: usize = 5;
const TASKS_PER_ROUND: usize = 10_000;
const AGENTS: usize = 16;
const OPERATORS: usize = 64;
const DEPOSIT_USD_MAX: usize = 10_000;
/// The smallest reward with the smallest fee.
const TASK_USD: usize = 12;
/// One agent posts more than its tier's day has; everything else is as it is by default.
const SETTINGS: [(&str, &str); 2] = [
    ("TIERS", "STANDARD=10000000/10000/1000000000"),
    ("LOG", "warn"),
];

/// Measures sealing in Chromium, in one page load.
pub(crate) fn crypto() -> Result<()> {
    needs::npm_ci("xtask/bench")?;
    pkg::pkg()?;
    let run = Run::new(needs::node()?).arg(root().join("xtask/bench/crypto.mjs"));
    run.env("CHROMIUM", needs::chromium()?).run()
}

/// Measures posts and claims on SQLite, then has the ledger recomputed.
pub(crate) fn server() -> Result<()> {
    std::fs::create_dir_all(root().join("operator-app/dist"))?;
    step("the server, as released", || {
        Run::cargo("build --release --package server --bin humanops").run()
    })?;
    let binary = target().join("release/humanops");
    let server = Served::start("bench", &binary, free_address()?, &SETTINGS)?;
    let data = server.data.clone();
    let (posts, claims) = measure(server.address)?;
    println!("{CLIENTS} keep-alive clients on the same machine, SQLite, every commit synced");
    println!(
        "posts a second:  median {:.0} of {posts:.0?}",
        median(&posts)
    );
    println!(
        "claims a second: median {:.0} of {claims:.0?}",
        median(&claims)
    );
    drop(server);
    step("the ledger", || check_ledger(&binary, &data))
}

fn measure(address: SocketAddr) -> Result<(Vec<f64>, Vec<f64>)> {
    let agents = step("agents with money", || agents(address))?;
    let operators = step("operators", || operators(address))?;
    let deadline = deadline()?;
    let (mut posts, mut claims) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let requests: Vec<_> = in_turns(&agents)
            .map(|agent| post(agent, &deadline))
            .collect();
        let (bodies, seconds) = load(address, &requests)?;
        let posted = rate(seconds);
        posts.push(posted);
        let tasks = bodies
            .iter()
            .map(|body| field(body, "task_id"))
            .collect::<Result<Vec<_>>>()?;
        let pairs = tasks.iter().zip(in_turns(&operators));
        let requests: Vec<_> = pairs
            .map(|(task, operator)| claim(operator, task))
            .collect();
        let (_, seconds) = load(address, &requests)?;
        let claimed = rate(seconds);
        claims.push(claimed);
        println!("round {round}: {posted:.0} posts, {claimed:.0} claims a second");
    }
    Ok((posts, claims))
}

fn post(agent: &str, deadline: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"title":"Is the shop open?","description":"Call and ask whether it is open today.",
        "task_type":"CONTENT_REVIEW","reward_usd":10,"deadline":"{deadline}",
        "proof_requirements":["What they said"]}}"#
    );
    request(
        "POST",
        "/api/v1/tasks",
        &format!("X-API-Key: {agent}"),
        &body,
    )
}

fn claim(operator: &str, task: &str) -> Vec<u8> {
    let path = format!("/api/v1/operator/tasks/{task}/accept");
    request("POST", &path, &format!("X-Operator-Id: {operator}"), "{}")
}

/// API keys of agents whose deposits last for every round.
fn agents(address: SocketAddr) -> Result<Vec<String>> {
    let register = |n| {
        let body = format!(r#"{{"name":"Bench {n}","email":"bench-{n}@example.com"}}"#);
        request("POST", "/api/v1/agents/register", "Accept: */*", &body)
    };
    let (bodies, _) = load(address, &(0..AGENTS).map(register).collect::<Vec<_>>())?;
    let keys = bodies
        .iter()
        .map(|body| field(body, "api_key"))
        .collect::<Result<Vec<_>>>()?;
    let needed = ROUNDS * TASKS_PER_ROUND * TASK_USD;
    let each = needed.div_ceil(AGENTS * DEPOSIT_USD_MAX);
    let deposit = |(n, key): (usize, &String)| {
        let body = format!(r#"{{"tx_hash":"0x{n:064x}","amount_usdc":"{DEPOSIT_USD_MAX}.00"}}"#);
        request(
            "POST",
            "/api/v1/agents/deposit/usdc",
            &format!("X-API-Key: {key}"),
            &body,
        )
    };
    let repeated = keys.iter().cycle().take(each * AGENTS);
    load(
        address,
        &repeated.enumerate().map(deposit).collect::<Vec<_>>(),
    )?;
    Ok(keys)
}

fn operators(address: SocketAddr) -> Result<Vec<String>> {
    let register = |n| {
        let body = format!(
            r#"{{"name":"Bench {n}","email":"op-{n}@example.com","phone":"+12345678{n:03}",
            "location":{{"city":"New York","country":"US"}},"skills":["CONTENT_REVIEW"]}}"#
        );
        request("POST", "/api/v1/operator/register", "Accept: */*", &body)
    };
    let (bodies, _) = load(address, &(0..OPERATORS).map(register).collect::<Vec<_>>())?;
    bodies
        .iter()
        .map(|body| field(body, "operator_id"))
        .collect()
}

fn in_turns(names: &[String]) -> impl Iterator<Item = &String> {
    names.iter().cycle().take(TASKS_PER_ROUND)
}

fn field(body: &str, name: &str) -> Result<String> {
    let answer: serde_json::Value = serde_json::from_str(body)?;
    let value = answer.get(name).and_then(serde_json::Value::as_str);
    Ok(value
        .with_context(|| format!("no {name} in {body}"))?
        .to_owned())
}

/// A day from now; Node knows the calendar.
fn deadline() -> Result<String> {
    Run::new(needs::node()?)
        .args(["-p", "new Date(Date.now() + 864e5).toISOString()"])
        .output()
}

fn check_ledger(binary: &Path, data: &Path) -> Result<()> {
    Run::new(binary)
        .arg("check-ledger")
        .arg("--data")
        .arg(data)
        .without(&["DATABASE_URL"])
        .run()
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn rate(seconds: f64) -> f64 {
    TASKS_PER_ROUND as f64 / seconds
}

fn median(rates: &[f64]) -> f64 {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
