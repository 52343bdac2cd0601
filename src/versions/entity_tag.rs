//! Entity tags in request headers.

use axum::http::HeaderValue;
use axum::http::header::GetAll;
use thiserror::Error;

/// An entity tag (RFC 9110, section 8.8.3), or `*` for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTag {
    Any,
    Strong(String),
    Weak(String),
}

/// Why a header is not a list of entity tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TagsError {
    #[error(
        "This must be * or the ETag of a response with its quotes, such as \"1\"; several are separated by commas."
    )]
    Malformed,
    #[error("* cannot be combined with entity tags.")]
    AnyAndOthers,
}

/// Parses the entity tags of a header, which may be sent several times (RFC 9110, section 13.1.1).
///
/// # Errors
/// Returns [`TagsError`] if the header is neither `*` nor a list of entity tags.
pub fn entity_tags(values: GetAll<'_, HeaderValue>) -> Result<Vec<EntityTag>, TagsError> {
    let mut tags = Vec::new();
    for value in values {
        let mut rest = value.as_bytes();
        loop {
            rest = trimmed(rest);
            // A list may have empty elements (RFC 9110, section 5.6.1.2).
            rest = match rest {
                [] => break,
                [b',', rest @ ..] => rest,
                rest => {
                    let (tag, rest) = tag(rest)?;
                    tags.push(tag);
                    match trimmed(rest) {
                        [] => break,
                        [b',', rest @ ..] => rest,
                        _ => return Err(TagsError::Malformed),
                    }
                }
            };
        }
    }
    if tags.is_empty() {
        return Err(TagsError::Malformed);
    }
    if tags.len() > 1 && tags.contains(&EntityTag::Any) {
        return Err(TagsError::AnyAndOthers);
    }
    Ok(tags)
}

/// Splits the first tag from the rest.
fn tag(text: &[u8]) -> Result<(EntityTag, &[u8]), TagsError> {
    let (text, make): (_, fn(String) -> EntityTag) = match text {
        [b'*', rest @ ..] => return Ok((EntityTag::Any, rest)),
        [b'W', b'/', b'"', rest @ ..] => (rest, EntityTag::Weak),
        [b'"', rest @ ..] => (rest, EntityTag::Strong),
        _ => return Err(TagsError::Malformed),
    };
    let end = text.iter().position(|it| *it == b'"');
    let (opaque, rest) = text.split_at(end.ok_or(TagsError::Malformed)?);
    if opaque.iter().any(|it| *it <= b' ' || *it == 0x7f) {
        return Err(TagsError::Malformed);
    }
    let rest = rest.get(1..).unwrap_or_default();
    Ok((make(String::from_utf8_lossy(opaque).into_owned()), rest))
}

fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::IF_MATCH;

    use super::*;

    fn read(sent: &[&str]) -> Result<Vec<EntityTag>, TagsError> {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(IF_MATCH, value.parse().unwrap());
        }
        entity_tags(headers.get_all(IF_MATCH))
    }

    #[test]
    fn reads_lists_of_tags() {
        let strong = |text: &str| EntityTag::Strong(text.to_owned());
        assert_eq!(read(&["*"]), Ok(vec![EntityTag::Any]));
        assert_eq!(
            read(&["\"1\", W/\"2\" ,,\"a,b\"", "\"\""]),
            Ok(vec![
                strong("1"),
                EntityTag::Weak("2".to_owned()),
                strong("a,b"),
                strong("")
            ])
        );
        for sent in [
            "",
            "1",
            "'1'",
            "\"1",
            "1\"",
            "w/\"1\"",
            "W/1",
            "\"1\" \"2\"",
            "\"a b\"",
            "*x",
            ",",
        ] {
            assert_eq!(read(&[sent]), Err(TagsError::Malformed), "{sent:?}");
        }
        assert_eq!(read(&["*, \"1\""]), Err(TagsError::AnyAndOthers));
        assert_eq!(read(&["*", "*"]), Err(TagsError::AnyAndOthers));
    }
}
