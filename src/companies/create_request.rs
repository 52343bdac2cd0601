//! The request of `POST /companies`.

use uuid::Uuid;

use super::{CompanyDraft, CompanyRequest};
use crate::custom_properties::PropertiesRequest;
use crate::relations::{HeldRelation, HeldRelationRequest, RELATIONS};
use crate::validation::{Items, Mode, Scope, Text, list};
use crate::values::{AddressRequest, BankingInformationRequest, uuid};
use crate::wire_object;

use super::request::{CLASSIFICATIONS, ClassificationRequest};

wire_object! {
    /// A company of a stored case as it may arrive.
    CompanyCreateRequest {
        "name" => name: Text<'de>,
        "type" => kind: Text<'de>,
        "commercial_name" => commercial_name: Text<'de>,
        "registration_number" => registration_number: Text<'de>,
        "registration_date" => registration_date: Text<'de>,
        "status" => status: Text<'de>,
        "legal_form" => legal_form: Text<'de>,
        "entity_legal_form" => entity_legal_form: Text<'de>,
        "country" => country: Text<'de>,
        "address" => address: AddressRequest<'de>,
        "classifications" => classifications: Items<ClassificationRequest<'de>, CLASSIFICATIONS>,
        "banking_information" => banking_information: BankingInformationRequest<'de>,
        "share_capital" => share_capital: Text<'de>,
        "tax_identification_number" => tax_identification_number: Text<'de>,
        "website_url" => website_url: Text<'de>,
        "employer_identification_number" => employer_identification_number: Text<'de>,
        "custom_properties" => custom_properties: PropertiesRequest<'de>,
        "case_id" => case_id: Text<'de>,
        "relations" => relations: Items<HeldRelationRequest<'de>, RELATIONS>,
    }
}

/// What was read of a new company.
#[derive(Debug, Clone)]
pub struct NewCompany {
    pub case_id: Option<Uuid>,
    pub draft: CompanyDraft,
    pub relations: Vec<Option<HeldRelation>>,
}

impl CompanyCreateRequest<'_> {
    /// The company, its faults refused at their places.
    pub fn parse(self, scope: &mut Scope<'_>) -> NewCompany {
        self.strays.refuse(scope, Self::KNOWN);
        let company = CompanyRequest {
            name: self.name,
            kind: self.kind,
            commercial_name: self.commercial_name,
            registration_number: self.registration_number,
            registration_date: self.registration_date,
            status: self.status,
            legal_form: self.legal_form,
            entity_legal_form: self.entity_legal_form,
            country: self.country,
            address: self.address,
            classifications: self.classifications,
            banking_information: self.banking_information,
            share_capital: self.share_capital,
            tax_identification_number: self.tax_identification_number,
            website_url: self.website_url,
            employer_identification_number: self.employer_identification_number,
            custom_properties: self.custom_properties,
            ..CompanyRequest::default()
        };
        NewCompany {
            draft: company.parse(Mode::Create, scope),
            case_id: scope.required(self.case_id, uuid),
            relations: list(scope, self.relations, HeldRelationRequest::parse),
        }
    }
}
