//! Tags as they may arrive.

use crate::validation::{Scope, Text};
use crate::values::TagLabel;
use crate::wire_object;

wire_object! {
    /// A tag: a short label for cases.
    TagRequest {
        /// Its label, unique without case; none of `, ; : | / \`. White space at its ends is dropped.
        "label" => label: Text<'de> = TagLabel::shape().required().example("Priority"),
    }
}

impl TagRequest<'_> {
    /// The label, its faults refused at its place.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> Option<TagLabel> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        scope.required(self.label(), TagLabel::parse)
    }
}
