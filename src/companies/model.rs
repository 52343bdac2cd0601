//! A company, as it is stored.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::custom_properties::Properties;
use crate::values::{Address, BankingInformation, Country, EntityLegalForm};

/// Whether a case is about this company, or about another that it belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanyType {
    #[default]
    Main,
    Affiliated,
}

/// What the register says of a company.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanyStatus {
    Live,
    Closed,
    #[default]
    NotReported,
}

/// One activity code of a company, such as a NACE code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    #[serde(rename = "type")]
    pub kind: String,
    pub code: String,
    pub description: Option<String>,
}

/// A company's own data, without its relations and custom properties.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Company {
    #[serde(rename = "type")]
    pub kind: CompanyType,
    pub name: String,
    pub commercial_name: Option<String>,
    pub registration_number: Option<String>,
    pub registration_date: Option<NaiveDate>,
    pub status: CompanyStatus,
    pub legal_form: Option<String>,
    pub entity_legal_form: Option<EntityLegalForm>,
    pub country: Option<Country>,
    pub address: Address,
    pub classifications: Vec<Classification>,
    pub banking_information: BankingInformation,
    pub share_capital: Option<String>,
    pub tax_identification_number: Option<String>,
    pub website_url: Option<String>,
    pub employer_identification_number: Option<String>,
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
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
