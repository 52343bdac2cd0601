//! A full disk.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::support::{Client, LONG, Ledger, Load, Server, directory, run_alone, wait_until_idle};

const CLIENTS: usize = 16;
/// Room for a new cluster and some WAL.
const SIZE: &str = "size=160m,mode=755";

/// A small disk in memory, unmounted when dropped.
struct Disk(TempDir);

impl Disk {
    /// Returns `None` if this process may not mount anything.
    fn mount() -> Option<Self> {
        let folder = directory();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(folder.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(folder)),
            Ok(output) => {
                let reason = String::from_utf8_lossy(&output.stderr).into_owned();
                println!("skipped: no disk can be mounted here: {}", reason.trim());
                None
            }
            Err(error) => {
                println!("skipped: no disk can be mounted here: {error}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Writes until the disk is full.
    fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("a file");
        while ballast.write_all(&[0; 64 * 1024]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.ballast()).expect("the ballast");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Waits until no more cases are stored: many responses in a row ask for a retry.
async fn wait_until_full(load: &Load) {
    let started = Instant::now();
    let (mut stored, mut retries) = (load.stored(), load.retry_responses());
    while load.retry_responses() < retries + 5 * CLIENTS {
        assert!(started.elapsed() < LONG, "the disk is not full");
        tokio::time::sleep(Duration::from_millis(50)).await;
        if load.stored() > stored {
            (stored, retries) = (load.stored(), load.retry_responses());
        }
    }
}

/// The WAL is on another disk, so that statements fail when they need room for rows.
#[tokio::test(flavor = "multi_thread")]
async fn returns_503_while_the_disk_has_no_room_for_rows_and_recovers() {
    let _turn = run_alone().await;
    let Some(disk) = Disk::mount() else { return };
    let other_disk = directory();
    let mut server = Server::private(disk.path(), &[]).await;
    server.stop().await;
    let (wal, moved) = (
        disk.path().join("postgres/pg_wal"),
        other_disk.path().join("pg_wal"),
    );
    let copied = Command::new("cp").arg("-a").args([&wal, &moved]).status();
    assert!(copied.expect("cp").success(), "the WAL is copied");
    fs::remove_dir_all(&wal).expect("the WAL is removed");
    std::os::unix::fs::symlink(&moved, &wal).expect("a link");
    server.start_again().await;
    let (process, postmaster) = (server.process_id(), server.postmaster());

    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client.clone(), "no-room", CLIENTS);
    load.wait_for_cases(CLIENTS).await;
    disk.fill();
    wait_until_full(&load).await;
    let before = load.stored();
    disk.free();
    let recovered = load.wait_for_cases(CLIENTS).await;
    let result = load.finish().await;
    println!("no room: {before} cases stored until then, {CLIENTS} more {recovered:.1?} after");
    assert!(server.is_running(), "the server exited");
    assert_eq!(
        (server.process_id(), server.postmaster()),
        (process, postmaster)
    );
    assert_complete(&server, &client, "no-room", result.acknowledged).await;
}

/// The WAL is on the full disk as well. PostgreSQL shuts down without room for its WAL, which contains
/// everything that it has acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn loses_nothing_when_the_disk_has_no_room_for_the_wal() {
    let _turn = run_alone().await;
    let Some(disk) = Disk::mount() else { return };
    let mut server = Server::private(disk.path(), &[]).await;
    let client = Client::new(server.base());
    client.create_tags().await;
    let load = Load::start(client.clone(), "no-log", CLIENTS);
    load.wait_for_cases(CLIENTS).await;
    disk.fill();
    // Each switch ends an allocated WAL segment, which would otherwise take a while to fill.
    for _ in 0..8 {
        if let Ok(mut outside) = server.cluster().connect().await {
            let _ = sqlx::raw_sql("SELECT pg_switch_wal()")
                .execute(&mut outside)
                .await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    wait_until_full(&load).await;
    let before = load.stored();
    let is_alive = server.is_running();
    let is_postgres_alive = server.postmaster().is_some();
    println!(
        "no log: {before} cases stored until then; the server runs: {is_alive}; its PostgreSQL \
         runs: {is_postgres_alive}"
    );
    assert!(is_alive, "the server keeps running");
    disk.free();
    if !is_postgres_alive {
        // A server does not restart its private cluster; a service manager restarts the server.
        server.kill();
        server.start_again().await;
    }
    let recovered = load.wait_for_cases(CLIENTS).await;
    println!("no log: {CLIENTS} more cases {recovered:.1?} after there was room");
    let result = load.finish().await;
    assert_complete(&server, &client, "no-log", result.acknowledged).await;
}

async fn assert_complete(
    server: &Server,
    client: &Client,
    prefix: &str,
    acknowledged: Vec<crate::support::Acknowledged>,
) {
    let options = server.cluster();
    wait_until_idle(&options).await;
    let mut ledger = Ledger::read(&options, prefix).await;
    let others = ledger.assert_contains(&acknowledged).await;
    assert_eq!(others, 0, "cases that were not acknowledged");
    ledger.assert_readable(client, &acknowledged).await;
    assert!(!server.log().contains("a panic"), "{}", server.log());
}
