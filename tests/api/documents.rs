//! Runs every block of the documents that is marked `test` against a live server: file by file, from top to
//! bottom, each file with a fresh sandbox.
//!
//! - `sh test`: a shell block. The blocks of a file share a session. A block fails if a command fails.
//! - `json test` after it: a part of the output of that block. `"…"` matches any value, and at the end of an
//!   array any further items.
//! - `json test POST /cases 400 errors=/name`: a body with its status and the pointers of its errors.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::support::TestApp;

/// The server's address in the documents.
const BASE: &str = "http://127.0.0.1:8080";
/// Marks the end of a block's output.
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

/// A shell session.
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

    /// Runs a block and returns its output.
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

/// Lists where a value differs from the documented value.
fn differences(path: &str, documented: &Value, found: &Value) -> Vec<String> {
    match (documented, found) {
        (Value::String(any), _) if any == "…" => Vec::new(),
        (Value::Object(documented), Value::Object(found)) => {
            let fields = documented.iter();
            let inside = fields.flat_map(|(name, documented)| match found.get(name) {
                Some(found) => differences(&format!("{path}/{name}"), documented, found),
                None => vec![format!("{path}/{name} is missing")],
            });
            inside.collect()
        }
        (Value::Array(documented), Value::Array(found)) => {
            let has_more = documented.last().is_some_and(|it| it == "…");
            let documented = if has_more {
                &documented[..documented.len() - 1]
            } else {
                &documented[..]
            };
            if found.len() < documented.len() || (!has_more && found.len() > documented.len()) {
                return vec![format!("{path} has {} items", found.len())];
            }
            let both = documented.iter().zip(found).enumerate();
            let inside = both.flat_map(|(at, (documented, found))| {
                differences(&format!("{path}/{at}"), documented, found)
            });
            inside.collect()
        }
        (documented, found) if documented == found => Vec::new(),
        (documented, found) => vec![format!("{path} is {found}, documented is {documented}")],
    }
}

/// Sends a body as the info string of its block specifies.
async fn send(app: &TestApp, request: &str, body: &str) -> Result<(), String> {
    let words: Vec<_> = request.split_whitespace().collect();
    let [method, path, status, more @ ..] = words.as_slice() else {
        return Err(format!("{request} is not a request"));
    };
    let method: Method = method
        .parse()
        .map_err(|_| format!("{method} is not a method"))?;
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
    let (mut printed, mut failures) = (String::new(), Vec::new());
    let base = format!("http://{}", app.address());
    for block in blocks {
        let text = block.text.replace(BASE, &base);
        let result = match block.info.as_str() {
            "sh test" => shell.run(&text).await.map(|it| printed = it),
            "json test" => match (serde_json::from_str(&text), serde_json::from_str(&printed)) {
                (Ok(documented), Ok(found)) => {
                    match differences("", &documented, &found).as_slice() {
                        [] => Ok(()),
                        differences => Err(differences.join("\n")),
                    }
                }
                (documented, found) => Err(format!("no JSON: {documented:?} {found:?}\n{printed}")),
            },
            info => match info.strip_prefix("json test ") {
                Some(request) => send(app, request, &text).await,
                None => Ok(()),
            },
        };
        if let Err(failure) = result {
            failures.push(format!("line {}: {failure}", block.line));
            if block.info == "sh test" {
                // The session has ended.
                break;
            }
        }
    }
    failures
}

#[tokio::test]
async fn documented_commands_and_requests_work() {
    let (mut count, mut failures) = (0, Vec::new());
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a document");
        let blocks = blocks(&text);
        let marked = blocks.iter().filter(|it| it.info.contains(" test")).count();
        if marked == 0 {
            continue;
        }
        let app = TestApp::start().await;
        for failure in run(&app, &blocks).await {
            failures.push(format!("{}, {failure}", document.display()));
        }
        count += marked;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(count > 100, "{count}");
}

/// Blocks that cannot run are marked `text`, so that none is forgotten.
#[test]
fn all_code_blocks_are_marked_as_test_or_text() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a document");
        for block in blocks(&text) {
            let mut words = block.info.split_whitespace();
            let is_program = matches!(words.next(), Some("sh" | "bash" | "json"));
            let location = format!("{}:{}", document.display(), block.line);
            assert!(
                !is_program || words.next() == Some("test"),
                "{location} is not marked"
            );
        }
        let mut is_fenced = false;
        for (line, text) in (1..).zip(text.lines()) {
            is_fenced ^= text.starts_with("```");
            let is_request = !is_fenced && text.starts_with("    curl ");
            let location = format!("{}:{line}", document.display());
            assert!(!is_request, "{location} is a request that is not tested");
        }
    }
}
