//! The `dossier` binary: reads the command line and calls what it names.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::{env, thread};

use dossier::config::{Command, LogSettings, Unread};
use dossier::{cli, config, telemetry};
use tokio::runtime::Builder;

/// How many cores there are for a thread of the server where its database is on them too.
const CORES_A_THREAD: usize = 4;
/// The most threads that can be asked for.
const MOST_THREADS: usize = 1024;

fn main() -> ExitCode {
    if let Err(error) = config::load_env_file() {
        return failed(&error.to_string());
    }
    let settings = match config::read(env::args_os()) {
        Ok(settings) => settings,
        Err(Unread::Told(help)) => help.exit(),
        Err(Unread::Wrong(line)) => return failed(&line),
    };
    let logs = settings.logs.clone();
    let command = settings.into_command();
    let runtime = threads(&command).and_then(|count| {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(count.get()).enable_all().build();
        runtime.map_err(|error| format!("no threads could be started: {error}"))
    });
    match runtime {
        Ok(runtime) => runtime.block_on(run(command, &logs)),
        Err(line) => failed(&line),
    }
}

/// How many threads the command runs on: one for each core, or for each [`CORES_A_THREAD`] if the database is on
/// them too, or as many as `TOKIO_WORKER_THREADS` says. tokio reads that variable too, and panics if it is no number.
fn threads(command: &Command) -> Result<NonZeroUsize, String> {
    const NAME: &str = "TOKIO_WORKER_THREADS";
    if let Some(text) = env::var_os(NAME).filter(|it| !it.is_empty()) {
        let count = text.to_str().and_then(|it| it.parse().ok());
        let count = count.filter(|it: &NonZeroUsize| it.get() <= MOST_THREADS);
        return count.ok_or_else(|| format!("{NAME} must be a number from 1 to {MOST_THREADS}"));
    }
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    if !command.has_private_cluster() {
        return Ok(cores);
    }
    // The database does most of the work, on the same cores: with as many threads as there are cores, the server
    // would spend more on waking and waiting, and get no more done.
    let count = NonZeroUsize::new(cores.get().div_ceil(CORES_A_THREAD));
    Ok(count.unwrap_or(NonZeroUsize::MIN))
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
