//! An individual as it is stored.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::custom_properties::Properties;
use crate::relations::RelationDetails;
use crate::values::{
    Address, BankingInformation, Country, Email, PhoneNumber, PlainText, iso_date, timestamp,
};

/// The gender of an individual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    Male,
    Female,
    Other,
}

/// Countries, each once: mostly one.
pub type Nationalities = SmallVec<[Country; 2]>;

/// The fields of an individual, without its relations and custom properties.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Individual {
    /// First name.
    pub first_name: PlainText,
    /// Middle names.
    #[schema(required)]
    pub middle_name: Option<PlainText>,
    /// Last name.
    pub last_name: PlainText,
    /// Name at birth.
    #[schema(required)]
    pub maiden_name: Option<PlainText>,
    /// Whether it is the contact of the business.
    pub is_business_contact: bool,
    /// Whether it is a beneficial owner.
    pub is_beneficial_owner: bool,
    /// Whether it controls the customer in another way.
    pub is_controlling_person: bool,
    /// Whether it has delegated its power to sign.
    pub is_delegator: bool,
    /// Whether it is a signatory.
    pub is_signatory: bool,
    /// E-mail address.
    #[schema(required)]
    pub email: Option<Email>,
    /// Day of birth.
    #[schema(required)]
    #[serde(serialize_with = "iso_date")]
    pub birth_date: Option<NaiveDate>,
    /// Country of birth.
    #[schema(required)]
    pub birth_country: Option<Country>,
    /// Place of birth.
    #[schema(required)]
    pub birth_place: Option<PlainText>,
    /// Gender.
    #[schema(required)]
    pub gender: Option<Gender>,
    /// Countries.
    #[schema(value_type = Option<Vec<Country>>, required)]
    pub nationalities: Option<Nationalities>,
    /// Postal address.
    pub address: Address,
    /// Bank account.
    #[schema(required)]
    pub banking_information: Option<BankingInformation>,
    /// Tax number.
    #[schema(required)]
    pub tax_identification_number: Option<PlainText>,
    /// Social security number.
    #[schema(required)]
    pub social_security_number: Option<PlainText>,
    /// Telephone number.
    #[schema(required)]
    pub phone_number: Option<PhoneNumber>,
}

/// A stored individual, with the details of its future relation to the main company if the case has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredIndividual {
    pub id: Uuid,
    pub case_id: Uuid,
    pub is_relevant: bool,
    #[serde(flatten)]
    pub individual: Individual,
    #[serde(flatten)]
    pub pending_details: RelationDetails,
    pub custom_properties: Properties,
    #[serde(serialize_with = "timestamp")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp")]
    pub updated_at: DateTime<Utc>,
}
