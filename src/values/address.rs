//! Postal addresses and bank accounts: values of several fields.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Bic, Country, Iban, PlainText, text};
use crate::schema::shape;
use crate::validation::{Code, Fault, Field, NamedField, Object, Scope, Text};
use crate::wire_object;

wire_object! {
    /// An address. Every field is optional.
    AddressRequest or "[]" {
        /// House number and street.
        "street_address" => street_address: Text<'de> =
            shape::text(1, 1_000).example("12 rue de Rivoli"),
        /// Building, floor, door.
        "street_address_2" => street_address_2: Text<'de> =
            shape::text(1, 1_000).example("Building B, floor 3"),
        /// Postal code.
        "postal_code" => postal_code: Text<'de> = shape::text(1, 255).example("75001"),
        /// City.
        "city" => city: Text<'de> = shape::text(1, 255).example("Paris"),
        /// State or province.
        "state" => state: Text<'de> = shape::text(1, 255).example("Bavaria"),
        /// Region.
        "region" => region: Text<'de> = shape::text(1, 255).example("Île-de-France"),
        /// Country, ISO 3166-1 alpha-2 in any case, and `XK` (Kosovo).
        "country" => country: Text<'de> = Country::shape(),
        /// Older spelling of `street_address_2`. Do not send both.
        "street_address2" => street_address2: Text<'de> =
            shape::text(1, 1_000).example("Building B, floor 3").deprecated(),
    }
}

wire_object! {
    /// A bank account. Both fields are optional.
    BankingInformationRequest or "[]" {
        /// IBAN (ISO 13616), in any case, with or without spaces. It must have the structure of its country and
        /// correct check digits.
        "iban" => iban: Text<'de> = Iban::shape(),
        /// BIC (ISO 9362), in any case.
        "bic" => bic: Text<'de> = Bic::shape(),
    }
}

/// A postal address. Every field is optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// House number and street.
    #[schema(required)]
    pub street_address: Option<PlainText>,
    /// Building, floor, door.
    #[schema(required)]
    pub street_address_2: Option<PlainText>,
    /// Postal code.
    #[schema(required)]
    pub postal_code: Option<PlainText>,
    /// City.
    #[schema(required)]
    pub city: Option<PlainText>,
    /// State or province.
    #[schema(required)]
    pub state: Option<PlainText>,
    /// Region.
    #[schema(required)]
    pub region: Option<PlainText>,
    /// Country, ISO 3166-1 alpha-2.
    #[schema(required)]
    pub country: Option<Country>,
}

/// A bank account. Both fields are optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BankingInformation {
    /// IBAN, ISO 13616.
    #[schema(required)]
    pub iban: Option<Iban>,
    /// BIC, ISO 9362.
    #[schema(required)]
    pub bic: Option<Bic>,
}

impl AddressRequest<'_> {
    /// Parses the fields and adds each error to `scope`.
    fn parse(mut self, scope: &mut Scope<'_>) -> Address {
        if !self.unknown_keys.is_empty() {
            // The older spelling is accepted but never suggested.
            let known = Self::KNOWN.iter().copied();
            let known: Vec<_> = known.filter(|it| *it != "street_address2").collect();
            self.unknown_keys.refuse(scope, &known);
        }
        let street_address = scope.optional(self.street_address(), text(1_000));
        let second = scope.optional(self.street_address_2(), text(1_000));
        let older = scope.optional(self.street_address2(), text(1_000));
        if second.is_some() && older.is_some() {
            for (key, other) in [
                ("street_address_2", "street_address2"),
                ("street_address2", "street_address_2"),
            ] {
                scope.key(key).refuse(exclusive(key, other));
            }
        }
        Address {
            street_address,
            street_address_2: second.or(older),
            postal_code: scope.optional(self.postal_code(), text(255)),
            city: scope.optional(self.city(), text(255)),
            state: scope.optional(self.state(), text(255)),
            region: scope.optional(self.region(), text(255)),
            country: scope.optional(self.country(), Country::parse),
        }
    }
}

impl BankingInformationRequest<'_> {
    /// Parses the fields and adds each error to `scope`. Returns `None` if neither has a valid value.
    fn parse(mut self, scope: &mut Scope<'_>) -> Option<BankingInformation> {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        let iban = scope.optional(self.iban(), Iban::parse);
        let bic = scope.optional(self.bic(), Bic::parse);
        (iban.is_some() || bic.is_some()).then_some(BankingInformation { iban, bic })
    }
}

/// Parses a field that holds an address. Returns an empty address if the field is absent or null.
pub fn address(scope: &mut Scope<'_>, field: NamedField<AddressRequest<'_>>) -> Address {
    let name = field.name;
    let sent = scope.given(field);
    sent.map(|sent| sent.parse(&mut scope.key(name)))
        .unwrap_or_default()
}

/// Parses a field that holds a bank account. Returns `None` if it has no valid value.
pub fn banking_information(
    scope: &mut Scope<'_>,
    field: NamedField<BankingInformationRequest<'_>>,
) -> Option<BankingInformation> {
    let name = field.name;
    let sent = scope.given(field)?;
    sent.parse(&mut scope.key(name))
}

/// The address fields that an update sends. Each is updated separately: `null` for the address clears it, and an
/// empty object changes nothing.
pub fn sent_address(
    name: &'static str,
    sent: &Field<AddressRequest<'_>>,
) -> Option<(&'static str, Vec<&'static str>)> {
    let Field::Value(address) = sent else {
        return None;
    };
    let sent = address.sent_fields().into_iter().map(|it| match it {
        "street_address2" => "street_address_2",
        other => other,
    });
    Some((name, sent.collect()))
}

/// The bank account fields that an update sends.
pub fn sent_bank(
    name: &'static str,
    sent: &Field<BankingInformationRequest<'_>>,
) -> Option<(&'static str, Vec<&'static str>)> {
    match sent {
        Field::Value(account) => Some((name, account.sent_fields())),
        _ => None,
    }
}

/// The error for two fields that cannot both be sent. It is reported on each of them.
pub fn exclusive(field: &str, other: &str) -> Fault {
    let message = format!("{field} and {other} cannot both be given. Keep one of them.");
    Fault::new(Code::MutuallyExclusive, message)
}
