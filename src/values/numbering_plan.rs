//! Which numbers a country code has, by libphonenumber's metadata.

use std::sync::LazyLock;

use arrayvec::ArrayString;
use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use quick_cache::sync::Cache;
use regex::{Regex, RegexBuilder};

/// What is said of digits that are no number.
pub const NO_NUMBER: &str = "no number of that country code has these digits";

/// The numbers of a country code.
pub struct Plan<'n> {
    /// The country code.
    pub code: &'n str,
    regions: Vec<&'static Metadata>,
}

impl<'n> Plan<'n> {
    /// That of the country code with which these digits begin.
    pub fn of(digits: &'n str) -> Option<Self> {
        // No country code begins with 0, and "033" would be read as the number 33.
        let codes = (1..=3).filter_map(|length| digits.get(..length));
        // No country code is the beginning of another, so that the first that exists is the one.
        codes
            .filter(|code| !code.starts_with('0'))
            .find_map(|code| {
                let regions = DATABASE.by_code(&code.parse::<u16>().ok()?)?;
                Some(Self { code, regions })
            })
    }

    /// The whole number with these digits, if they are not too many.
    pub fn number(&self, national: &str) -> Option<ArrayString<16>> {
        let mut number = ArrayString::from("+").ok()?;
        number.try_push_str(self.code).ok()?;
        number.try_push_str(national).ok()?;
        Some(number)
    }

    /// Whether these digits are in use as a number, and not only as many as one has.
    pub fn has(&self, national: &str) -> bool {
        let mut regions = self.regions.iter();
        regions.any(|region| is_whole(region.descriptors().general(), national))
    }

    /// Whether a zero in front of these digits is dialled inside the country alone.
    pub fn drops_zero(&self, abroad: &str) -> bool {
        let mut prefixes = self.prefixes();
        prefixes.any(|prefix| prefix == "0")
            && !abroad.starts_with('0')
            && self.check(abroad).is_ok()
    }

    /// Whether these digits begin with what is dialled inside the country alone: a zero that no number begins
    /// with, or another prefix behind which there is a number, and with which there is none.
    pub fn has_trunk_prefix(&self, national: &str) -> bool {
        let may_have = national.starts_with('0')
            || self
                .prefixes()
                .any(|prefix| prefix != "0" && national.starts_with(prefix));
        may_have
            && !self.has(national)
            && (national.starts_with('0') || self.without_trunk_prefix(national).is_some())
    }

    /// The digits that are dialled from abroad, of those that are dialled inside the country.
    pub fn without_trunk_prefix<'d>(&self, national: &'d str) -> Option<&'d str> {
        self.prefixes().find_map(|prefix| {
            let abroad = national.strip_prefix(prefix)?;
            if prefix == "0" {
                return Some(abroad).filter(|it| self.drops_zero(it));
            }
            // Belarus dials 8 and then 0.
            let further = abroad.strip_prefix('0').filter(|it| self.has(it));
            Some(abroad).filter(|it| self.has(it)).or(further)
        })
    }

    /// What is dialled inside the country in front of a number.
    fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.regions
            .iter()
            .filter_map(|region| region.national_prefix())
    }

    /// Whether a number has so many digits.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, national: &str) -> Result<(), &'static str> {
        let Ok(length) = u16::try_from(national.len()) else {
            return Err(NO_NUMBER);
        };
        let kinds = || self.regions.iter().flat_map(|region| kinds(region));
        let is_possible = kinds().any(|kind| kind.possible_length().contains(&length));
        let is_local = kinds().any(|kind| kind.possible_local_length().contains(&length));
        match (is_possible, is_local) {
            (true, false) => Ok(()),
            // As long as what is dialled without an area code: it must be in use as a whole number.
            (true, true) if kinds().any(|kind| is_whole(kind, national)) => Ok(()),
            (_, true) => Err("its area code is missing"),
            (false, false) => Err(NO_NUMBER),
        }
    }
}

/// The kinds of numbers of a region. The metadata has no lengths for a region as a whole: they are those of
/// its kinds.
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

/// The patterns of numbers that were asked for, each for a whole number. The metadata's own cache is
/// smaller than a hostile body, and its patterns have no end.
static PATTERNS: LazyLock<Cache<&'static str, Option<Regex>>> = LazyLock::new(|| Cache::new(4_096));

/// Whether these digits are a whole number of this kind.
fn is_whole(kind: &'static Descriptor, national: &str) -> bool {
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
