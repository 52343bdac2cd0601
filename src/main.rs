//! The `dossier` binary: reads the command line and runs the command.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::{env, thread};

use dossier::config::{Command, LogSettings, ReadError};
use dossier::{cli, config, telemetry};
use tokio::runtime::Builder;

/// Cores per thread if the database runs on the same machine.
const CORES_PER_THREAD: usize = 4;
/// Maximum number of threads.
const MAX_THREADS: usize = 1024;

fn main() -> ExitCode {
    if let Err(error) = config::load_env_file() {
        return failed(&error.to_string());
    }
    let settings = match config::read(env::args_os()) {
        Ok(settings) => settings,
        Err(ReadError::Help(help)) => help.exit(),
        Err(ReadError::Invalid(line)) => return failed(&line),
    };
    let logs = settings.logs.clone();
    let command = settings.into_command();
    let runtime = threads(&command).and_then(|count| {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(count.get()).enable_all().build();
        runtime.map_err(|error| format!("could not start the threads: {error}"))
    });
    match runtime {
        Ok(runtime) => runtime.block_on(run(command, &logs)),
        Err(line) => failed(&line),
    }
}

/// Returns the number of threads: `TOKIO_WORKER_THREADS`, or one per core, or one per [`CORES_PER_THREAD`] cores if the
/// database runs on the same machine. tokio reads that variable too, and panics if it is not a number.
fn threads(command: &Command) -> Result<NonZeroUsize, String> {
    const NAME: &str = "TOKIO_WORKER_THREADS";
    if let Some(text) = env::var_os(NAME).filter(|it| !it.is_empty()) {
        let count = text.to_str().and_then(|it| it.parse().ok());
        let count = count.filter(|it: &NonZeroUsize| it.get() <= MAX_THREADS);
        return count.ok_or_else(|| format!("{NAME} must be a number from 1 to {MAX_THREADS}"));
    }
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    if !command.starts_postgres() {
        return Ok(cores);
    }
    // The database does most of the work on the same cores. With one thread per core, the server spends more CPU on
    // waking and waiting, and is not faster.
    let count = NonZeroUsize::new(cores.get().div_ceil(CORES_PER_THREAD));
    Ok(count.unwrap_or(NonZeroUsize::MIN))
}

async fn run(command: Command, logs: &LogSettings) -> ExitCode {
    let telemetry = match telemetry::init(logs, command.otlp_endpoint()) {
        Ok(telemetry) => telemetry,
        Err(error) => return failed(&error.to_string()),
    };
    let result = cli::run(command).await;
    telemetry.end();
    result.unwrap_or_else(|line| failed(&line))
}

/// Prints the error of a command, which says what to do.
fn failed(line: &str) -> ExitCode {
    eprintln!("dossier: {line}");
    ExitCode::from(2)
}
