//! Tags, found by what a request names them with.

use std::cell::OnceCell;
use std::collections::HashMap;

use uuid::Uuid;

use super::Tag;
use crate::validation::Names;
use crate::values::{PlainText, TagLabel};

/// Tags of a workspace by id and by label, labels compared without case.
#[derive(Debug)]
pub struct TagIndex<'t, T> {
    /// No label has the form of an id.
    by_name: HashMap<PlainText, &'t T>,
    labels: Vec<&'t str>,
    names: OnceCell<Names>,
}

impl<'t> TagIndex<'t, Tag> {
    /// Tags as they are stored.
    pub fn new(tags: &'t [Tag]) -> Self {
        Self::of(tags.iter().map(|tag| (tag, Some(tag.id), &*tag.label)))
    }
}

impl<'t, T> TagIndex<'t, T> {
    /// Whatever has an id, if it is stored, and a label. Of several with one name, the first counts.
    pub fn of(tags: impl Iterator<Item = (&'t T, Option<Uuid>, &'t str)>) -> Self {
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

    /// The tag that an id or a label names.
    pub fn find(&self, sent: &str) -> Option<&'t T> {
        self.by_name.get(&TagLabel::fold(sent)).copied()
    }

    /// The labels that a suggestion may name.
    pub fn labels(&self) -> Names {
        let all = || self.labels.iter().map(|it| (*it).to_owned()).collect();
        self.names.get_or_init(all).clone()
    }
}
