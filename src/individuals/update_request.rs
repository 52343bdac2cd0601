//! The request of `PATCH /individuals/{id}`.

use chrono::{DateTime, Utc};

use super::request::NATIONALITIES;
use super::{IndividualDraft, IndividualRequest};
use crate::custom_properties::PropertiesRequest;
use crate::relations::ROLES;
use crate::validation::{Field, Items, Member, Mode, Number, Object, Scope, Sent, Text};
use crate::values::{AddressRequest, BankingInformationRequest, sent_address, sent_bank};
use crate::wire_object;

wire_object! {
    /// A change of an individual as it may arrive.
    IndividualUpdateRequest {
        "first_name" => first_name: Text<'de>,
        "middle_name" => middle_name: Text<'de>,
        "last_name" => last_name: Text<'de>,
        "maiden_name" => maiden_name: Text<'de>,
        "is_business_contact" => is_business_contact: bool,
        "is_beneficial_owner" => is_beneficial_owner: bool,
        "is_controlling_person" => is_controlling_person: bool,
        "is_delegator" => is_delegator: bool,
        "is_signatory" => is_signatory: bool,
        "email" => email: Text<'de>,
        "birth_date" => birth_date: Text<'de>,
        "birth_country" => birth_country: Text<'de>,
        "birth_place" => birth_place: Text<'de>,
        "gender" => gender: Text<'de>,
        "nationalities" => nationalities: Items<Text<'de>, NATIONALITIES>,
        "address" => address: AddressRequest<'de>,
        "banking_information" => banking_information: BankingInformationRequest<'de>,
        "tax_identification_number" => tax_identification_number: Text<'de>,
        "social_security_number" => social_security_number: Text<'de>,
        "phone_number" => phone_number: Text<'de>,
        "position" => position: Text<'de>,
        "ownership_percentage" => ownership_percentage: Number,
        "voting_rights_percentage" => voting_rights_percentage: Number,
        "roles" => roles: Items<Text<'de>, ROLES>,
        "custom_properties" => custom_properties: PropertiesRequest<'de>,
    }
}

/// What a change says: the members that were sent, of an individual that was read of them.
#[derive(Debug, Clone)]
pub struct IndividualChanges {
    pub draft: IndividualDraft,
    pub sent: Sent,
    /// The members of its relation to the main company that were sent.
    pub shorthand: Sent,
}

/// The members that are not the individual's own, but those of its relation to the main company.
const SHORTHAND: [&str; 4] = [
    "roles",
    "position",
    "ownership_percentage",
    "voting_rights_percentage",
];

impl<'de> IndividualUpdateRequest<'de> {
    fn into_individual(self) -> IndividualRequest<'de> {
        IndividualRequest {
            first_name: self.first_name,
            middle_name: self.middle_name,
            last_name: self.last_name,
            maiden_name: self.maiden_name,
            is_business_contact: self.is_business_contact,
            is_beneficial_owner: self.is_beneficial_owner,
            is_controlling_person: self.is_controlling_person,
            is_delegator: self.is_delegator,
            is_signatory: self.is_signatory,
            email: self.email,
            birth_date: self.birth_date,
            birth_country: self.birth_country,
            birth_place: self.birth_place,
            gender: self.gender,
            nationalities: self.nationalities,
            address: self.address,
            banking_information: self.banking_information,
            tax_identification_number: self.tax_identification_number,
            social_security_number: self.social_security_number,
            phone_number: self.phone_number,
            position: self.position,
            ownership_percentage: self.ownership_percentage,
            voting_rights_percentage: self.voting_rights_percentage,
            roles: self.roles,
            custom_properties: self.custom_properties,
            ..IndividualRequest::default()
        }
    }

    /// The changes, their faults refused at their places.
    pub fn parse(mut self, now: DateTime<Utc>, scope: &mut Scope<'_>) -> IndividualChanges {
        let mut members = self.sent();
        // Flags cannot be cleared: null is 'not given'.
        for flag in [
            &self.is_business_contact,
            &self.is_beneficial_owner,
            &self.is_controlling_person,
            &self.is_delegator,
            &self.is_signatory,
        ] {
            members.retain(|it| *it != flag.name || !is_null(flag));
        }
        let nested = sent_address(&self.address)
            .into_iter()
            .chain(sent_bank(&self.banking_information))
            .collect();
        std::mem::take(&mut self.strays).refuse(scope, Self::KNOWN);
        let draft = self.into_individual().parse(Mode::Update, scope, now);
        // Older clients spell these flags as roles.
        for (flag, is_set) in [
            ("is_business_contact", draft.individual.is_business_contact),
            ("is_beneficial_owner", draft.individual.is_beneficial_owner),
        ] {
            if is_set && !members.contains(&flag) {
                members.push(flag);
            }
        }
        let (shorthand, own) = members
            .into_iter()
            .filter(|it| *it != "custom_properties")
            .partition(|it| SHORTHAND.contains(it));
        IndividualChanges {
            draft,
            sent: Sent {
                members: own,
                nested,
            },
            shorthand: Sent {
                members: shorthand,
                nested: Vec::new(),
            },
        }
    }
}

fn is_null(flag: &Member<bool>) -> bool {
    flag.value == Field::Null
}
