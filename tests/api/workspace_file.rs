//! `dossier workspace apply`.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::command_line::{dossier, json_of};
use crate::support::TestApp;

const SANDBOX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox.yaml");

struct Bank {
    app: TestApp,
    key: String,
    folder: tempfile::TempDir,
}

impl Bank {
    async fn create() -> Self {
        let app = TestApp::start().await;
        assert!(
            dossier(&app, &["workspace", "create", "Bank"])
                .status
                .success()
        );
        let output = dossier(
            &app,
            &["api-key", "create", "--workspace", "Bank", "--json"],
        );
        let key = json_of(&output)["key"].as_str().expect("a key").to_owned();
        let folder = tempfile::tempdir().expect("a folder");
        Self { app, key, folder }
    }

    fn apply(&self, file: &Path, more: &[&str]) -> Output {
        let file = file.to_str().expect("UTF-8");
        let arguments = ["workspace", "apply", file, "--workspace", "Bank"];
        dossier(&self.app, &[&arguments, more].concat())
    }

    fn write_file(&self, name: &str, text: &str) -> std::path::PathBuf {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).expect("the file");
        file
    }

    /// Applies a file and returns the action and name of each entry.
    #[track_caller]
    fn lines(&self, file: &Path, more: &[&str]) -> Vec<(String, String)> {
        let output = self.apply(file, &[more, &["--json"]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let lines = json_of(&output);
        let text = |it: &Value| it.as_str().expect("text").to_owned();
        let lines = lines.as_array().expect("lines").iter();
        lines
            .map(|line| (text(&line["action"]), text(&line["name"])))
            .collect()
    }

    #[track_caller]
    fn rejected(&self, file: &Path) -> String {
        let output = self.apply(file, &[]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

#[tokio::test]
async fn applies_a_file_and_reports_no_changes_the_second_time() {
    let bank = Bank::create().await;
    let sandbox = Path::new(SANDBOX);
    let all = |action: &str, lines: &[(String, String)]| {
        lines.len() == 40 && lines.iter().all(|(it, _)| it == action)
    };
    let dry = bank.lines(sandbox, &["--dry-run"]);
    assert!(all("created", &dry), "{dry:?}");
    let body = json!({"name": "A", "tags": ["vip"], "template_key": "kyb_standard",
        "custom_properties": {"products": ["loans"]}});
    let post = || bank.app.post_as(&bank.key, body.to_string());
    post().await.expect(400);
    assert!(all("created", &bank.lines(sandbox, &[])));
    post().await.expect(201);
    assert!(all("unchanged", &bank.lines(sandbox, &[])));

    let changed = r#"
        tags = [{ label = "vip" }, { label = "New" }]
        spaces = [{ slug = "space_Sandbox00001", name = "Renamed" }]
        templates = [{ key = "kyb_standard", name = "KYB standard", archived = true }]
        [[custom_properties]]
        target = "case"
        key = "products"
        label = "Products"
        type = "choices"
        settings = { allow_multiple = false }
        options = [{ key = "funds", label = "Funds" }, { key = "cards", label = "Cards" }]
    "#;
    let changed = bank.write_file("changed.toml", changed);
    let expected = [
        ("updated", "kyb_standard"),
        ("updated", "vip"),
        ("created", "New"),
        ("updated", "Renamed"),
        ("updated", "case products"),
    ];
    let expected = expected.map(|(action, name)| {
        let name = if name == "Renamed" {
            "space_Sandbox00001"
        } else {
            name
        };
        (action.to_owned(), name.to_owned())
    });
    assert_eq!(bank.lines(&changed, &["--dry-run"]), expected);
    assert_eq!(bank.lines(&changed, &[]), expected);
    let unchanged = bank.lines(&changed, &[]);
    assert!(
        unchanged.iter().all(|(it, _)| it == "unchanged"),
        "{unchanged:?}"
    );
    let refused = post().await.expect(400);
    let expected = [
        ("/template_key", "template_not_found"),
        ("/custom_properties/products/0", "choice"),
    ];
    assert_eq!(refused.errors(), expected);
    assert_eq!(
        refused.body["errors"][1]["allowed"],
        json!(["funds", "cards"])
    );
}

#[tokio::test]
async fn reports_all_errors_of_a_file_at_once_and_changes_nothing() {
    let bank = Bank::create().await;
    let invalid = r"
tags: [{label: 'a,b'}, {lable: Good}, {label: Good}, {label: GOOD}]
users: [{first_name: A, last_name: B, email: nobody}]
spaces: [{slug: somewhere, name: Somewhere}]
templates: [{key: kyb, name: KYB, id: 7}]
custom_properties:
  - {target: case, key: amount, label: Amount, type: text, settings: {min: 1}}
  - {target: cases, key: kind, label: Kind, type: choices}
";
    let stderr = bank.rejected(&bank.write_file("invalid.yaml", invalid));
    for (pointer, words) in [
        ("/tags/0/label", "which separate labels; , was found"),
        ("/tags/1/lable", "Did you mean label?"),
        ("/tags/1/label", "label is required"),
        ("/tags/3/label", "has the same label"),
        ("/users/0/email", "is not an e-mail address"),
        ("/spaces/0/slug", "space_ followed by twelve letters"),
        ("/templates/0/id", "a number was found"),
        (
            "/custom_properties/0/settings/min",
            "only to properties of type numeric",
        ),
        (
            "/custom_properties/1/target",
            "one of case, company, individual",
        ),
        ("/custom_properties/1/options", "at least one option"),
    ] {
        let line = stderr
            .lines()
            .find(|line| line.contains(&format!("{pointer}: ")));
        assert!(
            line.is_some_and(|line| line.contains(words)),
            "{pointer} in {stderr}"
        );
    }
    assert!(
        stderr.contains("10 problems found. Nothing was changed."),
        "{stderr}"
    );
    let unreadable = bank.rejected(&bank.write_file("unreadable.yaml", "tags: [\n"));
    assert!(unreadable.contains("it is not YAML"), "{unreadable}");
    let empty = bank.rejected(&bank.write_file("empty.yaml", ""));
    assert!(empty.contains("templates, tags, users"), "{empty}");

    let good = "custom_properties: [{target: case, key: amount, label: Amount, type: numeric}]";
    bank.lines(&bank.write_file("good.yaml", good), &[]);
    let other = "
tags: [{label: New}]
custom_properties: [{target: case, key: amount, label: Amount, type: text}]";
    let stderr = bank.rejected(&bank.write_file("other.yaml", other));
    assert!(
        stderr.contains("The type of the custom property case amount cannot change"),
        "{stderr}"
    );
    let posted = json!({"name": "A", "tags": ["New"]}).to_string();
    bank.app.post_as(&bank.key, posted).await.expect(400);
    let unknown = ["workspace", "apply", SANDBOX, "--workspace", "Bnak"];
    let output = dossier(&bank.app, &unknown);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no workspace named Bnak"));
}

#[test]
fn sandbox_page_lists_all_entries_of_the_sandbox_file() {
    let read = |path: &str| std::fs::read_to_string(path).expect("the file");
    let page = read(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sandbox.md"));
    let file: Value = serde_saphyr::from_str(&read(SANDBOX)).expect("YAML");
    let entries = |kind: &str| file[kind].as_array().expect("entries").clone();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    let is_listed = |name: &Value, id: &Value, end: usize| {
        let (name, id) = (name.as_str().expect("a name"), id.as_str().expect("an id"));
        let id = &id[id.len() - end..];
        rows.iter()
            .any(|row| row.contains(name) && row.contains(&format!("| {id} |")))
            || rows
                .iter()
                .any(|row| row.contains(name) && row.starts_with(&format!("| {id}")))
    };
    for (kind, name) in [
        ("templates", "key"),
        ("tags", "label"),
        ("users", "first_name"),
    ] {
        for entry in entries(kind) {
            assert!(is_listed(&entry[name], &entry["id"], 3), "{entry}");
        }
    }
    for entry in entries("custom_properties") {
        assert!(is_listed(&entry["key"], &entry["id"], 2), "{entry}");
        let hundreds = match entry["target"].as_str() {
            Some("case") => '4',
            Some("company") => '5',
            _ => '6',
        };
        let id = entry["id"].as_str().expect("an id");
        assert_eq!(id.chars().nth(id.len() - 3), Some(hundreds), "{entry}");
    }
    for entry in entries("spaces") {
        assert!(page.contains(entry["slug"].as_str().expect("a slug")));
    }
}
