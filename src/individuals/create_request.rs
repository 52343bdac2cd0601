//! The request of `POST /individuals`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::request::NATIONALITIES;
use super::{IndividualDraft, IndividualRequest};
use crate::custom_properties::PropertiesRequest;
use crate::relations::{HeldRelation, HeldRelationRequest, RELATIONS, ROLES};
use crate::validation::{Items, Mode, Number, Scope, Text, list};
use crate::values::{AddressRequest, BankingInformationRequest, uuid};
use crate::wire_object;

wire_object! {
    /// An individual of a stored case as it may arrive.
    IndividualCreateRequest {
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
        "case_id" => case_id: Text<'de>,
        "relations" => relations: Items<HeldRelationRequest<'de>, RELATIONS>,
    }
}

/// What was read of a new individual.
#[derive(Debug, Clone)]
pub struct NewIndividual {
    pub case_id: Option<Uuid>,
    pub draft: IndividualDraft,
    pub relations: Vec<Option<HeldRelation>>,
}

impl IndividualCreateRequest<'_> {
    /// The individual, its faults refused at their places.
    pub fn parse(self, now: DateTime<Utc>, scope: &mut Scope<'_>) -> NewIndividual {
        self.strays.refuse(scope, Self::KNOWN);
        let individual = IndividualRequest {
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
        };
        NewIndividual {
            draft: individual.parse(Mode::Create, scope, now),
            case_id: scope.required(self.case_id, uuid),
            relations: list(scope, self.relations, HeldRelationRequest::parse),
        }
    }
}
