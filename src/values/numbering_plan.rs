//! The telephone numbers of a country code, from libphonenumber's metadata.

use std::sync::LazyLock;

use arrayvec::ArrayString;
use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use quick_cache::sync::Cache;
use regex::{Regex, RegexBuilder};

/// The reason if the digits cannot be a telephone number.
pub const NOT_A_NUMBER: &str = "no number of that country code has these digits";

/// The numbering plan of a country code. National digits are those after the country code.
pub struct Plan<'n> {
    /// The country code.
    pub code: &'n str,
    regions: Vec<&'static Metadata>,
}

impl<'n> Plan<'n> {
    /// Finds the plan of the country code with which these digits begin.
    pub fn find(digits: &'n str) -> Option<Self> {
        // No country code begins with 0, and "033" would be parsed as 33.
        let codes = (1..=3).filter_map(|length| digits.get(..length));
        // No country code is a prefix of another, so the first match is the only one.
        codes
            .filter(|code| !code.starts_with('0'))
            .find_map(|code| {
                let regions = DATABASE.by_code(&code.parse::<u16>().ok()?)?;
                Some(Self { code, regions })
            })
    }

    /// The international number with these national digits. Returns `None` if it has more than 15 digits.
    pub fn international(&self, national: &str) -> Option<ArrayString<16>> {
        let mut number = ArrayString::from("+").ok()?;
        number.try_push_str(self.code).ok()?;
        number.try_push_str(national).ok()?;
        Some(number)
    }

    /// Whether the national digits match the pattern of a number in use, and not only its length.
    pub fn has(&self, national: &str) -> bool {
        let mut regions = self.regions.iter();
        regions.any(|region| matches_whole(region.descriptors().general(), national))
    }

    /// Whether a zero before these digits is a trunk prefix, which is dialled only inside the country.
    pub fn has_trunk_zero(&self, abroad: &str) -> bool {
        let mut prefixes = self.trunk_prefixes();
        prefixes.any(|prefix| prefix == "0")
            && !abroad.starts_with('0')
            && self.check_length(abroad).is_ok()
    }

    /// Whether the digits begin with a trunk prefix: they are not a number in use, and begin with a zero, or with
    /// another trunk prefix that is followed by a number in use.
    pub fn has_trunk_prefix(&self, national: &str) -> bool {
        let may_have = national.starts_with('0')
            || self
                .trunk_prefixes()
                .any(|prefix| prefix != "0" && national.starts_with(prefix));
        may_have
            && !self.has(national)
            && (national.starts_with('0') || self.without_trunk_prefix(national).is_some())
    }

    /// Removes the trunk prefix from the digits that are dialled inside the country.
    pub fn without_trunk_prefix<'d>(&self, national: &'d str) -> Option<&'d str> {
        self.trunk_prefixes().find_map(|prefix| {
            let abroad = national.strip_prefix(prefix)?;
            if prefix == "0" {
                return Some(abroad).filter(|it| self.has_trunk_zero(it));
            }
            // The trunk prefix of Belarus is 8 and then 0, but the metadata has only 8.
            let further = abroad.strip_prefix('0').filter(|it| self.has(it));
            Some(abroad).filter(|it| self.has(it)).or(further)
        })
    }

    /// The trunk prefixes of the regions.
    fn trunk_prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.regions
            .iter()
            .filter_map(|region| region.national_prefix())
    }

    /// Checks that a number of the plan can have as many digits.
    ///
    /// # Errors
    /// Returns the reason if it cannot.
    pub fn check_length(&self, national: &str) -> Result<(), &'static str> {
        let Ok(length) = u16::try_from(national.len()) else {
            return Err(NOT_A_NUMBER);
        };
        let kinds = || self.regions.iter().flat_map(|region| kinds(region));
        let is_possible = kinds().any(|kind| kind.possible_length().contains(&length));
        let is_local = kinds().any(|kind| kind.possible_local_length().contains(&length));
        match (is_possible, is_local) {
            (true, false) => Ok(()),
            // A local number, without its area code, can have this length too: the pattern decides.
            (true, true) if kinds().any(|kind| matches_whole(kind, national)) => Ok(()),
            (_, true) => Err("its area code is missing"),
            (false, false) => Err(NOT_A_NUMBER),
        }
    }
}

/// The kinds of numbers of a region. The metadata has lengths only for each kind, not for the region.
fn kinds(region: &'static Metadata) -> impl Iterator<Item = &'static Descriptor> {
    let kinds = region.descriptors();
    [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.toll_free(),
        kinds.premium_rate(),
        kinds.shared_cost(),
        kinds.personal_number(),
        kinds.voip(),
        kinds.pager(),
        kinds.uan(),
        kinds.voicemail(),
    ]
    .into_iter()
    .flatten()
}

/// Compiled patterns that match whole numbers. A hostile body can use more patterns than the cache of `phonenumber`
/// holds, and its patterns are not anchored at the end.
static PATTERNS: LazyLock<Cache<&'static str, Option<Regex>>> = LazyLock::new(|| Cache::new(4_096));

/// Whether the digits are a whole number of this kind.
fn matches_whole(kind: &'static Descriptor, national: &str) -> bool {
    let lengths = kind.possible_length();
    if !lengths.is_empty() && !lengths.iter().any(|it| usize::from(*it) == national.len()) {
        return false;
    }
    let pattern = kind.national_number().as_str();
    let compile = || {
        let mut regex = RegexBuilder::new(&format!("^(?:{pattern})$"));
        Ok::<_, std::convert::Infallible>(regex.ignore_whitespace(true).build().ok())
    };
    let regex = PATTERNS.get_or_insert_with(&pattern, compile);
    matches!(regex, Ok(Some(regex)) if regex.is_match(national))
}
