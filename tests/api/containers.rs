//! Consistency of the compose file and the Dockerfile with the project.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).expect(name)
}

/// Returns the settings in `.env.example`.
fn settings() -> BTreeSet<String> {
    let example = file(".env.example");
    let lines = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='));
    lines
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.bytes().all(|it| it.is_ascii_uppercase() || it == b'_'))
        .collect()
}

#[test]
fn compose_file_matches_the_settings() {
    let text = file("docker-compose.yml");
    let compose: Value = serde_saphyr::from_str(&text).expect("YAML");
    let server = &compose["services"]["dossier"];
    let postgres = &compose["services"]["postgres"];
    let settings = settings();
    let environment = server["environment"].as_object().expect("variables");
    for (name, value) in environment {
        assert!(settings.contains(name), "{name} is not in .env.example");
        let value = value.to_string();
        if let Some((_, rest)) = value.split_once("${") {
            assert!(rest.starts_with(&format!("{name}:-")), "{name}: {value}");
        }
    }
    let default = |name: &str| {
        let value = environment[name].as_str().expect("a string");
        let (_, default) = value.split_once(":-").expect("a default");
        default.trim_end_matches('}').to_owned()
    };
    let example = file(".env.example");
    for name in ["POOL_SIZE", "REQUEST_TIMEOUT", "BODY_LIMIT", "LOG"] {
        let name = format!("DOSSIER_{name}");
        let line = format!("{name}={}", default(&name));
        assert!(example.lines().any(|it| it == line), "{line}");
    }
    assert!(default("DOSSIER_BOOTSTRAP_KEY").len() >= 16);

    let postgres_setting = |name: &str| postgres["environment"][name].as_str().expect(name);
    let url = format!(
        "postgres://{}:{}@postgres/{}",
        postgres_setting("POSTGRES_USER"),
        postgres_setting("POSTGRES_PASSWORD"),
        postgres_setting("POSTGRES_DB")
    );
    assert_eq!(environment["DATABASE_URL"], url.as_str());
    assert!(postgres["healthcheck"]["test"].is_array());
    let volume = postgres["volumes"][0].as_str().expect("a volume");
    let (volume, _) = volume.split_once(':').expect("a path");
    assert!(compose["volumes"].get(volume).is_some(), "{volume}");
    assert_eq!(
        server["depends_on"]["postgres"]["condition"],
        "service_healthy"
    );
    assert_eq!(server["read_only"], true);
}

/// Returns the paths that the build stage of the image copies from the project.
fn copied_paths() -> BTreeSet<PathBuf> {
    let image = file("Dockerfile");
    let stages: Vec<_> = image.split("\nFROM ").skip(1).collect();
    assert_eq!(stages.len(), 2);
    let copies = stages[0].lines().filter_map(|it| it.strip_prefix("COPY "));
    let mut copied_paths = BTreeSet::new();
    for copy in copies {
        let mut paths: Vec<_> = copy.split_whitespace().collect();
        let target = paths.pop().expect("a target");
        let is_same = target == "./" || paths == [target];
        assert!(is_same, "{copy}: source and target must be the same path");
        copied_paths.extend(paths.into_iter().map(PathBuf::from));
    }
    copied_paths
}

/// Collects all files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Resolves `..` in a path.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(normalized.pop(), "{}", path.display()),
            part => normalized.push(part),
        }
    }
    normalized
}

/// The webhook client cannot be created without certificates, which the base image does not have.
#[test]
fn image_has_certificate_authorities() {
    let certificates = "/etc/ssl/certs/ca-certificates.crt";
    let copy = format!("COPY --from=build {certificates} {certificates}");
    let image = file("Dockerfile");
    let (_, last) = image.rsplit_once("\nFROM ").expect("a stage");
    assert!(last.lines().any(|it| it == copy), "{last}");
}

#[test]
fn image_does_not_run_as_root() {
    let image = file("Dockerfile");
    let user = image.lines().find_map(|line| line.strip_prefix("USER "));
    assert!(user.is_some_and(|user| !user.starts_with('0') && user != "root"));
    assert!(image.contains("HEALTHCHECK"));
}

/// Cargo plans the build of the image in a folder that contains only the copied paths.
#[test]
fn image_copies_all_files_that_cargo_needs() {
    let (root, folder) = (Path::new(ROOT), tempfile::tempdir().expect("a folder"));
    let ignored = file(".dockerignore");
    assert!(
        ignored.lines().any(|it| it == "*"),
        "everything is ignored by default"
    );
    for path in copied_paths() {
        let line = format!("!{}", path.display());
        assert!(ignored.lines().any(|it| it == line), "{line}");
        let link = std::os::unix::fs::symlink(root.join(&path), folder.path().join(&path));
        link.expect("a link");
        assert!(root.join(&path).exists(), "{}", path.display());
    }
    let image = file("Dockerfile");
    let build = image.lines().find_map(|it| it.strip_prefix("RUN cargo "));
    let build = build.expect("a build").split_whitespace();
    let planned = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .current_dir(folder.path())
        .args(build)
        .args(["--offline", "--unit-graph", "-Z", "unstable-options"])
        // Prints the plan without building, which is an unstable option of cargo.
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .expect("cargo");
    let stderr = String::from_utf8_lossy(&planned.stderr);
    assert!(planned.status.success(), "{stderr}");
    let plan: Value = serde_json::from_slice(&planned.stdout).expect("a plan");
    let units = plan["units"].as_array().expect("units");
    let is_built = |unit: &Value| {
        unit["target"]["kind"] == json!(["bin"]) && unit["target"]["name"] == "dossier"
    };
    assert!(units.iter().any(is_built), "the binary is built");
}

/// Files that the compiler reads besides the sources: included texts, statements, and `.sqlx`.
#[test]
fn image_copies_all_files_that_the_sources_include() {
    let (root, copied_paths) = (Path::new(ROOT), copied_paths());
    let include = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)"#).expect("a pattern");
    let statement = Regex::new(r#""(src/[^"]+\.sql)""#).expect("a pattern");
    // `.cargo` makes the build use the query data in `.sqlx` instead of a database.
    let mut needed = BTreeSet::from([".cargo", ".sqlx", "migrations"].map(PathBuf::from));
    let mut sources = Vec::new();
    files(&root.join("src"), &mut sources);
    for source in sources
        .iter()
        .filter(|it| it.extension().is_some_and(|it| it == "rs"))
    {
        let text = std::fs::read_to_string(source).expect("a source");
        let folder = source.parent().expect("a folder");
        let folder = folder.strip_prefix(root).expect("a folder of the project");
        let included = include.captures_iter(&text);
        needed.extend(included.map(|it| normalized(&folder.join(&it[1]))));
        let statements = statement.captures_iter(&text);
        needed.extend(statements.map(|it| PathBuf::from(&it[1])));
    }
    assert!(needed.len() > 40, "{needed:?}");
    for path in needed {
        let is_copied = copied_paths.iter().any(|it| path.starts_with(it));
        assert!(is_copied, "{} is not copied", path.display());
    }
}
