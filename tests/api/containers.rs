//! The compose file and the image, as far as files can tell.

use std::collections::BTreeSet;

use serde_json::Value;

fn file(name: &str) -> String {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect(name)
}

/// The settings that `.env.example` lists.
fn settings() -> BTreeSet<String> {
    let example = file(".env.example");
    let named = example
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once('='));
    named
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.bytes().all(|it| it.is_ascii_uppercase() || it == b'_'))
        .collect()
}

#[test]
fn the_compose_file_sets_what_the_server_reads() {
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
        let value = environment[name].as_str().expect("text");
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

    let of = |name: &str| postgres["environment"][name].as_str().expect(name);
    let url = format!(
        "postgres://{}:{}@postgres/{}",
        of("POSTGRES_USER"),
        of("POSTGRES_PASSWORD"),
        of("POSTGRES_DB")
    );
    assert_eq!(environment["DATABASE_URL"], url.as_str());
    assert!(postgres["healthcheck"]["test"].is_array());
    let volume = postgres["volumes"][0].as_str().expect("a volume");
    let (volume, _) = volume.split_once(':').expect("a place");
    assert!(compose["volumes"].get(volume).is_some(), "{volume}");
    assert_eq!(
        server["depends_on"]["postgres"]["condition"],
        "service_healthy"
    );
    assert_eq!(server["read_only"], true);
}

#[test]
fn the_image_is_built_of_all_that_the_build_reads_and_does_not_run_as_root() {
    let image = file("Dockerfile");
    let ignored = file(".dockerignore");
    let stages = image
        .lines()
        .filter(|line| line.starts_with("FROM "))
        .count();
    assert_eq!(stages, 2);
    for needed in [".cargo", ".sqlx", "migrations", "docs", "src"] {
        let copied = format!("COPY {needed} {needed}");
        assert!(image.lines().any(|line| line == copied), "{copied}");
        assert!(
            ignored.lines().any(|line| line == format!("!{needed}")),
            "{needed}"
        );
    }
    let user = image.lines().find_map(|line| line.strip_prefix("USER "));
    assert!(user.is_some_and(|user| !user.starts_with('0') && user != "root"));
    assert!(image.contains("HEALTHCHECK"));
}
