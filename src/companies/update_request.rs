//! The request of `PATCH /companies/{id}`.

use super::request::{CLASSIFICATIONS, ClassificationRequest};
use super::{CompanyDraft, CompanyRequest};
use crate::custom_properties::PropertiesRequest;
use crate::validation::{Field, Items, Mode, Object, Scope, Sent, Text};
use crate::values::{AddressRequest, BankingInformationRequest, sent_address, sent_bank};
use crate::wire_object;

wire_object! {
    /// A change of a company as it may arrive.
    CompanyUpdateRequest {
        "name" => name: Text<'de>,
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
    }
}

/// What a change says: the members that were sent, of a company that was read of them.
#[derive(Debug, Clone)]
pub struct CompanyChanges {
    pub draft: CompanyDraft,
    pub sent: Sent,
}

impl CompanyUpdateRequest<'_> {
    /// The changes, their faults refused at their places.
    pub fn parse(self, scope: &mut Scope<'_>) -> CompanyChanges {
        let mut sent = Sent {
            members: self.sent(),
            nested: Vec::new(),
        };
        sent.nested.extend(sent_address(&self.address));
        sent.nested.extend(sent_bank(&self.banking_information));
        // It cannot be cleared: null is 'not given'.
        if self.status.value == Field::Null {
            sent.members.retain(|it| *it != "status");
        }
        self.strays.refuse(scope, Self::KNOWN);
        let company = CompanyRequest {
            name: self.name,
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
        let draft = company.parse(Mode::Update, scope);
        sent.members.retain(|it| *it != "custom_properties");
        CompanyChanges { draft, sent }
    }
}
