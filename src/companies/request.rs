//! Companies as they may arrive.

use super::{Classification, Company, CompanyStatus, CompanyType};
use crate::custom_properties::{self, Given, PropertiesRequest};
use crate::relations::{Bonds, RELATIONS, RelationRequest};
use crate::validation::{Field, Items, Member, Mode, Object, Scope, Sent, Text, list};
use crate::values::{
    AddressRequest, BankingInformationRequest, Country, EntityLegalForm, address,
    banking_information, choice, date, length, sent_address, sent_bank, text,
};
use crate::wire_object;

/// The most classifications of one company.
const CLASSIFICATIONS: usize = 100;

wire_object! {
    /// A company as it may arrive: inside a case, in a stored case, or as a change.
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
        "case_id" => case_id: Text<'de>,
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

/// What was read of one company. What was refused has a default in its place, which nobody sees: a
/// request with a fault ends in none but its violations.
#[derive(Debug, Clone, Default)]
pub struct CompanyDraft {
    /// The type, unless it was refused: only then can the main company be told.
    pub kind: Option<CompanyType>,
    pub company: Company,
    /// Inside a case.
    pub reference: Option<String>,
    pub bonds: Bonds,
    pub custom_properties: Given,
}

/// What a change says: the members that were sent, of a company that was read of them.
#[derive(Debug, Clone)]
pub struct CompanyChanges {
    pub draft: CompanyDraft,
    pub sent: Sent,
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
    pub fn parse(mut self, mode: Mode, scope: &mut Scope<'_>) -> CompanyDraft {
        let elsewhere: &[&str] = match mode {
            Mode::Part => &["case_id"],
            Mode::Create => &["ref"],
            Mode::Update => &["type", "ref", "case_id", "relations"],
        };
        self.refuse_others(elsewhere, scope);
        let kind = match self.kind.value {
            Field::Missing | Field::Null => Some(CompanyType::Main),
            _ => scope.strict(self.kind, |sent| choice(sent, &TYPES)),
        };
        let company = Company {
            kind: kind.unwrap_or_default(),
            name: scope
                .required_in(mode, self.name, text(160))
                .unwrap_or_default(),
            commercial_name: scope.optional(self.commercial_name, text(160)),
            registration_number: scope.optional(self.registration_number, text(180)),
            registration_date: scope.optional(self.registration_date, date),
            status: status(mode, self.status, scope),
            legal_form: scope.optional(self.legal_form, text(1_000)),
            entity_legal_form: scope.optional(self.entity_legal_form, EntityLegalForm::parse),
            country: scope.optional(self.country, Country::parse),
            address: address(scope, self.address),
            classifications: list(scope, self.classifications, ClassificationRequest::parse)
                .into_iter()
                .flatten()
                .collect(),
            banking_information: banking_information(scope, self.banking_information)
                .unwrap_or_default(),
            share_capital: scope.optional(self.share_capital, text(255)),
            tax_identification_number: scope.optional(self.tax_identification_number, text(255)),
            website_url: scope.optional(self.website_url, text(2_000)),
            employer_identification_number: scope
                .optional(self.employer_identification_number, text(255)),
        };
        CompanyDraft {
            kind,
            company,
            custom_properties: custom_properties::parse(self.custom_properties, scope),
            reference: scope.strict(self.reference, |sent| length(sent, 1, 100)),
            bonds: Bonds::parse(mode, self.case_id, self.relations, scope),
        }
    }

    /// The changes that were sent, their faults refused at their places.
    pub fn parse_changes(self, scope: &mut Scope<'_>) -> CompanyChanges {
        let mut sent = Sent {
            members: self.sent(),
            nested: Vec::new(),
        };
        sent.nested.extend(sent_address(&self.address));
        sent.nested.extend(sent_bank(&self.banking_information));
        // They are merged by key.
        sent.members.retain(|it| *it != "custom_properties");
        CompanyChanges {
            draft: self.parse(Mode::Update, scope),
            sent,
        }
    }
}

/// The status: `null` is 'not given' to a new company, and nothing that a change can make it.
fn status(mode: Mode, member: Member<Text<'_>>, scope: &mut Scope<'_>) -> CompanyStatus {
    let parse = |sent: &str| choice(sent, &STATUSES);
    let status = match mode {
        Mode::Part | Mode::Create => scope.strict(member, parse),
        Mode::Update => scope.replacement(member, parse),
    };
    status.unwrap_or_default()
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
