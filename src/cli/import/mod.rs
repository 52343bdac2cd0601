//! `dossier import`: a file of cases, sent in batches over a few connections.

mod batch;
mod lines;
mod progress;
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
use rejected::Rejected;
use sender::Sender;
use source::{Source, is_standard_input};
use summary::Summary;

/// Sends every line of a file, and says what became of them: 0 when all are stored, 1 when some were
/// rejected.
///
/// # Errors
/// One line that says why it could not go on, and what to do.
pub async fn run(command: ImportCommand) -> Result<ExitCode, String> {
    let source = Source::open(&command.file).await?;
    let name = source.name().to_owned();
    let unreadable = |error| format!("cannot read {name}: {error}");
    let sender = Sender::new(&command)?;
    let mut rejected = Rejected::new(rejected_file(&command), &source.about)?;
    let progress = Progress::begin(source.about.len());
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
    // In the order of the file, so that what is rejected is too.
    let mut sent = std::pin::pin!(sent);
    let done = loop {
        match sent.next().await {
            None => break Ok(()),
            Some(Err(line)) => break Err(line),
            Some(Ok(done)) => {
                summary.add(&done);
                if let Err(error) = rejected.write(&done) {
                    break Err(format!("cannot write {}: {error}", rejected.name()));
                }
                progress.advance(&done, &summary);
            }
        }
    };
    progress.end();
    let stopped = |line| format!("{line}. {summary}. Run it again: it goes on where it stopped");
    done.map_err(stopped)?;
    summary.print(&rejected, command.json);
    Ok(ExitCode::from(u8::from(summary.rejected() > 0)))
}

/// Beside the file, where nothing else is said.
fn rejected_file(command: &ImportCommand) -> PathBuf {
    let beside = |file: &Path| {
        let mut name = file.file_stem().unwrap_or_default().to_owned();
        name.push(".rejected.ndjson");
        // What is no file of its own has no place beside it.
        if is_standard_input(file) {
            PathBuf::from("stdin.rejected.ndjson")
        } else if file.starts_with("/dev") {
            PathBuf::from(name)
        } else {
            file.with_file_name(name)
        }
    };
    let said = command.rejected.clone();
    said.unwrap_or_else(|| beside(&command.file))
}
