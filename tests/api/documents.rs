//! The documents: every block that is marked `test` runs against a live server, file by file and from
//! top to bottom, each file with a fresh sandbox.
//!
//! - `sh test`: a shell block; those of one file share a session. It fails where a command does.
//! - `json test` after it: what the block printed, in part. `"…"` is any value, and at the end of an
//!   array any more items.
//! - `json test POST /cases 400 errors=/name`: a body, its status, and the places of its errors.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::support::TestApp;

/// What the documents call the server.
const BASE: &str = "http://127.0.0.1:8080";
/// Ends the output of a block.
const END: &str = "---- the end of the block ----";

/// A fenced block.
struct Block {
    line: usize,
    info: String,
    text: String,
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_docs = std::fs::read_dir(root.join("docs")).expect("docs");
    let in_docs = in_docs.map(|it| it.expect("an entry").path());
    let mut found: Vec<_> = in_docs
        .chain(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|it| root.join(it)))
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect();
    found.sort();
    found
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(text.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(info)) => {
                let info = info.trim().to_owned();
                open = Some(Block {
                    line,
                    info,
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(text);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// One session of a shell.
struct Shell {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Shell {
    fn start(directory: &Path) -> Self {
        let mut child = Command::new("bash")
            .args(["-euo", "pipefail"])
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("bash");
        let input = child.stdin.take().expect("an input");
        let output = BufReader::new(child.stdout.take().expect("an output")).lines();
        Self {
            _child: child,
            input,
            output,
        }
    }

    /// What a block prints.
    async fn run(&mut self, block: &str) -> Result<String, String> {
        let script = format!("{block}\nprintf '\\n%s\\n' '{END}'\n");
        let written = self.input.write_all(script.as_bytes()).await;
        written.map_err(|error| error.to_string())?;
        let mut printed = String::new();
        while let Some(line) = self
            .output
            .next_line()
            .await
            .map_err(|error| error.to_string())?
        {
            if line == END {
                return Ok(printed);
            }
            printed.push_str(&line);
            printed.push('\n');
        }
        Err(format!("a command failed, after\n{printed}"))
    }
}

/// Where what was found is not what is shown.
fn differences(place: &str, shown: &Value, found: &Value) -> Vec<String> {
    match (shown, found) {
        (Value::String(any), _) if any == "…" => Vec::new(),
        (Value::Object(shown), Value::Object(found)) => {
            let members = shown.iter();
            let inside = members.flat_map(|(name, shown)| match found.get(name) {
                Some(found) => differences(&format!("{place}/{name}"), shown, found),
                None => vec![format!("{place}/{name} is not there")],
            });
            inside.collect()
        }
        (Value::Array(shown), Value::Array(found)) => {
            let has_more = shown.last().is_some_and(|it| it == "…");
            let shown = if has_more {
                &shown[..shown.len() - 1]
            } else {
                &shown[..]
            };
            if found.len() < shown.len() || (!has_more && found.len() > shown.len()) {
                return vec![format!("{place} has {} items", found.len())];
            }
            let both = shown.iter().zip(found).enumerate();
            let inside = both.flat_map(|(at, (shown, found))| {
                differences(&format!("{place}/{at}"), shown, found)
            });
            inside.collect()
        }
        (shown, found) if shown == found => Vec::new(),
        (shown, found) => vec![format!("{place} is {found}, and {shown} is shown")],
    }
}

/// Sends a body, as the info of its block says.
async fn send(app: &TestApp, request: &str, body: &str) -> Result<(), String> {
    let words: Vec<_> = request.split_whitespace().collect();
    let [method, path, status, more @ ..] = words.as_slice() else {
        return Err(format!("{request} is no request"));
    };
    let method: Method = method
        .parse()
        .map_err(|_| format!("{method} is no method"))?;
    let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let response = app.call(method, path, &body).await;
    if response.status.as_str() != *status {
        return Err(format!("{}: {}", response.status, response.body));
    }
    for expected in more.iter().filter_map(|it| it.strip_prefix("errors=")) {
        let found: Vec<_> = response
            .errors()
            .into_iter()
            .map(|(pointer, _)| pointer)
            .collect();
        if found.join(",") != *expected {
            return Err(format!("the errors are {}", found.join(",")));
        }
    }
    Ok(())
}

async fn run(app: &TestApp, blocks: &[Block]) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut shell = Shell::start(directory.path());
    let (mut printed, mut faults) = (String::new(), Vec::new());
    let base = format!("http://{}", app.address());
    for block in blocks {
        let text = block.text.replace(BASE, &base);
        let ran = match block.info.as_str() {
            "sh test" => shell.run(&text).await.map(|it| printed = it),
            "json test" => match (serde_json::from_str(&text), serde_json::from_str(&printed)) {
                (Ok(shown), Ok(found)) => match differences("", &shown, &found).as_slice() {
                    [] => Ok(()),
                    differences => Err(differences.join("\n")),
                },
                (shown, found) => Err(format!("no JSON: {shown:?} {found:?}\n{printed}")),
            },
            info => match info.strip_prefix("json test ") {
                Some(request) => send(app, request, &text).await,
                None => Ok(()),
            },
        };
        if let Err(fault) = ran {
            faults.push(format!("line {}: {fault}", block.line));
            if block.info == "sh test" {
                // The session has ended.
                break;
            }
        }
    }
    faults
}

#[tokio::test]
async fn every_marked_block_does_what_it_says() {
    let (mut ran, mut faults) = (0, Vec::new());
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a document");
        let blocks = blocks(&text);
        let marked = blocks.iter().filter(|it| it.info.contains(" test")).count();
        if marked == 0 {
            continue;
        }
        let app = TestApp::start().await;
        for fault in run(&app, &blocks).await {
            faults.push(format!("{}, {fault}", document.display()));
        }
        ran += marked;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(ran > 100, "{ran}");
}

/// What cannot run is marked `text`, so that nobody forgets what can.
#[test]
fn every_block_that_can_run_is_marked() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a document");
        for block in blocks(&text) {
            let mut words = block.info.split_whitespace();
            let is_program = matches!(words.next(), Some("sh" | "bash" | "json"));
            let place = format!("{}:{}", document.display(), block.line);
            assert!(
                !is_program || words.next() == Some("test"),
                "{place} is not marked"
            );
        }
        let mut is_fenced = false;
        for (line, text) in (1..).zip(text.lines()) {
            is_fenced ^= text.starts_with("```");
            let is_request = !is_fenced && text.starts_with("    curl ");
            let place = format!("{}:{line}", document.display());
            assert!(!is_request, "{place} is a request that does not run");
        }
    }
}
