//! Labels of tags.

use smol_str::{SmolStr, StrExt};

use super::characters::trimmed;
use super::text::blank;
use super::{PlainText, not_blank, text_value, uuid};
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault};

text_value! {
    /// The label of a tag: 1 to 100 characters, without those that separate labels in a list or a filter.
    TagLabel
}

/// The characters that a label cannot contain.
const SEPARATORS: [char; 6] = [',', ';', ':', '|', '/', '\\'];

impl TagLabel {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        let form = r"^[^,;:|/\\]*[^,;:|/\\\s][^,;:|/\\]*$";
        shape::text(1, 100).matching(form)
    }

    /// Parses a label. White space and invisible characters at its ends are removed.
    ///
    /// # Errors
    /// Returns `length`, `blank`, `format` if the label has the form of an id, or `character` if it has a separator.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let text = trimmed(sent);
        if text.is_empty() && !sent.is_empty() {
            return Err(blank());
        }
        let label: SmolStr = not_blank(100)(text)?;
        if uuid(&label).is_ok() {
            let message = "A label cannot have the form of an id, because a request can name a tag by its id. \
                           Choose another label.";
            return Err(Fault::new(Code::Format, message));
        }
        match label.chars().find(|c| SEPARATORS.contains(c)) {
            None => Ok(Self(label)),
            Some(found) => {
                let message = format!(
                    "A label cannot contain , ; : | / or \\, which separate labels; {found} was found. Remove it."
                );
                Err(Fault::new(Code::Character, message))
            }
        }
    }

    /// Removes white space and invisible characters from both ends, as they are from a stored label.
    pub fn trimmed(label: &str) -> &str {
        trimmed(label)
    }

    /// Converts a label to the form in which labels are compared: in lower case, and without white space and invisible
    /// characters at its ends. No two tags of a workspace have the same folded label.
    pub fn fold(label: &str) -> PlainText {
        let label = trimmed(label);
        // For other strings smol_str's method has no final sigma (`ς`). `str::to_lowercase`, as for stored labels, has.
        if label.is_ascii() {
            return PlainText::from(label.to_ascii_lowercase_smolstr());
        }
        label.to_lowercase().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_no_separator() {
        assert!(TagLabel::parse("High risk (EU)").is_ok());
        for sent in ["a,b", "a/b", "a\\b"] {
            assert_eq!(
                TagLabel::parse(sent).unwrap_err().code,
                Code::Character,
                "{sent}"
            );
        }
        let id = TagLabel::parse("018f3b7e-5c1a-7d3e-9a44-2f1b6c8d9e10");
        assert_eq!(id.unwrap_err().code, Code::Format);
        assert_eq!(TagLabel::parse("  ").unwrap_err().code, Code::Blank);
        assert_eq!(TagLabel::fold("HIGH Risk"), TagLabel::fold("high risk"));
        assert_eq!(&*TagLabel::fold("ΟΔΟΣ"), "οδος");
    }

    #[test]
    fn is_trimmed() {
        for sent in [" VIP", "VIP\u{a0}", "\u{feff}VIP\u{200b}\t"] {
            assert_eq!(TagLabel::parse(sent).unwrap().as_str(), "VIP", "{sent:?}");
            assert_eq!(&*TagLabel::fold(sent), "vip", "{sent:?}");
        }
        let long = format!("{} ", "a".repeat(100));
        assert!(TagLabel::parse(&long).is_ok());
        assert_eq!(TagLabel::parse("").unwrap_err().code, Code::Length);
    }
}
