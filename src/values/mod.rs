//! Validated values. A string of a request becomes one only through `parse` (except a [`PlainText`]). `Deserialize` is
//! for stored values, which were parsed before they were stored.

mod address;
mod bic;
mod characters;
mod country;
mod country_names;
mod date;
mod email;
mod former_countries;
mod hex;
mod iban;
mod key;
mod leap_seconds;
mod legal_form;
mod moment;
mod numbering_plan;
mod percentage;
mod phone;
mod slug;
mod tag_label;
mod text;
mod uuid;
mod website;

pub use address::{
    Address, AddressRequest, BankingInformation, BankingInformationRequest, address,
    banking_information, exclusive, sent_address, sent_bank,
};
pub use bic::Bic;
pub use characters::is_blank;
pub use country::Country;
pub use date::{birth_date, date, iso_date};
pub use email::Email;
pub use hex::hex;
pub use iban::Iban;
pub use key::Key;
pub use legal_form::EntityLegalForm;
pub use moment::{Timestamp, has_four_digit_year, moment, timestamp, without_leap_second};
pub use percentage::{Percentage, number};
pub use phone::PhoneNumber;
pub use slug::SpaceSlug;
pub use tag_label::TagLabel;
pub use text::{PlainText, choice, length, not_blank, text};
pub use uuid::uuid;
pub use website::absolute_url;

/// Declares a newtype over a string. It needs no heap allocation if its length in bytes is bounded (`within`), and
/// otherwise none up to 23 bytes, which nearly all strings of a case have.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident) => {
        $crate::values::text_value! { $(#[$doc])* $name in smol_str::SmolStr }
    };
    ($(#[$doc:meta])* $name:ident within $most:literal) => {
        $crate::values::text_value! { $(#[$doc])* $name in arrayvec::ArrayString<$most> }
    };
    ($(#[$doc:meta])* $name:ident in $text:ty) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String)]
        pub struct $name($text);

        impl $name {
            /// The value as it is stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}
use text_value;
