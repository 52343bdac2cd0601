//! Labels of tags.

use smol_str::{SmolStr, StrExt};

use super::characters::trimmed;
use super::text::blank;
use super::{PlainText, not_blank, text_value, uuid};
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault};

text_value! {
    /// The label of a tag: 1 to 100 characters, none of which separates labels in a list or a
    /// filter.
    TagLabel
}

/// What no label has.
const SEPARATORS: [char; 6] = [',', ';', ':', '|', '/', '\\'];

impl TagLabel {
    /// What a member that holds one may be.
    pub fn shape() -> Shape {
        let form = r"^[^,;:|/\\]*[^,;:|/\\\s][^,;:|/\\]*$";
        shape::text(1, 100).matching(form)
    }

    /// Takes a label, without white space and characters that show nothing at its ends.
    ///
    /// # Errors
    /// `length`, `blank`, `format` for the form of an id, or `character` for a separator.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let text = trimmed(sent);
        if text.is_empty() && !sent.is_empty() {
            return Err(blank());
        }
        let label: SmolStr = not_blank(100)(text)?;
        if uuid(&label).is_ok() {
            let message = "A label cannot have the form of an id: as one it would never be found.";
            return Err(Fault::new(Code::Format, message));
        }
        match label.chars().find(|c| SEPARATORS.contains(c)) {
            None => Ok(Self(label)),
            Some(found) => {
                let message = format!(
                    "A label has none of , ; : | / and \\, which separate labels; {found} was \
                     found. Leave it out."
                );
                Err(Fault::new(Code::Character, message))
            }
        }
    }

    /// A label as it is stored: without white space and characters that show nothing at its ends.
    pub fn trimmed(label: &str) -> &str {
        trimmed(label)
    }

    /// The label without case, and without white space at its ends: labels that fold to the same text are the
    /// same tag.
    pub fn fold(label: &str) -> PlainText {
        let label = trimmed(label);
        // smol_str's own way for other text does not know the small sigma at the end of a word, as which
        // labels are stored.
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
    fn separates_nothing() {
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
    fn has_no_white_space_at_its_ends() {
        for sent in [" VIP", "VIP\u{a0}", "\u{feff}VIP\u{200b}\t"] {
            assert_eq!(TagLabel::parse(sent).unwrap().as_str(), "VIP", "{sent:?}");
            assert_eq!(&*TagLabel::fold(sent), "vip", "{sent:?}");
        }
        let long = format!("{} ", "a".repeat(100));
        assert!(TagLabel::parse(&long).is_ok());
        assert_eq!(TagLabel::parse("").unwrap_err().code, Code::Length);
    }
}
