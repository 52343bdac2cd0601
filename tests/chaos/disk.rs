//! A disk that is full.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::support::{Client, LONG, Ledger, Load, Server, alone, directory, is_idle};

const CLIENTS: usize = 16;
/// Enough for a new cluster and some of its log.
const SIZE: &str = "size=160m,mode=755";

/// A small disk in memory, as long as this lives.
struct Disk(TempDir);

impl Disk {
    /// None where this process may not mount anything.
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

    /// Writes until nothing fits any more.
    fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("a file");
        while ballast.write_all(&[0; 64 * 1024]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.ballast()).expect("the ballast is there");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Waits until nothing is stored any more: of many answers in a row each says "not now".
async fn stagnates(load: &Load) {
    let begun = Instant::now();
    let (mut stored, mut told) = (load.stored(), load.told_later());
    while load.told_later() < told + 5 * CLIENTS {
        assert!(begun.elapsed() < LONG, "the disk is never full");
        tokio::time::sleep(Duration::from_millis(50)).await;
        if load.stored() > stored {
            (stored, told) = (load.stored(), load.told_later());
        }
    }
}

/// The log of PostgreSQL is elsewhere: what fails is a statement that needs room for its rows.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_find_no_room_are_not_now_and_service_again_when_there_is_room() {
    let _alone = alone().await;
    let Some(disk) = Disk::mount() else { return };
    let elsewhere = directory();
    let mut server = Server::private(disk.path(), &[]).await;
    server.stop().await;
    let (wal, moved) = (
        disk.path().join("postgres/pg_wal"),
        elsewhere.path().join("pg_wal"),
    );
    let copied = Command::new("cp").arg("-a").args([&wal, &moved]).status();
    assert!(copied.expect("cp").success(), "the log is copied");
    fs::remove_dir_all(&wal).expect("the log is moved");
    std::os::unix::fs::symlink(&moved, &wal).expect("a link");
    server.start_again().await;
    let (process, postmaster) = (server.process_id(), server.postmaster());

    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client.clone(), "no-room", CLIENTS);
    load.more(CLIENTS).await;
    disk.fill();
    stagnates(&load).await;
    let before = load.stored();
    disk.free();
    let recovered = load.more(CLIENTS).await;
    let seen = load.finish().await;
    println!("no room: {before} cases stored until then, {CLIENTS} more {recovered:.1?} after");
    assert!(server.is_running(), "the server ended");
    assert_eq!(
        (server.process_id(), server.postmaster()),
        (process, postmaster)
    );
    whole(&server, &client, "no-room", seen.acknowledged).await;
}

/// Everything is on the disk that is full. Without room for its log PostgreSQL gives itself up; what
/// it had acknowledged is in the log all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_finds_no_room_for_its_log_has_lost_nothing() {
    let _alone = alone().await;
    let Some(disk) = Disk::mount() else { return };
    let mut server = Server::private(disk.path(), &[]).await;
    let client = Client::new(server.base());
    client.make_tags().await;
    let load = Load::start(client.clone(), "no-log", CLIENTS);
    load.more(CLIENTS).await;
    disk.fill();
    // Each switch ends a piece of the log that is allocated already, which would take a while.
    for _ in 0..8 {
        if let Ok(mut outside) = server.cluster().connect().await {
            let _ = sqlx::raw_sql("SELECT pg_switch_wal()")
                .execute(&mut outside)
                .await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stagnates(&load).await;
    let before = load.stored();
    let is_alive = server.is_running();
    let is_postgres_alive = server.postmaster().is_some();
    println!(
        "no log: {before} cases stored until then; the server runs: {is_alive}; its PostgreSQL \
         runs: {is_postgres_alive}"
    );
    assert!(is_alive, "the server goes on to say that it cannot");
    disk.free();
    if !is_postgres_alive {
        // A server does not start its private cluster a second time: whoever started it does.
        server.kill();
        server.start_again().await;
    }
    let recovered = load.more(CLIENTS).await;
    println!("no log: {CLIENTS} more cases {recovered:.1?} after there was room");
    let seen = load.finish().await;
    whole(&server, &client, "no-log", seen.acknowledged).await;
}

async fn whole(
    server: &Server,
    client: &Client,
    prefix: &str,
    acknowledged: Vec<crate::support::Acknowledged>,
) {
    let options = server.cluster();
    is_idle(&options).await;
    let mut ledger = Ledger::read(&options, prefix).await;
    let others = ledger.holds(&acknowledged).await;
    assert_eq!(others, 0, "cases that nobody was told of");
    ledger.is_read_through(client, &acknowledged).await;
    assert!(!server.log().contains("a panic"), "{}", server.log());
}
