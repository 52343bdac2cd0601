//! Lists of known names: fields, options, tags, refs.

use std::borrow::Cow;
use std::sync::Arc;

/// A list of names that many faults share. A clone copies no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(Arc<[Cow<'static, str>]>);

impl Default for Names {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl Names {
    /// The names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// The first `count` names, or all if there are fewer.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        self.0.get(..count).map_or_else(
            || self.clone(),
            |first| Self(first.iter().cloned().collect()),
        )
    }
}

impl FromIterator<&'static str> for Names {
    fn from_iter<I: IntoIterator<Item = &'static str>>(names: I) -> Self {
        Self(names.into_iter().map(Cow::Borrowed).collect())
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().map(Cow::Owned).collect())
    }
}

impl<const COUNT: usize> From<[&'static str; COUNT]> for Names {
    fn from(names: [&'static str; COUNT]) -> Self {
        names.into_iter().collect()
    }
}
