//! An individual, as it is stored.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::custom_properties::Properties;
use crate::relations::Holding;
use crate::values::{Address, BankingInformation, Country, Email, PhoneNumber};

/// A person's gender, as the contract has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    Male,
    Female,
    Other,
}

/// A person's own data, without relations and custom properties.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Individual {
    pub first_name: String,
    pub middle_name: Option<String>,
    pub last_name: String,
    pub maiden_name: Option<String>,
    pub is_business_contact: bool,
    pub is_beneficial_owner: bool,
    pub is_controlling_person: bool,
    pub is_delegator: bool,
    pub is_signatory: bool,
    pub email: Option<Email>,
    pub birth_date: Option<NaiveDate>,
    pub birth_country: Option<Country>,
    pub birth_place: Option<String>,
    pub gender: Option<Gender>,
    pub nationalities: Option<Vec<Country>>,
    pub address: Address,
    pub banking_information: Option<BankingInformation>,
    pub tax_identification_number: Option<String>,
    pub social_security_number: Option<String>,
    pub phone_number: Option<PhoneNumber>,
}

/// An individual of a case, as it is stored, with what it says of itself where the case has no main
/// company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredIndividual {
    pub id: Uuid,
    pub case_id: Uuid,
    pub is_relevant: bool,
    #[serde(flatten)]
    pub individual: Individual,
    #[serde(flatten)]
    pub carried: Holding,
    pub custom_properties: Properties,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
