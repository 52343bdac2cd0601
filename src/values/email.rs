//! E-mail addresses.

use std::sync::LazyLock;

use regex::Regex;
use validator::ValidateRegex;

use super::characters::{describe_first, trimmed};
use super::{length, text_value};
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault, quote};

text_value! {
    /// A valid e-mail address as the HTML standard defines it (section 4.10.5.1.5), of up to 255 characters.
    Email
}

/// The grammar of the HTML standard. `validator`'s own rule also accepts internationalized domain names and
/// `[127.0.0.1]`.
static VALID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    Regex::new(&format!(
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{label}(?:\.{label})*$"
    ))
    .ok()
});

impl Email {
    /// The JSON Schema of a field of this type.
    pub fn shape() -> Shape {
        shape::format_up_to("email", 255).example("jane@example.com")
    }

    /// Parses an address. White space and invisible characters at its ends are removed.
    ///
    /// # Errors
    /// Returns `length` or `format`.
    pub fn parse(sent: &str) -> Result<Self, Fault> {
        let address = trimmed(sent);
        // A string of white space of any valid length is `format`, not `length`.
        let _: &str = length(if address.is_empty() { sent } else { address }, 1, 255)?;
        if VALID
            .as_ref()
            .is_some_and(|valid| address.validate_regex(valid))
        {
            return Ok(Self(address.into()));
        }
        let other = describe_first(sent, |c| !c.is_ascii_graphic());
        let found = other
            .map(|it| format!(" {it} was found."))
            .unwrap_or_default();
        Err(Fault::new(
            Code::Format,
            format!(
                "\"{}\" is not an e-mail address, such as jane@example.com.{found}",
                quote(sent)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn follows_the_html_standard() {
        for sent in [
            "a@b",
            "jane.doe+kyc@example.co.uk",
            "o'neil@x-y.z",
            ".a@b",
            "a@b.c\n",
        ] {
            assert!(Email::parse(sent).is_ok(), "{sent}");
        }
        for sent in [
            "a",
            "a@",
            "a@b@c",
            "é@b.c",
            "a@é.fr",
            "a@[127.0.0.1]",
            "a@-b.c",
            "a b@c.d",
            "a@b.c\u{200b}d",
            " ",
        ] {
            assert!(Email::parse(sent).is_err(), "{sent}");
        }
    }
}
