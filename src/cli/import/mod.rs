//! `dossier import`: sends a file of cases in batches over a few connections.

mod batch;
mod client;
mod lines;
mod outcome;
mod pending;
mod progress;
mod refusals;
mod rejected;
mod sender;
mod source;
mod summary;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::config::ImportCommand;

use batch::Batches;
use lines::Lines;
use progress::Progress;
use rejected::RejectedFile;
use sender::Sender;
use source::{Source, is_standard_input};
use summary::Summary;

/// Imports every line of a file. The exit code is 0 if all are stored and 1 if some were rejected.
///
/// # Errors
/// Returns one line that says why the import stopped and what to do.
pub async fn run(command: ImportCommand) -> Result<ExitCode, String> {
    let source = Source::open(&command.file).await?;
    let name = source.name().to_owned();
    let unreadable = |error| format!("cannot read {name}: {error}");
    let sender = Sender::new(&command)?;
    let mut rejected = RejectedFile::new(rejected_path(&command), &source.metadata)?;
    let progress = Progress::begin(source.metadata.len());
    let mut summary = Summary::begin(command.dry_run);
    let lines = Lines::new(source.reader());
    let batches = Batches::new(lines, command.dry_run);
    let batches = stream::try_unfold(batches, async |mut batches: Batches<_>| {
        let next = batches.next().await?;
        Ok::<_, std::io::Error>(next.map(|batch| (batch, batches)))
    });
    let sent = batches
        .map_err(unreadable)
        .map_ok(|batch| sender.send(batch, &progress))
        .try_buffered(usize::from(command.connections));
    // In the order of the file, so that the file of rejected lines has the same order.
    let mut sent = std::pin::pin!(sent);
    let finished = loop {
        match sent.next().await {
            None => break Ok(()),
            Some(Err(line)) => break Err(line),
            Some(Ok(outcomes)) => {
                summary.add(&outcomes);
                if let Err(error) = rejected.write(&outcomes) {
                    break Err(format!("cannot write {}: {error}", rejected.name()));
                }
                progress.advance(outcomes.size(), &summary);
            }
        }
    };
    progress.end();
    let stopped = |line| format!("{line}. {summary}. Run the import again to continue");
    finished.map_err(stopped)?;
    summary.print(&rejected.name(), command.json);
    Ok(ExitCode::from(u8::from(summary.rejected() > 0)))
}

/// The path of the file of rejected lines: the option, or a name in the folder of the imported file.
fn rejected_path(command: &ImportCommand) -> PathBuf {
    let default = |file: &Path| {
        let mut name = file.file_stem().unwrap_or_default().to_owned();
        name.push(".rejected.ndjson");
        // Standard input and devices have no folder to write to.
        if is_standard_input(file) {
            PathBuf::from("stdin.rejected.ndjson")
        } else if file.starts_with("/dev") {
            PathBuf::from(name)
        } else {
            file.with_file_name(name)
        }
    };
    let path = command.rejected.clone();
    path.unwrap_or_else(|| default(&command.file))
}
