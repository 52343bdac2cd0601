//! Companies as they may arrive.

use super::{Classification, Company, CompanyStatus, CompanyType};
use crate::custom_properties::{self, Given, PropertiesRequest};
use crate::relations::{RelationDraft, RelationRequest};
use crate::validation::{Field, Items, Scope, Text, list};
use crate::values::{
    AddressRequest, BankingInformationRequest, Country, EntityLegalForm, choice, date, length,
    not_blank, text,
};
use crate::wire_object;

/// The most classifications of one company.
const CLASSIFICATIONS: usize = 100;
/// The most relations of one entity: one to each company that a case can have.
pub const RELATIONS: usize = 1_000;

wire_object! {
    /// A company as it may arrive.
    CompanyRequest {
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
        "ref" => reference: Text<'de>,
        "relations" => relations: Items<RelationRequest<'de>, RELATIONS>,
    }
}

wire_object! {
    /// A classification as it may arrive.
    ClassificationRequest {
        "type" => kind: Text<'de>,
        "code" => code: Text<'de>,
        "description" => description: Text<'de>,
    }
}

/// What was read of one company. Without faults, `company` and `kind` are there.
#[derive(Debug, Default)]
pub struct CompanyDraft {
    pub kind: Option<CompanyType>,
    pub company: Option<Company>,
    pub reference: Option<String>,
    pub relations: Vec<Option<RelationDraft>>,
    pub custom_properties: Given,
}

const TYPES: [(&str, CompanyType); 2] = [
    ("main", CompanyType::Main),
    ("affiliated", CompanyType::Affiliated),
];
const STATUSES: [(&str, CompanyStatus); 3] = [
    ("live", CompanyStatus::Live),
    ("closed", CompanyStatus::Closed),
    ("not_reported", CompanyStatus::NotReported),
];

impl CompanyRequest<'_> {
    /// The company, its faults refused at their places.
    pub fn parse(self, scope: &mut Scope<'_>) -> CompanyDraft {
        self.strays.refuse(scope, Self::KNOWN);
        let name = scope.required(self.name, not_blank(160));
        let kind = match self.kind.value {
            Field::Missing | Field::Null => Some(CompanyType::Main),
            _ => scope.strict(self.kind, |sent| choice(sent, &TYPES)),
        };
        let commercial_name = scope.optional(self.commercial_name, text(160));
        let registration_number = scope.optional(self.registration_number, text(180));
        let registration_date = scope.optional(self.registration_date, date);
        let status = scope.strict(self.status, |sent| choice(sent, &STATUSES));
        let legal_form = scope.optional(self.legal_form, text(1_000));
        let entity_legal_form = scope.optional(self.entity_legal_form, EntityLegalForm::parse);
        let country = scope.optional(self.country, Country::parse);
        let address = scope
            .given(self.address)
            .map(|sent| sent.parse(&mut scope.key("address")));
        let classifications = list(scope, self.classifications, ClassificationRequest::parse);
        let banking_information = scope
            .given(self.banking_information)
            .and_then(|sent| sent.parse(&mut scope.key("banking_information")));
        let share_capital = scope.optional(self.share_capital, text(255));
        let tax_identification_number = scope.optional(self.tax_identification_number, text(255));
        let website_url = scope.optional(self.website_url, text(2_000));
        let employer_identification_number =
            scope.optional(self.employer_identification_number, text(255));
        let custom_properties = custom_properties::parse(self.custom_properties, scope);
        let reference = scope.strict(self.reference, |sent| length(sent, 1, 100));
        let relations = list(scope, self.relations, |sent, scope| Some(sent.parse(scope)));
        let company = name.zip(kind).map(|(name, kind)| Company {
            kind,
            name,
            commercial_name,
            registration_number,
            registration_date,
            status: status.unwrap_or(CompanyStatus::NotReported),
            legal_form,
            entity_legal_form,
            country,
            address: address.unwrap_or_default(),
            classifications: classifications.into_iter().flatten().collect(),
            banking_information: banking_information.unwrap_or_default(),
            share_capital,
            tax_identification_number,
            website_url,
            employer_identification_number,
        });
        CompanyDraft {
            kind,
            company,
            reference,
            relations,
            custom_properties,
        }
    }
}

impl ClassificationRequest<'_> {
    fn parse(self, scope: &mut Scope<'_>) -> Option<Classification> {
        self.strays.refuse(scope, Self::KNOWN);
        let kind = scope.required(self.kind, text(255));
        let code = scope.required(self.code, text(255));
        let description = scope.optional(self.description, text(1_000));
        Some(Classification {
            kind: kind?,
            code: code?,
            description,
        })
    }
}
