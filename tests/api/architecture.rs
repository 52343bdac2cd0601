//! The rooms of `src` and the arrows between them (docs/architecture.md).

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up: a room may use those that stand before it.
const ROOMS: [&str; 40] = [
    "clock",
    "ids",
    "json",
    "validation",
    "schema",
    "values",
    "destinations",
    "metrics",
    "traces",
    "db",
    "local_postgres",
    "http",
    "idempotency",
    "auth",
    "events",
    "state",
    "config",
    "telemetry",
    "writes",
    "versions",
    "tags",
    "users",
    "spaces",
    "custom_properties",
    "templates",
    "relations",
    "case_parts",
    "companies",
    "individuals",
    "cases",
    "activities",
    "webhooks",
    "workspaces",
    "health",
    "workers",
    "openapi",
    "reference",
    "app",
    "cli",
    "main",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

fn height(room: &str) -> usize {
    let height = ROOMS.iter().position(|it| *it == room);
    height.unwrap_or_else(|| panic!("the room {room} has no place in this house"))
}

#[test]
fn a_room_uses_only_those_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut forbidden = Vec::new();
    for file in files.iter().filter(|it| !it.ends_with("src/lib.rs")) {
        let inside = file.strip_prefix(&root).expect("a file of src");
        let room = inside
            .iter()
            .next()
            .and_then(|it| it.to_str())
            .expect("a room");
        let room = room.trim_end_matches(".rs");
        let text = fs::read_to_string(file).expect("a source");
        let code = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for path in ["crate::", "dossier::"] {
                for used in line.split(path).skip(1) {
                    let name: String = used
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    let is_room = ROOMS.contains(&name.as_str());
                    if is_room && name != room && height(&name) >= height(room) {
                        forbidden.push(format!("{}: {line}", inside.display()));
                    }
                    let is_grouped = name.is_empty() && used.starts_with('{');
                    assert!(
                        !is_grouped || ["app", "main"].contains(&room),
                        "{line}: name the room"
                    );
                }
            }
        }
    }
    assert!(forbidden.is_empty(), "{}", forbidden.join("\n"));
}

/// A route that is not made by `routes!` would be served without being described. What is measured is
/// served elsewhere.
#[test]
fn only_the_pages_are_served_without_a_description() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let plain = files.iter().filter(|file| {
        let text = fs::read_to_string(file).expect("a source");
        text.contains(".route(") || text.contains("routing::")
    });
    let plain: Vec<_> = plain.filter_map(|it| it.strip_prefix(&root).ok()).collect();
    let pages = Path::new("reference/routes.rs");
    assert_eq!(plain, [Path::new("app/metrics.rs"), pages]);
}
