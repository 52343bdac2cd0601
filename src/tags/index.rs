//! Finding tags by the ids and labels that a request sends.

use std::cell::OnceCell;
use std::collections::HashMap;

use uuid::Uuid;

use super::Tag;
use crate::validation::Names;
use crate::values::{PlainText, TagLabel};

/// Tags by id and by folded label.
#[derive(Debug)]
pub struct TagIndex<'t, T> {
    /// Ids and folded labels. They never collide, because no label has the form of an id.
    by_name: HashMap<PlainText, &'t T>,
    labels: Vec<&'t str>,
    names: OnceCell<Names>,
}

impl<'t> TagIndex<'t, Tag> {
    /// An index of stored tags.
    pub fn new(tags: &'t [Tag]) -> Self {
        Self::from_entries(tags.iter().map(|tag| (tag, Some(tag.id), &*tag.label)))
    }
}

impl<'t, T> TagIndex<'t, T> {
    /// An index of entries, each with a label and, if it is stored, an id. The first of several with the same name is
    /// found.
    pub fn from_entries(tags: impl Iterator<Item = (&'t T, Option<Uuid>, &'t str)>) -> Self {
        let (mut by_name, mut labels) = (HashMap::new(), Vec::new());
        for (tag, id, label) in tags {
            let id = id.map(|id| PlainText::from(id.to_string()));
            for name in id.into_iter().chain([TagLabel::fold(label)]) {
                by_name.entry(name).or_insert(tag);
            }
            labels.push(label);
        }
        Self {
            by_name,
            labels,
            names: OnceCell::new(),
        }
    }

    /// Finds a tag by its id or its label.
    pub fn find(&self, sent: &str) -> Option<&'t T> {
        self.by_name.get(&TagLabel::fold(sent)).copied()
    }

    /// The candidates for a suggestion.
    pub fn labels(&self) -> Names {
        let all = || self.labels.iter().map(|it| (*it).to_owned()).collect();
        self.names.get_or_init(all).clone()
    }
}
