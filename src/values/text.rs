//! Plain text with limits, and one of a few words.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use smol_str::SmolStr;
use validator::ValidateLength;

use super::characters::is_blank;
use super::text_value;
use crate::validation::{Code, Fault, Names, quote};

text_value! {
    /// Text without a form of its own: [`length`], [`text`] and [`not_blank`] hold what a caller sent
    /// against the limits of its member.
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

/// Text of `min` to `max` Unicode scalar values, stored as sent.
///
/// # Errors
/// `length`, with the limits and what was found.
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

/// A parser of text of up to `max` characters.
pub fn text<T: for<'s> From<&'s str>>(max: u64) -> impl Fn(&str) -> Result<T, Fault> {
    move |sent| length(sent, 1, max)
}

/// A parser of text of up to `max` characters, at least one of them visible.
pub fn not_blank<T: for<'s> From<&'s str>>(max: u64) -> impl Fn(&str) -> Result<T, Fault> {
    move |sent| {
        let text: &str = length(sent, 1, max)?;
        if is_blank(text) {
            return Err(blank());
        }
        Ok(text.into())
    }
}

/// A name or a label in which there is nothing to read.
pub(super) fn blank() -> Fault {
    let message = "This has only white space and characters that show nothing. Write the name.";
    Fault::new(Code::Blank, message)
}

/// One of a few words, spelled exactly.
///
/// # Errors
/// `choice`, with the words allowed and the one that is nearest.
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
        .suggesting(sent, allowed.clone())
        .allowing(allowed))
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
    fn a_word_that_is_not_allowed_gets_the_nearest() {
        let fault = choice("opne", &[("draft", 1), ("open", 2)]).unwrap_err();
        let explained = fault.explain(&mut Budget::default());
        assert_eq!(explained.suggestion.as_deref(), Some("open"));
        assert_eq!(explained.allowed, ["draft", "open"]);
    }
}
