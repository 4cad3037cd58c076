//! Our server under load: agents post tasks, operators claim them, race for one, and list open
//! ones.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::load::{load, load_with, request};
use crate::run::Run;
use crate::server::ServerProcess;
use crate::tools;

const AGENTS: usize = 64;
const OPERATORS: usize = 64;
const RACERS: usize = 1_000;
const DEPOSIT_USD_MAX: usize = 10_000;
/// The smallest reward plus the smallest fee, in US dollars.
const TASK_USD: usize = 12;
/// Settings that differ from the defaults: an agent posts more tasks than its tier allows in a day,
/// and all requests come from one IP address.
const SETTINGS: [(&str, &str); 3] = [
    ("TIERS", "STANDARD=10000000/10000/1000000000"),
    ("RATE_LIMIT", "off"),
    ("LOG", "warn"),
];

/// A running server with registered agents and operators.
pub(crate) struct Marketplace {
    /// The heading of its results.
    pub(crate) name: String,
    binary: std::path::PathBuf,
    database_url: Option<String>,
    server: ServerProcess,
    agents: Vec<String>,
    operators: Vec<String>,
    deadline: String,
    posted: usize,
    unclaimed: Vec<String>,
}

impl Marketplace {
    /// Starts the server with deposits for `tasks` tasks: on SQLite, or on PostgreSQL if there is a
    /// URL.
    pub(crate) fn start(
        binary: &Path,
        name: &str,
        database_url: Option<String>,
        tasks: usize,
    ) -> Result<Self> {
        let mut settings = SETTINGS.to_vec();
        if let Some(url) = &database_url {
            Run::new(binary)
                .words("migrate --database-url")
                .arg(url)
                .output()?;
            settings.push(("DATABASE_URL", url));
        }
        let folder = format!("bench-{}", name.to_lowercase().replace(", ", "-"));
        let server = ServerProcess::start(&folder, binary, free_address()?, &settings)?;
        let address = server.address;
        Ok(Self {
            agents: agents(address, tasks)?,
            operators: operators(address, 0..OPERATORS)?,
            deadline: deadline()?,
            name: name.to_owned(),
            binary: binary.to_owned(),
            database_url,
            server,
            posted: 0,
            unclaimed: Vec::new(),
        })
    }

    /// Returns the address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Posts this many tasks, one for each request, and returns the rate per second.
    pub(crate) fn post(&mut self, count: usize) -> Result<f64> {
        let requests: Vec<_> = (self.posted..self.posted + count)
            .zip(self.agents.iter().cycle())
            .map(|(n, agent)| post(agent, &self.deadline, n))
            .collect();
        self.posted += count;
        let (bodies, seconds) = load(self.address(), &requests)?;
        self.unclaimed = bodies
            .iter()
            .map(|body| field(body, "task_id"))
            .collect::<Result<_>>()?;
        Ok(count as f64 / seconds)
    }

    /// Posts tasks until there are this many, and prints the progress.
    pub(crate) fn fill(&mut self, count: usize) -> Result<()> {
        const STEP: usize = 10_000;
        while self.posted < count {
            self.post(STEP.min(count - self.posted))?;
            if self.posted.is_multiple_of(STEP * 10) {
                eprintln!("  {}: {} tasks", self.name, self.posted);
            }
        }
        Ok(())
    }

    /// Claims the first `count` tasks of the last round, each once, and returns the rate per
    /// second.
    pub(crate) fn claim(&mut self, count: usize) -> Result<f64> {
        let pairs = self
            .unclaimed
            .iter()
            .take(count)
            .zip(self.operators.iter().cycle());
        let requests: Vec<_> = pairs
            .map(|(task, operator)| claim(operator, task))
            .collect();
        let (_, seconds) = load(self.address(), &requests)?;
        self.unclaimed.drain(..requests.len());
        Ok(requests.len() as f64 / seconds)
    }

    /// Lets a thousand operators claim one task at once, and returns the seconds until all have
    /// their response.
    ///
    /// # Errors
    /// Fails unless exactly one of them gets the task.
    pub(crate) fn race(&mut self) -> Result<f64> {
        let racers = operators(self.address(), OPERATORS..OPERATORS + RACERS)?;
        let task = self
            .unclaimed
            .pop()
            .context("there is no unclaimed task to race for")?;
        let requests: Vec<_> = racers.iter().map(|racer| claim(racer, &task)).collect();
        let (responses, seconds) = load_with(RACERS, self.address(), &requests)?;
        let won = responses
            .iter()
            .filter(|response| response.status == 200)
            .count();
        let late = responses
            .iter()
            .filter(|response| response.status == 404)
            .count();
        ensure!(
            (won, late) == (1, RACERS - 1),
            "{won} operators got the task and {late} got 404, instead of 1 and {}",
            RACERS - 1
        );
        Ok(seconds)
    }

    /// Returns an operator's request for the newest twenty open tasks.
    pub(crate) fn newest(&self) -> Vec<u8> {
        self.get("/api/v1/operator/tasks?limit=20")
    }

    /// Returns an operator's request for the twenty open tasks nearest to the n-th place.
    pub(crate) fn nearby(&self, n: usize) -> Vec<u8> {
        let Place { lat, lng } = place(n);
        self.get(&format!(
            "/api/v1/operator/tasks?limit=20&lat={lat}&lng={lng}"
        ))
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let operator = self.operators.first().map_or("", String::as_str);
        request("GET", path, &format!("X-Operator-Id: {operator}"), "")
    }

    /// Recomputes the ledger and checks it.
    ///
    /// # Errors
    /// Fails if the ledger has faults.
    pub(crate) fn check_ledger(&self) -> Result<()> {
        let run = Run::new(&self.binary)
            .arg("check-ledger")
            .arg("--data")
            .arg(&self.server.data);
        let run = run.env_remove(&["DATABASE_URL"]);
        match &self.database_url {
            Some(url) => run.env("DATABASE_URL", url).run(),
            None => run.run(),
        }
    }
}

/// A position on earth, in degrees.
pub(crate) struct Place {
    /// Latitude, positive to the north.
    pub(crate) lat: f64,
    /// Longitude, positive to the east.
    pub(crate) lng: f64,
}

/// Returns the n-th place, always the same for an `n`. Nine of ten places are in one of fifty
/// towns, the tenth is anywhere.
pub(crate) fn place(n: usize) -> Place {
    const TOWNS: u64 = 50;
    // SplitMix64 turns consecutive numbers into scattered ones.
    let scattered = |n: u64, round: u64| {
        let mut bits = (n * 4 + round).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) as f64 / u64::MAX as f64
    };
    let n = n as u64;
    let anywhere = |n| Place {
        lat: scattered(n, 0) * 130.0 - 55.0,
        lng: scattered(n, 1) * 360.0 - 180.0,
    };
    if n.is_multiple_of(10) {
        return anywhere(n);
    }
    let town = anywhere(u64::MAX / 8 + n % TOWNS);
    // Most places of a town are near its centre.
    let offset = |round| (scattered(n, round) - 0.5).powi(3) * 2.0;
    Place {
        lat: town.lat + offset(2),
        lng: (town.lng + offset(3)).clamp(-180.0, 180.0),
    }
}

fn post(agent: &str, deadline: &str, n: usize) -> Vec<u8> {
    let Place { lat, lng } = place(n);
    let body = format!(
        r#"{{"title":"Is the shop open?","description":"Go and see whether it is open today.",
        "task_type":"VERIFICATION","proof_type":"CONFIRMATION","reward_usd":10,
        "deadline":"{deadline}","proof_requirements":["What the door says"],
        "location":{{"lat":{lat},"lng":{lng},"address":"1 Main Street"}}}}"#
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

/// Registers agents with deposits for this many tasks, and returns their API keys.
fn agents(address: SocketAddr, tasks: usize) -> Result<Vec<String>> {
    let register = |n| {
        let body = format!(r#"{{"name":"Bench {n}","email":"bench-{n}@example.com"}}"#);
        request("POST", "/api/v1/agents/register", "Accept: */*", &body)
    };
    let (bodies, _) = load(address, &(0..AGENTS).map(register).collect::<Vec<_>>())?;
    let keys = bodies
        .iter()
        .map(|body| field(body, "api_key"))
        .collect::<Result<Vec<_>>>()?;
    let each = (tasks * TASK_USD).div_ceil(AGENTS * DEPOSIT_USD_MAX) + 1;
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
    let deposits: Vec<_> = repeated.enumerate().map(deposit).collect();
    load(address, &deposits)?;
    Ok(keys)
}

fn operators(address: SocketAddr, numbers: std::ops::Range<usize>) -> Result<Vec<String>> {
    let register = |n| {
        let body = format!(
            r#"{{"name":"Bench {n}","email":"op-{n}@example.com","phone":"+1234567{n:04}",
            "location":{{"city":"New York","country":"US"}},"skills":["VERIFICATION"]}}"#
        );
        request("POST", "/api/v1/operator/register", "Accept: */*", &body)
    };
    let (bodies, _) = load(address, &numbers.map(register).collect::<Vec<_>>())?;
    bodies
        .iter()
        .map(|body| field(body, "operator_id"))
        .collect()
}

fn field(body: &str, name: &str) -> Result<String> {
    let response: serde_json::Value = serde_json::from_str(body)?;
    let value = response.get(name).and_then(serde_json::Value::as_str);
    Ok(value
        .with_context(|| format!("no {name} in {body}"))?
        .to_owned())
}

/// Returns the time two days from now, computed by Node because this crate has no calendar.
fn deadline() -> Result<String> {
    Run::new(tools::node()?)
        .args(["-p", "new Date(Date.now() + 2 * 864e5).toISOString()"])
        .output()
}

pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
