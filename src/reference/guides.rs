//! The guides: the documents for users, as pages.

use super::guide_texts::GUIDES;
use super::page::page;

/// The page of the guide with this name.
pub fn guide(name: &str) -> Option<String> {
    let (_, title, text) = GUIDES.iter().find(|(guide, _, _)| *guide == name)?;
    Some(page(title, text))
}

/// The page that lists all guides.
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
