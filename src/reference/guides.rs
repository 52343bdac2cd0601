//! The guides: the project's documents for those who use it, served as pages.

use super::page::page;

/// The documents that are served: name, title, text.
const GUIDES: &[(&str, &str, &str)] = &[
    (
        "first-case",
        "Create your first case",
        include_str!("../../docs/first-case.md"),
    ),
    ("cases", "Cases", include_str!("../../docs/cases.md")),
    ("import", "Import", include_str!("../../docs/import.md")),
    (
        "templates",
        "Templates",
        include_str!("../../docs/templates.md"),
    ),
    (
        "ownership-graphs",
        "Ownership graphs",
        include_str!("../../docs/ownership-graphs.md"),
    ),
    (
        "custom-properties",
        "Custom properties",
        include_str!("../../docs/custom-properties.md"),
    ),
    (
        "webhooks",
        "Webhooks",
        include_str!("../../docs/webhooks.md"),
    ),
    (
        "api-design",
        "API design",
        include_str!("../../docs/api-design.md"),
    ),
    (
        "clients",
        "Typed clients",
        include_str!("../../docs/clients.md"),
    ),
    (
        "compatibility",
        "Compatibility",
        include_str!("../../docs/compatibility.md"),
    ),
    (
        "production",
        "Run in production",
        include_str!("../../docs/production.md"),
    ),
    (
        "operations",
        "Guarantees",
        include_str!("../../docs/operations.md"),
    ),
    (
        "limits",
        "Load and limits",
        include_str!("../../docs/limits.md"),
    ),
    (
        "upgrading",
        "Upgrade",
        include_str!("../../docs/upgrading.md"),
    ),
    ("sandbox", "Sandbox", include_str!("../../docs/sandbox.md")),
    (
        "workspace-file",
        "Workspace file",
        include_str!("../../docs/workspace-file.md"),
    ),
];

/// The path of the guide that a link between documents names, if it is one that is served.
pub fn path_of(link: &str) -> Option<String> {
    let (file, fragment) = link
        .split_once('#')
        .map_or((link, None), |(file, it)| (file, Some(it)));
    let name = file.strip_suffix(".md")?;
    GUIDES.iter().find(|(known, _, _)| *known == name)?;
    let fragment = fragment.map(|it| format!("#{it}")).unwrap_or_default();
    Some(format!("/guides/{name}{fragment}"))
}

/// The page of a guide, if there is one of this name.
pub fn guide(name: &str) -> Option<String> {
    let (_, title, text) = GUIDES.iter().find(|(known, _, _)| *known == name)?;
    Some(page(title, text))
}

/// The page that lists them all.
pub fn guides_page() -> String {
    page("Guides", &format!("# Guides\n\n{}", list()))
}

/// The guides as a list of links.
pub fn list() -> String {
    let links = GUIDES
        .iter()
        .map(|(name, title, _)| format!("- [{title}](/guides/{name})\n"));
    links.collect()
}
