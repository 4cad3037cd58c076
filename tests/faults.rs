//! Failures of a host: the process is killed, the database stops, the disk is full. Every
//! acknowledged request has taken effect exactly once, the ledger is consistent, and nobody must
//! intervene.

use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    cluster::Cluster,
    crowd::{self, Crowd},
    host::{Host, binary, check_ledger, free_address, fresh_folder, migrate},
};

/// How often the server is killed.
const KILLS: usize = 50;

/// Maximum time in milliseconds from the start of the crowd's work until the server is killed.
const LIFE_MILLIS_MAX: u64 = 150;

/// Number of tasks that each pair of the crowd does around the stop of the database.
const TASKS_EACH: usize = 60;

/// Size of a disk on which a server can start, but soon runs out of space.
const DISK_MEGABYTES: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_fifty_times_under_load_loses_and_doubles_nothing() -> Result<()> {
    let folder = fresh_folder("killed")?;
    let mut server = Host::start(&folder, free_address()?, &crowd::settings()).await?;
    let crowd = Crowd::register(&server).await?;
    for _ in 0..KILLS {
        let workers = crowd.start_work();
        // The time of the kill is random on purpose.
        let life = RandomState::new().build_hasher().finish() % LIFE_MILLIS_MAX;
        tokio::time::sleep(Duration::from_millis(life)).await;
        server.kill().await?;
        workers.join_all().await;
        server.restart().await?;
        crowd.retry_unanswered().await;
    }
    let tasks = crowd.check_results().await?;
    ensure!(tasks > KILLS, "only {tasks} tasks: the crowd did not work");
    server.ends().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_is_said_and_work_goes_on_when_it_is_back() -> Result<()> {
    let folder = fresh_folder("stopped-database")?;
    let mut database = Cluster::start("-c fsync=off")?;
    let mut settings = crowd::settings();
    let url = database.url("postgres");
    migrate(&url)?;
    settings.push(("DATABASE_URL", url));
    let server = Host::start(&folder, free_address()?, &settings).await?;
    let crowd = Crowd::register(&server).await?;
    let workers = crowd.start_work_with_retries(TASKS_EACH);
    for _ in 0..2 {
        let before = crowd.temporary_refusals();
        database.stop()?;
        crowd.wait_for_refusal_after(before).await?;
        let ready = reqwest::get(server.url("/readyz")).await?;
        ensure!(
            ready.status() == 503,
            "ready without a database: {}",
            ready.status()
        );
        database.start_again()?;
        crowd.do_one_task().await?;
    }
    workers.join_all().await;
    crowd.check_results().await?;
    server.ends().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_keeps_reading_and_recovers() -> Result<()> {
    let folder = fresh_folder("full-disk")?;
    let data = folder.join("data");
    fs::create_dir_all(&data)?;
    let program = on_a_small_disk(&folder)?;
    let settings = crowd::settings();
    let server = Host::start_by(program, &folder, free_address()?, &settings).await?;
    let crowd = Crowd::register(&server).await?;
    crowd.start_work_with_retries(2).join_all().await;
    let before = crowd.check_results().await?;

    // The disk is mounted for the server only, so its files are accessed through its process.
    let seen = PathBuf::from(format!("/proc/{}/root", server.id()?));
    let filler = seen.join(data.strip_prefix("/")?).join("filler");
    fill(&filler)?;
    let workers = crowd.start_work_with_retries(2);
    crowd
        .wait_for_refusal_after(crowd.temporary_refusals())
        .await?;
    let read = crowd.count_readable_tasks().await?;
    ensure!(read >= before, "{read} tasks of {before} are read");

    fs::remove_file(&filler).context("making room")?;
    workers.join_all().await;
    let after = crowd.check_results().await?;
    ensure!(
        after > before,
        "nothing was done after there was room again"
    );
    check_ledger(&seen.join(data.strip_prefix("/")?), &settings).await?;
    server.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_database_do_each_thing_once() -> Result<()> {
    let folder = fresh_folder("shared-database")?;
    let database = Cluster::start("-c fsync=off")?;
    let url = database.url("postgres");
    migrate(&url)?;
    let mut settings = crowd::settings();
    settings.push(("DATABASE_URL", url));
    settings.push(("PUBLIC_URL", "https://humanops.example".to_owned()));
    let first = Host::start(&folder, free_address()?, &settings).await?;
    let second = Host::start(&folder, free_address()?, &settings).await?;
    let crowd = Crowd::register(&first).await?;

    // Tasks posted to one server are listed by the other, and idempotency keys hold on both.
    crowd.start_work_with_retries(10).join_all().await;
    let others = crowd.on(&second);
    others.start_work_with_retries(10).join_all().await;
    others.repeat_answered_posts().await?;
    others.check_results().await?;

    // Both servers review proofs. Each proof is reviewed by one of them and paid once.
    let done = others.submit_all_proofs(&first).await?;
    let completed = crowd.wait_for_completed(done).await?;
    ensure!(completed == done, "{completed} of {done} are completed");
    second.stop().await?;
    first.ends().await
}

/// Returns a program that runs the server with a small disk mounted as its data folder.
fn on_a_small_disk(folder: &std::path::Path) -> Result<PathBuf> {
    let program = folder.join("on-a-small-disk.sh");
    let data = folder.join("data");
    let script = format!(
        "#!/bin/sh\nexec unshare --user --map-root-user --mount sh -c '\
         mount -t tmpfs -o size={DISK_MEGABYTES}m tmpfs \"{}\" && exec \"$0\" \"$@\"' \"{}\" \"$@\"\n",
        data.display(),
        binary().display()
    );
    fs::write(&program, script)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(program)
}

/// Writes to the disk until it is full.
fn fill(file: &std::path::Path) -> Result<()> {
    use std::io::Write;
    let mut filler = fs::File::create(file).context("unshare gives no disk of its own here")?;
    for size in [1 << 16, 1 << 10, 1] {
        while filler.write_all(&vec![1; size]).is_ok() {}
    }
    Ok(())
}
