//! The companies of requests.

use super::{Classification, Company, CompanyStatus, CompanyType};
use crate::custom_properties::{self, PropertiesRequest, PropertyInputs};
use crate::relations::{HeldRelationRequest, RELATIONS, RelationInputs};
use crate::schema::Changed;
use crate::schema::{self, shape};
use crate::validation::{Field, Items, Mode, NamedField, Object, Scope, SentFields, Text, list};
use crate::values::{
    AddressRequest, BankingInformationRequest, Country, EntityLegalForm, PlainText, address,
    banking_information, choice, date, length, not_blank, sent_address, sent_bank, text,
};
use crate::wire_object;

/// The most classifications of one company.
const CLASSIFICATIONS: usize = 100;

wire_object! {
    /// A company of a new case, a new company of a stored case, or a change of a company.
    CompanyRequest except fields_of_other_modes {
        /// Registered name.
        "name" => name: Text<'de> =
            shape::text(1, 160).matching(r"\S").example("Acme SAS").required(),
        /// Whether the case is about this company. A case with companies has exactly one of type `main`.
        "type" => kind: Text<'de> = shape::words(TYPES.map(|it| it.0)).strict().default("main"),
        /// Trading name.
        "commercial_name" => commercial_name: Text<'de> = shape::text(1, 160).matching(r"\S").example("Acme"),
        /// Number in the register of its country.
        "registration_number" => registration_number: Text<'de> =
            shape::text(1, 180).example("123 456 789"),
        /// Day of registration; a time of exactly midnight UTC may follow.
        "registration_date" => registration_date: Text<'de> =
            shape::format("date").example("2012-05-21"),
        /// The status in the register.
        "status" => status: Text<'de> =
            shape::words(STATUSES.map(|it| it.0)).not_clearable().default("not_reported"),
        /// Legal form in words.
        "legal_form" => legal_form: Text<'de> =
            shape::text(1, 1_000).example("Société par actions simplifiée"),
        /// Entity legal form code, ISO 20275.
        "entity_legal_form" => entity_legal_form: Text<'de> = EntityLegalForm::shape(),
        /// Country of registration, ISO 3166-1 alpha-2 in any case (`XK` too).
        "country" => country: Text<'de> = Country::shape(),
        /// Registered address.
        "address" => address: AddressRequest<'de> = schema::object::<AddressRequest<'_>>(),
        /// Activity codes.
        "classifications" => classifications: Items<ClassificationRequest<'de>, CLASSIFICATIONS> =
            shape::list(schema::item::<ClassificationRequest<'_>>(), CLASSIFICATIONS),
        /// Bank account.
        "banking_information" => banking_information: BankingInformationRequest<'de> =
            schema::object::<BankingInformationRequest<'_>>(),
        /// Share capital, as the register writes it.
        "share_capital" => share_capital: Text<'de> = shape::text(1, 255).example("10000 EUR"),
        /// Tax number.
        "tax_identification_number" => tax_identification_number: Text<'de> =
            shape::text(1, 255).example("FR83404833048"),
        /// Web address, stored as sent.
        "website_url" => website_url: Text<'de> =
            shape::text(1, 2_000).example("https://acme.example"),
        /// Number as an employer.
        "employer_identification_number" => employer_identification_number: Text<'de> =
            shape::text(1, 255).example("12-3456789"),
        /// Values of the custom properties for companies, by key; `null` or `""` means no value.
        "custom_properties" => custom_properties: PropertiesRequest<'de> =
            custom_properties::shape(),
        /// A name for the company in the relations of this request. Not stored.
        "ref" => reference: Text<'de> = shape::text(1, 100).strict().example("acme"),
        /// The case.
        "case_id" => case_id: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8a9").required(),
        /// The relations that it holds in companies of the case.
        "relations" => relations: Items<HeldRelationRequest<'de>, RELATIONS> =
            shape::by_mode(|mode| {
            shape::list(schema::item_in::<HeldRelationRequest<'_>>(mode), RELATIONS)
        }),
    }
}

/// The request of a change, in the API reference.
pub type CompanyUpdateRequest = Changed<CompanyRequest<'static>>;

wire_object! {
    /// An activity code of a company, such as a NACE code.
    ClassificationRequest {
        /// The system of codes.
        "type" => kind: Text<'de> = shape::text(1, 255).example("NACE").required(),
        /// The code.
        "code" => code: Text<'de> = shape::text(1, 255).example("62.01").required(),
        /// What the code means.
        "description" => description: Text<'de> =
            shape::text(1, 1_000).example("Computer programming"),
    }
}

/// A parsed company. A refused field has a default: a request with errors returns only these.
#[derive(Debug, Clone, Default)]
pub struct CompanyDraft {
    /// The type; `None` if it was refused, so that the main company is unknown.
    pub kind: Option<CompanyType>,
    pub company: Company,
    /// In a new case.
    pub reference: Option<PlainText>,
    pub relation_inputs: RelationInputs,
    pub custom_properties: PropertyInputs,
}

/// A parsed change: a company of the fields that were sent, and their names.
#[derive(Debug, Clone)]
pub struct CompanyChanges {
    pub draft: CompanyDraft,
    pub sent: SentFields,
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
    /// Parses the company and refuses its invalid fields.
    pub fn parse(mut self, mode: Mode, scope: &mut Scope<'_>) -> CompanyDraft {
        self.refuse_unexpected(fields_of_other_modes(mode), scope);
        let kind = match self.kind {
            Field::Missing | Field::Null => Some(CompanyType::Main),
            _ => scope.strict(self.kind(), |sent| choice(sent, &TYPES)),
        };
        let company = Company {
            kind: kind.unwrap_or_default(),
            name: scope
                .required_in(mode, self.name(), not_blank(160))
                .unwrap_or_default(),
            commercial_name: scope.optional(self.commercial_name(), not_blank(160)),
            registration_number: scope.optional(self.registration_number(), text(180)),
            registration_date: scope.optional(self.registration_date(), date),
            status: status(mode, self.status(), scope),
            legal_form: scope.optional(self.legal_form(), text(1_000)),
            entity_legal_form: scope.optional(self.entity_legal_form(), EntityLegalForm::parse),
            country: scope.optional(self.country(), Country::parse),
            address: address(scope, self.address()),
            classifications: list(scope, self.classifications(), ClassificationRequest::parse)
                .into_iter()
                .flatten()
                .collect(),
            banking_information: banking_information(scope, self.banking_information())
                .unwrap_or_default(),
            share_capital: scope.optional(self.share_capital(), text(255)),
            tax_identification_number: scope.optional(self.tax_identification_number(), text(255)),
            website_url: scope.optional(self.website_url(), text(2_000)),
            employer_identification_number: scope
                .optional(self.employer_identification_number(), text(255)),
        };
        CompanyDraft {
            kind,
            company,
            custom_properties: custom_properties::parse(self.custom_properties(), scope),
            reference: scope.strict(self.reference(), |sent| length(sent, 1, 100)),
            relation_inputs: RelationInputs::parse(mode, self.case_id(), self.relations(), scope),
        }
    }

    /// Parses the change and refuses its invalid fields.
    pub fn parse_changes(self, scope: &mut Scope<'_>) -> CompanyChanges {
        let mut sent = SentFields {
            fields: self.sent_fields(),
            nested: Vec::new(),
        };
        sent.nested.extend(sent_address("address", &self.address));
        sent.nested
            .extend(sent_bank("banking_information", &self.banking_information));
        // Custom properties are merged by key.
        sent.fields.retain(|it| *it != "custom_properties");
        CompanyChanges {
            draft: self.parse(Mode::Update, scope),
            sent,
        }
    }
}

/// The fields that the object has only in other modes.
fn fields_of_other_modes(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Part => &["case_id"],
        Mode::Create => &["ref"],
        Mode::Update => &["type", "ref", "case_id", "relations"],
    }
}

/// The status. `null` means absent in a create; a change cannot clear it.
fn status(mode: Mode, field: NamedField<Text<'_>>, scope: &mut Scope<'_>) -> CompanyStatus {
    let parse = |sent: &str| choice(sent, &STATUSES);
    let status = match mode {
        Mode::Part | Mode::Create => scope.strict(field, parse),
        Mode::Update => scope.replacement(field, parse),
    };
    status.unwrap_or_default()
}

impl ClassificationRequest<'_> {
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<Classification> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let kind = scope.required(self.kind(), text(255));
        let code = scope.required(self.code(), text(255));
        let description = scope.optional(self.description(), text(1_000));
        Some(Classification {
            kind: kind?,
            code: code?,
            description,
        })
    }
}
