//! How far an import is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::sender::Checked;
use super::summary::Summary;

/// How often a line is written where there is no terminal, and how often it is said that the server is
/// waited for.
const LINE: Duration = Duration::from_secs(10);
/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(200);
const BAR: &str = "{bar:24} {percent:>3} %  {msg}";
/// Of what has no size, such as a pipe.
const SPINNER: &str = "{spinner} {msg}";

/// How far an import is.
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
    last_wait: Option<Instant>,
}

impl Progress {
    /// Of a file of so many bytes; 0 where that is not known.
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
                last_wait: None,
            }),
        }
    }

    /// More lines have their result.
    pub fn advance(&self, done: &Checked, summary: &Summary) {
        let mut state = self.state();
        state.done += done.0.iter().map(|(line, _)| line.size).sum::<u64>();
        match &self.bar {
            Some(bar) => {
                bar.set_position(state.done);
                bar.set_message(self.text(state.done, summary));
            }
            None if state.last_line.elapsed() >= LINE => {
                state.last_line = Instant::now();
                eprintln!("{}", self.text(state.done, summary));
            }
            None => {}
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server is waited for; said once in a while.
    pub fn wait(&self, why: &str) {
        let mut state = self.state();
        if state.last_wait.is_some_and(|it| it.elapsed() < LINE) {
            return;
        }
        state.last_wait = Some(Instant::now());
        drop(state);
        let line = format!("{why}; trying again");
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    /// It is over.
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
