//! The `dossier` binary: reads the command line and calls what it names.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::{env, io, thread};

use dossier::config::{Command, LogSettings, Unread};
use dossier::{cli, config, telemetry};
use tokio::runtime::{Builder, Runtime};

/// How many cores there are for a thread of the server where its database is on them too.
const CORES_A_THREAD: usize = 4;

fn main() -> ExitCode {
    // A missing .env is the usual case, and not a fault.
    let _ = dotenvy::dotenv();
    let settings = match config::read(env::args_os()) {
        Ok(settings) => settings,
        Err(Unread::Told(help)) => help.exit(),
        Err(Unread::Wrong(line)) => return failed(&line),
    };
    let logs = settings.logs.clone();
    let command = settings.into_command();
    match runtime(&command) {
        Ok(runtime) => runtime.block_on(run(command, &logs)),
        Err(error) => failed(&format!("no threads could be started: {error}")),
    }
}

/// What the command runs on: a thread for each core, or for each [`CORES_A_THREAD`] where the database is on
/// them too, or as many as `TOKIO_WORKER_THREADS` says.
fn runtime(command: &Command) -> io::Result<Runtime> {
    let mut runtime = Builder::new_multi_thread();
    if command.has_private_cluster() && env::var_os("TOKIO_WORKER_THREADS").is_none() {
        // The database does most of the work, on the same cores: with as many threads as there are
        // cores, the server would spend more on waking and waiting, and get no more done.
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        runtime.worker_threads(cores.div_ceil(CORES_A_THREAD));
    }
    runtime.enable_all().build()
}

async fn run(command: Command, logs: &LogSettings) -> ExitCode {
    let telemetry = match telemetry::init(logs, command.otlp_endpoint()) {
        Ok(telemetry) => telemetry,
        Err(error) => return failed(&error.to_string()),
    };
    let done = cli::run(command).await;
    telemetry.end();
    done.unwrap_or_else(|line| failed(&line))
}

/// One line that says what to do.
fn failed(line: &str) -> ExitCode {
    eprintln!("dossier: {line}");
    ExitCode::from(2)
}
