//! The individuals of requests.

use chrono::{DateTime, Utc};

use super::model::Nationalities;
use super::{Gender, Individual};
use crate::custom_properties::{self, PropertiesRequest, PropertyInputs};
use crate::relations::{
    HeldRelationRequest, RELATIONS, ROLE_NAMES, ROLES, RelationDetails, RelationInputs, Role,
    Roles, percentage, position, roles,
};
use crate::schema::Changed;
use crate::schema::{self, shape};
use crate::validation::{
    Code, Fault, Field, Items, Mode, NamedField, Number, Object, Scope, Text, is_given,
};
use crate::values::{
    AddressRequest, BankingInformationRequest, Country, Email, Percentage, PhoneNumber, PlainText,
    address, banking_information, birth_date, choice, exclusive, is_blank, length, not_blank, text,
};
use crate::wire_object;

/// The most nationalities: the number of countries.
const NATIONALITIES: usize = 250;

wire_object! {
    /// An individual of a new case, a new individual of a stored case, or a change of an individual.
    IndividualRequest except fields_of_other_modes {
        /// First name. For people with one name, one of the two names is blank.
        "first_name" => first_name: Text<'de> = shape::text(0, 255).required().example("Jane"),
        /// Middle names.
        "middle_name" => middle_name: Text<'de> = shape::text(1, 255).matching(r"\S").example("Marie"),
        /// Last name.
        "last_name" => last_name: Text<'de> = shape::text(0, 255).required().example("Doe"),
        /// Name at birth.
        "maiden_name" => maiden_name: Text<'de> = shape::text(1, 255).matching(r"\S").example("Roe"),
        /// Whether it is the contact of the business; requires `email`.
        "is_business_contact" => is_business_contact: bool = shape::flag().default(false),
        /// Whether it is a beneficial owner.
        "is_beneficial_owner" => is_beneficial_owner: bool = shape::flag().default(false),
        /// Whether it controls the customer in another way.
        "is_controlling_person" => is_controlling_person: bool = shape::flag().default(false),
        /// Whether it has delegated its power to sign; excludes `is_signatory`.
        "is_delegator" => is_delegator: bool = shape::flag().default(false),
        /// Whether it is a signatory; requires `email`.
        "is_signatory" => is_signatory: bool = shape::flag().default(false),
        /// E-mail address, as the HTML standard defines a valid one.
        "email" => email: Text<'de> = Email::shape(),
        /// Day of birth, not in the future in any time zone.
        "birth_date" => birth_date: Text<'de> = shape::format("date").example("1980-04-01"),
        /// Country of birth, ISO 3166-1 alpha-2 in any case.
        "birth_country" => birth_country: Text<'de> = Country::shape(),
        /// Place of birth.
        "birth_place" => birth_place: Text<'de> = shape::text(1, 255).example("Lyon"),
        /// Gender.
        "gender" => gender: Text<'de> = shape::words(GENDERS.map(|it| it.0)),
        /// Countries, ISO 3166-1 alpha-2 in any case, each once.
        "nationalities" => nationalities: Items<Text<'de>, NATIONALITIES> =
            shape::list(Country::shape(), NATIONALITIES),
        /// Home address.
        "address" => address: AddressRequest<'de> = schema::object::<AddressRequest<'_>>(),
        /// Bank account.
        "banking_information" => banking_information: BankingInformationRequest<'de> =
            schema::object::<BankingInformationRequest<'_>>(),
        /// Tax number.
        "tax_identification_number" => tax_identification_number: Text<'de> =
            shape::text(1, 255).example("FR83404833048"),
        /// Social security number.
        "social_security_number" => social_security_number: Text<'de> =
            shape::text(1, 255).example("2 85 06 75 116 042 69"),
        /// Telephone number, E.164: `+` and the country code. Spaces, dots, hyphens and brackets are removed, and a `(0)`
        /// after the country code if it is dialled only inside the country.
        "phone_number" => phone_number: Text<'de> = PhoneNumber::shape(),
        /// Position in the main company, such as `CEO`.
        "position" => position: Text<'de> = shape::text(1, 1_000).example("CEO"),
        /// Share of the ownership of the main company, in percent.
        "ownership_percentage" => ownership_percentage: Number = Percentage::shape(),
        /// Share of the voting rights in the main company, in percent.
        "voting_rights_percentage" => voting_rights_percentage: Number = Percentage::shape(),
        /// Roles in the main company, each once. Older clients send `applicant` and `beneficial_owner` for two flags.
        "roles" => roles: Items<Text<'de>, ROLES> =
            shape::list(shape::words(CARRIED.map(|it| it.0)), ROLES),
        /// Values of the custom properties for individuals, by key; `null` or `""` means no value.
        "custom_properties" => custom_properties: PropertiesRequest<'de> =
            custom_properties::shape(),
        /// A name for the individual in this request. Not stored.
        "ref" => reference: Text<'de> = shape::text(1, 100).strict().example("jane"),
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
pub type IndividualUpdateRequest = Changed<IndividualRequest<'static>>;

/// A parsed individual. A refused field has a default: a request with errors returns only these.
#[derive(Debug, Clone, Default)]
pub struct IndividualDraft {
    pub individual: Individual,
    /// In a new case.
    pub reference: Option<PlainText>,
    /// Roles, position and percentages of the individual: its relation to the main company.
    pub shorthand: RelationDetails,
    pub relation_inputs: RelationInputs,
    pub custom_properties: PropertyInputs,
}

/// A role of an individual. The last two are flags that older clients send as roles.
#[derive(Debug, Clone, Copy, PartialEq)]
enum CarriedRole {
    Relation(Role),
    Applicant,
    BeneficialOwner,
}

const CARRIED: [(&str, CarriedRole); 4] = [
    (ROLE_NAMES[0].0, CarriedRole::Relation(ROLE_NAMES[0].1)),
    (ROLE_NAMES[1].0, CarriedRole::Relation(ROLE_NAMES[1].1)),
    ("applicant", CarriedRole::Applicant),
    ("beneficial_owner", CarriedRole::BeneficialOwner),
];
const GENDERS: [(&str, Gender); 3] = [
    ("male", Gender::Male),
    ("female", Gender::Female),
    ("other", Gender::Other),
];

/// The flags of an individual, before defaults.
struct Flags {
    business_contact: Option<bool>,
    /// The index in `roles` that has set it, if an older client sent it as a role.
    applicant: Option<usize>,
    beneficial_owner: Option<bool>,
    controlling_person: Option<bool>,
    delegator: Option<bool>,
    signatory: Option<bool>,
}

impl IndividualRequest<'_> {
    /// Parses the individual and refuses its invalid fields.
    pub fn parse(
        mut self,
        mode: Mode,
        scope: &mut Scope<'_>,
        now: DateTime<Utc>,
    ) -> IndividualDraft {
        self.refuse_unexpected(fields_of_other_modes(mode), scope);
        if mode != Mode::Update {
            refuse_nameless(&self.first_name, &self.last_name, scope);
        }
        let mut flag = |field| scope.given(field);
        let mut flags = Flags {
            business_contact: flag(self.is_business_contact()),
            applicant: None,
            beneficial_owner: flag(self.is_beneficial_owner()),
            controlling_person: flag(self.is_controlling_person()),
            delegator: flag(self.is_delegator()),
            signatory: flag(self.is_signatory()),
        };
        let pending_details = roles(scope, self.roles(), |sent| choice(sent, &CARRIED));
        let roles = flags.take_roles(&pending_details, scope);
        let has_email = is_given(&self.email);
        let individual = Individual {
            first_name: name(mode, self.first_name(), scope),
            middle_name: scope.optional(self.middle_name(), not_blank(255)),
            last_name: name(mode, self.last_name(), scope),
            maiden_name: scope.optional(self.maiden_name(), not_blank(255)),
            is_business_contact: flags.business_contact.unwrap_or_default(),
            is_beneficial_owner: flags.beneficial_owner.unwrap_or_default(),
            is_controlling_person: flags.controlling_person.unwrap_or_default(),
            is_delegator: flags.delegator.unwrap_or_default(),
            is_signatory: flags.signatory.unwrap_or_default(),
            email: scope.optional(self.email(), Email::parse),
            birth_date: scope.optional(self.birth_date(), birth_date(now)),
            birth_country: scope.optional(self.birth_country(), Country::parse),
            birth_place: scope.optional(self.birth_place(), text(255)),
            gender: scope.optional(self.gender(), |sent| choice(sent, &GENDERS)),
            nationalities: nationalities(scope, self.nationalities()),
            address: address(scope, self.address()),
            banking_information: banking_information(scope, self.banking_information()),
            tax_identification_number: scope.optional(self.tax_identification_number(), text(255)),
            social_security_number: scope.optional(self.social_security_number(), text(255)),
            phone_number: scope.optional(self.phone_number(), PhoneNumber::parse),
        };
        // Missing fields are listed in the order of the schema: the address after the names.
        // A change is checked together with the stored fields.
        if mode != Mode::Update {
            flags.check(has_email, scope);
        }
        IndividualDraft {
            individual,
            shorthand: RelationDetails {
                roles,
                position: scope.optional(self.position(), position),
                ownership_percentage: percentage(scope, self.ownership_percentage()),
                voting_rights_percentage: percentage(scope, self.voting_rights_percentage()),
            },
            custom_properties: custom_properties::parse(self.custom_properties(), scope),
            reference: scope.strict(self.reference(), |sent| length(sent, 1, 100)),
            relation_inputs: RelationInputs::parse(mode, self.case_id(), self.relations(), scope),
        }
    }
}

/// A name. People with one name leave the other blank.
fn name(mode: Mode, field: NamedField<Text<'_>>, scope: &mut Scope<'_>) -> PlainText {
    let name = scope.required_in(mode, field, |sent| length(sent, 0, 255));
    name.unwrap_or_default()
}

/// The fields that the object has only in other modes.
fn fields_of_other_modes(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Part => &["case_id"],
        Mode::Create => &["ref"],
        Mode::Update => &["ref", "case_id", "relations"],
    }
}

impl Individual {
    /// Checks the rules for several fields, after a change.
    pub fn check(&self, scope: &mut Scope<'_>) {
        if is_blank(&self.first_name) && is_blank(&self.last_name) {
            refuse_blank(scope);
        }
        let flags = Flags {
            business_contact: Some(self.is_business_contact),
            applicant: None,
            beneficial_owner: Some(self.is_beneficial_owner),
            controlling_person: Some(self.is_controlling_person),
            delegator: Some(self.is_delegator),
            signatory: Some(self.is_signatory),
        };
        flags.check(self.email.is_some(), scope);
    }
}

/// One of the two names may be blank, for people with one name.
fn refuse_nameless(
    first_name: &Field<Text<'_>>,
    last_name: &Field<Text<'_>>,
    scope: &mut Scope<'_>,
) {
    let blank = |name: &Field<Text<'_>>| matches!(name, Field::Value(text) if is_blank(text));
    if blank(first_name) && blank(last_name) {
        refuse_blank(scope);
    }
}

fn refuse_blank(scope: &mut Scope<'_>) {
    for (key, other) in [("first_name", "last_name"), ("last_name", "first_name")] {
        let message = format!("{key} and {other} cannot both be blank. Write one of them.");
        scope.key(key).refuse(Fault::new(Code::Blank, message));
    }
}

impl Flags {
    /// Sets the flags that older clients send as roles. Returns the other roles.
    fn take_roles(&mut self, pending_details: &[CarriedRole], scope: &mut Scope<'_>) -> Roles {
        let mut roles = Roles::new();
        for (index, role) in pending_details.iter().enumerate() {
            let (flag, key) = match role {
                CarriedRole::Relation(role) => {
                    roles.push(*role);
                    continue;
                }
                CarriedRole::Applicant => (&mut self.business_contact, "is_business_contact"),
                CarriedRole::BeneficialOwner => (&mut self.beneficial_owner, "is_beneficial_owner"),
            };
            match flag {
                Some(true) => {}
                Some(false) => {
                    let role = format!("roles/{index}");
                    let explicit = format!("{key}: false");
                    let mut list = scope.key("roles");
                    list.index(index).refuse(exclusive(&role, &explicit));
                    scope.key(key).refuse(exclusive(&explicit, &role));
                }
                None => {
                    *flag = Some(true);
                    if *role == CarriedRole::Applicant {
                        self.applicant = Some(index);
                    }
                }
            }
        }
        roles
    }

    /// Refuses flags that require an e-mail address, and two that exclude each other.
    fn check(&self, has_email: bool, scope: &mut Scope<'_>) {
        let is = |flag: Option<bool>| flag.unwrap_or_default();
        let needing: Vec<_> = [
            ("is_business_contact", is(self.business_contact)),
            ("is_signatory", is(self.signatory)),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
        .collect();
        if !has_email && !needing.is_empty() {
            let because = needing.join(" and ");
            let verb = if needing.len() > 1 { "are" } else { "is" };
            scope.key("email").refuse(Fault::new(
                Code::EmailRequired,
                format!("email is required, because {because} {verb} true."),
            ));
            for key in needing {
                let message = format!("{key} is true, which requires email. Give one.");
                let fault = Fault::new(Code::EmailRequired, message);
                match self.applicant {
                    Some(index) if key == "is_business_contact" => {
                        scope.key("roles").index(index).refuse(fault);
                    }
                    _ => scope.key(key).refuse(fault),
                }
            }
        }
        if is(self.delegator) && is(self.signatory) {
            for (key, other) in [
                ("is_delegator", "is_signatory"),
                ("is_signatory", "is_delegator"),
            ] {
                let message = format!("{key} and {other} cannot both be true. Set one to false.");
                scope
                    .key(key)
                    .refuse(Fault::new(Code::DelegatorAndSignatory, message));
            }
        }
    }
}

fn nationalities(
    scope: &mut Scope<'_>,
    field: NamedField<Items<Text<'_>, NATIONALITIES>>,
) -> Option<Nationalities> {
    let name = field.name;
    let items = scope.given(field)?;
    let mut here = scope.key(name);
    let mut countries = Nationalities::new();
    for (index, item) in items.within_limit(&mut here).into_iter().enumerate() {
        let mut scope = here.index(index);
        let Some(text) = scope.item(item) else {
            continue;
        };
        let Some(country) = scope.parsed(&text, Country::parse) else {
            continue;
        };
        if countries.contains(&country) {
            let message = format!("{} appears twice. Keep one of them.", country.as_str());
            scope.refuse(Fault::new(Code::DuplicateValue, message));
        } else {
            countries.push(country);
        }
    }
    Some(countries)
}
