//! The request body of a tag.

use crate::validation::{Scope, Text};
use crate::values::TagLabel;
use crate::wire_object;

wire_object! {
    /// A tag: a short label for cases.
    TagRequest {
        /// Its label, unique in the workspace regardless of case, without `, ; : | / \`. White space at its ends is
        /// removed.
        "label" => label: Text<'de> = TagLabel::shape().required().example("Priority"),
    }
}

impl TagRequest<'_> {
    /// Parses the label and adds each error to `scope`.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> Option<TagLabel> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        scope.required(self.label(), TagLabel::parse)
    }
}
