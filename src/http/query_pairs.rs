//! Decoding of queries (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

use crate::validation::{Code, Fault};

/// The name and the value of a parameter. Has a fault instead of the value if either is not UTF-8.
pub type Pair = (String, Result<String, Fault>);

/// Decodes the parameters of a query.
pub fn pairs(query: &str) -> impl Iterator<Item = Pair> {
    let pieces = query.split('&').filter(|it| !it.is_empty());
    pieces.map(|piece| {
        let mut decoded = form_urlencoded::parse(piece.as_bytes());
        let (name, value) = decoded
            .next()
            .unwrap_or((Cow::Borrowed(""), Cow::Borrowed("")));
        // U+FFFD replaces invalid bytes, but clients can also send it.
        let is_suspect = name.contains('\u{fffd}') || value.contains('\u{fffd}');
        match is_suspect.then(|| invalid_byte(piece)).flatten() {
            Some(byte) => (name.into_owned(), Err(not_utf_8(byte))),
            None => (name.into_owned(), Ok(value.into_owned())),
        }
    })
}

/// The first byte of a percent-encoded string that is not valid UTF-8.
fn invalid_byte(piece: &str) -> Option<u8> {
    let mut bytes = Vec::with_capacity(piece.len());
    let mut rest = piece.as_bytes();
    while let [first, more @ ..] = rest {
        let encoded = more.get(..2).filter(|_| *first == b'%');
        let encoded = encoded.and_then(|it| u8::from_str_radix(str::from_utf8(it).ok()?, 16).ok());
        bytes.push(encoded.unwrap_or(*first));
        rest = encoded.and_then(|_| more.get(2..)).unwrap_or(more);
    }
    let error = str::from_utf8(&bytes).err()?;
    bytes.get(error.valid_up_to()).copied()
}

fn not_utf_8(byte: u8) -> Fault {
    let message = format!(
        "This is not UTF-8: the byte 0x{byte:02X} was found. Percent-encode the UTF-8 bytes: ü is %C3%BC."
    );
    Fault::new(Code::Character, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_pairs_and_names_the_first_invalid_byte() {
        let all: Vec<_> = pairs("a=1&&b=%C3%BC+x&c=%EF%BF%BD&d&e=%zz%").collect();
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
        let values: Vec<_> = all.iter().map(|(_, it)| it.clone().unwrap()).collect();
        assert_eq!(values, ["1", "ü x", "\u{fffd}", "", "%zz%"]);
        for (query, byte) in [
            ("a=%FF", "0xFF"),
            ("a=x%C3", "0xC3"),
            ("%E4=1", "0xE4"),
            ("a=%ED%A0%80", "0xED"),
        ] {
            let (_, value) = pairs(query).next().unwrap();
            assert!(value.unwrap_err().message().contains(byte), "{query}");
        }
    }
}
