//! Strings with a length limit, and enumerated values.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use smol_str::SmolStr;
use validator::ValidateLength;

use super::characters::is_blank;
use super::text_value;
use crate::validation::{Code, Fault, Names, quote};

text_value! {
    /// A string without a format. [`length`], [`text`] and [`not_blank`] check a string of a request against the
    /// limits of its field.
    #[derive(Default, PartialOrd, Ord)]
    PlainText
}

impl Deref for PlainText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for PlainText {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlainText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<SmolStr> for PlainText {
    fn from(text: SmolStr) -> Self {
        Self(text)
    }
}

impl From<String> for PlainText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<PlainText> for String {
    fn from(text: PlainText) -> Self {
        text.0.into()
    }
}

impl From<&str> for PlainText {
    fn from(text: &str) -> Self {
        Self(SmolStr::new(text))
    }
}

/// Checks that a string has `min` to `max` Unicode scalar values. It is stored as sent.
///
/// # Errors
/// Returns `length`, with the limits and the length that was found.
pub fn length<'s, T: From<&'s str>>(sent: &'s str, min: u64, max: u64) -> Result<T, Fault> {
    if sent.validate_length(Some(min), Some(max), None) {
        return Ok(sent.into());
    }
    let found = sent.chars().count();
    Err(Fault::new(
        Code::Length,
        format!("This must have {min} to {max} characters; it has {found}."),
    ))
}

/// A parser for strings of 1 to `max` characters.
pub fn text<T: for<'s> From<&'s str>>(max: u64) -> impl Fn(&str) -> Result<T, Fault> {
    move |sent| length(sent, 1, max)
}

/// A parser for strings of 1 to `max` characters with at least one visible character.
pub fn not_blank<T: for<'s> From<&'s str>>(max: u64) -> impl Fn(&str) -> Result<T, Fault> {
    move |sent| {
        let text: &str = length(sent, 1, max)?;
        if is_blank(text) {
            return Err(blank());
        }
        Ok(text.into())
    }
}

/// The error for a name or a label without a visible character.
pub(super) fn blank() -> Fault {
    let message =
        "This has only white space and invisible characters. Send at least one visible character.";
    Fault::new(Code::Blank, message)
}

/// Parses an enumerated value, which must be spelled exactly.
///
/// # Errors
/// Returns `choice`, with the allowed values and a suggestion.
pub fn choice<T: Copy>(sent: &str, words: &[(&'static str, T)]) -> Result<T, Fault> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == sent) {
        return Ok(*value);
    }
    let allowed: Names = words.iter().map(|(word, _)| *word).collect();
    let listed: Vec<_> = allowed.iter().collect();
    let message = format!(
        "This must be one of {}; \"{}\" was found.",
        listed.join(", "),
        quote(sent)
    );
    Err(Fault::new(Code::Choice, message)
        .with_candidates(sent, allowed.clone())
        .with_allowed(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::Budget;

    #[test]
    fn lengths_count_unicode_scalar_values() {
        let length = |count| length::<&str>(&"é".repeat(count), 1, 180).map(str::len);
        assert_eq!(length(180), Ok(360));
        assert_eq!(length(181).unwrap_err().code, Code::Length);
        let blank = not_blank::<PlainText>(180)(" \u{a0}");
        assert_eq!(blank.unwrap_err().code, Code::Blank);
    }

    #[test]
    fn suggests_the_nearest_allowed_value() {
        let fault = choice("opne", &[("draft", 1), ("open", 2)]).unwrap_err();
        let explained = fault.explain(&mut Budget::default());
        assert_eq!(explained.suggestion.as_deref(), Some("open"));
        assert_eq!(explained.allowed, ["draft", "open"]);
    }
}
