//! Companies of a case.

mod model;
mod request;

pub use model::{Classification, Company, CompanyStatus, CompanyType};
pub use request::{CompanyDraft, CompanyRequest};
