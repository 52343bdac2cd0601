//! A company as it is stored.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::custom_properties::Properties;
use crate::values::{
    Address, BankingInformation, Country, EntityLegalForm, PlainText, iso_date, timestamp,
};

/// Whether the case is about this company, or about one that it is affiliated with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompanyType {
    #[default]
    Main,
    Affiliated,
}

/// The status of a company in the register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompanyStatus {
    Live,
    Closed,
    #[default]
    NotReported,
}

/// An activity code of a company, such as a NACE code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Classification {
    /// The system of codes.
    #[serde(rename = "type")]
    pub kind: PlainText,
    /// The code in its system.
    pub code: PlainText,
    /// The meaning of the code.
    #[schema(required)]
    pub description: Option<PlainText>,
}

/// The fields of a company, without its relations and custom properties.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Company {
    /// Whether the case is about this company.
    #[serde(rename = "type")]
    pub kind: CompanyType,
    /// Registered name.
    pub name: PlainText,
    /// Trading name.
    #[schema(required)]
    pub commercial_name: Option<PlainText>,
    /// Number in the register of its country.
    #[schema(required)]
    pub registration_number: Option<PlainText>,
    /// Day of registration.
    #[schema(required)]
    #[serde(serialize_with = "iso_date")]
    pub registration_date: Option<NaiveDate>,
    /// The status in the register.
    pub status: CompanyStatus,
    /// Legal form in words.
    #[schema(required)]
    pub legal_form: Option<PlainText>,
    /// Entity legal form code, ISO 20275.
    #[schema(required)]
    pub entity_legal_form: Option<EntityLegalForm>,
    /// Country, ISO 3166-1 alpha-2.
    #[schema(required)]
    pub country: Option<Country>,
    /// Postal address.
    pub address: Address,
    /// Activity codes.
    pub classifications: Vec<Classification>,
    /// Bank account.
    pub banking_information: BankingInformation,
    /// Share capital, as the register writes it.
    #[schema(required)]
    pub share_capital: Option<PlainText>,
    /// Tax number.
    #[schema(required)]
    pub tax_identification_number: Option<PlainText>,
    /// Web address.
    #[schema(required)]
    pub website_url: Option<PlainText>,
    /// Number as an employer.
    #[schema(required)]
    pub employer_identification_number: Option<PlainText>,
}

/// A company of a case, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredCompany {
    pub id: Uuid,
    pub case_id: Uuid,
    pub is_relevant: bool,
    #[serde(flatten)]
    pub company: Company,
    pub custom_properties: Properties,
    #[serde(serialize_with = "timestamp")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "timestamp")]
    pub updated_at: DateTime<Utc>,
}
