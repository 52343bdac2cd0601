//! Countries, as ISO 3166-1 alpha-2 codes.

use std::collections::HashMap;
use std::sync::LazyLock;

use arrayvec::ArrayString;

use super::text_value;
use crate::validation::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// An ISO 3166-1 alpha-2 code, upper case; `XK` (Kosovo, user-assigned) too.
    Country within 2
}

/// Alpha-3 codes and English names, to the alpha-2 code that was meant.
static MEANT: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut meant = HashMap::from([("UK".to_owned(), "GB"), ("XKX".to_owned(), "XK")]);
    for country in rust_iso3166::ALL {
        meant.insert(country.alpha3.to_owned(), country.alpha2);
        meant.insert(country.name.to_uppercase(), country.alpha2);
    }
    meant
});

impl Country {
    /// What a member that holds one may be.
    pub fn shape() -> Shape {
        shape::text(2, 2).matching("^[A-Za-z]{2}$").example("FR")
    }

    /// Takes a code in any case.
    ///
    /// # Errors
    /// `country`, with the code that was meant where that is plain.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        if let Ok(mut code) = ArrayString::from(sent) {
            code.make_ascii_uppercase();
            if &code == "XK" || rust_iso3166::from_alpha2(&code).is_some() {
                return Ok(Self(code));
            }
        }
        let message = format!(
            "\"{}\" is not a country code of ISO 3166-1 alpha-2, such as FR or GB.",
            quote(sent)
        );
        let meant = MEANT.get(&sent.to_ascii_uppercase());
        Err(Fault::new(Code::Country, message).meaning(meant.copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::Country;
    use crate::validation::Budget;

    fn suggestion(sent: &str) -> Option<String> {
        let fault = Country::parse(sent).unwrap_err();
        fault.explain(&mut Budget::default()).suggestion
    }

    #[test]
    fn takes_alpha_2_in_any_case_and_suggests_for_what_is_near() {
        assert_eq!(Country::parse("fr").unwrap().as_str(), "FR");
        assert_eq!(Country::parse("XK").unwrap().as_str(), "XK");
        for (sent, meant) in [("UK", "GB"), ("FRA", "FR"), ("germany", "DE")] {
            assert_eq!(suggestion(sent).as_deref(), Some(meant));
        }
        assert_eq!(suggestion("ZZ"), None);
    }
}
