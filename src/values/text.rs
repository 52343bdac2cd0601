//! Plain text with limits, and one of a few words.

use validator::ValidateLength;

use crate::validation::{Code, Fault, nearest, quote};

/// Text of `min` to `max` Unicode scalar values, stored as sent.
///
/// # Errors
/// `length`, with the limits and what was found.
pub fn length(sent: &str, min: u64, max: u64) -> Result<String, Fault> {
    if sent.validate_length(Some(min), Some(max), None) {
        return Ok(sent.to_owned());
    }
    let found = sent.chars().count();
    Err(Fault::new(
        Code::Length,
        format!("This must have {min} to {max} characters; it has {found}."),
    ))
}

/// A parser of text of up to `max` characters.
pub fn text(max: u64) -> impl Fn(&str) -> Result<String, Fault> {
    move |sent| length(sent, 1, max)
}

/// A parser of text of up to `max` characters, at least one of them not white space.
pub fn not_blank(max: u64) -> impl Fn(&str) -> Result<String, Fault> {
    move |sent| {
        let text = length(sent, 1, max)?;
        if text.trim().is_empty() {
            return Err(Fault::new(
                Code::Blank,
                "This is only white space. Write the name.",
            ));
        }
        Ok(text)
    }
}

/// One of a few words, spelled exactly.
///
/// # Errors
/// `choice`, with the words allowed and the one that is nearest.
pub fn choice<T: Copy>(sent: &str, words: &[(&'static str, T)]) -> Result<T, Fault> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == sent) {
        return Ok(*value);
    }
    let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let message = format!(
        "This must be one of {}; \"{}\" was found.",
        allowed.join(", "),
        quote(sent)
    );
    Err(Fault::new(Code::Choice, message)
        .suggesting(nearest(sent, allowed.iter().copied()))
        .allowing(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_unicode_scalar_values() {
        assert!(length(&"é".repeat(180), 1, 180).is_ok());
        assert_eq!(
            length(&"é".repeat(181), 1, 180).unwrap_err().code,
            Code::Length
        );
        assert_eq!(not_blank(180)(" \u{a0}").unwrap_err().code, Code::Blank);
    }

    #[test]
    fn a_word_that_is_not_allowed_gets_the_nearest() {
        let fault = choice("opne", &[("draft", 1), ("open", 2)]).unwrap_err();
        assert_eq!(fault.suggestion.as_deref(), Some("open"));
        assert_eq!(fault.allowed, ["draft", "open"]);
    }
}
