//! A companion: a Node process that executes commands, one line of JSON each.
//!
//! The agent's side is a companion, and a person with a browser is another one.

use std::{env, fs::File, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Timeout of a single command.
const TASK_TIME_MAX: Duration = Duration::from_secs(120);

/// A running companion. It ends with the story, and its child processes end with it.
pub(crate) struct Companion {
    name: String,
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// The result of a command.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    ok: Value,
    error: Option<String>,
}

impl Companion {
    /// Starts `script` of this folder. Its standard error goes to `NAME.log`.
    pub(crate) fn start(name: &str, script: &str, args: &[&str], logs: &Path) -> Result<Self> {
        let log = File::create(logs.join(format!("{name}.log")))?;
        let mut process = Command::new(env::var_os("NODE").unwrap_or_else(|| "node".into()))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("start Node 20 or newer as `node`")?;
        let orders = process.stdin.take().context("standard input is piped")?;
        let answers = process.stdout.take().context("standard output is piped")?;
        let answers = BufReader::new(answers).lines();
        Ok(Self {
            name: name.to_owned(),
            process,
            orders,
            answers,
        })
    }

    /// Executes a command and waits until it is done.
    pub(crate) async fn does(&mut self, verb: &str, args: impl Serialize) -> Result<Value> {
        let order = format!("{}\n", json!({ "verb": verb, "args": args }));
        let line = timeout(TASK_TIME_MAX, async {
            self.orders.write_all(order.as_bytes()).await?;
            self.answers.next_line().await
        })
        .await
        .with_context(|| format!("{}: {verb} takes too long", self.name))??;
        let line = line.with_context(|| format!("{} ended; see {0}.log", self.name))?;
        let answer: Answer = serde_json::from_str(&line)?;
        if let Some(error) = answer.error {
            bail!("{}: {verb}: {error}", self.name);
        }
        Ok(answer.ok)
    }

    /// Executes a command that must fail, and returns the text of its error. Fails if it succeeds.
    pub(crate) async fn fails(&mut self, verb: &str, args: impl Serialize) -> Result<String> {
        match self.does(verb, args).await {
            Ok(answer) => bail!("{}: {verb} should fail, but answered {answer}", self.name),
            Err(error) => Ok(error.to_string()),
        }
    }

    /// Checks the current screen for accessibility; `at` names its screenshots.
    pub(crate) async fn looks(&mut self, at: &str) -> Result<()> {
        self.does("look", json!({ "at": at })).await.map(drop)
    }

    /// Ends the companion and waits for it. Fails if anything was wrong with its screens: findings
    /// of axe, reports of the content security policy, uncaught errors.
    pub(crate) async fn leaves(mut self) -> Result<()> {
        let faults = self.does("leave", ()).await?;
        ensure!(
            faults.as_array().is_none_or(Vec::is_empty),
            "{}: {faults:#}",
            self.name
        );
        drop(self.orders);
        timeout(TASK_TIME_MAX, self.process.wait()).await??;
        Ok(())
    }
}
