//! The keys of the references of a request.

use uuid::Uuid;

use crate::cases::fields::{TagReference, TemplateReference};
use crate::values::{PlainText, TagLabel};

/// The keys, ids, slugs and labels that a request contains.
#[derive(Debug, Clone, Default)]
pub struct ReferenceKeys {
    /// The keys that other cases can share. References are cached by them.
    pub shared: SharedReferenceKeys,
    pub external_id: Option<PlainText>,
}

/// The reference keys of a request without the external id, which is unique.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SharedReferenceKeys {
    pub(super) template_key: Option<PlainText>,
    pub(super) template_id: Option<Uuid>,
    pub(super) assignee_id: Option<Uuid>,
    pub(super) space_slug: Option<PlainText>,
    pub(super) tags: Vec<PlainText>,
    /// The current template of the case. An update keeps it even if it is archived.
    pub(super) current_template_id: Option<Uuid>,
}

impl ReferenceKeys {
    /// The reference keys of a request without an external id.
    pub fn new(
        template: Option<&TemplateReference>,
        assignee_id: Option<Uuid>,
        space_slug: Option<PlainText>,
        tags: &[TagReference],
    ) -> Self {
        let (template_key, template_id) = match template {
            Some(TemplateReference::Key(key)) => (Some(key.clone()), None),
            Some(TemplateReference::Id(id)) => (None, Some(*id)),
            None => (None, None),
        };
        Self {
            shared: SharedReferenceKeys {
                template_key,
                template_id,
                assignee_id,
                space_slug,
                tags: tags.iter().map(|it| TagLabel::fold(&it.name)).collect(),
                current_template_id: None,
            },
            external_id: None,
        }
    }

    /// The reference keys of a request with only tags.
    pub fn of_tags(tags: &[TagReference]) -> Self {
        Self::new(None, None, None, tags)
    }

    /// Adds the current template of a case. It is found even if it is archived.
    #[must_use]
    pub fn with_current_template(mut self, id: Uuid) -> Self {
        self.shared.current_template_id = Some(id);
        self
    }
}

impl SharedReferenceKeys {
    /// Whether the request contains this tag: an id, or a label in lower case.
    pub fn names_tag(&self, name: &str) -> bool {
        self.tags.iter().any(|it| it.as_str() == name)
    }
}
