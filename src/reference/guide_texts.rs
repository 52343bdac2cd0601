//! The documents that the server publishes as guides.

/// Name, title and Markdown of each guide.
pub const GUIDES: &[(&str, &str, &str)] = &[
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

/// The path of the guide to which a link between documents points. Returns `None` if that document is not a guide.
pub fn guide_path(link: &str) -> Option<String> {
    let (file, fragment) = link
        .split_once('#')
        .map_or((link, None), |(file, it)| (file, Some(it)));
    let name = file.strip_suffix(".md")?;
    GUIDES.iter().find(|(guide, _, _)| *guide == name)?;
    let fragment = fragment.map(|it| format!("#{it}")).unwrap_or_default();
    Some(format!("/guides/{name}{fragment}"))
}
