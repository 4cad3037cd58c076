//! Clients written from the reference documents alone work unchanged. Each is a program in
//! `clients/` that exits with a failure at its first wrong response.

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use image::imageops;
use tokio::{process::Command, time::timeout};

use crate::{
    host::{Host, free_address, fresh_folder},
    picture,
};

/// Timeout of a client. It waits for the minute of the rate limit, and for little else.
const CLIENT_TIME_MAX: Duration = Duration::from_secs(240);

/// Without a hold, a reward can be paid out within a story.
const NO_HOLD: (&str, &str) = ("SETTLEMENT_HOLD_DAYS", "0");

/// The settings of a host that checks identities and has no payment provider.
const STRICT: [(&str, &str); 2] = [("KYC", "manual"), ("PAYMENTS", "base")];

/// The program, script and settings of a client.
struct Client {
    /// The program that runs the script.
    program: PathBuf,
    /// The file name in `clients/`.
    script: &'static str,
}

fn node(script: &'static str) -> Client {
    Client {
        program: env::var_os("NODE").map_or_else(|| "node".into(), PathBuf::from),
        script,
    }
}

/// Returns a client that runs in a Python which has `requests`.
fn python(script: &'static str) -> Client {
    Client {
        program: env::var_os("PYTHON").map_or_else(|| "python3".into(), PathBuf::from),
        script,
    }
}

impl Client {
    /// Runs the client to its end. Its output goes to a log next to the server's.
    async fn works(&self, story: &Path, settings: &[(&str, String)]) -> Result<()> {
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let log = story.join("logs/client.log");
        let said = File::create(&log)?;
        let mut client = Command::new(&self.program)
            // Python must not write compiled scripts next to the sources.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(clients.join(self.script))
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdout(said.try_clone()?)
            .stderr(said)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{:?} cannot be run", self.program))?;
        let end = timeout(CLIENT_TIME_MAX, client.wait()).await;
        let end = end.with_context(|| format!("{} takes too long", self.script))??;
        let said = std::fs::read_to_string(&log)?;
        ensure!(end.success(), "{} failed:\n{said}", self.script);
        Ok(())
    }
}

/// Starts a server that accepts the header with which the operators of the references identify
/// themselves.
async fn host(folder: &Path, settings: &[(&'static str, &str)]) -> Result<Host> {
    let by_header = ("ALLOW_DEV_OPERATOR_ID_HEADER", "true");
    let settings: Vec<_> = settings
        .iter()
        .chain([&by_header])
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Host::start(folder, free_address()?, &settings).await
}

/// Writes photos, a different one for each task.
fn photos(folder: &Path) -> Result<Vec<(&'static str, String)>> {
    let [one, two, three] = ["one.png", "two.png", "three.png"].map(|name| folder.join(name));
    picture::write(&one)?;
    let taken = image::open(&one)?;
    imageops::rotate90(&taken).save(&two)?;
    let corner = imageops::crop_imm(&taken, 300, 150, 300, 600);
    corner.to_image().save(&three)?;
    let names = ["PHOTO_ONE", "PHOTO_TWO", "PHOTO_THREE"];
    let shown = [one, two, three].map(|file| file.display().to_string());
    Ok(names.into_iter().zip(shown).collect())
}

#[tokio::test]
async fn an_agent_written_from_humanops_alone_works_as_it_stands() -> Result<()> {
    let folder = fresh_folder("client humanops")?;
    let host = host(&folder, &[NO_HOLD]).await?;
    let mut settings = photos(&folder)?;
    settings.push(("HUMANOPS_URL", host.url("")));
    node("humanops.mjs").works(&folder, &settings).await?;
    host.ends().await
}

#[tokio::test]
async fn an_agent_written_from_humcli_alone_works_as_it_stands() -> Result<()> {
    with_a_strict_host("client humcli", python("humcli.py")).await
}

#[tokio::test]
async fn a_client_that_expects_the_errors_of_nonhumans_meets_them() -> Result<()> {
    let folder = fresh_folder("client nonhumans")?;
    let host = host(&folder, &[]).await?;
    let settings = [("HUMANOPS_URL", host.url(""))];
    node("nonhumans.mjs").works(&folder, &settings).await?;
    host.ends().await
}

#[tokio::test]
async fn a_client_that_expects_the_envelope_of_remno_meets_it() -> Result<()> {
    with_a_strict_host("client remno", node("remno.mjs")).await
}

async fn with_a_strict_host(story: &str, client: Client) -> Result<()> {
    let folder = fresh_folder(story)?;
    let other = fresh_folder(&format!("{story}, strict"))?;
    let (usual, strict) = (host(&folder, &[]).await?, host(&other, &STRICT).await?);
    let settings = [
        ("HUMANOPS_URL", usual.url("")),
        ("HUMANOPS_STRICT_URL", strict.url("")),
    ];
    client.works(&folder, &settings).await?;
    strict.ends().await?;
    usual.ends().await
}
