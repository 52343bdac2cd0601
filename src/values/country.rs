//! Countries, as ISO 3166-1 alpha-2 codes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use arrayvec::ArrayString;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::country_names::NAMES;
use super::country_past::{FORMER, Former};
use super::text_value;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, Names, quote};

text_value! {
    /// An ISO 3166-1 alpha-2 code, upper case; `XK` (Kosovo, user-assigned) too.
    Country within 2
}

/// No name of a country is longer, in bytes.
const LONGEST: usize = 120;

/// Other codes, English names and adjectives, folded, to the alpha-2 code that was meant.
static MEANT: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut meant = HashMap::new();
    let mut unclear = HashSet::new();
    for country in rust_iso3166::ALL {
        // "Iran (Islamic Republic of)" is Iran; "Korea" could be either.
        let short = country
            .name
            .split(['(', ',', '['])
            .next()
            .unwrap_or_default();
        let names =
            HashSet::from([short, country.name, country.alpha2, country.alpha3].map(folded));
        for name in names {
            if meant.insert(name.clone(), country.alpha2).is_some() {
                unclear.insert(name);
            }
        }
    }
    // "Congo" is the name of one of two.
    for name in unclear.into_iter().chain(["CONGO".to_owned()]) {
        meant.remove(&name);
    }
    for (code, names) in NAMES {
        meant.extend(names.split('|').map(|name| (folded(name), *code)));
    }
    meant
});

/// The countries of the past by their codes and names, folded; two had the code CS.
static PAST: LazyLock<HashMap<String, Vec<&'static Former>>> = LazyLock::new(|| {
    let mut past: HashMap<_, Vec<_>> = HashMap::new();
    for former in FORMER {
        for name in former.called.split('|').chain([former.name]) {
            past.entry(folded(name)).or_default().push(former);
        }
    }
    past
});

impl Country {
    /// What a member that holds one may be.
    pub fn shape() -> Shape {
        shape::text(2, 2).matching("^[A-Za-z]{2}$").example("FR")
    }

    /// Takes a code in any case.
    ///
    /// # Errors
    /// `country`, with the code that was meant where that is plain, or the successors of a country of the past.
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
        if sent.len() > LONGEST {
            return Err(Fault::new(Code::Country, message));
        }
        let name = folded(sent);
        match PAST.get(&name) {
            Some(former) => Err(of_the_past(message, former)),
            None => Err(Fault::new(Code::Country, message).meaning(meant(sent, &name))),
        }
    }
}

/// The code that is meant by a name, also as "Korea, South" and "Kingdom of Norway".
fn meant(sent: &str, name: &str) -> Option<&'static str> {
    let find = |name: &str| MEANT.get(name).copied();
    let turned = || {
        let (last, first) = sent.split_once(',')?;
        find(&folded(&format!("{first} {last}")))
    };
    let plain = || {
        let mut forms = ["REPUBLICOF", "KINGDOMOF", "STATEOF"].into_iter();
        find(forms.find_map(|form| name.strip_prefix(form))?)
    };
    find(name).or_else(turned).or_else(plain)
}

/// A name without case, accents, spaces, punctuation and its article.
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

fn of_the_past(message: String, former: &[&'static Former]) -> Fault {
    let were: Vec<_> = former
        .iter()
        .map(|it| format!("{} until {}", it.name, it.until))
        .collect();
    let successors: BTreeSet<_> = former
        .iter()
        .flat_map(|it| it.successors)
        .copied()
        .collect();
    let listed: Vec<_> = successors.iter().copied().collect();
    let were = were.join(", and ");
    match &listed[..] {
        [one] => {
            let message = format!("{message} It was {were}.");
            Fault::new(Code::Country, message).meaning(Some(one))
        }
        _ => {
            let message = format!(
                "{message} It was {were}; today the codes there are {}. Choose one.",
                listed.join(", ")
            );
            let names: Names = listed.into_iter().collect();
            Fault::new(Code::Country, message).allowing(names)
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
    fn takes_alpha_2_in_any_case_and_suggests_for_what_is_near() {
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
    fn every_row_names_a_country_of_today_and_no_name_is_there_twice() {
        let mut names = HashMap::new();
        for (code, called) in NAMES {
            assert!(Country::parse(code).is_ok(), "{code}");
            for name in called.split('|') {
                let other = names.insert(folded(name), code).filter(|it| *it != code);
                assert_eq!(other, None, "{name}");
            }
        }
        for former in FORMER {
            assert!(
                former
                    .successors
                    .iter()
                    .all(|it| Country::parse(it).is_ok()),
                "{former:?}"
            );
            assert!(former.successors.is_sorted(), "{former:?}");
            for name in former.called.split('|') {
                assert!(Country::parse(name).is_err(), "{name} is a code of today");
                assert_eq!(names.get(&folded(name)), None, "{name}");
            }
        }
    }

    #[test]
    fn every_country_is_suggested_for_its_codes_and_its_name() {
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
