//! The guides: the project's documents for those who use it, served as pages.

use super::guide_texts::GUIDES;
use super::page::page;

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
