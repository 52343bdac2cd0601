//! Companies of a case.

mod model;
mod request;
mod view;

pub use model::{Classification, Company, CompanyStatus, CompanyType, StoredCompany};
pub use request::{CompanyDraft, CompanyRequest};
pub use view::{CompanyRowView, CompanyView};
