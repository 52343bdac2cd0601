//! The progress of an import: a bar on a terminal, otherwise one line every 10 seconds.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::summary::Summary;

/// Time between two lines without a terminal, and between two messages about a retry.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// Time between two updates of the bar.
const TICK: Duration = Duration::from_millis(200);
const BAR: &str = "{bar:24} {percent:>3} %  {msg}";
/// For an input of unknown size, such as a pipe.
const SPINNER: &str = "{spinner} {msg}";

/// The progress of an import.
pub struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    size: u64,
    state: Mutex<State>,
}

struct State {
    /// In bytes.
    done: u64,
    last_line: Instant,
    last_retry: Option<Instant>,
}

impl Progress {
    /// Starts with the size of the file in bytes, or 0 if it is unknown.
    pub fn begin(size: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(size);
            let style = ProgressStyle::with_template(if size == 0 { SPINNER } else { BAR });
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
            bar
        });
        Self {
            bar,
            begun: Instant::now(),
            size,
            state: Mutex::new(State {
                done: 0,
                last_line: Instant::now(),
                last_retry: None,
            }),
        }
    }

    /// Records that lines of this many bytes have their result.
    pub fn advance(&self, bytes: u64, summary: &Summary) {
        let mut state = self.state();
        state.done += bytes;
        match &self.bar {
            Some(bar) => {
                bar.set_position(state.done);
                bar.set_message(self.text(state.done, summary));
            }
            None if state.last_line.elapsed() >= LINE_INTERVAL => {
                state.last_line = Instant::now();
                eprintln!("{}", self.text(state.done, summary));
            }
            None => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints the reason of a retry, at most once in 10 seconds.
    pub fn report_retry(&self, reason: &str) {
        let mut state = self.state();
        if state
            .last_retry
            .is_some_and(|it| it.elapsed() < LINE_INTERVAL)
        {
            return;
        }
        state.last_retry = Some(Instant::now());
        drop(state);
        let line = format!("{reason}; retrying");
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is rounded"
    )]
    fn text(&self, done: u64, summary: &Summary) -> String {
        let took = self.begun.elapsed().as_secs_f64().max(0.001);
        let lines = summary.lines();
        let rate = (lines as f64 / took) as u64;
        let left = (self.size > 0 && done > 0).then(|| {
            let bytes = self.size.saturating_sub(done) as f64;
            let left = Duration::from_secs_f64(took * bytes / done as f64);
            format!(", {} left", HumanDuration(left))
        });
        format!(
            "{} lines, {} a second, {} rejected{}",
            HumanCount(lines),
            HumanCount(rate),
            HumanCount(summary.rejected()),
            left.unwrap_or_default()
        )
    }
}
