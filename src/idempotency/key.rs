//! The header `Idempotency-Key`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::http::{Problem, parameters};
use crate::validation::{Code, Fault};

/// The name of the header, as written in messages.
const HEADER: &str = "Idempotency-Key";
/// The longest key, in characters.
const LONGEST: usize = 255;
/// An unquoted key, or a quoted key in which `"` and `\` are escaped with `\`.
const PATTERN: &str =
    r#"^(?:[!#-~](?:[\t !#-~]{0,253}[!#-~])?|"(?:[\t !#-\[\]-~]|\\["\\]){1,255}")$"#;
/// The longest header: a quoted key in which every character is escaped.
const LONGEST_HEADER: usize = 2 * LONGEST + 2;

/// The optional key of a POST: a quoted string (draft-ietf-httpapi-idempotency-key-header-07, section 2.1) or the same
/// key without quotes. Other methods are idempotent, so their key is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.method != Method::POST {
            return Ok(Self(None));
        }
        sent(&parts.headers)
            .map(Self)
            .map_err(|message| Problem::header(HEADER, Fault::new(Code::Format, message)))
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let about = "Identifies this request for 24 hours. A request that is sent again with the same key is executed once \
                     and returns the first response, with `Idempotent-Replayed: true`. 1 to 255 visible ASCII \
                     characters, optionally in double quotes.";
        let mut schema = parameters::string(None, "0198a000-5c1a-7d3e-9a44-2f1b6c8d9e10");
        schema.min_length = Some(1);
        schema.max_length = Some(LONGEST_HEADER);
        schema.pattern = Some(PATTERN.to_owned());
        vec![parameters::header(HEADER, about, schema)]
    }
}

fn sent(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|other| other != first) {
        return Err(format!("{HEADER} was sent with two values. Send one."));
    }
    let text = first.to_str().ok().and_then(|text| key(text.trim()));
    let key = text.ok_or_else(|| {
        format!(
            "{HEADER} is malformed. Send visible ASCII characters, optionally in double quotes."
        )
    })?;
    if !(1..=LONGEST).contains(&key.len()) {
        return Err(format!(
            "{HEADER} has {} characters. Send 1 to {LONGEST}.",
            key.len()
        ));
    }
    Ok(Some(key))
}

/// Parses a string of structured fields (RFC 9651, section 3.3.3) or an unquoted key.
fn key(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let inner = quoted.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(characters.next().filter(|it| matches!(it, '"' | '\\'))?),
            _ => key.push(character),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, value.parse().unwrap());
        }
        sent(&headers)
    }

    #[test]
    fn reads_quoted_and_unquoted_keys_as_the_same() {
        assert_eq!(read(&[]), Ok(None));
        for form in ["8e03978e-40d5", "\"8e03978e-40d5\"", " 8e03978e-40d5 "] {
            assert_eq!(
                read(&[form]),
                Ok(Some("8e03978e-40d5".to_owned())),
                "{form}"
            );
        }
        assert_eq!(read(&["\"a \\\"b\\\\\""]), Ok(Some("a \"b\\".to_owned())));
        assert_eq!(read(&["a", "a"]), Ok(Some("a".to_owned())));
    }

    #[test]
    fn pattern_accepts_the_keys_that_the_parser_accepts() {
        let pattern = regex::Regex::new(PATTERN).unwrap();
        let long: &'static str = "k".repeat(255).leak();
        let quoted: &'static str = format!("\"{long}\"").leak();
        let escaped: &'static str = format!("\"{}\"", r"\\".repeat(255)).leak();
        let longer: &'static str = "k".repeat(256).leak();
        let quoted_longer: &'static str = format!("\"{longer}\"").leak();
        for key in [
            "a",
            "a b",
            "a\tb",
            "\\",
            "\"a\"",
            "\" \"",
            r#""a \"b\\""#,
            long,
            quoted,
            escaped,
            "",
            "\"\"",
            "\"a",
            "a\"",
            "a\"b",
            r#""a\b""#,
            "\"a\"b\"",
            longer,
            quoted_longer,
        ] {
            let is_read = matches!(read(&[key]), Ok(Some(_)));
            assert_eq!(pattern.is_match(key), is_read, "{key}");
        }
    }

    #[test]
    fn refuses_malformed_keys() {
        for values in [
            &[""][..],
            &["\"\""],
            &["\"a"],
            &["a\"b"],
            &["\"a\\b\""],
            &["\"a\"b\""],
        ] {
            assert!(read(values).is_err(), "{values:?}");
        }
        assert!(read(&["a", "b"]).is_err());
        let long: &'static str = "k".repeat(256).leak();
        assert!(read(&[long]).is_err());
        assert!(read(&[long.get(1..).unwrap()]).is_ok());
    }
}
