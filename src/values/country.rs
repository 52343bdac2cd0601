//! Countries, as ISO 3166-1 alpha-2 codes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use arrayvec::ArrayString;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::country_names::NAMES;
use super::former_countries::{FORMER_COUNTRIES, FormerCountry};
use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, Names, quote};

text_value! {
    /// An ISO 3166-1 alpha-2 code in upper case, or the user-assigned `XK` (Kosovo).
    Country within 2
}

/// An upper limit for the names of countries, in bytes. A longer string gets no suggestion.
const LONGEST_NAME: usize = 120;

/// Alpha-2 codes by other codes, English names and adjectives, which are folded.
static CODES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    let mut ambiguous = HashSet::new();
    for country in rust_iso3166::ALL {
        // "Iran (Islamic Republic of)" is also found as "Iran". "Korea" is ambiguous.
        let short = country
            .name
            .split(['(', ',', '['])
            .next()
            .unwrap_or_default();
        let names =
            HashSet::from([short, country.name, country.alpha2, country.alpha3].map(folded));
        for name in names {
            if codes.insert(name.clone(), country.alpha2).is_some() {
                ambiguous.insert(name);
            }
        }
    }
    // ISO 3166-1 calls one of the two "Congo", but a sender could mean either.
    for name in ambiguous.into_iter().chain(["CONGO".to_owned()]) {
        codes.remove(&name);
    }
    for (code, names) in NAMES {
        codes.extend(names.split('|').map(|name| (folded(name), *code)));
    }
    codes
});

/// Former countries by their codes and names, which are folded. Two had the code CS.
static FORMER: LazyLock<HashMap<String, Vec<&'static FormerCountry>>> = LazyLock::new(|| {
    let mut former: HashMap<_, Vec<_>> = HashMap::new();
    for country in FORMER_COUNTRIES {
        for name in country.aliases.split('|').chain([country.name]) {
            former.entry(folded(name)).or_default().push(country);
        }
    }
    former
});

impl Country {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        shape::text(2, 2).matching("^[A-Za-z]{2}$").example("FR")
    }

    /// Parses a code in any case.
    ///
    /// # Errors
    /// Returns `country`. It suggests a code if the name of a country was sent, and lists the successors of a former
    /// country.
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
        if sent.len() > LONGEST_NAME {
            return Err(Fault::new(Code::Country, message));
        }
        let name = folded(sent);
        match FORMER.get(&name) {
            Some(countries) => Err(former_country(message, countries)),
            None => Err(Fault::new(Code::Country, message).with_suggestion(code_for(sent, &name))),
        }
    }
}

/// The code for a name, also for the forms "Korea, South" and "Kingdom of Norway". `name` is `sent`, folded.
fn code_for(sent: &str, name: &str) -> Option<&'static str> {
    let find = |name: &str| CODES.get(name).copied();
    let inverted = || {
        let (last, first) = sent.split_once(',')?;
        find(&folded(&format!("{first} {last}")))
    };
    let without_form = || {
        let mut forms = ["REPUBLICOF", "KINGDOMOF", "STATEOF"].into_iter();
        find(forms.find_map(|form| name.strip_prefix(form))?)
    };
    find(name).or_else(inverted).or_else(without_form)
}

/// Folds a name for comparison: upper case, without accents, spaces, punctuation and a leading "the".
fn folded(name: &str) -> String {
    let name = name.replace('&', " and ");
    let plain = name.nfkd().filter(|c| !is_combining_mark(*c));
    let letters = plain.filter(|c| c.is_alphanumeric());
    let folded: String = letters.flat_map(char::to_uppercase).collect();
    match folded.strip_prefix("THE") {
        Some(rest) if rest.len() > 2 => rest.to_owned(),
        _ => folded,
    }
}

/// The error for a former country, with its successors.
fn former_country(message: String, countries: &[&'static FormerCountry]) -> Fault {
    let former: Vec<_> = countries
        .iter()
        .map(|it| format!("{} until {}", it.name, it.until))
        .collect();
    let successors: BTreeSet<_> = countries
        .iter()
        .flat_map(|it| it.successors)
        .copied()
        .collect();
    let listed: Vec<_> = successors.iter().copied().collect();
    let former = former.join(", and ");
    match &listed[..] {
        [one] => {
            let message = format!("{message} It was {former}.");
            Fault::new(Code::Country, message).with_suggestion(Some(one))
        }
        _ => {
            let message = format!(
                "{message} It was {former}. The current codes are {}. Choose one.",
                listed.join(", ")
            );
            let names: Names = listed.into_iter().collect();
            Fault::new(Code::Country, message).with_allowed(names)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::Budget;

    fn suggestion(sent: &str) -> Option<String> {
        let fault = Country::parse(sent).unwrap_err();
        fault.explain(&mut Budget::default()).suggestion
    }

    #[test]
    fn accepts_alpha_2_in_any_case_and_suggests_a_code_for_a_name() {
        assert_eq!(Country::parse("fr").unwrap().as_str(), "FR");
        assert_eq!(Country::parse("XK").unwrap().as_str(), "XK");
        for (sent, meant) in [
            ("UK", "GB"),
            ("FRA", "FR"),
            ("germany", "DE"),
            ("Côte d’Ivoire", "CI"),
            ("Korea, South", "KR"),
            ("Kingdom of Norway", "NO"),
            ("Trinidad & Tobago", "TT"),
        ] {
            assert_eq!(suggestion(sent).as_deref(), Some(meant), "{sent}");
        }
        for sent in ["ZZ", "Korea", "Congo", "The", ""] {
            assert_eq!(suggestion(sent), None, "{sent}");
        }
    }

    #[test]
    fn every_row_has_a_current_code_and_every_name_is_unique() {
        let mut names = HashMap::new();
        for (code, aliases) in NAMES {
            assert!(Country::parse(code).is_ok(), "{code}");
            for name in aliases.split('|') {
                let other = names.insert(folded(name), code).filter(|it| *it != code);
                assert_eq!(other, None, "{name}");
            }
        }
        for former in FORMER_COUNTRIES {
            assert!(
                former
                    .successors
                    .iter()
                    .all(|it| Country::parse(it).is_ok()),
                "{former:?}"
            );
            assert!(former.successors.is_sorted(), "{former:?}");
            for name in former.aliases.split('|') {
                assert!(Country::parse(name).is_err(), "{name} is a current code");
                assert_eq!(names.get(&folded(name)), None, "{name}");
            }
        }
    }

    #[test]
    fn suggests_every_country_for_its_codes_and_its_name() {
        for country in rust_iso3166::ALL {
            assert_eq!(suggestion(country.alpha3).as_deref(), Some(country.alpha2));
            let by_name = suggestion(country.name);
            assert!(
                by_name.is_none_or(|it| it == country.alpha2),
                "{}",
                country.name
            );
        }
    }
}
