//! Changes of an individual as they may arrive.

use chrono::{DateTime, Utc};

use super::{IndividualDraft, IndividualRequest};
use crate::validation::{Field, Mode, Object, Scope, SentFields};
use crate::values::{sent_address, sent_bank};

/// What a change says: the members that were sent, of an individual that was read of them.
#[derive(Debug, Clone)]
pub struct IndividualChanges {
    pub draft: IndividualDraft,
    pub sent: SentFields,
    /// The members of its relation to the main company that were sent.
    pub shorthand: SentFields,
}

/// The members that are not the individual's own, but those of its relation to the main company.
const SHORTHAND: [&str; 4] = [
    "roles",
    "position",
    "ownership_percentage",
    "voting_rights_percentage",
];

impl IndividualRequest<'_> {
    /// Parses the change and refuses its invalid fields.
    pub fn parse_changes(self, now: DateTime<Utc>, scope: &mut Scope<'_>) -> IndividualChanges {
        let mut fields = self.sent_fields();
        // Flags cannot be cleared: null is 'not given'.
        for (name, flag) in [
            ("is_business_contact", &self.is_business_contact),
            ("is_beneficial_owner", &self.is_beneficial_owner),
            ("is_controlling_person", &self.is_controlling_person),
            ("is_delegator", &self.is_delegator),
            ("is_signatory", &self.is_signatory),
        ] {
            fields.retain(|it| *it != name || *flag != Field::Null);
        }
        let nested = sent_address("address", &self.address)
            .into_iter()
            .chain(sent_bank("banking_information", &self.banking_information))
            .collect();
        let draft = self.parse(Mode::Update, scope, now);
        // Older clients spell these flags as roles.
        for (flag, is_set) in [
            ("is_business_contact", draft.individual.is_business_contact),
            ("is_beneficial_owner", draft.individual.is_beneficial_owner),
        ] {
            if is_set && !fields.contains(&flag) {
                fields.push(flag);
            }
        }
        let (shorthand, own) = fields
            .into_iter()
            .filter(|it| *it != "custom_properties")
            .partition(|it| SHORTHAND.contains(it));
        IndividualChanges {
            draft,
            sent: SentFields {
                fields: own,
                nested,
            },
            shorthand: SentFields {
                fields: shorthand,
                nested: Vec::new(),
            },
        }
    }
}
